/**
 * The simulator's host of tasks: a virtual clock, a queue of what is due, a ring of what is ready, random streams and a
 * running digest. It runs in slices, so that a page, Ctrl-C and time limits work without a clock inside.
 *
 * Invariants
 * I1 Time is an integer and never goes back; everything ready runs before time goes on.
 * I2 Nobody waits for ever: no event left, a request without progress beyond the bound, or a spent budget is `stuck`.
 * I3 Two runs of one scenario and seed fold the same values in the same order.
 */
import { defect, invariant } from '../../engine/invariant.ts';
import { Owner, type Process, type Scheduler, type WaitReport } from '../../engine/task.ts';
import { type Nanoseconds, SECOND } from '../../engine/units.ts';
import { Digest } from './digest.ts';
import { EventQueue, ReadyQueue, type Timed } from './event-queue.ts';
import type { Choices } from './random.ts';
import type { Trace } from './trace.ts';

/** The defect of a run in which somebody would wait for ever. */
export interface Stuck {
  readonly because: string;
  readonly at: Nanoseconds;
  readonly waiting: readonly WaitReport[];
}

/** A request on its way, for I2; kept in the order of submission. */
export interface Pending {
  since: Nanoseconds;
  /** What it is and who holds it. */
  describe(): string;
}

export interface KernelLimits {
  /** Virtual time that a request may take without progress. */
  readonly progressBoundNs: Nanoseconds;
  readonly eventBudget: number;
}

export const DEFAULT_LIMITS: KernelLimits = { progressBoundNs: 120 * SECOND, eventBudget: 50_000_000 };

/** How often, in events, the oldest pending request is looked at. */
const PROGRESS_INTERVAL = 1024;

export class Kernel implements Scheduler {
  readonly choices: Choices;
  readonly digest = new Digest();
  trace: Trace | null;
  /** Events so far: timers and completions that came due, and tasks resumed. */
  events = 0;
  /** The oldest request that is still on its way, if any; told by whoever watches requests. */
  oldestPending: (() => Pending | null) | null = null;
  private readonly limits: KernelLimits;
  private readonly queue = new EventQueue();
  private readonly readyQueue = new ReadyQueue();
  private readonly owners: Owner[] = [];
  private time: Nanoseconds = 0;
  private stopped = false;
  /** What is to be done between this step and the next. */
  private readonly between: (() => void)[] = [];

  constructor(choices: Choices, options: { trace?: Trace | null; limits?: KernelLimits } = {}) {
    this.choices = choices;
    this.trace = options.trace ?? null;
    this.limits = options.limits ?? DEFAULT_LIMITS;
  }

  now(): Nanoseconds {
    return this.time;
  }

  owner(name: string): Owner {
    const owner = new Owner(this, name);
    this.owners.push(owner);
    return owner;
  }

  ready(process: Process): void {
    this.readyQueue.push(process);
  }

  after(delay: Nanoseconds, process: Process): void {
    this.due(delay, process);
  }

  disarm(process: Process): void {
    process.ticket = 0;
  }

  crashed(_process: Process, error: unknown): void {
    throw error;
  }

  /** Has `target.step()` called after `delay`: what devices use for completions. */
  due(delay: Nanoseconds, target: Timed): void {
    if (!(Number.isSafeInteger(delay) && delay >= 0)) defect(`a delay of ${delay} ns`);
    this.queue.push(this.time + delay, target);
  }

  /**
   * Has `action` called when the present step is over, before anything else runs: for what no task may be in the middle
   * of, as a power cut that a request brings about.
   */
  afterStep(action: () => void): void {
    this.between.push(action);
  }

  /** Ends the run after this step: the world has reached its end. */
  stop(): void {
    this.stopped = true;
  }

  /** Runs up to `maxEvents` events. `done` is said once the world has stopped the run. */
  advance(maxEvents: number): 'more' | 'done' | Stuck {
    const until = this.events + maxEvents;
    while (this.events < until) {
      if (this.stopped) return 'done';
      const ready = this.readyQueue.pop();
      if (ready !== null) {
        this.events += 1;
        ready.step();
        if (this.between.length > 0) this.act();
        continue;
      }
      const time = this.queue.nextTime();
      if (time === Number.POSITIVE_INFINITY) return this.stuck('no event is left');
      if (time < this.time) defect('time goes back');
      this.time = time;
      this.digest.fold(time);
      this.events += 1;
      this.queue.pop().step();
      if (this.between.length > 0) this.act();
      if (this.events % PROGRESS_INTERVAL === 0) {
        const stuck = this.checkProgress();
        if (stuck !== null) return stuck;
      }
    }
    return this.stopped ? 'done' : 'more';
  }

  /** Runs until the world stops it; throws nothing but defects. */
  run(): 'done' | Stuck {
    for (;;) {
      const state = this.advance(1_000_000);
      if (state !== 'more') return state;
    }
  }

  /** For tests and fills: runs until nothing is left to do, and says whether anybody still waits. */
  settle(): WaitReport[] {
    const state = this.run();
    return state === 'done' ? [] : [...state.waiting];
  }

  /** After the end: everybody else is dropped, and what is due runs out. Says for whom of `owner` it was not enough. */
  drain(owner: Owner): WaitReport[] {
    for (const other of this.owners) if (other !== owner) other.drop();
    this.stopped = false;
    return this.settle().length === 0 ? [] : owner.waiting();
  }

  private act(): void {
    for (const action of this.between.splice(0)) action();
  }

  private checkProgress(): Stuck | null {
    if (this.events >= this.limits.eventBudget) return this.stuck('the event budget is spent');
    const oldest = this.oldestPending === null ? null : this.oldestPending();
    if (oldest === null || this.time - oldest.since <= this.limits.progressBoundNs) return null;
    return this.stuck(`no progress for ${(this.time - oldest.since) / SECOND} s of ${oldest.describe()}`);
  }

  private stuck(because: string): Stuck {
    invariant(because !== '', 'stuck says why');
    const waiting = this.owners.flatMap(owner => owner.waiting());
    return { because, at: this.time, waiting };
  }
}
