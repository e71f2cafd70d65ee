/**
 * What happened, for people: off unless asked for, and then only written to, never read by the run, so that it can't
 * change a digest. `kernel.trace` is null when it is off: callers test that before they build an entry.
 */
import type { Nanoseconds } from '../../engine/units.ts';

export type TraceValue = string | number | boolean | null;

export interface TraceEntry {
  readonly at: Nanoseconds;
  /** The component's path in the world, as its random stream is named. */
  readonly path: string;
  readonly what: string;
  readonly detail: Readonly<Record<string, TraceValue>>;
}

export class Trace {
  readonly entries: TraceEntry[] = [];

  add(at: Nanoseconds, path: string, what: string, detail: Readonly<Record<string, TraceValue>>): void {
    this.entries.push({ at, path, what, detail });
  }
}
