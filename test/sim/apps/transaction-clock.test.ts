import { describe, expect, it } from 'vitest';
import type { Task } from '../../../engine/task.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../../engine/units.ts';
import { type Operation, TransactionClock, type TransactionSettings } from '../../../sim/apps/transaction-clock.ts';
import { Kernel } from '../../../sim/kernel/kernel.ts';
import { Choices } from '../../../sim/kernel/random.ts';

const SETTINGS: TransactionSettings = {
  id: 'shop',
  rate: { count: 10, perNs: SECOND },
  clients: 4,
  startNs: 0,
  untilNs: null,
  pauses: null,
};

interface Made {
  readonly operation: number;
  readonly offered: Nanoseconds;
  readonly began: Nanoseconds;
  readonly drawn: number;
}

/** A clock whose transactions hold the lock for `holdNs` and then take `afterNs` more. */
function stage(changes: Partial<TransactionSettings> = {}, holdNs = 0, afterNs = 0, seed = 1) {
  const kernel = new Kernel(new Choices(seed));
  const owner = kernel.owner('shop');
  const clock = new TransactionClock({ ...SETTINGS, ...changes }, kernel, owner);
  const made: Made[] = [];
  const gaveUp: number[] = [];
  clock.run(function* ({ number, random }: Operation): Task<void> {
    const offered = kernel.now();
    const drawn = random.below(1_000_000);
    if (!(yield* clock.enter())) {
      gaveUp.push(number);
      return;
    }
    made.push({ operation: number, offered, began: kernel.now(), drawn });
    yield holdNs;
    clock.leave();
    yield afterNs;
  });
  const runTo = (time: Nanoseconds) => {
    kernel.owner('end').spawn(
      'end',
      (function* (): Task<void> {
        yield time - kernel.now();
        kernel.stop();
      })(),
    );
    kernel.run();
  };
  return { kernel, owner, clock, made, gaveUp, runTo };
}

describe('the transaction clock', () => {
  it('offers each operation within its own interval, moved by the seed, whatever became of others', () => {
    const plain = stage();
    plain.runTo(10 * SECOND);
    expect(plain.made.map(({ operation }) => operation)).toEqual(Array.from({ length: 100 }, (_, at) => at));
    for (const { operation, offered } of plain.made) {
      expect(offered).toBeGreaterThanOrEqual((operation * SECOND) / 10);
      expect(offered).toBeLessThanOrEqual(((operation + 1) * SECOND) / 10);
    }
    expect(new Set(plain.made.map(({ offered }) => offered % (SECOND / 10))).size).toBeGreaterThan(90);

    const slow = stage({}, 80 * MILLISECOND, 600 * MILLISECOND);
    slow.runTo(10 * SECOND);
    expect(slow.made.length).toBeLessThan(70);
    for (const { operation, offered, drawn } of slow.made) {
      expect(plain.made[operation]).toMatchObject({ offered, drawn });
    }
    const other = stage({}, 0, 0, 2);
    other.runTo(10 * SECOND);
    expect(other.made.map(({ drawn }) => drawn)).not.toEqual(plain.made.map(({ drawn }) => drawn));
  });

  it('catches nothing up: after a long transaction the next one is one whose time is yet to come', () => {
    const { made, runTo } = stage({ clients: 1 }, 950 * MILLISECOND);
    runTo(10 * SECOND);
    expect(made.length).toBeLessThanOrEqual(10);
    for (const { offered, began } of made) expect(began).toBe(offered);
  });

  it('begins nothing in pauses, before the start and from `until` on', () => {
    const pauses = { everyNs: 4 * SECOND, forNs: SECOND };
    const { made, runTo } = stage({ pauses, startNs: SECOND, untilNs: 11 * SECOND }, 20 * MILLISECOND);
    runTo(20 * SECOND);
    const seconds = new Set(made.map(({ began }) => Math.floor(began / SECOND)));
    expect([...seconds]).toEqual([1, 2, 4, 5, 6, 8, 9, 10]);
  });

  it('lets those who wait for the lock when a pause comes give up, also when it is over before they get it', () => {
    const pauses = { everyNs: 4 * SECOND, forNs: 100 * MILLISECOND };
    const { made, gaveUp, runTo } = stage({ pauses, clients: 40 }, 3 * SECOND);
    runTo(8 * SECOND - 1);
    const [first, second, third] = made;
    // The first holds the lock to 3 s, the second to 6 s, past the pause; who had asked before 3.9 s gave up then.
    expect([first?.operation, second?.operation]).toEqual([0, 1]);
    expect(third?.offered).toBeGreaterThan(4 * SECOND);
    expect(gaveUp[0]).toBe(2);
    expect(gaveUp.every(operation => operation < 40)).toBe(true);
  });

  it('gives the lock to who asked first', () => {
    const { made, runTo } = stage({ rate: { count: 100, perNs: SECOND }, clients: 20 }, 15 * MILLISECOND);
    runTo(SECOND);
    const order = made.map(({ offered }) => offered);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(made.some(({ offered, began }) => began > offered)).toBe(true);
  });

  it('stops between transactions, and goes on when it is resumed', () => {
    const { kernel, clock, made, gaveUp, runTo } = stage({ clients: 12 }, 200 * MILLISECOND, SECOND);
    const stops: Nanoseconds[] = [];
    kernel.owner('agent').spawn(
      'stop',
      (function* (): Task<void> {
        yield 2 * SECOND;
        yield* clock.stop();
        stops.push(kernel.now());
        yield 3 * SECOND;
        clock.resume();
      })(),
    );
    runTo(8 * SECOND);
    const stopped = stops[0] ?? 0;
    const last = made.filter(({ began }) => began < stopped).at(-1)!;
    expect(stopped).toBe(last.began + 200 * MILLISECOND + SECOND);
    expect(last.began).toBeLessThan(2 * SECOND);
    expect(gaveUp.length).toBeGreaterThan(0);
    expect(made.some(({ began }) => began >= stopped && began < stopped + 3 * SECOND)).toBe(false);
    expect(made.some(({ began }) => began > stopped + 3 * SECOND)).toBe(true);
  });

  it('keeps its lock whole when tasks are cancelled', () => {
    const { owner, kernel, clock, runTo } = stage({ rate: { count: 100, perNs: SECOND }, clients: 20 }, SECOND);
    kernel.owner('killer').spawn(
      'kill',
      (function* (): Task<void> {
        yield SECOND / 2;
        owner.cancelAll();
      })(),
    );
    runTo(SECOND);
    // The holder of this test does not let go when it is cancelled; all others have left the queue.
    clock.leave();
    expect(() => clock.leave()).toThrow('nobody held it');
  });
});
