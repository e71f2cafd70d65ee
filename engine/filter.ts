/**
 * The filter at a drive: the one door that every request of applications goes through (E18). It knows the snapshots
 * that protect sectors of its drive, and passes the very request on to the drive, at once or after preserving.
 *
 * Invariants
 * I1 Reads and flushes are never held (Figure 3).
 * I2 Destructive requests that overlap reach the drive in the order in which they came (E3): one that overlaps a request
 *    which is held here waits for it.
 * I3 A destructive request reaches the drive only when every snapshot that lives has preserved what it changes (E5), and
 *    no backup read that began before is at the drive for one of its sectors.
 * I4 A request is in flight from its coming until it is settled, held or not (E7).
 *
 * Hot path: `submit` makes no task and no object when nothing has to be preserved, held or waited for.
 */
import type { CacheFile } from './cache-file.ts';
import { checkRequest, type Device, type IoError, IoRequest } from './device.ts';
import { firstWrite } from './first-write.ts';
import { defect, invariant } from './invariant.ts';
import type { ProtectedVolume } from './snapshot.ts';
import { Latch, type Owner, RangeHold, RangeLock, type Waiter } from './task.ts';
import type { ChangeTracker } from './tracking.ts';
import type { Extent, Sector } from './units.ts';

/** The ways to one drive, told apart so that a host can count and a check can judge (E4). */
export interface DrivePorts {
  readonly application: Device;
  readonly preserve: Device;
  readonly virtual: Device;
}

/** Told of destructive requests to a range: how the quiet period is kept (E7). */
export interface WriteWatcher {
  writeBegins(request: IoRequest): void;
  writeEnds(request: IoRequest): void;
}

interface Watching {
  readonly extent: Extent;
  readonly watcher: WriteWatcher;
}

/** New writes to a range wait until it is let go: for `take-anyway` (E7). */
export class WriteHold {
  readonly extent: Extent;
  /** Requests up to this number came before the hold and drain. */
  readonly after: number;
  readonly released = new Latch<void>('the hold for T');

  constructor(extent: Extent, after: number) {
    this.extent = extent;
    this.after = after;
  }

  applies(request: IoRequest): boolean {
    return request.acceptedAs > this.after && overlaps(this.extent, request);
  }
}

export class Filter implements Device, Waiter {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard: boolean;
  readonly ports: DrivePorts;
  readonly owner: Owner;
  /** Destructive requests that are held here, in the order of their coming. */
  readonly held = new RangeLock();
  /** Backup reads that are at the drive. */
  readonly readers = new RangeReaders();
  readonly protectedVolumes: ProtectedVolume[] = [];
  /** Of volumes whose changes are tracked; any part of the drive may be in several. */
  readonly trackers: ChangeTracker[] = [];
  /** Cache files that lie on this drive: no picture has their sectors (E11). */
  readonly caches = new Set<CacheFile>();
  private readonly holds: WriteHold[] = [];
  private readonly watchers: Watching[] = [];
  private readonly inFlight: IoRequest[] = [];
  private accepted = 0;

  constructor(owner: Owner, ports: DrivePorts) {
    const { name, sectorSize, sectorCount, zeroesAfterDiscard } = ports.application;
    this.owner = owner;
    this.ports = ports;
    this.name = name;
    this.sectorSize = sectorSize;
    this.sectorCount = sectorCount;
    this.zeroesAfterDiscard = zeroesAfterDiscard;
  }

  submit(request: IoRequest): IoRequest {
    if (request.op === 'read' || request.op === 'flush') return this.readThrough(request);
    checkRequest(this, request);
    this.begin(request);
    if (this.isFree(request)) {
      this.pass(request);
      return request;
    }
    const place = this.held.request(request.sector, request.count);
    this.owner.spawn('write', firstWrite(this, request, place));
    return request;
  }

  /** The application's read path (white paper, Figure 3): straight to the drive, whatever the engine is doing. */
  private readThrough(request: IoRequest): IoRequest {
    return this.ports.application.submit(request);
  }

  /** Sends a destructive request on its way to the drive. A drive that keeps old bytes on discard gets zeroes. */
  pass(request: IoRequest): void {
    if (this.trackers.length > 0) this.track(request);
    if (request.op !== 'discard' || this.zeroesAfterDiscard) {
      this.ports.application.submit(request);
      return;
    }
    const zeroes = new IoRequest('zeroes', request.sector, request.count, null, request.fua);
    zeroes.attach({ settled: () => request.settle(zeroes.value) });
    this.ports.application.submit(zeroes);
  }

  private track({ sector, count }: IoRequest): void {
    for (const tracker of this.trackers) tracker.mark(sector, count);
  }

  /** I3: whether a request may pass in this step. Requests that are held already look after I2 themselves. */
  mayPass(request: IoRequest): boolean {
    return (
      this.holdOver(request) === null &&
      !this.readers.overlaps(request.sector, request.count) &&
      !this.lacks(request.sector, request.count)
    );
  }

  lacks(sector: Sector, count: Sector): boolean {
    for (const volume of this.protectedVolumes) if (volume.lacks(sector, count)) return true;
    return false;
  }

