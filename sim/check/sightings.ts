/**
 * What the lists of restored files (which file had a path, a size, a block) say of each transaction: that it is there, or
 * that it lacks.
 *
 * Invariants
 * S1 A list tells of the changes up to the first version that its restored value can be, and after the last one.
 * S2 What it leaves open in between is asked for when all lists have told: at some instant that they leave, each has its value.
 */
import type { HeldTransactions } from '../apps/application.ts';
import type { EventNumber } from '../apps/truth.ts';
import { NEVER, type WorkloadTruth } from '../apps/workload-truth.ts';
import type { Span } from './instants.ts';

/** What lists say of each transaction, by its number. */
export class Sightings {
  readonly shown: Uint8Array;
  readonly lacking: Uint8Array;
  private readonly transactions: WorkloadTruth['transactions'];
  private readonly until: EventNumber;
  /** Lists whose restored value came, went and came again: the spans in which they had it, ascending. */
  private readonly broken: (readonly Span[])[] = [];

  constructor(workload: WorkloadTruth, until: EventNumber) {
    this.transactions = workload.transactions;
    this.until = until;
    this.shown = new Uint8Array(this.transactions.length + 1);
    this.lacking = new Uint8Array(this.transactions.length + 1);
  }

  /** The number of the transaction that was open at an event, 0 for none. */
  private openAt(event: EventNumber): number {
    let low = 0;
    let high = this.transactions.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.transactions[middle]!.began <= event) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    const { closed } = this.transactions[low - 1]!;
    return event < closed ? low : 0;
  }

  /** A list changed at `event`; what was restored can be its versions from `earliest` to `latest`. */
  see(event: EventNumber, { earliest, latest }: Fitting): void {
    if (event === 0 || (event > earliest && event <= latest)) return;
    const number = this.openAt(event);
    if (event <= earliest) this.shown[number] = 1;
    else this.lacking[number] = 1;
  }

  /** I2 */
  seeDamage(event: EventNumber): void {
    const number = this.openAt(event);
    this.shown[number] = 1;
    this.lacking[number] = 1;
  }

  /** A list had its restored value in these spans, ascending; only breaks between them tell more than `see`. */
  seeSpans(spans: readonly Span[]): void {
    const early = spans.filter(({ from }) => from <= this.until);
    if (early.length > 1) this.broken.push(early);
  }

  /**
   * S2. The set claims to be of an instant after the last transaction that is shown, before the first one behind it that
   * lacks. A list that had its value at no such instant is of another one.
   */
  private seeContradictions(): void {
    const last = this.shown.lastIndexOf(1);
    const lacking = this.lacking.indexOf(1, last + 1);
    const from = last <= 0 ? 0 : Math.min(this.until, this.transactions[last - 1]!.closed);
    const to = lacking <= 0 ? this.until : Math.max(from, this.transactions[lacking - 1]!.began - 1);
    for (const spans of this.broken) {
      if (spans.some(span => span.from <= to && span.to > from)) continue;
      const older = spans.findLast(span => span.to <= from);
      this.seeDamage(older === undefined ? spans[0]!.from : older.to);
    }
  }

  held(): HeldTransactions {
    this.seeContradictions();
    const whole = new Set<number>();
    const torn = new Set<number>();
    const untold = new Set<number>();
    for (let number = 1; number <= this.transactions.length; number++) {
      const isShown = this.shown[number] === 1;
      if (this.lacking[number] === 0) (isShown ? whole : untold).add(number);
      else if (isShown) torn.add(number);
    }
    return { whole, torn, untold };
  }
}

/** The versions that a restored value can be: those up to the picture, and only without one those after it (I4). */
export class Fitting {
  earliest: EventNumber = NEVER;
  latest: EventNumber = -1;
  private readonly until: EventNumber;

  constructor(until: EventNumber) {
    this.until = until;
  }

  /** Versions may come in any order. */
  add(event: EventNumber): void {
    const isEarly = event <= this.until;
    if (this.latest >= 0 && isEarly !== this.earliest <= this.until) {
      if (!isEarly) return;
      this.earliest = event;
      this.latest = event;
      return;
    }
    this.earliest = Math.min(this.earliest, event);
    this.latest = Math.max(this.latest, event);
  }

  get isNone(): boolean {
    return this.latest < 0;
  }
}
