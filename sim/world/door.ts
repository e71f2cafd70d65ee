/**
 * Above the filter: where requests of applications arrive. It remembers each one until the drive has seen it, so that one
 * that is dropped, doubled, moved, changed, overtaken, held without need or answered wrongly is found (`transparent`, E3),
 * measures what the filter adds to it, and knows the oldest request that is on its way (for `stuck`).
 *
 * Invariants
 * I1 What reaches the drive matches the earliest arrival that it overlaps and that has not been passed on, by kind, range
 *    and content hash; or it is a piece of a discard.
 * I2 A request that is settled without an error has been passed on, but for discards that may be dropped (E15).
 * I3 Reads and flushes are passed on in the step in which they arrive.
 * I4 A request that was passed on is answered as the drive answers, and not before.
 * I5 The engine writes nothing of its own to a drive but its caches and the state places of durable snapshots.
 */
import { sameBytes } from '../../engine/bytes.ts';
import type { Device, IoRequest } from '../../engine/device.ts';
import type { Latch, Waiter } from '../../engine/task.ts';
import type { Nanoseconds, Sector } from '../../engine/units.ts';
import type { DriveHandle, Hash } from '../disk/drive.ts';
import type { Kernel, Pending } from '../kernel/kernel.ts';
import { Histogram } from './histogram.ts';
import type { IssueListener } from './request-log.ts';

/** Something that the filter did to a request. */
export interface DoorViolation {
  readonly at: Nanoseconds;
  readonly drive: string;
  readonly what: 'unknown' | 'overtaken' | 'changed' | 'dropped' | 'held' | 'early' | 'other-answer';
  readonly op: string;
  readonly sector: Sector;
  readonly count: Sector;
}

/** A destructive request that did not go straight through. */
export interface HeldWrite {
  readonly drive: string;
  readonly sector: Sector;
  readonly count: Sector;
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  /** So many requests had reached drives when it came, and before it left: places in the log of requests. */
  readonly arrivedAs: number;
  readonly leftAs: number;
  /** Passed on, refused (`protect: backup`), acknowledged and not done (a discard), or held when run or machine ended. */
  readonly end: 'passed' | 'refused' | 'dropped' | 'none';
}

/** Kept in the evidence at most. */
const KEPT = 20;

/** A request that came in and is not yet answered. */
class Arrival implements Waiter, Pending {
  readonly door: Door;
  readonly request: IoRequest;
  readonly contentHash: number;
  readonly since: Nanoseconds;
  readonly arrivedAs: number;
  /** What the drive was given for it. */
  passedAs: IoRequest | null = null;
  older: Arrival | null = null;
  newer: Arrival | null = null;

  constructor(door: Door, request: IoRequest, contentHash: number, since: Nanoseconds, arrivedAs: number) {
    this.door = door;
    this.request = request;
    this.contentHash = contentHash;
    this.since = since;
    this.arrivedAs = arrivedAs;
  }

  settled(latch: Latch<unknown>): void {
    this.door.log.answered(this, latch.value !== null);
  }

  get isPassed(): boolean {
    return this.passedAs !== null;
  }

  describe(): string {
    const { op, sector, count } = this.request;
    return `${op} of sectors ${sector}+${count} of ${this.door.name}, ${this.isPassed ? 'at the drive' : 'in the filter'}`;
  }
}

export class Door implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard: boolean;
  readonly log: DoorLog;
  private readonly filter: Device;

  constructor(filter: Device, log: DoorLog) {
    this.name = filter.name;
    this.sectorSize = filter.sectorSize;
    this.sectorCount = filter.sectorCount;
    this.zeroesAfterDiscard = filter.zeroesAfterDiscard;
    this.filter = filter;
    this.log = log;
  }

  submit(request: IoRequest): IoRequest {
    this.log.arrived(this, request);
    return this.filter.submit(request);
  }
}

