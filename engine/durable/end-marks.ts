/**
 * The end of a durable snapshot, made durable before the first write that goes unpreserved (E10): in the state place and
 * in the header of the cache.
 *
 * Invariants
 * I1 `record` returns when the end is durable in the state place, and in the header, too, where that answers and was not
 *    known to be bad; or in the header alone when the state place fails; or when neither takes it within the limit.
 */
import type { IoError } from '../device.ts';
import { invariant } from '../invariant.ts';
import { Latch, type Owner, type Process, type Task, wait } from '../task.ts';
import type { Nanoseconds } from '../units.ts';
import type { Ended } from './layout.ts';
import type { StatePlace } from './state-place.ts';

export class EndMarks {
  private readonly owner: Owner;
  private readonly state: StatePlace;
  private readonly writeHeader: (ended: Ended) => Task<IoError | null>;
  private inState: Process<IoError | null> | null = null;
  private inHeader: Process<IoError | null> | null = null;

  constructor(owner: Owner, state: StatePlace, writeHeader: (ended: Ended) => Task<IoError | null>) {
    this.owner = owner;
    this.state = state;
    this.writeHeader = writeHeader;
  }

  *record(ended: Ended, isCacheBad: boolean, limitNs: Nanoseconds): Task<void> {
    invariant(this.inState === null, 'an end is recorded once');
    const decided = new Latch<void>('the end to be durable');
    const state = this.owner.spawn('end in the state place', this.state.end(ended));
    const header = this.owner.spawn('end in the header', this.writeHeader(ended));
    this.inState = state;
    this.inHeader = header;
    const look = (): void => {
      const isInState = state.end.isSettled && state.end.value === null;
      const isEnough = state.end.isSettled && (header.end.isSettled || (isInState && isCacheBad));
      if (isEnough && !decided.isSettled) decided.settle();
    };
    state.end.attach({ settled: look });
    header.end.attach({ settled: look });
    const limit = this.owner.spawn('limit for the end', this.limit(limitNs, decided));
    yield* wait(decided);
    limit.cancel();
  }

  /** Waits for what is still on its way. */
  *drain(): Task<void> {
    if (this.inState !== null) yield* wait(this.inState.end);
    if (this.inHeader !== null) yield* wait(this.inHeader.end);
  }

  private *limit(limitNs: Nanoseconds, decided: Latch<void>): Task<void> {
    yield limitNs;
    if (!decided.isSettled) decided.settle();
  }
}
