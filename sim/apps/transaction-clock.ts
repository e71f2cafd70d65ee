/**
 * When an application makes its transactions: rate and jitter, pauses, `until`, the lock that orders them, and the stop
 * for a cold backup. All applications with a rate use it, each with a body of its own:
 *
 *   clock.run(function* (operation) {
 *     const plan = draw(operation.random);             // every draw, in a fixed order, before any wait
 *     if (!(yield* clock.enter())) return;             // a pause, `until` or a stop came first: no transaction
 *     try { ... file operations ... } finally { clock.leave(); }
 *     ... fsync, acknowledge ...                       // outside the lock, still inside the operation
 *   });
 *
 * Operation k is offered in the middle of the k-th interval of 1/rate from `start` on, moved by up to half an interval
 * either way. It belongs to client k modulo the number of clients.
 *
 * Invariants
 * I1 Operation k draws from the stream `<workload>#k` only, its jitter first: nothing that happens to another operation
 *    moves its time or its content.
 * I2 Nothing is caught up: an operation whose time comes while its client is busy is never made.
 * I3 No transaction begins in a pause, at or after `until`, or between `stop` and `resume`. Who asked for the lock before
 *    and gets it then gives up; who asked before a pause gives up also when it is over by then.
 * I4 The lock goes to who asked first.
 */
import { defect, invariant } from '../../engine/invariant.ts';
import { Latch, type Owner, type Task } from '../../engine/task.ts';
import type { Nanoseconds } from '../../engine/units.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { Pauses, Rate } from '../scenario/scenario.ts';

/** What a workload says of its transactions. */
export interface TransactionSettings {
  readonly id: string;
  readonly rate: Rate;
  readonly clients: number;
  readonly startNs: Nanoseconds;
  readonly untilNs: Nanoseconds | null;
  readonly pauses: Pauses | null;
}

/** One transaction that was offered. */
export interface Operation {
  /** Its place among all that are offered, from 0. Not a transaction's number: that one is given under the lock. */
  readonly number: number;
  /** Its own stream (I1). */
  readonly random: RandomStream;
}

export class TransactionClock {
  private readonly settings: TransactionSettings;
  private readonly kernel: Kernel;
  private readonly owner: Owner;
  private readonly untilNs: Nanoseconds;
  /** Half of 1/rate: how far the seed may move an operation. */
  private readonly halfIntervalNs: Nanoseconds;
  private readonly waiting: Latch<void>[] = [];
  private isHeld = false;
  private isStopped = false;
  private busyClients = 0;
  private allIdle: Latch<void> | null = null;

  constructor(settings: TransactionSettings, kernel: Kernel, owner: Owner) {
    invariant(settings.rate.count > 0 && settings.rate.perNs > 0, `${settings.id}: a rate above 0`);
    invariant(settings.clients > 0, `${settings.id}: at least one client`);
    this.settings = settings;
    this.kernel = kernel;
    this.owner = owner;
    this.untilNs = settings.untilNs ?? Number.POSITIVE_INFINITY;
    this.halfIntervalNs = Math.floor(settings.rate.perNs / (2 * settings.rate.count));
  }

  /** Spawns the clients; each makes one operation after the other, by `transact`. */
  run(transact: (operation: Operation) => Task<void>): void {
    for (let client = 0; client < this.settings.clients; client++) {
      this.owner.spawn(`client-${client}`, this.client(client, transact));
    }
  }

  /** Waits for the application's lock. False, without the lock: the transaction is not to begin (I3). */
  *enter(): Task<boolean> {
    const asked = this.kernel.now();
    if (this.isHeld) yield* this.turn();
    else this.isHeld = true;
    if (!this.isStopped && !this.closesBetween(asked, this.kernel.now())) return true;
    this.leave();
    return false;
  }

  /** Lets go of the lock. */
  leave(): void {
    if (!this.isHeld) defect(`${this.settings.id}: the lock is let go, and nobody held it`);
    const next = this.waiting.shift();
    if (next === undefined) this.isHeld = false;
    else next.settle();
  }

  /** No transaction begins from now on; returns once every operation that has begun has ended. */
  *stop(): Task<void> {
    invariant(!this.isStopped, `${this.settings.id} is stopped twice`);
    this.isStopped = true;
    if (this.busyClients === 0) return;
    this.allIdle = new Latch<void>(`the clients of ${this.settings.id} to end their transactions`);
    yield this.allIdle;
  }

  resume(): void {
    invariant(this.isStopped, `${this.settings.id} is resumed, and was not stopped`);
    this.isStopped = false;
  }

  private *client(client: number, transact: (operation: Operation) => Task<void>): Task<void> {
    const { clients, id } = this.settings;
    for (let number = client; ; number += clients) {
      const middle = this.middleOf(number);
      if (middle - this.halfIntervalNs >= this.untilNs) return;
      if (middle + this.halfIntervalNs < this.kernel.now()) continue;
      const random = this.kernel.choices.stream(`${id}#${number}`);
      const at = middle - this.halfIntervalNs + random.below(2 * this.halfIntervalNs + 1);
      const delay = at - this.kernel.now();
      if (delay < 0) continue;
      if (delay > 0) yield delay;
      this.busyClients += 1;
      try {
        yield* transact({ number, random });
      } finally {
        this.busyClients -= 1;
        this.tellIdle();
      }
    }
  }

  /** The middle of an operation's interval. */
  private middleOf(operation: number): Nanoseconds {
    const { startNs, rate } = this.settings;
    return startNs + Math.floor(((2 * operation + 1) * rate.perNs) / (2 * rate.count));
  }

  private *turn(): Task<void> {
    const turn = new Latch<void>(`the lock of ${this.settings.id}`);
    this.waiting.push(turn);
    try {
      yield turn;
    } catch (error) {
      // Cancelled: whoever has the lock already gives it on, who has not leaves the queue.
      if (turn.isSettled) this.leave();
      else this.waiting.splice(this.waiting.indexOf(turn), 1);
      throw error;
    }
  }

  /** Whether a pause, or `until`, touches a span of time (both ends included). */
  private closesBetween(from: Nanoseconds, to: Nanoseconds): boolean {
    if (to >= this.untilNs) return true;
    const { pauses } = this.settings;
    if (pauses === null) return false;
    const pauseStart = from - (from % pauses.everyNs) + pauses.everyNs - pauses.forNs;
    return to >= pauseStart;
  }

  private tellIdle(): void {
    if (this.busyClients > 0 || this.allIdle === null) return;
    const idle = this.allIdle;
    this.allIdle = null;
    idle.settle();
  }
}