/** One for all doors of a world. */
export class DoorLog implements IssueListener {
  /** What the filter adds to writes, and to reads, in nanoseconds; whoever measures puts a fresh one in place. */
  writeDelays = new Histogram();
  readDelays = new Histogram();
  readonly violations: DoorViolation[] = [];
  violationCount = 0;
  /** Destructive requests that were matched. */
  matched = 0;
  /** Writes that the engine refused, as `protect: backup` has it. */
  refused = 0;
  /** Heard in the step in which a destructive request is answered. */
  readonly onDestructiveEnd: (() => void)[] = [];
  private readonly kernel: Kernel;
  private readonly hash: Hash;
  /** Whether discards may be dropped in this world. */
  private readonly mayDropDiscards: boolean;
  private readonly unpassed: Arrival[] = [];
  /** Destructive requests that the filter held and has let go. */
  private readonly letGo: HeldWrite[] = [];
  /** Requests that drives were given, of whatever purpose. */
  private issues = 0;
  private oldest: Arrival | null = null;
  private newest: Arrival | null = null;

  constructor(kernel: Kernel, hash: Hash, mayDropDiscards: boolean) {
    this.kernel = kernel;
    this.hash = hash;
    this.mayDropDiscards = mayDropDiscards;
    kernel.oldestPending = () => this.oldest;
  }

  /** All destructive requests that did not go straight through, in the order in which they came. */
  heldWrites(): HeldWrite[] {
    const held = [...this.letGo];
    for (const arrival of this.unpassed) {
      if (arrival.request.isDestructive && !arrival.isPassed)
        held.push(this.heldUntil(arrival, Infinity, Infinity, 'none'));
    }
    return held.sort((a, b) => a.arrivedAs - b.arrivedAs || a.from - b.from);
  }

  /** Nobody is answered any more; what the filter held then has gone with it. */
  machineEnded(): void {
    for (const arrival of this.unpassed) {
      if (!arrival.request.isDestructive || arrival.isPassed) continue;
      this.letGo.push(this.heldUntil(arrival, this.kernel.now(), this.issues, 'none'));
    }
    this.unpassed.length = 0;
    this.oldest = null;
    this.newest = null;
  }

  /** What comes from here on is nobody's cost. */
  measureNothing(): void {
    this.writeDelays = new Histogram();
    this.readDelays = new Histogram();
  }

  arrived(door: Door, request: IoRequest): void {
    const contentHash = request.op === 'write' ? this.contentHash(request) : 0;
    const arrival = new Arrival(door, request, contentHash, this.kernel.now(), this.issues);
    arrival.older = this.newest;
    if (this.newest === null) this.oldest = arrival;
    else this.newest.newer = arrival;
    this.newest = arrival;
    this.unpassed.push(arrival);
    request.attach(arrival);
  }

  /** The drive hashes what reaches it for itself, so what is known of a request here says nothing of what passes. */
  private contentHash({ data, dataHash }: IoRequest): number {
    return dataHash >= 0 ? dataHash : this.hash(data!);
  }

  /** A request reached a drive (I1). */
  issued(handle: DriveHandle, request: IoRequest, contentHash: number): void {
    this.issues += 1;
    if (handle.purpose !== 'application') {
      // I5; whether it is the place of a cache or a state, `bounded` looks.
      const mayWrite = handle.purpose !== 'preserve' && handle.purpose !== 'virtual';
      if (request.isDestructive && !mayWrite) this.violate(handle, request, 'unknown');
      return;
    }
    if (!request.isDestructive) {
      this.passedThrough(handle, request);
      return;
    }
    const overlapping = this.unpassed.filter(arrival => overlapsDestructively(arrival, handle, request));
    const next = overlapping.find(({ isPassed }) => !isPassed);
    const inPieces = overlapping.filter(({ isPassed }) => isPassed);
    const isPiece = (arrival: Arrival): boolean => this.mayDropDiscards && isPieceOfDiscard(arrival, request);
    if (next !== undefined && isSame(next.request, request)) {
      if (next.contentHash !== contentHash || next.request.fua !== request.fua)
        this.violate(handle, request, 'changed');
      this.pass(next, request);
      this.unpassed.splice(this.unpassed.indexOf(next), 1);
    } else if (inPieces.some(isPiece)) return;
    else if (next !== undefined && isPiece(next)) this.pass(next, next.request);
    else this.violate(handle, request, next === undefined ? 'unknown' : 'overtaken');
  }

