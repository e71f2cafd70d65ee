/**
 * Everything that waits is a generator: `function* write(...): Task<void>`. It yields a wait, and a host (simulator,
 * Node, browser) resumes it. A wait has one of two shapes: a delay in nanoseconds, or a latch that is settled once.
 *
 * Invariants
 * I1 A latch is settled at most once, with a value or an error; who waits later gets the same answer at once.
 * I2 No task floats: each process belongs to an owner, which can cancel it, drop it and name what it waits for.
 * I3 A cancelled task gets `Cancelled` at its wait; its `finally` may clean memory and may not wait.
 * I4 A dropped task (power cut, kill) is never resumed and never returned into: no `finally` runs.
 * I5 `all` waits for every member, also when one fails, then throws the first error; `race` cancels the losers.
 * I6 A range lock is granted in the order of the requests that overlap, and to all that do not overlap at once.
 *
 * Hot path: `Latch.settle`, `Process.step`. One object for each process, none for each event; keep `yield*` at most four
 * deep (each level costs about 0.05 us for each resumption).
 */
import { defect, invariant, WorldError } from './invariant.ts';
import type { Nanoseconds, Sector } from './units.ts';

export type Wait = Nanoseconds | Latch<unknown>;
export type Task<T> = Generator<Wait, T, unknown>;

/** Thrown at the wait of a task that its owner cancels. */
export class Cancelled extends WorldError {
  override readonly name = 'Cancelled';
}

/** Told in the very step in which a latch is settled, in the order of attaching. */
export interface Waiter {
  settled(latch: Latch<unknown>): void;
}

export const OPEN = 0;
export const VALUE = 1;
export const ERROR = 2;

export class Latch<T> {
  /** What is waited for, in words for the report of a run that is stuck. */
  readonly what: string;
  state: typeof OPEN | typeof VALUE | typeof ERROR = OPEN;
  private result: unknown = undefined;
  /** Two waiters are the common case (the filter's bookkeeping and the task), so they need no list. */
  private first: Waiter | null = null;
  private second: Waiter | null = null;
  private others: Waiter[] | null = null;

  constructor(what: string) {
    this.what = what;
  }

  get isSettled(): boolean {
    return this.state !== OPEN;
  }

  /** The error of a latch that was settled with one. */
  get error(): unknown {
    if (this.state !== ERROR) defect(`latch has no error: ${this.what}`);
    return this.result;
  }

  /** The value of a latch that was settled with one; throws its error, or a defect while it is open. */
  get value(): T {
    if (this.state === ERROR) throw this.result;
    if (this.state !== VALUE) defect(`latch is still open: ${this.what}`);
    return this.result as T;
  }

  settle(value: T): void {
    if (this.state !== OPEN) defect(`latch settled twice: ${this.what}`);
    this.state = VALUE;
    this.result = value;
    this.wake();
  }

  fail(error: unknown): void {
    if (this.state !== OPEN) defect(`latch settled twice: ${this.what}`);
    this.state = ERROR;
    this.result = error;
    this.wake();
  }

  attach(waiter: Waiter): void {
    if (this.state !== OPEN) waiter.settled(this);
    else if (this.first === null) this.first = waiter;
    else if (this.second === null) this.second = waiter;
    else if (this.others === null) this.others = [waiter];
    else this.others.push(waiter);
  }

  /** Takes a waiter back; the others keep their order. */
  detach(waiter: Waiter): void {
    const rest = [this.first, this.second, ...(this.others ?? [])].filter(other => other !== null && other !== waiter);
    this.first = rest[0] ?? null;
    this.second = rest[1] ?? null;
    this.others = rest.length > 2 ? (rest.slice(2) as Waiter[]) : null;
  }

  private wake(): void {
    const { first, second, others } = this;
    this.first = null;
    this.second = null;
    this.others = null;
    if (first !== null) first.settled(this);
    if (second !== null) second.settled(this);
    if (others !== null) for (const other of others) other.settled(this);
  }
}

/** A typed wait on a latch, for the many places where `yield latch` would need a cast. */
export function* wait<T>(latch: Latch<T>): Task<T> {
  yield latch;
  return latch.value;
}

/** A latch that is settled already. */
export function settledLatch<T>(value: T, what = 'nothing'): Latch<T> {
  const latch = new Latch<T>(what);
  latch.settle(value);
  return latch;
}

