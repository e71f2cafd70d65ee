/**
 * The snapshot engine: filters at the drives, and snapshots over any set of their volumes (E16). It has no I/O and no
 * clock of its own; a host gives it devices, a scheduler and space for cache files.
 *
 * Initialisation (white paper, Figure 1) is `takeSnapshot`: select, wait for quiet, enable.
 */
import { type CacheSize, type CacheSpace, waitAll } from './cache-file.ts';
import { type Device, IoRequest } from './device.ts';
import type { Durability } from './durable/durable-cache.ts';
import type { BirthVolume } from './durable/layout.ts';
import { type Found, markRefused, type Refusal, readPlaces } from './durable/reopen.ts';
import type { Consistency, EngineEvent } from './events.ts';
import { ExtentSet } from './extent-set.ts';
import { type DrivePorts, Filter } from './filter.ts';
import { takeOver } from './first-write.ts';
import { defect, invariant, WorldError } from './invariant.ts';
import { LimitedDevice } from './limited-device.ts';
import { DrainingHold, QuietWatch } from './quiet-period.ts';
import { HOLE } from './slot-cache.ts';
import { Snapshot, type SnapshotOptions, type SnapshotTerms } from './snapshot.ts';
import { Cancelled, type Owner, race, type Task } from './task.ts';
import { ChangeTracker, type TrackingGeneration } from './tracking.ts';
import { type Bytes, type Extent, type Nanoseconds, SECOND } from './units.ts';
import { VirtualVolume } from './virtual-volume.ts';
import { watchIdle, watchPreserving } from './watchdog.ts';

/** A snapshot that was never enabled. */
export class NotTaken extends WorldError {
  override readonly name = 'NotTaken';
  readonly because: 'timed-out' | 'hold-limit' | 'no-cache' | 'drive-error' | 'unprepared';

  constructor(because: NotTaken['because'], detail: string) {
    super(`${because}: ${detail}`);
    this.because = because;
  }
}

/** A volume whose changes are tracked. */
export interface Tracked {
  readonly drive: string;
  readonly extent: Extent;
  /** A whole number of sectors. */
  readonly granuleBytes: Bytes;
  /** How many intervals are known at a time. */
  readonly intervals: number;
  /** The generation that begins, unless the one before goes on. */
  readonly generation: TrackingGeneration;
}

/** A durable snapshot that may be left from an earlier life of the host. */
export interface ReopenOptions {
  readonly id: string;
  /** All but the granule, which is as it was. */
  readonly terms: SnapshotTerms;
  readonly cache: CacheSpace;
  readonly cacheSize: CacheSize;
  /** Of its cache file as it is now. */
  readonly extents: readonly Extent[];
  readonly durability: Durability;
}

export class Engine {
  readonly filters: ReadonlyMap<string, Filter>;
  private readonly owner: Owner;
  private readonly emit: (event: EngineEvent) => void;
  private readonly alive = new Set<Snapshot>();
  /** Those that were asked for, and whose cache file is not gone. */
  private readonly known = new Set<Snapshot>();

  constructor(owner: Owner, drives: ReadonlyMap<string, DrivePorts>, emit: (event: EngineEvent) => void) {
    this.owner = owner;
    this.emit = emit;
    this.filters = new Map([...drives].map(([id, ports]) => [id, new Filter(owner, ports)]));
  }

  /** A drive as applications use it. */
  live(drive: string): Filter {
    return this.filters.get(drive) ?? defect(`no drive ${drive}`);
  }

  /**
   * Takes a snapshot: allocates its cache, waits for quiet, enables it. Throws `NotTaken` when the wait limit or the hold
   * limit passes, or the cache can't be made; nothing stays enabled then.
   */
  *takeSnapshot(options: SnapshotOptions): Task<Snapshot> {
    const snapshot = new Snapshot(this.owner, options, this.filters, this.emit);
    this.know(snapshot);
    this.emit({ kind: 'selected', ...snapshot.stamp(), volumes: options.volumes.map(({ name }) => name) });
    const watch = new QuietWatch(snapshot);
    try {
      yield* this.prepareCache(snapshot);
      yield* this.waitAndEnable(snapshot, watch);
      return snapshot;
    } finally {
      watch.end();
      if (!snapshot.isEnabled) snapshot.release();
    }
  }

