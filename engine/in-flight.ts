/** Requests that are on their way, counted, so that an end can wait for the last of them. */
import type { IoRequest } from './device.ts';
import { Latch, type Task, type Waiter, wait } from './task.ts';

export class InFlight implements Waiter {
  private count = 0;
  private drained: Latch<void> | null = null;

  /** To be called before the request is submitted. */
  track(request: IoRequest): void {
    this.count += 1;
    request.attach(this);
  }

  /** For the latches of requests. */
  settled(): void {
    this.count -= 1;
    if (this.count === 0) this.drained?.settle();
  }

  /** Waits until none is on its way; none may follow. `to` is for the report of a run that is stuck. */
  *drain(to: string): Task<void> {
    if (this.count === 0) return;
    this.drained = new Latch<void>(`${this.count} requests to ${to}`);
    yield* wait(this.drained);
  }
}