/** What a host does for tasks. The ready queue is the host's: it chooses among those that are ready at one time. */
export interface Scheduler {
  now(): Nanoseconds;
  /** Have `process.step()` called later in this same instant. */
  ready(process: Process): void;
  /** Have `process.step()` called after `delay`; at most one timer for each process. */
  after(delay: Nanoseconds, process: Process): void;
  /** Take back `ready` or `after`. */
  disarm(process: Process): void;
  /** A task ended with an error that is none of the world's: a defect. The host ends the run. */
  crashed(process: Process, error: unknown): void;
}

/** One line of the report of a run that is stuck. */
export interface WaitReport {
  readonly task: string;
  readonly waitsFor: string;
}

/** A task that runs. Its `end` is settled with what the task returns, or fails with what it throws. */
export class Process<T = unknown> implements Waiter {
  readonly name: string;
  readonly owner: Owner;
  readonly end: Latch<T>;
  /** For the host: the sequence number of the armed timer or of the place in the ready queue; 0 when neither. */
  ticket = 0;
  private readonly task: Task<T>;
  private waitingFor: Latch<unknown> | null = null;
  private state: 'waiting' | 'running' | 'ended' | 'dropped' = 'waiting';

  constructor(owner: Owner, name: string, task: Task<T>) {
    this.owner = owner;
    this.name = name;
    this.task = task;
    this.end = new Latch<T>(name);
  }

  get isAlive(): boolean {
    return this.state === 'waiting' || this.state === 'running';
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  /** What a report of a stuck run says of this task. */
  get report(): WaitReport {
    return { task: this.name, waitsFor: this.waitingFor === null ? 'a delay' : this.waitingFor.what };
  }

  /**
   * I1: the latch keeps its answer, so the process only has to be made ready. Another waiter of the same latch may have
   * cancelled or dropped it just now.
   */
  settled(latch: Latch<unknown>): void {
    if (this.waitingFor === latch) this.owner.scheduler.ready(this as Process);
  }

  /** Called by the host only. Runs the task to its next open wait. */
  step(): void {
    if (this.state !== 'waiting') defect(`${this.name} resumed while ${this.state}`);
    this.state = 'running';
    const latch = this.waitingFor;
    this.waitingFor = null;
    try {
      let result = latch === null ? this.task.next() : this.resume(latch);
      for (;;) {
        // It has dropped itself (I4).
        if (!this.isRunning) return;
        if (result.done) {
          this.finish(result.value);
          return;
        }
        const wait = result.value;
        if (typeof wait === 'number') {
          this.state = 'waiting';
          this.owner.scheduler.after(wait, this as Process);
          return;
        }
        if (!wait.isSettled) {
          this.state = 'waiting';
          this.waitingFor = wait;
          wait.attach(this);
          return;
        }
        result = this.resume(wait);
      }
    } catch (error) {
      this.abort(error);
    }
  }

  private resume(latch: Latch<unknown>): IteratorResult<Wait, T> {
    return latch.state === ERROR ? this.task.throw(latch.error) : this.task.next(latch.value);
  }

  /** I3: throws `Cancelled` at the wait, at once. A process that has ended is left alone. */
  cancel(): void {
    if (this.state === 'ended' || this.state === 'dropped') return;
    invariant(this.state === 'waiting', `${this.name} cancels itself`);
    this.unhook();
    this.state = 'running';
    try {
      const result = this.task.throw(new Cancelled(this.name));
      invariant(result.done === true, `${this.name} waits while it is being cancelled`);
      this.finish(result.value);
    } catch (error) {
      this.abort(error);
    }
  }

  /** I4. Called through `Owner.drop`. */
  drop(): void {
    if (this.state === 'ended') return;
    this.unhook();
    this.state = 'dropped';
  }

  private unhook(): void {
    this.waitingFor?.detach(this);
    this.waitingFor = null;
    this.owner.scheduler.disarm(this as Process);
  }

  private finish(value: T): void {
    this.state = 'ended';
    this.owner.ended(this as Process);
    this.end.settle(value);
  }

  private abort(error: unknown): void {
    this.state = 'ended';
    this.owner.ended(this as Process);
    if (!(error instanceof WorldError)) this.owner.scheduler.crashed(this as Process, error);
    this.end.fail(error);
  }
}

/** Owns processes (I2): an application, an agent, the engine, a boot of the machine. */
export class Owner {
  readonly scheduler: Scheduler;
  readonly name: string;
  private readonly alive = new Set<Process>();

  constructor(scheduler: Scheduler, name: string) {
    this.scheduler = scheduler;
    this.name = name;
  }

