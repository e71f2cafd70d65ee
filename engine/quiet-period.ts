/**
 * The quiet period (white paper, Figure 1): no write on any selected volume, and none in flight, for so long (E7).
 *
 * Invariants
 * I1 The period runs from the request, or from the end of the last write, whichever is later.
 * I2 Writes, discards and zeroes break it, also failed ones; reads, flushes and the engine's own requests don't.
 * I3 A request is in flight from its coming to the filter until it is settled.
 */
import type { IoRequest } from './device.ts';
import type { Filter, WriteHold, WriteWatcher } from './filter.ts';
import { invariant } from './invariant.ts';
import type { ProtectedVolume, Snapshot } from './snapshot.ts';
import { Latch, type Task, wait } from './task.ts';
import type { Nanoseconds, Sector } from './units.ts';

interface WrittenRange {
  readonly sector: Sector;
  readonly count: Sector;
}

interface EndedWrite extends WrittenRange {
  readonly at: Nanoseconds;
}

/** Watches all selected volumes of one snapshot, from the request on. */
export class QuietWatch {
  readonly askedAt: Nanoseconds;
  private inFlight = 0;
  private quietSince: Nanoseconds;
  private readonly snapshot: Snapshot;
  private readonly volumes: readonly WatchedVolume[];
  private changed: Latch<void> | null = null;

  constructor(snapshot: Snapshot) {
    const { quietNs, waitLimitNs } = snapshot.options;
    this.snapshot = snapshot;
    this.askedAt = snapshot.stamp().at;
    this.quietSince = this.askedAt;
    this.volumes = snapshot.volumes.map(volume => new WatchedVolume(volume, this));
    for (const volume of this.volumes) this.inFlight += volume.watch();
    snapshot.emit({ kind: 'waiting', ...snapshot.stamp(), quietNs, limitNs: waitLimitNs });
  }

  get deadline(): Nanoseconds {
    return this.askedAt + this.snapshot.options.waitLimitNs;
  }

  /** Whether the period is over, and nothing broke it since. */
  isQuiet(now: Nanoseconds): boolean {
    const { quietNs } = this.snapshot.options;
    for (const volume of this.volumes) volume.lookAgain(quietNs);
    return this.inFlight === 0 && now >= this.quietSince + quietNs;
  }

  /** Waits for the quiet period. Says `quiet` in the very step in which it is over: the caller enables at once. */
  *wait(): Task<'quiet' | 'timed-out'> {
    const { snapshot } = this;
    const { quietNs, id } = snapshot.options;
    const { scheduler } = snapshot.owner;
    const alarm = snapshot.owner.spawn(`wait limit of ${id}`, this.alarm());
    try {
      for (;;) {
        const now = scheduler.now();
        if (this.isQuiet(now)) return 'quiet';
        if (now >= this.deadline) return 'timed-out';
        if (this.inFlight > 0) yield* this.idle();
        else yield Math.min(this.quietSince + quietNs, this.deadline) - now;
      }
    } finally {
      alarm.cancel();
    }
  }

  /** Nobody is watched any more; may be called again. */
  end(): void {
    for (const volume of this.volumes) volume.end();
  }

  get now(): Nanoseconds {
    return this.snapshot.stamp().at;
  }

  begins(volume: string, { sector, count }: WrittenRange): void {
    const { snapshot } = this;
    if (this.inFlight === 0) snapshot.emit({ kind: 'quiet-broken', ...snapshot.stamp(), volume, sector, count });
    this.inFlight += 1;
  }

  /** A write that did not count when it came does, as it turns out. */
  wasBroken(volume: string, write: EndedWrite): void {
    if (write.at <= this.quietSince) return;
    this.begins(volume, write);
    this.inFlight -= 1;
    this.quietSince = write.at;
  }

  ends(): void {
    invariant(this.inFlight > 0, 'a write ends that did not begin');
    this.inFlight -= 1;
    this.quietSince = this.now;
    if (this.inFlight === 0) this.wake();
  }

  private *alarm(): Task<void> {
    yield Math.max(0, this.deadline - this.snapshot.stamp().at);
    this.wake();
  }

  private wake(): void {
    this.changed?.settle();
    this.changed = null;
  }