  /** For arrivals: the request was answered (I2). */
  answered(arrival: Arrival, failed: boolean): void {
    this.unlink(arrival);
    if (arrival.request.isDestructive) for (const hear of this.onDestructiveEnd) hear();
    const at = this.unpassed.indexOf(arrival);
    if (at >= 0) this.unpassed.splice(at, 1);
    if (arrival.passedAs !== null) {
      this.compareAnswer(arrival, arrival.passedAs, failed);
      return;
    }
    if (arrival.request.isDestructive) {
      this.letGo.push(this.heldUntil(arrival, this.kernel.now(), this.issues, failed ? 'refused' : 'dropped'));
    }
    if (failed) this.refused += 1;
    else if (arrival.request.op !== 'discard' || !this.mayDropDiscards) {
      this.violate(arrival.door, arrival.request, 'dropped');
    }
  }

  /** I4. The very request that arrived has one answer. */
  private compareAnswer({ door, request }: Arrival, passedAs: IoRequest, failed: boolean): void {
    if (passedAs === request) return;
    if (!passedAs.isSettled) this.violate(door, request, 'early');
    else if (failed !== (passedAs.value !== null)) this.violate(door, request, 'other-answer');
    else if (!failed && request.op === 'read' && !sameBytes(request.data!, passedAs.data!))
      this.violate(door, request, 'other-answer');
  }

  /** I3. */
  private passedThrough(handle: DriveHandle, request: IoRequest): void {
    const at = this.unpassed.findIndex(({ door, request: mine }) => door.name === handle.name && isSame(mine, request));
    const arrival = this.unpassed[at];
    if (arrival === undefined) {
      this.violate(handle, request, 'unknown');
      return;
    }
    arrival.passedAs = request;
    this.unpassed.splice(at, 1);
    const delay = this.kernel.now() - arrival.since;
    if (request.op === 'read') this.readDelays.add(delay);
    if (delay > 0) this.violate(handle, request, 'held');
  }

  private pass(arrival: Arrival, passedAs: IoRequest): void {
    arrival.passedAs = passedAs;
    this.matched += 1;
    const to = this.kernel.now();
    this.writeDelays.add(to - arrival.since);
    const leftAs = this.issues - 1;
    if (to === arrival.since && leftAs === arrival.arrivedAs) return;
    this.letGo.push(this.heldUntil(arrival, to, leftAs, 'passed'));
  }

  private heldUntil(
    { door, request, since: from, arrivedAs }: Arrival,
    to: Nanoseconds,
    leftAs: number,
    end: HeldWrite['end'],
  ): HeldWrite {
    const { sector, count } = request;
    return { drive: door.name, sector, count, from, to, arrivedAs, leftAs, end };
  }

  private unlink(arrival: Arrival): void {
    const { older, newer } = arrival;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.newest = older;
    else newer.older = older;
  }

  private violate(device: { readonly name: string }, request: IoRequest, what: DoorViolation['what']): void {
    this.violationCount += 1;
    if (this.violations.length >= KEPT) return;
    const { op, sector, count } = request;
    this.violations.push({ at: this.kernel.now(), drive: device.name, what, op, sector, count });
  }
}

function overlapsDestructively(arrival: Arrival, handle: DriveHandle, request: IoRequest): boolean {
  const { request: mine, door } = arrival;
  if (door.name !== handle.name || !mine.isDestructive) return false;
  return mine.sector < request.sector + request.count && request.sector < mine.sector + mine.count;
}

function isSame(mine: IoRequest, request: IoRequest): boolean {
  return mine.op === request.op && mine.sector === request.sector && mine.count === request.count;
}

/** A discard of which parts are dropped is passed on in pieces; it stays until it is answered. */
function isPieceOfDiscard({ request: mine }: Arrival, request: IoRequest): boolean {
  if (mine.op !== 'discard' || request.op !== 'discard') return false;
  return request.sector >= mine.sector && request.sector + request.count <= mine.sector + mine.count;
}