  /** Starts a task in this instant, after what is ready before it. */
  spawn<T>(name: string, task: Task<T>): Process<T> {
    const process = new Process<T>(this, `${this.name}/${name}`, task);
    this.alive.add(process as Process);
    this.scheduler.ready(process as Process);
    return process;
  }

  cancelAll(): void {
    for (const process of [...this.alive]) process.cancel();
  }

  /** Power cut or kill: nothing of this owner is ever resumed. */
  drop(): void {
    for (const process of this.alive) process.drop();
    this.alive.clear();
  }

  ended(process: Process): void {
    this.alive.delete(process);
  }

  get aliveCount(): number {
    return this.alive.size;
  }

  waiting(): WaitReport[] {
    return [...this.alive].map(process => process.report);
  }
}

/** Runs tasks side by side and waits for every one (I5). Results stand in the order of the tasks. */
export function* all<T>(owner: Owner, name: string, tasks: readonly Task<T>[]): Task<T[]> {
  const processes = tasks.map((task, index) => owner.spawn(`${name}[${index}]`, task));
  const first: { failed: Process<T> | null } = { failed: null };
  for (const process of processes) {
    process.end.attach({
      settled: latch => {
        if (latch.state === ERROR && first.failed === null) first.failed = process;
      },
    });
  }
  try {
    for (const { end } of processes) if (!end.isSettled) yield* quietly(end);
  } finally {
    for (const process of processes) process.cancel();
  }
  if (first.failed !== null) return first.failed.end.value as never;
  return processes.map(process => process.end.value);
}

/** Runs tasks side by side until the first one ends; the others are cancelled (I5). */
export function* race<T>(owner: Owner, name: string, tasks: readonly Task<T>[]): Task<T> {
  invariant(tasks.length > 0, `${name}: a race without runners`);
  const processes = tasks.map((task, index) => owner.spawn(`${name}[${index}]`, task));
  const won = new Latch<Process<T>>(`first of ${name}`);
  for (const process of processes) {
    process.end.attach({
      settled: () => {
        if (!won.isSettled) won.settle(process);
      },
    });
  }
  try {
    yield won;
  } finally {
    for (const process of processes) process.cancel();
  }
  return won.value.end.value;
}

/** Waits until a latch is settled either way, without throwing its error. */
function* quietly(latch: Latch<unknown>): Task<void> {
  const done = new Latch<void>(latch.what);
  latch.attach({ settled: () => done.settle() });
  yield done;
}

/** A held or wanted range of sectors. */
export class RangeHold {
  readonly first: Sector;
  readonly count: Sector;
  readonly granted: Latch<void>;
  /** How many earlier overlapping holds are still ahead. */
  ahead = 0;

  constructor(first: Sector, count: Sector) {
    this.first = first;
    this.count = count;
    this.granted = new Latch<void>(`sectors ${first}..${first + count - 1}`);
  }

  overlaps(first: Sector, count: Sector): boolean {
    return first < this.first + this.count && this.first < first + count;
  }
}

/** Exclusive ranges, granted first come, first served among those that overlap (I6). */
export class RangeLock {
  private readonly holds: RangeHold[] = [];

  get isEmpty(): boolean {
    return this.holds.length === 0;
  }

  overlaps(first: Sector, count: Sector): boolean {
    for (const hold of this.holds) if (hold.overlaps(first, count)) return true;
    return false;
  }

  /** Takes a place in the order; wait for `granted`. */
  request(first: Sector, count: Sector): RangeHold {
    invariant(count > 0, `a range lock over ${count} sectors`);
    const hold = new RangeHold(first, count);
    for (const other of this.holds) if (other.overlaps(first, count)) hold.ahead += 1;
    this.holds.push(hold);
    if (hold.ahead === 0) hold.granted.settle();
    return hold;
  }

  /** Lets go of a hold, granted or not. */
  release(hold: RangeHold): void {
    const at = this.holds.indexOf(hold);
    invariant(at >= 0, 'a range lock is released twice');
    this.holds.splice(at, 1);
    for (let later = at; later < this.holds.length; later++) {
      const other = this.holds[later]!;
      if (!other.overlaps(hold.first, hold.count)) continue;
      other.ahead -= 1;
      if (other.ahead === 0) other.granted.settle();
    }
  }
}

/** Runs a task that never has to wait, as when drives are filled before time begins. */
export function runNow<T>(task: Task<T>): T {
  let result = task.next();
  while (!result.done) {
    const wait = result.value;
    invariant(typeof wait !== 'number', 'a task that must not wait asks for a delay');
    result = wait.state === ERROR ? task.throw(wait.error) : task.next(wait.value);
  }
  return result.value;
}
