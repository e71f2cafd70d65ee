/**
 * One snapshot: its volumes, their maps, its cache file, and its life.
 *
 * selected -> waiting for quiet -> enabled at T -> released, with two other ends: timed out (never enabled), and lost.
 *
 * Invariants
 * I1 A granule is clean, copying (shared by all who wait) or preserved; never two copies are committed (E4).
 * I2 A snapshot ends once: the first cause is kept, one event is sent (E8).
 * I3 In the step in which it ends every unanswered read fails, every copy that is waited for is let go, and its volumes
 *    leave the filters; so no write passes unpreserved before the reads have failed (E8, E12). The volumes of a durable
 *    snapshot leave once its end is durable (E10): until then first writes wait.
 * I4 Cache space is given back once nothing is on its way (E12).
 */
import { Bitmap } from './bitmap.ts';
import { BufferPool } from './buffer-pool.ts';
import { CacheFile, type CacheSize, type CacheSpace } from './cache-file.ts';
import type { OldGranule } from './copies.ts';
import { IoError, type IoRequest } from './device.ts';
import { type Durability, DurableCache, type LogEnd } from './durable/durable-cache.ts';
import type { Ended } from './durable/layout.ts';
import type { Consistency, EngineEvent, LossCause, ReleaseCause } from './events.ts';
import { ExtentSet, NO_EXTENTS } from './extent-set.ts';
import type { Filter, RangeReader } from './filter.ts';
import { type Granule, GranuleGrid } from './granules.ts';
import { InFlight } from './in-flight.ts';
import { defect, invariant, WorldError } from './invariant.ts';
import { SlotCache } from './slot-cache.ts';
import { SlotMap } from './slot-map.ts';
import { Cancelled, Latch, type Owner, type Process, type Task } from './task.ts';
import type { Bytes, Extent, Nanoseconds, Sector } from './units.ts';

export interface SelectedVolume {
  /** A letter, or a drive's id when a drive is selected as a whole. */
  readonly name: string;
  readonly drive: string;
  /** Where it lies on its drive. */
  readonly extent: Extent;
  /**
   * Sectors of the drive whose content is worthless to the picture: writes to them are neither preserved nor break the
   * quiet, and they read as zeroes (E11). Asked while the quiet is waited for, and at T for good. Cache files need not be
   * named: the engine knows them.
   */
  readonly excluded?: () => readonly Extent[];
  /** What the host has to do before it can be asked that; the quiet is not waited for before it has. */
  readonly prepare?: () => Task<void>;
}

/** When it is taken, and what comes first when the cache or an application is in need. */
export interface SnapshotTerms {
  readonly quietNs: Nanoseconds;
  readonly waitLimitNs: Nanoseconds;
  readonly neverQuiet: 'fail' | 'take-anyway';
  readonly holdLimitNs: Nanoseconds;
  /** Null: an operator keeps it (E17). */
  readonly idleLimitNs: Nanoseconds | null;
  readonly preserveLimitNs: Nanoseconds;
  /** A power of two, one sector of every selected drive or more. */
  readonly granuleBytes: Bytes;
  readonly protect: 'application' | 'backup';
  readonly discards: 'preserve' | 'drop';
}

export interface SnapshotOptions extends SnapshotTerms {
  readonly id: string;
  readonly volumes: readonly SelectedVolume[];
  readonly cache: CacheSpace;
  readonly cacheSize: CacheSize;
  /** Without it the snapshot does not outlive a crash, and nothing is flushed for it. */
  readonly durability?: Durability;
}

