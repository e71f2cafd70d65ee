/**
 * The snapshot engine: filters at the drives, and snapshots over any set of their volumes (E16). It has no I/O and no
 * clock of its own; a host gives it devices, a scheduler and space for cache files.
 *
 * Initialisation (white paper, Figure 1) is `takeSnapshot`: select, wait for quiet, enable.
 */
import type { Consistency, EngineEvent } from './events.ts';
import { type DrivePorts, Filter } from './filter.ts';
import { defect, invariant, WorldError } from './invariant.ts';
import { DrainingHold, QuietWatch } from './quiet-period.ts';
import { Snapshot, type SnapshotOptions } from './snapshot.ts';
import { Cancelled, type Owner, race, type Task } from './task.ts';
import { ChangeTracker } from './tracking.ts';
import { type Bytes, type Extent, type Nanoseconds, SECOND } from './units.ts';
import { VirtualVolume } from './virtual-volume.ts';
import { watchIdle, watchPreserving } from './watchdog.ts';

/** A snapshot that was never enabled. */
export class NotTaken extends WorldError {
  override readonly name = 'NotTaken';
  readonly because: 'timed-out' | 'hold-limit' | 'no-cache';

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
}

export class Engine {
  readonly filters: ReadonlyMap<string, Filter>;
  private readonly owner: Owner;
  private readonly emit: (event: EngineEvent) => void;
  private readonly alive = new Set<Snapshot>();

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

  /** Tracks the changes of a volume from here on; each snapshot that has this very volume begins an interval (E13). */
  track({ drive, extent, granuleBytes, intervals }: Tracked): ChangeTracker {
    const filter = this.live(drive);
    invariant(
      granuleBytes % filter.sectorSize === 0,
      `granules of ${granuleBytes} bytes hold whole sectors of ${drive}`,
    );
    const tracker = new ChangeTracker(extent, granuleBytes / filter.sectorSize, intervals);
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

  /** The wait limit is that of a cache drive that does not answer, too. */
  private *prepareCache(snapshot: Snapshot): Task<void> {
    const { id, waitLimitNs, cache } = snapshot.options;
    const limit = function* (): Task<'late'> {
      yield waitLimitNs;
      return 'late';
    };
    const made = function* (): Task<'made'> {
      yield* snapshot.cache.prepare();
      return 'made';
    };
    try {
      const first = yield* race(this.owner, `cache of ${id}`, [made(), limit()]);
      if (first === 'late') throw new NotTaken('no-cache', `${cache.place}: no answer for ${waitLimitNs / SECOND} s`);
    } catch (error) {
      if (!(error instanceof WorldError) || error instanceof Cancelled || error instanceof NotTaken) throw error;
      throw new NotTaken('no-cache', error.message);
    }
  }

  private *waitAndEnable(snapshot: Snapshot, watch: QuietWatch): Task<void> {
    const { neverQuiet, quietNs } = snapshot.options;
    const quiet = yield* watch.wait();
    watch.end();
    if (quiet === 'quiet') this.enable(snapshot, 'quiescent', 0);
    else if (neverQuiet === 'take-anyway') yield* this.takeAnyway(snapshot);
    else {
      const waitedNs = this.owner.scheduler.now() - watch.askedAt;
      this.emit({ kind: 'timed-out', ...snapshot.stamp(), waitedNs });
      throw new NotTaken('timed-out', `not quiet for ${quietNs / SECOND} s within ${waitedNs / SECOND} s`);
    }
  }

  private *takeAnyway(snapshot: Snapshot): Task<void> {
    const since = this.owner.scheduler.now();
    const hold = new DrainingHold(snapshot);
    try {
      if ((yield* hold.drain()) === 'limit') {
        this.emit({ kind: 'hold-limit', ...snapshot.stamp(), inFlight: hold.inFlight });
        const { holdLimitNs } = snapshot.options;
        throw new NotTaken('hold-limit', `writes in flight did not end within ${holdLimitNs / SECOND} s`);
      }
      this.enable(snapshot, 'crash-consistent', this.owner.scheduler.now() - since);
    } finally {
      hold.end();
    }
  }

  /** T: one synchronous step for all volumes (E2). */
  private enable(snapshot: Snapshot, consistency: Consistency, holdNs: Nanoseconds): void {
    invariant(snapshot.state.is === 'waiting', 'a snapshot is enabled once');
    const { at } = snapshot.stamp();
    snapshot.state = { is: 'enabled', T: at, consistency };
    snapshot.lastReadAt = at;
    for (const volume of snapshot.volumes) volume.filter.attach(volume);
    this.alive.add(snapshot);
    snapshot.ended.attach({ settled: () => this.alive.delete(snapshot) });
    this.emit({ kind: 'enabled', ...snapshot.stamp(), consistency, holdNs });
    const { idleLimitNs } = snapshot.options;
    snapshot.watch('preserve limit', watchPreserving(snapshot));
    if (idleLimitNs !== null) snapshot.watch('idle limit', watchIdle(snapshot, idleLimitNs));
  }
}
