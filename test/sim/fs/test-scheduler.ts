/** A host of tasks for tests: a ready queue in order, and a clock that a test moves. */
import { Owner, type Process, type Scheduler, type Task } from '../../../engine/task.ts';

/** More steps than this without a wait are a circle. */
const STEPS_MAX = 100_000;

export class TestScheduler implements Scheduler {
  private time = 0;
  private readonly readyQueue: Process[] = [];
  private timers: { at: number; process: Process }[] = [];
  readonly owner: Owner = new Owner(this, 'test');

  now(): number {
    return this.time;
  }

  ready(process: Process): void {
    this.readyQueue.push(process);
  }

  after(delay: number, process: Process): void {
    this.timers.push({ at: this.time + delay, process });
  }

  disarm(process: Process): void {
    this.timers = this.timers.filter(timer => timer.process !== process);
    const at = this.readyQueue.indexOf(process);
    if (at >= 0) this.readyQueue.splice(at, 1);
  }

  crashed(_process: Process, error: unknown): void {
    throw error;
  }

  /** Runs what is ready, and what becomes ready by it. */
  run(): void {
    for (let steps = 0; ; steps++) {
      const process = this.readyQueue.shift();
      if (process === undefined) return;
      if (steps > STEPS_MAX) throw new Error(`no time passes: ${process.name}`);
      process.step();
    }
  }

  /** Goes on to a later time, timer by timer. */
  goTo(time: number): void {
    this.run();
    for (;;) {
      const due = this.timers.filter(timer => timer.at <= time).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.splice(this.timers.indexOf(due), 1);
      this.time = due.at;
      due.process.step();
      this.run();
    }
    this.time = time;
  }

  get timerCount(): number {
    return this.timers.length;
  }

  spawn<T>(task: Task<T>, name = 'task'): Process<T> {
    const process = this.owner.spawn(name, task);
    this.run();
    return process;
  }
}