  /**
   * Brings a durable snapshot back after a crash, before any request of an application: exact, or refused and over for
   * good (E10).
   */
  *reopen(options: ReopenOptions): Task<Snapshot | Refusal> {
    const { id, cache, extents, durability, terms } = options;
    const limited = (device: Device): Device => new LimitedDevice(device, this.owner, terms.preserveLimitNs);
    const places = {
      device: limited(cache.device),
      place: cache.place,
      extents,
      state: { ...durability.state, device: limited(durability.state.device) },
      checksum: durability.checksum,
    };
    const found = yield* readPlaces(places);
    const snapshot = 'because' in found ? found : this.bringBack(options, found);
    if (!(snapshot instanceof Snapshot)) {
      const isOver = yield* markRefused(places);
      const detail = isOver ? snapshot.detail : `${snapshot.detail}; its end could not be recorded`;
      this.emit({ kind: 'not-reopened', at: this.owner.scheduler.now(), snapshot: id, ...snapshot, detail });
      return snapshot;
    }
    const error = yield* this.within(terms.preserveLimitNs, `resuming ${id}`, snapshot.cache.resume());
    if (error === null) return snapshot;
    const detail = error === 'late' ? 'no answer' : error.message;
    snapshot.lose(error === 'late' ? 'preserve-limit' : 'cache-error', detail);
    return { because: 'unreadable', detail };
  }

  /** Tracks the changes of a volume from here on; each snapshot that has this very volume begins an interval (E13). */
  track({ drive, extent, granuleBytes, intervals, generation }: Tracked): ChangeTracker {
    const filter = this.live(drive);
    invariant(
      granuleBytes % filter.sectorSize === 0,
      `granules of ${granuleBytes} bytes hold whole sectors of ${drive}`,
    );
    const tracker = new ChangeTracker(extent, granuleBytes / filter.sectorSize, intervals, generation);
    filter.trackers.push(tracker);
    return tracker;
  }

  /** The picture of a selected volume, under a name of its own. */
  virtualVolume(snapshot: Snapshot, volume: string, name: string): VirtualVolume {
    const found = snapshot.volumes.find(each => each.name === volume);
    if (found === undefined) defect(`${snapshot.options.id} has no volume ${volume}`);
    return new VirtualVolume(found, name);
  }

  get aliveCount(): number {
    return this.alive.size;
  }

  /** From here on its volumes are protected ones, and no picture has its cache file. */
  private know(snapshot: Snapshot): void {
    const { gone } = snapshot;
    const { file } = snapshot.cache;
    const { within } = file.space;
    const caches = within === undefined ? null : this.live(within.drive).caches;
    this.known.add(snapshot);
    caches?.add(file);
    const forget = (): void => {
      this.known.delete(snapshot);
      // A file that the host could not take back is still there.
      if (file.sizeBytes === 0) caches?.delete(file);
    };
    gone.attach({ settled: forget });
  }

  /**
   * Makes a cache, and lets those that lie on what it is for grow no more (E11). Nothing waits here but for the host, and
   * for old data where somebody else protects what becomes the file; so two snapshots may do it for each other.
   */
  private *makeCache(snapshot: Snapshot): Task<void> {
    yield* this.prepareVolumes(snapshot);
    const { cache } = snapshot;
    const { within } = cache.file.space;
    const known = [...this.known];
    const take = within === undefined ? free : (extent: Extent) => takeOver(this.live(within.drive), extent);
    yield* this.takeOverState(snapshot);
    yield* cache.prepare(
      known.some(each => each.protects(within)),
      take,
    );
    for (const other of this.known) {
      if (other !== snapshot && snapshot.protects(other.cache.file.space.within)) yield* other.cache.file.stopGrowing();
    }
  }

