/**
 * Long work in slices: between two of them a host may look at its clock, serve a signal or draw a page, and may leave the
 * work where it stands. What comes out does not depend on it.
 */
import type { Nanoseconds } from '../engine/units.ts';

/** How far the work is. */
export interface Slice {
  /** The id of the method whose world is run or judged. */
  readonly method: string;
  /** The time in that world. */
  readonly atNs: Nanoseconds;
}

export type Sliced<T> = Generator<Slice, T, undefined>;

/** Does the whole work at once. */
export function toEnd<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
