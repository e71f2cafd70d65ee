import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DefectError } from '../../engine/invariant.ts';
import { all, Cancelled, Latch, RangeLock, race, runNow, settledLatch, type Task, wait } from '../../engine/task.ts';
import { Kernel } from '../../sim/kernel/kernel.ts';
import { Choices } from '../../sim/kernel/random.ts';

function host() {
  const kernel = new Kernel(new Choices(1));
  return { kernel, owner: kernel.owner('test') };
}

function* sleep<T>(ns: number, value: T): Task<T> {
  yield ns;
  return value;
}

describe('a latch', () => {
  test('is settled once, and gives the same answer to who comes later', () => {
    const latch = new Latch<number>('a number');
    latch.settle(7);
    expect(latch.value).toBe(7);
    expect(() => latch.settle(8)).toThrow(DefectError);
    expect(runNow(wait(latch))).toBe(7);
  });

  test('tells its waiters in the order in which they came, but for those that left', () => {
    const latch = new Latch<void>('nothing');
    const told: number[] = [];
    const waiters = [0, 1, 2, 3, 4].map(number => ({ settled: () => told.push(number) }));
    for (const waiter of waiters) latch.attach(waiter);
    latch.detach(waiters[1]!);
    latch.settle();
    expect(told).toEqual([0, 2, 3, 4]);
  });

  test('throws its error at the wait, where it can be caught', () => {
    const latch = new Latch<void>('trouble');
    latch.fail(new Cancelled('trouble'));
    const caught = runNow(
      (function* (): Task<string> {
        try {
          yield latch;
        } catch (error) {
          return (error as Error).message;
        }
        return 'nothing';
      })(),
    );
    expect(caught).toBe('trouble');
  });
});

describe('a process', () => {
  test('runs its waits in virtual time and ends with its value', () => {
    const { kernel, owner } = host();
    const process = owner.spawn('sleeper', sleep(5_000, 'done'));
    kernel.settle();
    expect(process.end.value).toBe('done');
    expect(kernel.now()).toBe(5_000);
  });

  test('that is cancelled cleans up at once and is not resumed', () => {
    const { kernel, owner } = host();
    const log: string[] = [];
    const process = owner.spawn(
      'sleeper',
      (function* () {
        try {
          yield 5_000;
          log.push('resumed');
        } finally {
          log.push('cleaned');
        }
      })(),
    );
    kernel.advance(1);
    process.cancel();
    expect(log).toEqual(['cleaned']);
    kernel.settle();
    expect(log).toEqual(['cleaned']);
    expect(() => process.end.value).toThrow(Cancelled);
  });

  test('that waits while it is being cancelled is a defect', () => {
    const { kernel, owner } = host();
    const process = owner.spawn(
      'stubborn',
      (function* () {
        try {
          yield 5_000;
        } finally {
          yield 1;
        }
      })(),
    );
    kernel.advance(1);
    expect(() => process.cancel()).toThrow('waits while it is being cancelled');
  });

  test('that is dropped runs no finally', () => {
    const { kernel, owner } = host();
    const log: string[] = [];
    owner.spawn(
      'doomed',
      (function* () {
        try {
          yield 5_000;
        } finally {
          log.push('finally');
        }
      })(),
    );
    kernel.advance(1);
    owner.drop();
    expect(kernel.settle()).toEqual([]);
    expect(log).toEqual([]);
    expect(owner.aliveCount).toBe(0);
  });

  test('that drops itself is resumed no more', () => {
    const kernel = new Kernel(new Choices(1));
    const owner = kernel.owner('test');
    const log: string[] = [];
    const task = function* (): Task<void> {
      yield 1;
      owner.drop();
      try {
        yield 5;
        log.push('resumed');
      } finally {
        log.push('finally');
      }
    };
    owner.spawn('it', task());
    kernel.settle();
    expect(log).toEqual([]);
  });

  test.each(['drop', 'cancel'] as const)('that another waiter of its latch ends (%s) is not resumed', how => {
    const kernel = new Kernel(new Choices(1));
    const owner = kernel.owner('test');
    const latch = new Latch<void>('a request');
    const log: string[] = [];
    const task = function* (): Task<void> {
      yield latch;
      log.push('resumed');
    };
    latch.attach({ settled: () => (how === 'drop' ? owner.drop() : owner.cancelAll()) });
    owner.spawn('it', task());
    kernel.advance(1);
    latch.settle();
    kernel.settle();
    expect(log).toEqual([]);
  });

  test('with an error of no family ends the run', () => {
    const { kernel, owner } = host();
    owner.spawn(
      'broken',
      (function* (): Task<void> {
        yield 1;
        throw new TypeError('ours');
      })(),
    );
    expect(() => kernel.settle()).toThrow('ours');
  });

  test('that waits for ever is named with what it waits for', () => {
    const { kernel, owner } = host();
    owner.spawn('waiter', wait(new Latch<void>('the end of days')));
    expect(kernel.settle()).toEqual([{ task: 'test/waiter', waitsFor: 'the end of days' }]);
  });
});