  holdOver(request: IoRequest): WriteHold | null {
    for (const hold of this.holds) if (hold.applies(request)) return hold;
    return null;
  }

  /** T: from here on nothing of the volume changes unpreserved, and what changes is of a new interval. */
  attach(volume: ProtectedVolume): void {
    volume.excluded = volume.excludedNow();
    this.attachAgain(volume);
    const { snapshot, grid, excluded } = volume;
    for (const tracker of this.trackers) {
      if (tracker.isOf(grid.volume)) tracker.swap(snapshot.options.id, excluded);
    }
  }

  /** A snapshot comes back; its T, and what it leaves out, was before. */
  attachAgain(volume: ProtectedVolume): void {
    invariant(!this.protectedVolumes.includes(volume), `${volume.name} is attached twice`);
    this.protectedVolumes.push(volume);
  }

  detach(volume: ProtectedVolume): void {
    const at = this.protectedVolumes.indexOf(volume);
    if (at >= 0) this.protectedVolumes.splice(at, 1);
  }

  /** Tells a watcher of destructive requests to a range from now on; returns how many are in flight. */
  watch(extent: Extent, watcher: WriteWatcher): number {
    this.watchers.push({ extent, watcher });
    return this.inFlightOver(extent);
  }

  unwatch(watcher: WriteWatcher): void {
    for (let at = this.watchers.length - 1; at >= 0; at--) {
      if (this.watchers[at]!.watcher === watcher) this.watchers.splice(at, 1);
    }
  }

  inFlightOver(extent: Extent): number {
    let count = 0;
    for (const request of this.inFlight) if (overlaps(extent, request)) count += 1;
    return count;
  }

  /** Holds every destructive request to a range that comes from now on. */
  hold(extent: Extent): WriteHold {
    const hold = new WriteHold(extent, this.accepted);
    this.holds.push(hold);
    return hold;
  }

  letGo(hold: WriteHold): void {
    const at = this.holds.indexOf(hold);
    invariant(at >= 0, 'a hold is let go twice');
    this.holds.splice(at, 1);
    hold.released.settle();
  }

  /** A request that was accepted here is settled. */
  settled(latch: Latch<unknown>): void {
    const request = latch as IoRequest;
    const last = this.inFlight.pop();
    if (last === undefined) defect(`${this.name}: nothing is in flight`);
    if (last !== request) {
      this.inFlight[request.inFlightAt] = last;
      last.inFlightAt = request.inFlightAt;
    }
    request.inFlightAt = -1;
    if (this.watchers.length > 0) this.tell('writeEnds', request);
  }

  private begin(request: IoRequest): void {
    if (request.inFlightAt !== -1) defect(`${this.name}: a request is submitted twice`);
    request.acceptedAs = ++this.accepted;
    request.inFlightAt = this.inFlight.length;
    this.inFlight.push(request);
    request.attach(this);
    if (this.watchers.length > 0) this.tell('writeBegins', request);
  }

  /** Who is told may take itself, or another one, off the list. */
  private tell(what: 'writeBegins' | 'writeEnds', request: IoRequest): void {
    for (const each of [...this.watchers]) {
      if (overlaps(each.extent, request) && this.watchers.includes(each)) each.watcher[what](request);
    }
  }

  private isFree(request: IoRequest): boolean {
    if (!this.held.isEmpty && this.held.overlaps(request.sector, request.count)) return false;
    return this.mayPass(request);
  }
}

/** Ranges that backup reads are reading from the drive; overlapping ones are normal (E5). */
class RangeReaders {
  private readonly readers: RangeReader[] = [];

  begin(volume: ProtectedVolume, sector: Sector, count: Sector): RangeReader {
    const reader = new RangeReader(volume, sector, count);
    this.readers.push(reader);
    return reader;
  }

  /** The read has come back, or its result is no longer wanted. */
  end(reader: RangeReader): void {
    const at = this.readers.indexOf(reader);
    if (at < 0) return;
    this.readers.splice(at, 1);
    reader.end();
  }

  overlaps(sector: Sector, count: Sector): boolean {
    return this.readers.length > 0 && this.first(sector, count) !== null;
  }

  first(sector: Sector, count: Sector): RangeReader | null {
    for (const reader of this.readers) if (reader.range.overlaps(sector, count)) return reader;
    return null;
  }
}

/** A read that writes wait for, until it has ended or, under `protect: backup`, they are refused. */
export class RangeReader {
  readonly volume: ProtectedVolume;
  readonly range: RangeHold;
  readonly ended = new Latch<IoError | null>('a backup read');

  constructor(volume: ProtectedVolume, sector: Sector, count: Sector) {
    this.volume = volume;
    this.range = new RangeHold(sector, count);
  }

  end(): void {
    this.volume.snapshot.waitedFor.delete(this);
    if (!this.ended.isSettled) this.ended.settle(null);
  }

  refuse(error: IoError): void {
    if (!this.ended.isSettled) this.ended.settle(error);
  }
}

function overlaps(extent: Extent, request: IoRequest): boolean {
  return request.sector < extent.first + extent.count && extent.first < request.sector + request.count;
}