/** Where preserved granules are kept; a number, its slot, says where a granule is. */
export interface GranuleCache {
  readonly file: CacheFile;
  readonly isDurable: boolean;
  /** Makes it ready, before T; `takeOver` is asked before an extent is written. */
  prepare(isProtected: boolean, takeOver: (extent: Extent) => Task<IoError | null>): Task<void>;
  /** Right after T: makes it durable that the snapshot was taken, where it is to be. */
  birth(): Task<IoError | null>;
  /** After a crash: makes durable what was found. */
  resume(): Task<IoError | null>;
  /** Stores claimed granules and tells what became of each; their buffers may be used again when it returns. */
  store(volume: ProtectedVolume, granules: readonly OldGranule[]): Task<void>;
  /** Sends the requests for a run of preserved sectors. */
  read(volume: ProtectedVolume, run: CacheRun): CacheRead;
  /** Whether a slot can be read together with the run before it. */
  follows(volume: ProtectedVolume, run: CacheRun, slot: number): boolean;
  /** Makes the end durable, before a write goes unpreserved; null when there is nothing to wait for. */
  end(ended: Ended, isCacheBad: boolean): Task<void> | null;
  /** Gives the space back once nothing is on its way. */
  close(): Task<void>;
}

/** Sectors of a drive in a cache: from `within` the granule in `slot` on. */
export interface CacheRun {
  readonly sector: Sector;
  readonly count: Sector;
  readonly slot: number;
  readonly within: Bytes;
}

/** Requests for bytes of a cache; what was asked for begins `skip` bytes into the engine's buffer. */
export interface CacheRead {
  readonly requests: readonly IoRequest[];
  readonly bytes: Uint8Array;
  readonly skip: Bytes;
  /** Says what is wrong with what came, or null. */
  readonly check: (() => string | null) | null;
}

/** A granule that can't be preserved, of a snapshot that is lost if the write goes on (`protect: application`). */
export interface Unpreserved {
  readonly snapshot: Snapshot;
  readonly cause: LossCause;
  readonly detail: string;
}

/** What becomes of a copy: kept, no longer needed because the snapshot has ended, refused (`protect: backup`), or open. */
export type CopyResult = 'kept' | 'ended' | IoError | Unpreserved;

/** A granule on its way to the cache. */
export interface Copying {
  readonly since: Nanoseconds;
  readonly result: Latch<CopyResult>;
}

/** A cache file that is there when a snapshot comes back. */
export interface FoundLog extends LogEnd {
  readonly extents: readonly Extent[];
  readonly endOffset: Bytes;
}

export type SnapshotState =
  | { readonly is: 'waiting' }
  | { readonly is: 'enabled'; readonly T: Nanoseconds; readonly consistency: Consistency }
  | { readonly is: 'lost'; readonly cause: LossCause; readonly detail: string }
  | { readonly is: 'released'; readonly cause: ReleaseCause };

/** A volume as one snapshot protects it: the part of the snapshot that the drive's filter sees. */
export class ProtectedVolume {
  readonly snapshot: Snapshot;
  readonly name: string;
  readonly filter: Filter;
  readonly grid: GranuleGrid;
  readonly preserved: Bitmap;
  readonly slots = new SlotMap();
  /** In the order of beginning. */
  readonly copying = new Map<Granule, Copying>();
  /** As of T. */
  excluded: ExtentSet = NO_EXTENTS;
  private readonly selected: SelectedVolume;

  constructor(snapshot: Snapshot, selected: SelectedVolume, filter: Filter) {
    const sectorBytes = filter.sectorSize;
    this.snapshot = snapshot;
    this.selected = selected;
    this.name = selected.name;
    this.filter = filter;
    const { granuleBytes } = snapshot.options;
    invariant(
      granuleBytes % sectorBytes === 0,
      `a granule of ${granuleBytes} bytes holds whole sectors of ${filter.name}`,
    );
    this.grid = new GranuleGrid(selected.extent, granuleBytes / sectorBytes);
    invariant(
      this.grid.granuleCount <= SlotMap.MOST,
      `${selected.name} has too many granules of ${granuleBytes} bytes`,
    );
    this.preserved = new Bitmap(this.grid.granuleCount);
  }

  /** What is excluded in this step: cache files, of whatever snapshot, and what the host says is worthless (E11). */
  excludedNow(): ExtentSet {
    const { caches } = this.filter;
    const worthless = this.selected.excluded?.() ?? [];
    if (worthless.length === 0 && caches.size === 0) return NO_EXTENTS;
    return new ExtentSet([...worthless, ...[...caches].flatMap(({ extents }) => extents.list)]);
  }

