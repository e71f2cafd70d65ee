/**
 * The file in which preserved granules are kept: extents that the host allocates. It grows in steps from `min` to `limit`,
 * ahead of need, and never past the limit, header included (E8). What is written where, `SlotCache` says.
 *
 * Invariants
 * I1 Room belongs to whom it was given, until it is taken back: `usedBytes` is what is in use.
 * I2 Nothing is ever written outside the extents, nor to the header's place by who takes room.
 * I3 The extents are given back once the last request has ended, and not before; from then on it does not grow.
 * I4 Extents are known in the step in which the host lends them, to the step in which it has them back: what a picture leaves
 *    out. A file that the host is still making is none (E11).
 */
import { type Device, type IoError, IoRequest } from './device.ts';
import { FileExtents } from './file-extents.ts';
import { InFlight } from './in-flight.ts';
import { invariant, WorldError } from './invariant.ts';
import { Latch, type Owner, type Task, wait } from './task.ts';
import { type Bytes, type Extent, KIB, type Nanoseconds } from './units.ts';

/** Space for one cache file, as the host allocates it. Extents are in sectors of `device`. */
export interface CacheSpace {
  readonly device: Device;
  /** Where on a drive with a filter its extents will be; without it no filter is at its drive. */
  readonly within?: { readonly drive: string; readonly extent: Extent };
  /** Where it lies, for messages: `D:\OTM\SNAP.CACHE`, `disk1`. */
  readonly place: string;
  /** Adds so many bytes (a multiple of the device's sector); throws a `WorldError` when there is no room. */
  grow(bytes: Bytes): Task<readonly Extent[]>;
  /** Gives everything back. */
  free(): Task<void>;
}

export interface CacheSize {
  readonly minBytes: Bytes;
  readonly limitBytes: Bytes;
}

/** The header's place, at the beginning; room that is taken lies behind it. */
export const HEADER_BYTES: Bytes = 4 * KIB;
/** Shares of the limit in use: the present rate is measured between them, and told at the second one. */
const RATE_FROM = 0.6;
const FILLING_AT = 0.8;
/** Growth begins when less than this share of the units is free. */
const GROW_BELOW = 0.2;

/** What the cache tells its snapshot. */
export interface CacheObserver {
  cacheGrown(sizeBytes: Bytes): void;
  /** 80% of the limit is in use; told once, with the time until all of it is, at the present rate; null: not known. */
  cacheFilling(usedBytes: Bytes, fullInNs: Nanoseconds | null): void;
}

export class CacheFile {
  readonly space: CacheSpace;
  sizeBytes: Bytes = 0;
  /** The largest size that it had. */
  peakBytes: Bytes = 0;
  /** Whole sectors of the cache's device. */
  readonly limitBytes: Bytes;
  /** The most that is taken at once: room is counted in it. */
  private readonly unitBytes: Bytes;
  private readonly stepBytes: Bytes;
  private readonly owner: Owner;
  private readonly observer: CacheObserver;
  readonly extents: FileExtents;
  /** Behind all room that was ever taken. */
  private end: Bytes = HEADER_BYTES;
  private inUse: Bytes = 0;
  private readonly inFlight = new InFlight();
  private growth: Latch<void> | null = null;
  private growthFailed = false;
  /** It grows to its limit at once, and then never again. */
  private reservesAll = false;
  private isClosing = false;
  private rateFrom: { readonly at: Nanoseconds; readonly usedBytes: Bytes } | null = null;
  private hasFilled = false;

  constructor(owner: Owner, space: CacheSpace, unitBytes: Bytes, size: CacheSize, observer: CacheObserver) {
    const { sectorSize } = space.device;
    invariant(unitBytes > 0 && unitBytes % sectorSize === 0, `units of ${unitBytes} bytes in sectors of ${sectorSize}`);
    this.owner = owner;
    this.space = space;
    this.extents = new FileExtents(space.device, space.place);
    this.observer = observer;
    this.unitBytes = unitBytes;
    this.limitBytes = Math.floor(size.limitBytes / sectorSize) * sectorSize;
    this.stepBytes = Math.ceil(Math.max(size.minBytes, HEADER_BYTES + unitBytes) / sectorSize) * sectorSize;
    invariant(this.limitBytes > 0, `a cache limit of ${size.limitBytes} bytes`);
  }

  /**
   * Allocates the first `min` bytes and zeroes them: before T (E11). On a protected volume all of the limit, durably, and
   * `takeOver` is asked before an extent is written.
   */
  *prepare(isProtected: boolean, takeOver: (extent: Extent) => Task<IoError | null>): Task<void> {
    this.reservesAll ||= isProtected;
    for (const extent of yield* this.begin()) {
      const refused = yield* takeOver(extent);
      if (refused !== null) throw refused;
      const error = yield* wait(this.send(new IoRequest('zeroes', extent.first, extent.count, null)));
      if (error !== null) throw error;
    }
    if (!isProtected) return;
    const error = yield* this.flush();
    if (error !== null) throw error;
  }

  /** Reserves all of the limit, or as much as there is room for, and never grows again: before a T of where it lies (E11). */
  *stopGrowing(): Task<void> {
    this.reservesAll = true;
    while (this.growth !== null || this.canGrow) yield* wait(this.startGrowth());
  }

  /** Takes over the extents of a file that is there, all room up to an offset in use. */
  adopt(extents: readonly Extent[], endOffset: Bytes): void {
    invariant(this.sizeBytes === 0, 'a file takes over extents once, before it grows');
    this.add(extents);
    this.end = endOffset;
    this.use(endOffset - HEADER_BYTES);
  }

