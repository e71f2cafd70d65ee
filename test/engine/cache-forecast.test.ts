/** 80% of the cache's limit is in use: what an operator is told of it, and whether it comes true. */
import { expect, test } from 'vitest';
import type { EngineEvent } from '../../engine/events.ts';
import { type Task, wait } from '../../engine/task.ts';
import { KIB, MILLISECOND, SECOND } from '../../engine/units.ts';
import { ManualWorld, volume } from './manual-world.ts';

const C = volume('C', 'a', 0, 4096);
const GRANULE = 4 * KIB;
const SLOTS = 100;
const LIMIT = (SLOTS + 1) * GRANULE;

type Filling = Extract<EngineEvent, { kind: 'cache-filling' }>;
const isFilling = (event: EngineEvent): event is Filling => event.kind === 'cache-filling';

/** First writes, one granule after the other, with a pause before each. */
function filled(pauseNs: (granule: number) => number, granules: number): ManualWorld {
  const world = new ManualWorld({ a: 4096 });
  world.take('s', [C], { granuleBytes: GRANULE, cacheSize: { minBytes: 16 * KIB, limitBytes: LIMIT } });
  const writes = function* (): Task<void> {
    for (let granule = 0; granule < granules; granule++) {
      yield pauseNs(granule);
      yield* wait(world.submit('a', 'write', granule * 8, 1));
    }
  };
  const all = world.owner.spawn('writes', writes());
  world.until(() => all.end.isSettled);
  return world;
}

test('it is said once, at 80%, and when it will be full at the rate of the last fifth', () => {
  // Slowly at first: the present rate is that of the last part.
  const pause = (granule: number) => (granule < SLOTS / 2 ? SECOND : 10 * MILLISECOND);
  const world = filled(pause, SLOTS + 1);
  const told = world.events.filter(isFilling);
  expect(told).toHaveLength(1);
  const [{ at, usedBytes, limitBytes, fullInNs }] = told as [Filling];
  expect(limitBytes).toBe(LIMIT);
  expect(usedBytes).toBeGreaterThanOrEqual(0.8 * LIMIT);
  expect(usedBytes - GRANULE).toBeLessThan(0.8 * LIMIT);
  const lost = world.events.find(({ kind }) => kind === 'lost')!;
  const oneWrite = 11 * MILLISECOND;
  expect(Math.abs(at + fullInNs! - lost.at)).toBeLessThan(2 * oneWrite);
});

test('nothing is foretold of a cache that fills in one instant', () => {
  const world = new ManualWorld({ a: 4096 });
  world.take('s', [C], { granuleBytes: GRANULE, cacheSize: { minBytes: LIMIT, limitBytes: LIMIT } });
  world.submit('a', 'write', 0, 8 * SLOTS);
  world.until(() => world.kinds.includes('cache-filling'));
  expect(world.events.find(isFilling)?.fullInNs).toBeNull();
});

test('a cache that stays below 80% says nothing', () => {
  const world = filled(() => MILLISECOND, 0.75 * SLOTS);
  expect(world.kinds).not.toContain('cache-filling');
});
