/**
 * What is due, in the order of (time, sequence number): a 4-ary heap in parallel arrays, so that an event is no object.
 *
 * Invariants
 * I1 Sequence numbers grow; of two events at one time the one that was armed first comes first.
 * I2 A target is armed at most once: its ticket is the sequence number of its event, 0 when there is none. An event whose
 *    number is not its target's ticket was disarmed: it is dropped unseen and counts as no event.
 *
 * Hot path.
 */
import { defect } from '../../engine/invariant.ts';
import type { Nanoseconds } from '../../engine/units.ts';

export interface Timed {
  ticket: number;
  step(): void;
}

export class EventQueue {
  private times = new Float64Array(256);
  private numbers = new Float64Array(256);
  private targets: (Timed | null)[] = new Array<Timed | null>(256).fill(null);
  private size = 0;
  private nextNumber = 1;

  /** Arms a target. A pushed number is always the largest, so it only has to be compared on the way down (I1). */
  push(time: Nanoseconds, target: Timed): void {
    if (target.ticket !== 0) defect('a target is armed twice');
    if (this.size === this.times.length) this.grow();
    const { times, numbers, targets } = this;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (times[parent]! <= time) break;
      times[at] = times[parent]!;
      numbers[at] = numbers[parent]!;
      targets[at] = targets[parent]!;
      at = parent;
    }
    times[at] = time;
    numbers[at] = this.nextNumber;
    targets[at] = target;
    target.ticket = this.nextNumber++;
  }

  /** The time of the next event that is still armed; Infinity when there is none. */
  nextTime(): Nanoseconds {
    while (this.size > 0 && this.targets[0]!.ticket !== this.numbers[0]) this.removeTop();
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.times[0]!;
  }

  /** Takes the event that `nextTime` told of, and disarms its target. */
  pop(): Timed {
    const target = this.targets[0];
    if (this.size === 0 || target === null || target === undefined) defect('no event is left');
    this.removeTop();
    target.ticket = 0;
    return target;
  }

  private removeTop(): void {
    const { times, numbers, targets } = this;
    const size = --this.size;
    const time = times[size]!;
    const number = numbers[size]!;
    const target = targets[size]!;
    targets[size] = null;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= size) break;
      const end = Math.min(first + 4, size);
      let best = first;
      for (let child = first + 1; child < end; child++) {
        if (times[child]! > times[best]!) continue;
        if (times[child]! < times[best]! || numbers[child]! < numbers[best]!) best = child;
      }
      if (time < times[best]! || (time === times[best]! && number < numbers[best]!)) break;
      times[at] = times[best]!;
      numbers[at] = numbers[best]!;
      targets[at] = targets[best]!;
      at = best;
    }
    times[at] = time;
    numbers[at] = number;
    targets[at] = target;
  }

  private grow(): void {
    const length = this.times.length * 2;
    const times = new Float64Array(length);
    const numbers = new Float64Array(length);
    times.set(this.times);
    numbers.set(this.numbers);
    this.times = times;
    this.numbers = numbers;
    while (this.targets.length < length) this.targets.push(null);
  }
}

/** First in, first out, of what is ready in this instant; the same rule of tickets (I2). */
export class ReadyQueue {
  private targets: (Timed | null)[] = new Array<Timed | null>(64).fill(null);
  private numbers = new Float64Array(64);
  private head = 0;
  private size = 0;
  private nextNumber = -1;

  /** Tickets of the ready queue are negative, so that they are never taken for a timer's. */
  push(target: Timed): void {
    if (target.ticket !== 0) defect('a target is made ready twice');
    if (this.size === this.targets.length) this.grow();
    const at = (this.head + this.size++) & (this.targets.length - 1);
    this.targets[at] = target;
    this.numbers[at] = this.nextNumber;
    target.ticket = this.nextNumber--;
  }

  /** The next one that is still ready, or null. */
  pop(): Timed | null {
    while (this.size > 0) {
      const at = this.head;
      const target = this.targets[at]!;
      const number = this.numbers[at];
      this.targets[at] = null;
      this.head = (at + 1) & (this.targets.length - 1);
      this.size--;
      if (target.ticket !== number) continue;
      target.ticket = 0;
      return target;
    }
    return null;
  }

  private grow(): void {
    const length = this.targets.length;
    const targets = new Array<Timed | null>(length * 2).fill(null);
    const numbers = new Float64Array(length * 2);
    for (let at = 0; at < length; at++) {
      const from = (this.head + at) & (length - 1);
      targets[at] = this.targets[from]!;
      numbers[at] = this.numbers[from]!;
    }
    this.targets = targets;
    this.numbers = numbers;
    this.head = 0;
  }
}
