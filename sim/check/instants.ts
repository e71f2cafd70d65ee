/**
 * "Some one instant", found fast. A list says what one thing (a block, a size, a path) was at every instant. Each run of
 * instants at which a list differs from what was restored is a span; one difference array over all instants adds the
 * spans up. Instants whose sum is 0 fit; the least sum is the nearest instant, and the lists that differ there are the
 * evidence. (Counting differences, not agreements, lets the number of lists change over time, as files come and go.)
 *
 * Invariants
 * I1 Spans are half open: `from` included, `to` not.
 * I2 The spans of one list do not overlap, so that a sum is a number of lists (or of their weights).
 *
 * Hot path: `Spans.add`, `Instants.addAll`, `Instants.solve`; one array for each question, nothing for a span.
 */
import { defect } from '../../engine/invariant.ts';
import type { EventNumber } from '../apps/truth.ts';

const FIRST_CAPACITY = 64;

/** Spans of instants at which a list differs, as columns. */
export class Spans {
  from: Int32Array;
  to: Int32Array;
  weight: Int32Array;
  /** Which list it is, in the words of who adds it. */
  list: Int32Array;
  count = 0;

  constructor(capacity = FIRST_CAPACITY) {
    this.from = new Int32Array(capacity);
    this.to = new Int32Array(capacity);
    this.weight = new Int32Array(capacity);
    this.list = new Int32Array(capacity);
  }

  clear(): void {
    this.count = 0;
  }

  add(from: EventNumber, to: EventNumber, weight: number, list: number): void {
    if (from >= to || weight === 0) return;
    const at = this.count++;
    if (at === this.from.length) this.grow();
    this.from[at] = from;
    this.to[at] = to;
    this.weight[at] = weight;
    this.list[at] = list;
  }

  /** A copy that holds no more memory than it needs. */
  compact(): Spans {
    const copy = new Spans(0);
    copy.from = this.from.slice(0, this.count);
    copy.to = this.to.slice(0, this.count);
    copy.weight = this.weight.slice(0, this.count);
    copy.list = this.list.slice(0, this.count);
    copy.count = this.count;
    return copy;
  }

  /** The lists that differ at an instant, in the order of adding. */
  listsAt(event: EventNumber): number[] {
    const lists: number[] = [];
    for (let at = 0; at < this.count; at++) {
      if (this.from[at]! <= event && event < this.to[at]!) lists.push(this.list[at]!);
    }
    return lists;
  }

  private grow(): void {
    const larger = (column: Int32Array) => {
      const copy = new Int32Array(Math.max(FIRST_CAPACITY, column.length * 2));
      copy.set(column);
      return copy;
    };
    this.from = larger(this.from);
    this.to = larger(this.to);
    this.weight = larger(this.weight);
    this.list = larger(this.list);
  }
}

/** Instants from `from` on, before `to` (I1). */
export interface Span {
  readonly from: EventNumber;
  readonly to: EventNumber;
}

export interface Found {
  /** Where nothing differs, ascending; empty when no instant fits. */
  readonly fits: readonly Span[];
  /** The first instant of those at which least differs; null when every instant is excluded. */
  readonly nearest: EventNumber | null;
  /** How much differs there; 0 when it fits. */
  readonly differs: number;
}

const FEW_SPANS = 64;

/** Whether there is an instant up to `until` that no span covers. Of few spans that is told without an array. */
export function hasFreeInstant(spans: Spans, lastEvent: EventNumber, until: EventNumber): boolean {
  if (spans.count === 0) return true;
  if (spans.count > FEW_SPANS) {
    const instants = new Instants(lastEvent);
    instants.addAll(spans);
    const [first] = instants.solve(null).fits;
    return first !== undefined && first.from <= until;
  }
  let event = 0;
  while (event <= until) {
    const covered = event;
    for (let at = 0; at < spans.count; at++) {
      if (spans.from[at]! <= event && spans.to[at]! > event) event = spans.to[at]!;
    }
    if (event === covered) return true;
  }
  return false;
}

/** Adds up how much differs at each instant from 0 to the last event. */
export class Instants {
  private readonly differences: Int32Array;
  private readonly end: EventNumber;

  constructor(lastEvent: EventNumber) {
    this.end = lastEvent + 1;
    this.differences = new Int32Array(this.end + 1);
  }

  addAll(spans: Spans): void {
    const { differences, end } = this;
    const { from, to, weight, count } = spans;
    for (let at = 0; at < count; at++) {
      const first = from[at]!;
      const last = to[at]!;
      if (!(first >= 0 && first < last && last <= end)) defect(`a span from ${first} to ${last} of ${end} instants`);
      differences[first]! += weight[at]!;
      differences[last]! -= weight[at]!;
    }
  }

  /** `excluded`: spans that can't be an answer, ascending and apart from each other; null for none. */
  solve(excluded: Spans | null): Found {
    const fits: Span[] = [];
    let nearest: EventNumber | null = null;
    let least = Number.POSITIVE_INFINITY;
    let fitsFrom = -1;
    let sum = 0;
    let next = 0;
    for (let event = 0; event < this.end; event++) {
      sum += this.differences[event]!;
      while (excluded !== null && next < excluded.count && excluded.to[next]! <= event) next += 1;
      const isExcluded = excluded !== null && next < excluded.count && excluded.from[next]! <= event;
      if (!isExcluded && sum < least) {
        least = sum;
        nearest = event;
      }
      if (sum === 0 && !isExcluded) {
        if (fitsFrom < 0) fitsFrom = event;
      } else if (fitsFrom >= 0) {
        fits.push({ from: fitsFrom, to: event });
        fitsFrom = -1;
      }
    }
    if (fitsFrom >= 0) fits.push({ from: fitsFrom, to: this.end });
    return { fits, nearest, differs: nearest === null ? 0 : least };
  }
}
