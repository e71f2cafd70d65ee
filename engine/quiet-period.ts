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
import type { Nanoseconds } from './units.ts';

/** Watches all selected volumes of one snapshot. */
class QuietWatch implements WriteWatcher {
  inFlight = 0;
  quietSince: Nanoseconds;
  private readonly snapshot: Snapshot;
  private changed: Latch<void> | null = null;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.quietSince = snapshot.stamp().at;
    for (const { filter, grid } of snapshot.volumes) this.inFlight += filter.watch(grid.volume, this);
  }

  writeBegins(request: IoRequest): void {
    if (this.inFlight === 0) {
      const { sector, count } = request;
      const broken = this.snapshot.volumes.find(({ grid }) => grid.overlaps(sector, count));
      const volume = broken === undefined ? '' : broken.name;
      this.snapshot.emit({ kind: 'quiet-broken', ...this.snapshot.stamp(), volume, sector, count });
    }
    this.inFlight += 1;
  }

  writeEnds(): void {
    invariant(this.inFlight > 0, 'a write ends that did not begin');
    this.inFlight -= 1;
    this.quietSince = this.snapshot.stamp().at;
    if (this.inFlight === 0) this.wake();
  }

  wake(): void {
    this.changed?.settle();
    this.changed = null;
  }

  /** Waits until nothing is in flight, or the wait limit has passed. */
  *idle(): Task<void> {
    this.changed ??= new Latch<void>(`${this.inFlight} writes in flight`);
    yield* wait(this.changed);
  }

  end(): void {
    for (const { filter } of this.snapshot.volumes) filter.unwatch(this);
  }
}

/** Waits for the quiet period. Says `quiet` in the very step in which it is over: the caller enables at once. */
export function* waitForQuiet(snapshot: Snapshot): Task<'quiet' | 'timed-out'> {
  const { quietNs, waitLimitNs } = snapshot.options;
  const { scheduler } = snapshot.owner;
  const watch = new QuietWatch(snapshot);
  const deadline = scheduler.now() + waitLimitNs;
  const alarm = snapshot.owner.spawn(`wait limit of ${snapshot.options.id}`, alarmAfter(waitLimitNs, watch));
  snapshot.emit({ kind: 'waiting', ...snapshot.stamp(), quietNs, limitNs: waitLimitNs });
  try {
    for (;;) {
      const now = scheduler.now();
      if (watch.inFlight === 0 && now >= watch.quietSince + quietNs) return 'quiet';
      if (now >= deadline) return 'timed-out';
      if (watch.inFlight > 0) yield* watch.idle();
      else yield Math.min(watch.quietSince + quietNs, deadline) - now;
    }
  } finally {
    alarm.cancel();
    watch.end();
  }
}

function* alarmAfter(limitNs: Nanoseconds, watch: QuietWatch): Task<void> {
  yield limitNs;
  watch.wake();
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