  /** Waits until nothing is in flight, or the wait limit has passed. */
  private *idle(): Task<void> {
    this.changed ??= new Latch<void>(`${this.inFlight} writes in flight`);
    yield* wait(this.changed);
  }
}

class WatchedVolume implements WriteWatcher {
  private readonly volume: ProtectedVolume;
  private readonly watcher: QuietWatch;
  /** In flight, to sectors of no interest to the picture (E11). */
  private readonly ignored = new Set<IoRequest>();
  /** Ended within the last quiet period. */
  private ended: EndedWrite[] = [];

  constructor(volume: ProtectedVolume, watcher: QuietWatch) {
    this.volume = volume;
    this.watcher = watcher;
  }

  /** Returns how many writes are in flight. */
  watch(): number {
    const { filter, grid } = this.volume;
    return filter.watch(grid.volume, this);
  }

  writeBegins(request: IoRequest): void {
    if (this.isLeftOut(request)) this.ignored.add(request);
    else this.watcher.begins(this.volume.name, request);
  }

  writeEnds(request: IoRequest): void {
    if (!this.ignored.delete(request)) this.watcher.ends();
    else this.ended.push({ sector: request.sector, count: request.count, at: this.watcher.now });
  }

  /** What was written in this quiet period may be left out no more: its file is gone, and another one has the sectors. */
  lookAgain(quietNs: Nanoseconds): void {
    for (const request of this.ignored) {
      if (this.isLeftOut(request)) continue;
      this.ignored.delete(request);
      this.watcher.begins(this.volume.name, request);
    }
    this.ended = this.ended.filter(write => {
      if (write.at + quietNs <= this.watcher.now) return false;
      if (this.isLeftOut(write)) return true;
      this.watcher.wasBroken(this.volume.name, write);
      return false;
    });
  }

  end(): void {
    this.volume.filter.unwatch(this);
  }

  private isLeftOut({ sector, count }: WrittenRange): boolean {
    const { volume } = this.volume.grid;
    const from = Math.max(volume.first, sector);
    const to = Math.min(volume.first + volume.count, sector + count);
    return this.volume.excludedNow().covers(from, to - from);
  }
}

/** New writes to all volumes of a snapshot are held, those that came before drain (E7, `take-anyway`). */
export class DrainingHold {
  private readonly snapshot: Snapshot;
  private readonly volumes: DrainingVolume[];
  private readonly drained = new Latch<'drained' | 'limit'>('writes in flight to drain');

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.volumes = snapshot.volumes.map(volume => new DrainingVolume(volume, () => this.writeEnded()));
    snapshot.emit({ kind: 'holding', ...snapshot.stamp(), inFlight: this.inFlight });
  }

  get inFlight(): number {
    return this.volumes.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** Waits for the drain, no longer than the hold limit. */
  *drain(): Task<'drained' | 'limit'> {
    if (this.inFlight === 0) return 'drained';
    const { id, holdLimitNs } = this.snapshot.options;
    const alarm = this.snapshot.owner.spawn(`hold limit of ${id}`, this.alarm(holdLimitNs));
    try {
      return yield* wait(this.drained);
    } finally {
      alarm.cancel();
    }
  }

  /** Lets every held write go. */
  end(): void {
    for (const volume of this.volumes) volume.end();
  }

  private writeEnded(): void {
    if (this.inFlight === 0 && !this.drained.isSettled) this.drained.settle('drained');
  }

  private *alarm(limitNs: Nanoseconds): Task<void> {
    yield limitNs;
    if (!this.drained.isSettled) this.drained.settle('limit');
  }
}

/** The hold on one volume: the numbers of requests are those of its own drive's filter. */
class DrainingVolume implements WriteWatcher {
  inFlight: number;
  private readonly filter: Filter;
  private readonly hold: WriteHold;
  private readonly ended: () => void;

  constructor({ filter, grid }: ProtectedVolume, ended: () => void) {
    this.filter = filter;
    this.ended = ended;
    this.hold = filter.hold(grid.volume);
    this.inFlight = filter.watch(grid.volume, this);
  }

  writeBegins(): void {}

  writeEnds(request: IoRequest): void {
    if (this.hold.applies(request)) return;
    this.inFlight -= 1;
    this.ended();
  }

  end(): void {
    this.filter.unwatch(this);
    this.filter.letGo(this.hold);
  }
}