  /** Of the volume itself. */
  get excludedSectors(): Sector {
    const { first, count } = this.grid.volume;
    const inside = this.excluded.extents.map(extent => {
      const from = Math.max(first, extent.first);
      return Math.max(0, Math.min(first + count, extent.first + extent.count) - from);
    });
    return inside.reduce((sum, sectors) => sum + sectors, 0);
  }

  /** Whether a write to this range of the drive would change a granule that is not preserved. */
  lacks(sector: number, count: number): boolean {
    const { grid, excluded } = this;
    if (!grid.overlaps(sector, count)) return false;
    if (!excluded.isEmpty) return excluded.outside(sector, count).some(part => this.lacksRange(part.first, part.count));
    return this.lacksRange(sector, count);
  }

  private lacksRange(sector: number, count: number): boolean {
    const { grid } = this;
    if (!grid.overlaps(sector, count)) return false;
    return !this.preserved.allSet(grid.firstTouched(sector), grid.lastTouched(sector, count));
  }
}

export class Snapshot {
  readonly options: SnapshotOptions;
  readonly volumes: readonly ProtectedVolume[];
  readonly cache: GranuleCache;
  readonly buffers = new BufferPool();
  readonly owner: Owner;
  state: SnapshotState = { is: 'waiting' };
  /** Settled in the step in which it is lost or released. */
  readonly ended = new Latch<void>('the end of the snapshot');
  granulesPreserved = 0;
  /** When a virtual volume was last asked (E17). */
  lastReadAt: Nanoseconds = 0;
  /** Settled and replaced when a copy begins, or a backup read is waited for, while none was: for the watchdog. */
  somethingToWatch: Latch<void> = new Latch<void>('a copy to watch');
  /** Backup reads at a drive that an application's write waits for, since when; in the order of beginning. */
  readonly waitedFor = new Map<RangeReader, Nanoseconds>();
  /** At the drives, on behalf of it. */
  readonly atDrives = new InFlight();
  private readonly reads = new Set<IoRequest>();
  readonly emit: (event: EngineEvent) => void;
  /** Settled when its volumes have left the filters. */
  readonly detached = new Latch<void>('the end of the snapshot to be durable');
  private readonly watchdogs: Process<void>[] = [];
  /** Settled when nothing of it is left (E12). */
  readonly gone = new Latch<void>('the end of its requests');
  private isClosing = false;

  constructor(
    owner: Owner,
    options: SnapshotOptions,
    filters: ReadonlyMap<string, Filter>,
    emit: (event: EngineEvent) => void,
    found: FoundLog | null = null,
  ) {
    this.owner = owner;
    this.options = options;
    this.emit = emit;
    this.cache = this.makeCache(found);
    this.volumes = options.volumes.map(volume => {
      const filter = filters.get(volume.drive);
      if (filter === undefined) defect(`no filter on drive ${volume.drive}`);
      return new ProtectedVolume(this, volume, filter);
    });
  }

  private makeCache(found: FoundLog | null): GranuleCache {
    const { owner, emit } = this;
    const { cache, cacheSize, granuleBytes, durability } = this.options;
    const { sectorSize } = cache.device;
    const slotBytes = Math.ceil(granuleBytes / sectorSize) * sectorSize;
    const unitBytes = durability === undefined ? slotBytes : slotBytes + 2 * sectorSize;
    const file = new CacheFile(owner, cache, unitBytes, cacheSize, {
      cacheGrown: sizeBytes => emit({ kind: 'cache-grown', ...this.stamp(), sizeBytes }),
      cacheFilling: (usedBytes, fullInNs) => {
        const { limitBytes } = cacheSize;
        emit({ kind: 'cache-filling', ...this.stamp(), usedBytes, limitBytes, fullInNs });
      },
    });
    if (found !== null) file.adopt(found.extents, found.endOffset);
    if (durability === undefined) return new SlotCache(file, slotBytes);
    return new DurableCache(owner, this, file, durability, found);
  }

