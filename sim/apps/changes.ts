/**
 * What a value was at every instant: the events at which it changed, ascending, and what it was from each on.
 *
 * Invariants
 * I1 Events rise strictly; a second change in one event replaces the first.
 * I2 Before the first event there was no value.
 */
import { defect } from '../../engine/invariant.ts';

export class Changes<T> {
  readonly events: number[];
  readonly values: T[];

  constructor(event: number, value: T) {
    this.events = [event];
    this.values = [value];
  }

  get last(): T {
    return this.values[this.values.length - 1] as T;
  }

  set(event: number, value: T): void {
    const at = this.events.length - 1;
    const lastEvent = this.events[at]!;
    if (event < lastEvent) defect(`event ${event} after event ${lastEvent}`);
    if (event === lastEvent) this.values[at] = value;
    else if (this.values[at] !== value) {
      this.events.push(event);
      this.values.push(value);
    }
  }

  /** The value at an event; `before` when there was none yet (I2). */
  at(event: number, before: T): T {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.events[middle]! <= event) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? before : (this.values[low - 1] as T);
  }
}