  /** Bytes in use, the header included. */
  get usedBytes(): Bytes {
    return HEADER_BYTES + this.inUse;
  }

  /** Where the next room will be. */
  get endOffset(): Bytes {
    return this.end;
  }

  /** Room at the end of the file: its offset, or null when there is none without growth. */
  roomNow(bytes: Bytes): Bytes | null {
    if (this.end + bytes > this.sizeBytes) return null;
    const offset = this.end;
    this.end += bytes;
    this.use(bytes);
    return offset;
  }

  /** Waits for room to come by growth; says whether it may have come, or there will be none any more. */
  *moreRoom(): Task<boolean> {
    if (!this.canGrow) return false;
    yield* wait(this.startGrowth());
    return true;
  }

  /** Room that was taken before is in use again. */
  use(bytes: Bytes): void {
    this.inUse += bytes;
    if (!this.hasFilled) this.watchFilling();
    const units = this.unitsIn(this.sizeBytes);
    const isLow = units - Math.ceil(this.inUse / this.unitBytes) < units * GROW_BELOW;
    if (this.growth === null && this.canGrow && isLow) this.startGrowth();
  }

  /** All room from an offset on is free, as if it had not been taken. */
  takeBack(offset: Bytes): void {
    invariant(offset >= HEADER_BYTES && offset <= this.end, `offset ${offset} of a file that ends at ${this.end}`);
    this.unuse(this.end - offset);
    this.end = offset;
  }

  /** Room is no longer in use; who took it may use it again. */
  unuse(bytes: Bytes): void {
    this.inUse -= bytes;
    invariant(this.inUse >= 0, 'more room is given back than was taken');
  }

  /** Reads or writes from an offset on, whole sectors of the cache's device. */
  submit(op: 'read' | 'write', offset: Bytes, bytes: Uint8Array): IoRequest[] {
    return this.extents.requests(op, offset, bytes).map(request => this.send(request));
  }

  /** Makes durable what was written to the file; the error of the device. */
  *flush(): Task<IoError | null> {
    return yield* wait(this.send(new IoRequest('flush', 0, 0, null)));
  }

  private send(request: IoRequest): IoRequest {
    this.inFlight.track(request);
    return this.space.device.submit(request);
  }

  /** Gives the space back once nothing is on its way (I3); throws the `WorldError` of a host that can't. */
  *close(): Task<void> {
    this.isClosing = true;
    if (this.growth !== null) yield* wait(this.growth);
    yield* this.inFlight.drain(this.space.place);
    yield* this.space.free();
    this.sizeBytes = 0;
    this.extents.clear();
  }

  /** Whole units behind the header of a file of so many bytes. */
  private unitsIn(bytes: Bytes): number {
    return Math.max(0, Math.floor((bytes - HEADER_BYTES) / this.unitBytes));
  }

  private get canGrow(): boolean {
    if (this.isClosing || this.growthFailed) return false;
    return this.unitsIn(this.sizeBytes + this.step()) > this.unitsIn(this.sizeBytes);
  }

  /** The next step of growth: `min` again, as far as the limit goes. */
  private step(): Bytes {
    const left = this.limitBytes - this.sizeBytes;
    return this.reservesAll ? left : Math.min(left, this.stepBytes);
  }

  private watchFilling(): void {
    const { usedBytes, limitBytes } = this;
    if (usedBytes < limitBytes * RATE_FROM) return;
    const at = this.owner.scheduler.now();
    this.rateFrom ??= { at, usedBytes };
    if (usedBytes < limitBytes * FILLING_AT) return;
    this.hasFilled = true;
    const elapsed = at - this.rateFrom.at;
    const added = usedBytes - this.rateFrom.usedBytes;
    const isKnown = elapsed > 0 && added > 0;
    this.observer.cacheFilling(usedBytes, isKnown ? Math.floor(((limitBytes - usedBytes) * elapsed) / added) : null);
  }

  /** The first growth; when it fails there is no other. */
  private *begin(): Task<readonly Extent[]> {
    const growth = new Latch<void>(`the first growth of ${this.space.place}`);
    this.growth = growth;
    let lent: readonly Extent[] | null = null;
    try {
      lent = yield* this.space.grow(this.step());
      this.add(lent);
      return lent;
    } finally {
      this.growthFailed = lent === null;
      this.growth = null;
      growth.settle();
    }
  }

  private startGrowth(): Latch<void> {
    if (this.growth !== null) return this.growth;
    const growth = new Latch<void>(`growth of ${this.space.place}`);
    this.growth = growth;
    this.owner.spawn(`growth of ${this.space.place}`, this.grow(growth));
    return growth;
  }

  private *grow(growth: Latch<void>): Task<void> {
    try {
      this.add(yield* this.space.grow(this.step()));
    } catch (error) {
      if (!(error instanceof WorldError)) throw error;
      this.growthFailed = true;
    }
    this.growth = null;
    growth.settle();
  }

  private add(extents: readonly Extent[]): void {
    this.extents.add(extents);
    this.sizeBytes = this.extents.sizeBytes;
    this.peakBytes = Math.max(this.peakBytes, this.sizeBytes);
    invariant(this.sizeBytes <= this.limitBytes, `${this.space.place} has grown past its limit`);
    this.observer.cacheGrown(this.sizeBytes);
  }
}

/** Waits for every request; the first error among them, or null. */
export function* waitAll(requests: readonly IoRequest[]): Task<IoError | null> {
  let first: IoError | null = null;
  for (const request of requests) {
    const error = yield* wait(request);
    first ??= error;
  }
  return first;
}