  stamp(): { readonly at: Nanoseconds; readonly snapshot: string } {
    return { at: this.owner.scheduler.now(), snapshot: this.options.id };
  }

  get isEnabled(): boolean {
    return this.state.is === 'enabled';
  }

  /** Whether it covers, or waits to cover, a part of a run of sectors. */
  protects(within: CacheSpace['within']): boolean {
    if (within === undefined || !(this.state.is === 'waiting' || this.isEnabled)) return false;
    const { drive, extent } = within;
    return this.volumes.some(({ filter, grid }) => filter.name === drive && grid.overlaps(extent.first, extent.count));
  }

  /** Why reads fail now; only for a snapshot that is not enabled. */
  endError(volume: string, request: IoRequest): IoError {
    const { state } = this;
    let because = 'not enabled';
    if (state.is === 'lost') because = `lost: ${state.cause}: ${state.detail}`;
    if (state.is === 'released')
      because = state.cause === 'idle' ? 'released: no read came for the idle limit' : 'released';
    return new IoError('snapshot-ended', volume, request.op, request.sector, request.count, because);
  }

  /** A virtual read that is not yet answered (I3). */
  readBegins(request: IoRequest): void {
    invariant(this.isEnabled, 'a read of a snapshot that is not enabled');
    this.lastReadAt = this.owner.scheduler.now();
    this.reads.add(request);
  }

  /** Answers a read, unless the end of the snapshot has answered it already. */
  answer(request: IoRequest, error: IoError | null): void {
    if (!this.reads.delete(request)) return;
    this.lastReadAt = this.owner.scheduler.now();
    request.settle(error);
  }

  isUnanswered(request: IoRequest): boolean {
    return this.reads.has(request);
  }

  /** I1: a granule begins to be copied, in the step in which it was found clean. */
  beginCopy(volume: ProtectedVolume, granule: Granule): Copying {
    invariant(this.isEnabled, 'a copy for a snapshot that is not enabled');
    if (volume.preserved.get(granule) || volume.copying.has(granule)) defect(`granule ${granule} is copied twice`);
    const result = new Latch<CopyResult>(`granule ${granule} of ${volume.name} to be preserved`);
    const copying = { since: this.owner.scheduler.now(), result };
    volume.copying.set(granule, copying);
    if (!this.somethingToWatch.isSettled) this.somethingToWatch.settle();
    return copying;
  }

  /** A write waits for a backup read: no longer than for a copy (E9). */
  isWaitedFor(reader: RangeReader): void {
    if (this.waitedFor.has(reader)) return;
    this.waitedFor.set(reader, this.owner.scheduler.now());
    if (!this.somethingToWatch.isSettled) this.somethingToWatch.settle();
  }

  /** A granule that the cache kept over a crash; a second copy of it says the same. */
  foundCopy(volume: ProtectedVolume, granule: Granule, slot: number): void {
    if (!volume.preserved.get(granule)) this.keepCopy(volume, granule, slot);
  }

  /** A granule is safe in the cache: later writes to it go straight through. */
  endCopy(volume: ProtectedVolume, granule: Granule, copying: Copying, slot: number): void {
    invariant(volume.copying.get(granule) === copying, 'a copy ends that is not under way');
    volume.copying.delete(granule);
    this.keepCopy(volume, granule, slot);
    copying.result.settle('kept');
  }

  private keepCopy(volume: ProtectedVolume, granule: Granule, slot: number): void {
    volume.slots.set(granule, slot);
    volume.preserved.set(granule);
    this.granulesPreserved += 1;
  }