  /** A state place is written past the filter like a cache: where a picture that was there first has it, it is kept before. */
  private *takeOverState({ options: { durability } }: Snapshot): Task<void> {
    const filter = durability === undefined ? undefined : this.filters.get(durability.state.device.name);
    if (durability === undefined || filter === undefined) return;
    for (const first of durability.state.sectors) {
      const refused = yield* takeOver(filter, { first, count: 1 });
      if (refused !== null) throw refused;
    }
  }

  private *prepareVolumes({ options }: Snapshot): Task<void> {
    for (const { name, prepare } of options.volumes) {
      try {
        if (prepare !== undefined) yield* prepare();
      } catch (error) {
        if (!(error instanceof WorldError) || error instanceof Cancelled) throw error;
        throw new NotTaken('unprepared', `${name}: ${error.message}`);
      }
    }
  }

  /** The wait limit is that of a cache drive that does not answer, too. */
  private *prepareCache(snapshot: Snapshot): Task<void> {
    const { waitLimitNs, cache } = snapshot.options;
    try {
      const made = yield* this.within(waitLimitNs, `cache of ${snapshot.options.id}`, this.makeCache(snapshot));
      if (made === 'late') throw new NotTaken('no-cache', `${cache.place}: no answer for ${waitLimitNs / SECOND} s`);
    } catch (error) {
      if (!(error instanceof WorldError) || error instanceof Cancelled || error instanceof NotTaken) throw error;
      throw new NotTaken('no-cache', error.message);
    }
  }

  private *waitAndEnable(snapshot: Snapshot, watch: QuietWatch): Task<void> {
    const { neverQuiet, quietNs } = snapshot.options;
    const { scheduler } = this.owner;
    for (;;) {
      if ((yield* watch.wait()) === 'timed-out') break;
      yield* this.settleDrives(snapshot, watch.deadline - scheduler.now());
      // What came while the drives were flushed begins the period again (E10).
      if (!watch.isQuiet(scheduler.now())) continue;
      watch.end();
      this.enable(snapshot, 'quiescent', 0);
      yield* this.recordT(snapshot);
      return;
    }
    watch.end();
    if (neverQuiet === 'take-anyway') yield* this.takeAnyway(snapshot);
    else {
      const waitedNs = scheduler.now() - watch.askedAt;
      this.emit({ kind: 'timed-out', ...snapshot.stamp(), waitedNs });
      throw new NotTaken('timed-out', `not quiet for ${quietNs / SECOND} s within ${waitedNs / SECOND} s`);
    }
  }

  private *takeAnyway(snapshot: Snapshot): Task<void> {
    const since = this.owner.scheduler.now();
    const { holdLimitNs } = snapshot.options;
    const hold = new DrainingHold(snapshot);
    try {
      if ((yield* hold.drain()) === 'limit') {
        this.emit({ kind: 'hold-limit', ...snapshot.stamp(), inFlight: hold.inFlight });
        throw new NotTaken('hold-limit', `writes in flight did not end within ${holdLimitNs / SECOND} s`);
      }
      yield* this.settleDrives(snapshot, since + holdLimitNs - this.owner.scheduler.now());
      this.enable(snapshot, 'crash-consistent', this.owner.scheduler.now() - since);
    } finally {
      hold.end();
    }
    yield* this.recordT(snapshot);
  }

  /** What completed before T must not be lost by a crash after it, where the snapshot outlives one (E10). */
  private *settleDrives(snapshot: Snapshot, limitNs: Nanoseconds): Task<void> {
    if (!snapshot.cache.isDurable) return;
    const filters = new Set(snapshot.volumes.map(({ filter }) => filter));
    const requests = [...filters].map(({ ports }) => {
      const request = new IoRequest('flush', 0, 0, null);
      snapshot.atDrives.track(request);
      return ports.preserve.submit(request);
    });
    const error = yield* this.within(Math.max(0, limitNs), 'flush before T', waitAll(requests));
    if (error === 'late') throw new NotTaken('drive-error', 'the drives were not flushed in time');
    if (error !== null) throw new NotTaken('drive-error', error.message);
  }