describe('all and race', () => {
  test('all gives results in the order of its tasks', () => {
    const { kernel, owner } = host();
    const tasks = [sleep(30, 'a'), sleep(10, 'b'), sleep(20, 'c')];
    const process = owner.spawn('all', all(owner, 'three', tasks));
    kernel.settle();
    expect(process.end.value).toEqual(['a', 'b', 'c']);
    expect(kernel.now()).toBe(30);
  });

  test('all waits for every member, then throws the first error', () => {
    const { kernel, owner } = host();
    const failing = (ns: number, name: string) =>
      (function* (): Task<never> {
        yield ns;
        throw new Cancelled(name);
      })();
    const process = owner.spawn(
      'all',
      all<unknown>(owner, 'some', [sleep(50, 1), failing(20, 'late'), failing(10, 'early')]),
    );
    kernel.settle();
    expect(kernel.now()).toBe(50);
    expect(() => process.end.value).toThrow('early');
  });

  test('race cancels the losers', () => {
    const { kernel, owner } = host();
    const process = owner.spawn('race', race(owner, 'two', [sleep(30, 'slow'), sleep(10, 'fast')]));
    kernel.settle();
    expect(process.end.value).toBe('fast');
    expect(kernel.now()).toBe(10);
    expect(owner.aliveCount).toBe(0);
  });

  test('a cancelled all cancels its members', () => {
    const { kernel, owner } = host();
    const process = owner.spawn('all', all(owner, 'two', [sleep(30, 1), sleep(10, 2)]));
    kernel.advance(3);
    process.cancel();
    expect(kernel.settle()).toEqual([]);
    expect(owner.aliveCount).toBe(0);
  });
});

test('a settled latch does not make a task wait', () => {
  expect(runNow(wait(settledLatch('here')))).toBe('here');
});

test('a task that must not wait is not allowed to', () => {
  expect(() => runNow(sleep(1, 1))).toThrow(DefectError);
});

/** Model: a hold is granted when no earlier one that overlaps it is left. */
test('range locks are granted in the order of requests that overlap', () => {
  const range = fc.record({ first: fc.nat(20), count: fc.integer({ min: 1, max: 8 }) });
  const steps = fc.array(fc.oneof({ weight: 2, arbitrary: range }, { weight: 1, arbitrary: fc.nat(20) }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, script => {
      const lock = new RangeLock();
      const alive: { first: number; count: number; hold: ReturnType<RangeLock['request']> }[] = [];
      for (const step of script) {
        if (typeof step === 'number') {
          const [gone] = alive.splice(step % Math.max(1, alive.length), 1);
          if (gone !== undefined) lock.release(gone.hold);
        } else alive.push({ ...step, hold: lock.request(step.first, step.count) });
        alive.forEach(({ first, count, hold }, at) => {
          const isBlocked = alive
            .slice(0, at)
            .some(other => other.first < first + count && first < other.first + other.count);
          expect(hold.granted.isSettled).toBe(!isBlocked);
        });
        for (let sector = 0; sector < 28; sector++) {
          const isHeld = alive.some(({ first, count }) => sector >= first && sector < first + count);
          expect(lock.overlaps(sector, 1)).toBe(isHeld);
        }
      }
    }),
  );
});
