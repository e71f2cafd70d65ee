/** Tasks on Node: order, timers, cancel, crash. */
import { expect, test } from 'vitest';
import { WorldError } from '../../engine/invariant.ts';
import { all, Cancelled, Latch, race, type Task, wait } from '../../engine/task.ts';
import { MILLISECOND, SECOND } from '../../engine/units.ts';
import { NodeScheduler } from '../../host/node-scheduler.ts';

test('runs a task and its children to their end, in the order in which they became ready', async () => {
  const order: string[] = [];
  const child = function* (name: string, latch: Latch<void>): Task<string> {
    yield* wait(latch);
    order.push(name);
    return name;
  };
  const result = await new NodeScheduler().run('parent', function* (owner) {
    const latches = [new Latch<void>('a'), new Latch<void>('b'), new Latch<void>('c')];
    setTimeout(() => {
      latches[2]!.settle();
      latches[0]!.settle();
      latches[1]!.settle();
    });
    return yield* all(owner, 'children', [child('a', latches[0]!), child('b', latches[1]!), child('c', latches[2]!)]);
  });
  expect(result).toEqual(['a', 'b', 'c']);
  expect(order).toEqual(['c', 'a', 'b']);
});

test('a delay is waited for, and the loser of a race is taken back', async () => {
  const scheduler = new NodeScheduler();
  const order: number[] = [];
  const after = function* (delayMs: number): Task<number> {
    yield delayMs * MILLISECOND;
    order.push(delayMs);
    return delayMs;
  };
  const started = scheduler.now();
  const first = await scheduler.run('race', owner => race(owner, 'delays', [after(1_000_000), after(5)]));
  expect(first).toBe(5);
  expect(order).toEqual([5]);
  expect(scheduler.now()).toBeGreaterThanOrEqual(started + 5 * MILLISECOND);
});

test('an aborted run is cancelled at its wait, and cleans up', async () => {
  const abort = new AbortController();
  let isClean = false;
  const run = new NodeScheduler().run(
    'long',
    function* () {
      // Not before it has begun to wait.
      setTimeout(() => abort.abort());
      try {
        yield 1000 * SECOND;
      } finally {
        isClean = true;
      }
    },
    abort.signal,
  );
  await expect(run).rejects.toBeInstanceOf(Cancelled);
  expect(isClean).toBe(true);
});

test('an error of the world is that of the run; a defect of a child ends all of it', async () => {
  const failing = new NodeScheduler().run('failing', function* () {
    yield 0;
    throw new WorldError('the world');
  });
  await expect(failing).rejects.toThrow('the world');
  let isReached = false;
  const never = new Latch<void>('never');
  const crashing = new NodeScheduler().run('crashing', function* (owner) {
    owner.spawn(
      'child',
      (function* (): Task<void> {
        yield 0;
        throw new TypeError('a bug');
      })(),
    );
    yield* wait(never);
    isReached = true;
  });
  await expect(crashing).rejects.toThrow('a bug');
  never.settle();
  for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve));
  expect(isReached).toBe(false);
});
