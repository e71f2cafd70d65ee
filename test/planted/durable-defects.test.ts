/**
 * The engine broken on purpose where snapshots outlive their machine, and the checks that catch it. The same ends of the
 * machine do no harm to the engine as it is.
 */
import { describe, expect, test } from 'vitest';
import { DURABLES } from './broken-durable.ts';
import { importPlanted } from './build.ts';
import { openRawWorld } from './raw-world.ts';

const SEEDS = 5;

describe('the engine as it is brings durable snapshots back', async () => {
  const run = await openRawWorld();
  test.each(DURABLES)('where $name would show', ({ ends }) => {
    let runs = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      for (const { verdicts, stuck } of ends(run, seed)) {
        runs += 1;
        expect(stuck).toBeNull();
        expect(verdicts.filter(({ verdict }) => verdict === 'violated')).toEqual([]);
      }
    }
    expect(runs).toBeGreaterThan(0);
  });
});

describe('broken on purpose', () => {
  test.each(DURABLES)('$name is caught by $caughtBy', async ({ changes, caughtBy, ends }) => {
    const entry = await importPlanted<{ openRawWorld: typeof openRawWorld }>('test/planted/raw-world.ts', changes);
    const run = await entry.openRawWorld();
    const isCaught = (seed: number): boolean => {
      for (const { verdicts } of ends(run, seed)) {
        if (verdicts.some(({ check, verdict }) => check === caughtBy && verdict === 'violated')) return true;
      }
      return false;
    };
    const seeds = Array.from({ length: SEEDS }, (_, at) => at + 1);
    expect(seeds.some(isCaught), `seeds 1 to ${SEEDS}`).toBe(true);
  });
});