  /** A durable snapshot has happened when its record of T is durable, and not before (E10). */
  private *recordT(snapshot: Snapshot): Task<void> {
    if (!snapshot.cache.isDurable) return;
    const { preserveLimitNs } = snapshot.options;
    const error = yield* this.within(preserveLimitNs, `record of T of ${snapshot.options.id}`, snapshot.cache.birth());
    if (error === null) return;
    if (error === 'late') snapshot.lose('preserve-limit', `no answer for ${preserveLimitNs / SECOND} s`);
    else snapshot.lose('cache-error', error.message);
    throw new NotTaken('no-cache', 'the record of T is not durable');
  }

  /** Runs a task, but no longer than so. */
  private *within<T>(limitNs: Nanoseconds, name: string, task: Task<T>): Task<T | 'late'> {
    const limit = function* (): Task<'late'> {
      yield limitNs;
      return 'late';
    };
    return yield* race<T | 'late'>(this.owner, name, [task, limit()]);
  }

  private bringBack(options: ReopenOptions, found: Found): Snapshot | Refusal {
    const { id, terms, cache, cacheSize, durability, extents } = options;
    const { birth, granules, group, isTorn } = found;
    const changed = birth.volumes.find(volume => !this.isThere(volume, durability));
    if (changed !== undefined) {
      return { because: 'drive-changed', detail: `${changed.name} on ${changed.drive} is not as it was` };
    }
    const volumes = birth.volumes.map(({ name, drive, extent, excluded }) => {
      return { name, drive, extent, excluded: () => excluded };
    });
    const { granuleBytes, T, consistency, incarnation } = birth;
    const all = { ...terms, id, granuleBytes, volumes, cache, cacheSize, durability: { ...durability, incarnation } };
    const snapshot = new Snapshot(this.owner, all, this.filters, this.emit, { ...found, extents });
    this.know(snapshot);
    const { sectorSize } = cache.device;
    for (const { volume, granule, place } of granules) {
      snapshot.foundCopy(snapshot.volumes[volume]!, granule, place === null ? HOLE : place / sectorSize);
    }
    snapshot.state = { is: 'enabled', T, consistency };
    for (const [at, volume] of snapshot.volumes.entries()) {
      // As of T: a cache that was made later is a change like any other, and preserved.
      volume.excluded = new ExtentSet(birth.volumes[at]!.excluded);
      volume.filter.attachAgain(volume);
    }
    const { granulesPreserved } = snapshot;
    const told = { T, consistency, groups: group, granules: granulesPreserved, isTorn };
    this.lives(snapshot, { kind: 'reopened', ...snapshot.stamp(), ...told });
    return snapshot;
  }

  private isThere({ drive, fingerprint, extent, sectorSize }: BirthVolume, { fingerprint: now }: Durability): boolean {
    const filter = this.filters.get(drive);
    if (filter === undefined || filter.sectorSize !== sectorSize) return false;
    return extent.first + extent.count <= filter.sectorCount && now(drive) === fingerprint;
  }

  /** T: one synchronous step for all volumes (E2). */
  private enable(snapshot: Snapshot, consistency: Consistency, holdNs: Nanoseconds): void {
    invariant(snapshot.state.is === 'waiting', 'a snapshot is enabled once');
    const { at } = snapshot.stamp();
    snapshot.state = { is: 'enabled', T: at, consistency };
    for (const volume of snapshot.volumes) volume.filter.attach(volume);
    const excludedSectors = snapshot.volumes.reduce((sum, volume) => sum + volume.excludedSectors, 0);
    this.lives(snapshot, { kind: 'enabled', ...snapshot.stamp(), consistency, holdNs, excludedSectors });
  }

  /** From here on its limits are watched. */
  private lives(snapshot: Snapshot, event: EngineEvent): void {
    snapshot.lastReadAt = snapshot.stamp().at;
    this.alive.add(snapshot);
    snapshot.ended.attach({ settled: () => this.alive.delete(snapshot) });
    this.emit(event);
    const { idleLimitNs } = snapshot.options;
    snapshot.watch('preserve limit', watchPreserving(snapshot));
    if (idleLimitNs !== null) snapshot.watch('idle limit', watchIdle(snapshot, idleLimitNs));
  }
}

/** Nobody protects what no filter is at. */
function* free(): Task<null> {
  return null;
}
