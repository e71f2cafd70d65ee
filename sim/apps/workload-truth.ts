/**
 * The truth of one workload: its transactions, by number from 1, and at which event each began, was committed,
 * acknowledged, written and synced.
 *
 * Invariants
 * I1 Transactions are numbered and open one at a time, because the application's lock is held: number order is commit order.
 * I2 A transaction is open from `began` up to, not including, the event at which it was committed or aborted.
 * I3 It is written at the event at which it is committed and no page holds a change of it in memory only; synced when an
 *    fsync returned that was asked for after its commit. It is durable at the earlier of the two.
 * I4 What the end of a machine takes back is lost from the event on at which its application, or who reads the drives for
 *    it, has found that out. Numbers are not used again.
 */
import { defect } from '../../engine/invariant.ts';
import type { Nanoseconds } from '../../engine/units.ts';
import type { ChangeSet } from '../fs/file-system.ts';
import type { EventNumber, Truth } from './truth.ts';

/** The event of what has not happened: it comes after all others. */
export const NEVER = Number.POSITIVE_INFINITY;

/** One transaction; made by `WorkloadTruth.begin`. */
class Transaction implements ChangeSet {
  readonly number: number;
  /** The number of the operation that the application was offered, by which its random stream is named. */
  readonly operation: number;
  readonly began: EventNumber;
  closed: EventNumber = NEVER;
  committed: EventNumber = NEVER;
  acknowledged: EventNumber = NEVER;
  written: EventNumber = NEVER;
  synced: EventNumber = NEVER;
  /** Why it was given up; null when it was not. */
  abortedBecause: string | null = null;
  /** From when on it is known that the end of a machine took it back (I4). */
  lost: EventNumber = NEVER;
  private pagesInMemory = 0;
  private readonly truth: Truth;

  constructor(number: number, operation: number, truth: Truth) {
    this.number = number;
    this.operation = operation;
    this.truth = truth;
    this.began = truth.event();
  }

  get durable(): EventNumber {
    return Math.min(this.written, this.synced);
  }

  /** Whether nobody can expect it in what is there at an event. */
  isLostAt(event: EventNumber): boolean {
    return this.lost !== NEVER && this.lost <= event;
  }

  /** The machine has ended: no page of it is in memory any more. */
  memoryIsGone(): void {
    this.pagesInMemory = 0;
  }

  pageDirtied(): void {
    this.pagesInMemory += 1;
  }

  pageWritten(): void {
    this.pagesInMemory -= 1;
    if (this.pagesInMemory < 0) defect(`transaction ${this.number} has more pages written than changed`);
    if (this.pagesInMemory === 0 && this.committed !== NEVER && this.written === NEVER)
      this.written = this.truth.event();
  }

  commit(): void {
    this.committed = this.truth.event();
    this.closed = this.committed;
    if (this.pagesInMemory === 0) this.written = this.committed;
  }

  abort(because: string): void {
    this.closed = this.truth.event();
    this.abortedBecause = because;
  }
}

export type { Transaction };

/** From one machine's start on: what can be said of a workload's files. */
interface Restart {
  readonly at: EventNumber;
  /** From when on its application knows what it has. */
  settled: EventNumber;
  /** Why its files do not match any more, by no fault of a backup; null when they do. */
  broken: string | null;
}

/** How it is said why a workload is not judged any more. */
export const UNMATCHED = 'its files did not match when the machine started again, by no fault of a backup';

export class WorkloadTruth {
  /** The workload's id. */
  readonly id: string;
  readonly truth: Truth;
  /** Transaction n stands at n - 1. */
  readonly transactions: Transaction[] = [];
  private readonly restarts: Restart[] = [];

  constructor(id: string, truth: Truth) {
    this.id = id;
    this.truth = truth;
  }

  /** To be called with the application's lock; pass the result to the file operations as their change set. */
  begin(operation: number): Transaction {
    const last = this.transactions[this.transactions.length - 1];
    if (last !== undefined && last.closed === NEVER) defect(`${this.id}: transaction ${last.number} is still open`);
    const transaction = new Transaction(this.transactions.length + 1, operation, this.truth);
    this.transactions.push(transaction);
    return transaction;
  }

  /** Its last file operation is done; the lock is let go in this step. */
  committed(transaction: Transaction): void {
    this.mustBeOpen(transaction);
    transaction.commit();
  }

  /** A file operation failed: what it did before may be torn. The lock is let go in this step. */
  aborted(transaction: Transaction, because: string): void {
    this.mustBeOpen(transaction);
    transaction.abort(because);
  }

  /** An fsync of all its files has returned. */
  synced(transaction: Transaction): void {
    if (transaction.committed === NEVER) defect(`${this.id}: transaction ${transaction.number} synced, not committed`);
    transaction.synced = this.truth.event();
  }

  /** The client was told that it is done. */
  acknowledged(transaction: Transaction): void {
    if (transaction.committed === NEVER) defect(`${this.id}: transaction ${transaction.number} is not committed`);
    transaction.acknowledged = this.truth.event();
  }

  /** The transaction that is open now. */
  get open(): Transaction | null {
    const last = this.transactions[this.transactions.length - 1];
    return last === undefined || last.closed !== NEVER ? null : last;
  }

  /** `givesUp`: what was open has no one who could say later whether it was committed. */
  machineEnded(because: string, givesUp: boolean): void {
    const { open } = this;
    if (open === null) return;
    open.memoryIsGone();
    if (givesUp) open.abort(because);
  }

  /** A machine starts from what drives held at an event. */
  restarted(at: EventNumber): void {
    this.restarts.push({ at, settled: NEVER, broken: null });
  }

  /** What is there after the start has been found: `isThere` says it of each transaction that was committed before. */
  settled(isThere: (number: number) => boolean): void {
    const restart = this.restarts[this.restarts.length - 1];
    if (restart === undefined) defect(`${this.id}: found after a start that never was`);
    const event = this.truth.event();
    restart.settled = event;
    for (const transaction of this.transactions) {
      const { number, committed, lost } = transaction;
      if (committed !== NEVER && lost === NEVER && !isThere(number)) transaction.lost = event;
    }
  }

  /** What was found is of no one instant: from the last start on its files can't be judged. */
  breaks(because: string): void {
    const restart = this.restarts[this.restarts.length - 1];
    if (restart === undefined) defect(`${this.id}: broken by a start that never was`);
    restart.broken = because;
  }

  /** Why what its files were at an event can't be judged, by no fault of a backup; null when it can. */
  whyUnjudged(event: EventNumber): string | null {
    const restart = this.restarts.findLast(({ at }) => at <= event);
    if (restart === undefined) return null;
    if (restart.settled > event) return 'its application had not yet recovered from the end of its machine';
    return this.restarts.find(({ settled, broken }) => settled <= event && broken !== null)?.broken ?? null;
  }

  /** How many were committed from one point in time to another, the end not included. */
  committedBetween(from: Nanoseconds, to: Nanoseconds): number {
    let count = 0;
    for (const { committed } of this.transactions) {
      if (committed === NEVER) continue;
      const time = this.truth.timeOf(committed);
      if (time >= from && time < to) count += 1;
    }
    return count;
  }

  private mustBeOpen(transaction: Transaction): void {
    if (transaction.closed !== NEVER) defect(`${this.id}: transaction ${transaction.number} is closed already`);
  }
}
