/**
 * The host of tasks on Node: a ready queue that runs between the events of Node's own loop, timers, and an end for each
 * task that was started from outside.
 *
 * Invariants
 * I1 A process is stepped once for each time that it was made ready, unless that was taken back.
 * I2 An error of no task's world ends the run with that error: nothing of the run is stepped afterwards.
 * I3 A run that is cancelled ends when its task has; what its devices still do is theirs to wait for.
 */
import { invariant } from '../engine/invariant.ts';
import { Owner, type Process, type Scheduler, type Task } from '../engine/task.ts';
import { MILLISECOND, type Nanoseconds } from '../engine/units.ts';

/** A longer one would come at once: Node keeps the delay in 31 bits. */
const LONGEST_TIMER_MS = 2_147_483_647;
/** After so many steps signals and timers get a turn. */
const STEPS_AT_ONCE = 1000;

interface Place {
  readonly process: Process;
  readonly ticket: number;
}

export class NodeScheduler implements Scheduler {
  private readonly queue: Place[] = [];
  private readonly timers = new Map<Process, NodeJS.Timeout>();
  private ticket = 0;
  private isPumping = false;
  private crash: { readonly error: unknown } | null = null;
  private onCrash: (error: unknown) => void = () => {};

  now(): Nanoseconds {
    return Math.floor(performance.now() * MILLISECOND);
  }

  ready(process: Process): void {
    this.ticket += 1;
    process.ticket = this.ticket;
    this.queue.push({ process, ticket: this.ticket });
    this.pump();
  }

  after(delay: Nanoseconds, process: Process): void {
    invariant(Number.isSafeInteger(delay) && delay >= 0, `a delay of ${delay} ns`);
    this.arm(process, this.now() + delay);
  }

  private arm(process: Process, at: Nanoseconds): void {
    const milliseconds = Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil((at - this.now()) / MILLISECOND)));
    const due = () => {
      this.timers.delete(process);
      if (this.now() < at) this.arm(process, at);
      else this.ready(process);
    };
    this.timers.set(process, setTimeout(due, milliseconds));
  }

  disarm(process: Process): void {
    process.ticket = 0;
    clearTimeout(this.timers.get(process));
    this.timers.delete(process);
  }

  crashed(_process: Process, error: unknown): void {
    this.crash ??= { error };
    this.onCrash(error);
  }

  private pump(): void {
    if (this.isPumping) return;
    this.isPumping = true;
    setImmediate(() => {
      this.isPumping = false;
      for (let steps = 0; steps < STEPS_AT_ONCE && this.crash === null; steps++) {
        const next = this.queue.shift();
        if (next === undefined) return;
        if (next.process.ticket !== next.ticket) continue;
        next.process.ticket = 0;
        next.process.step();
      }
      if (this.queue.length > 0 && this.crash === null) this.pump();
    });
  }

  /** Runs a task to its end. When `signal` is aborted it is cancelled, and the promise fails with `Cancelled`. */
  run<T>(name: string, task: (owner: Owner) => Task<T>, signal: AbortSignal | null = null): Promise<T> {
    const owner = new Owner(this, name);
    return new Promise<T>((resolve, reject) => {
      const process = owner.spawn(name, task(owner));
      const cancel = () => process.cancel();
      const end = () => signal?.removeEventListener('abort', cancel);
      this.onCrash = error => {
        end();
        owner.drop();
        reject(error);
      };
      process.end.attach({
        settled: latch => {
          end();
          try {
            resolve(latch.value as T);
          } catch (error) {
            reject(error);
          }
        },
      });
      if (signal?.aborted === true) cancel();
      else signal?.addEventListener('abort', cancel);
    });
  }
}