  /**
   * E9: granules can't be preserved. Either the snapshot is lost and applications go on, or (`protect: backup`) who waits
   * for them is refused and the snapshot stays exact. Nothing in between. Where another snapshot may refuse the same
   * write, each write decides for itself: one that is refused changes nothing, so nothing is lost (E16).
   */
  cannotPreserve(volume: ProtectedVolume, granules: readonly Granule[], cause: LossCause, detail: string): void {
    if (!this.isEnabled) return;
    const { protect } = this.options;
    const mayBeRefused = volume.filter.protectedVolumes.some(
      ({ snapshot }) => snapshot.isEnabled && snapshot.options.protect === 'backup',
    );
    if (!mayBeRefused) {
      this.lose(cause, detail);
      return;
    }
    if (protect === 'backup') this.emit({ kind: 'write-refused', ...this.stamp(), volume: volume.name, cause });
    for (const granule of granules) {
      const copying = volume.copying.get(granule);
      if (copying === undefined) continue;
      volume.copying.delete(granule);
      if (protect === 'application') copying.result.settle({ snapshot: this, cause, detail });
      else {
        const { grid } = volume;
        const extent = { first: grid.start(granule), count: grid.length(granule) };
        copying.result.settle(refusal(volume.name, extent, cause, detail));
      }
    }
  }

  /** E9: a write can't wait any longer for a backup read, which the drive does not answer. */
  cannotWait(reader: RangeReader, detail: string): void {
    this.waitedFor.delete(reader);
    if (this.options.protect === 'application') this.lose('preserve-limit', detail);
    else {
      const { first, count } = reader.range;
      const volume = reader.volume.name;
      this.emit({ kind: 'write-refused', ...this.stamp(), volume, cause: 'preserve-limit' });
      reader.refuse(refusal(volume, { first, count }, 'preserve-limit', detail));
    }
  }

  lose(cause: LossCause, detail: string): void {
    if (!this.isEnabled) return;
    this.state = { is: 'lost', cause, detail };
    this.end({ kind: 'lost', ...this.stamp(), cause, detail });
  }

  /** Releases the snapshot, whatever its state, in this step; the latch tells when nothing of it is left (E12). */
  release(cause: ReleaseCause = 'asked'): Latch<void> {
    if (this.state.is === 'enabled' || this.state.is === 'waiting') {
      this.state = { is: 'released', cause };
      this.end({ kind: 'released', ...this.stamp(), cause });
    }
    invariant(this.isClosing, 'an ended snapshot is closing');
    return this.gone;
  }

  /** Runs a task that watches a limit until the snapshot ends. */
  watch(name: string, task: Task<void>): void {
    this.watchdogs.push(this.owner.spawn(`${name} of ${this.options.id}`, task));
  }

  /** I3, I4. */
  private end(event: EngineEvent): void {
    this.isClosing = true;
    for (const request of [...this.reads]) this.answer(request, this.endError('virtual volume', request));
    const durable = this.recordEnd();
    for (const volume of this.volumes) {
      if (durable === null) volume.filter.detach(volume);
      for (const { result } of volume.copying.values()) result.settle('ended');
      volume.copying.clear();
    }
    for (const watchdog of this.watchdogs) if (!watchdog.isRunning) watchdog.cancel();
    this.ended.settle();
    if (durable === null) this.detached.settle();
    this.owner.spawn(`${this.options.id} closes`, this.close(durable));
    this.emit(event);
  }

  /** Null when nothing has to be durable before its volumes leave the filters. */
  private recordEnd(): Task<void> | null {
    const { state } = this;
    if (state.is !== 'lost') return this.cache.end('released', false);
    return this.cache.end('lost', state.cause === 'cache-error' || state.cause === 'preserve-limit');
  }

  private *close(durable: Task<void> | null): Task<void> {
    if (durable !== null) {
      yield* durable;
      for (const volume of this.volumes) volume.filter.detach(volume);
      this.detached.settle();
    }
    try {
      yield* this.cache.close();
    } catch (error) {
      if (!(error instanceof WorldError) || error instanceof Cancelled) throw error;
      this.emit({ kind: 'cache-not-freed', ...this.stamp(), because: error.message });
    }
    yield* this.atDrives.drain('protected drives');
    this.emit({ kind: 'gone', ...this.stamp() });
    this.gone.settle();
  }
}

/** What an application is told whose write would have hurt the picture. */
function refusal(volume: string, { first, count }: Extent, cause: LossCause, detail: string): IoError {
  const failure = cause === 'cache-full' ? 'no-space' : 'write-error';
  return new IoError(failure, volume, 'write', first, count, `${cause}: ${detail}`);
}
