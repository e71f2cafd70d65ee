/**
 * The engine broken on purpose, once for each way that is known to go wrong, and the check that catches it. The same
 * seeds pass with the engine as it is.
 */
import { describe, expect, test } from 'vitest';
import { KIB, MILLISECOND } from '../../engine/units.ts';
import { type Broken, CACHE_HANGS } from './broken.ts';
import { LIMITS } from './broken-limits.ts';
import { PICTURES } from './broken-pictures.ts';
import { REQUESTS } from './broken-requests.ts';
import { SELF } from './broken-self.ts';
import { importPlanted } from './build.ts';
import { openRawWorld, type RawOptions, type RawRun } from './raw-world.ts';

const BROKEN: readonly Broken[] = [...PICTURES, ...REQUESTS, ...LIMITS, ...SELF];
const SEEDS = 12;

function isCaught(run: RawRun, check: string): boolean {
  if (check === 'stuck') return run.stuck !== null;
  return run.verdicts.some(each => each.check === check && each.verdict === 'violated');
}

describe('the engine as it is passes', async () => {
  const run = await openRawWorld();
  const settings = new Map(BROKEN.map(({ options = {} }) => [JSON.stringify(options), options]));
  test.each([...settings])('with %s', (_text, options) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { verdicts, stuck } = run(seed, options);
      expect(stuck).toBeNull();
      expect(verdicts.filter(({ verdict }) => verdict === 'violated')).toEqual([]);
    }
  });
});

/** Once blamed for nothing: what a refused write had copied is copied again for the next one, which never gets through. */
const TRIED_AGAIN: RawOptions = {
  granuleBytes: 4 * KIB,
  otm: { protect: 'backup', neverQuiet: 'take-anyway' },
  beside: true,
  besideOtm: { protect: 'application', discards: 'drop', granuleBytes: 16 * KIB, preserveLimitNs: 500 * MILLISECOND },
  sharedCache: true,
  startNs: 1232 * MILLISECOND,
  faults: [{ ...CACHE_HANGS, trigger: { is: 'nth', nth: 34 } }],
};

test('the engine as it is passes where writes are refused and tried again (regression) with seed 7866', async () => {
  const run = await openRawWorld();
  const { verdicts } = run(7866, TRIED_AGAIN);
  expect(verdicts.filter(({ verdict }) => verdict === 'violated')).toEqual([]);
});

describe('broken on purpose', () => {
  test.each(BROKEN)('$name is caught by $caughtBy', async ({ changes, caughtBy, options }) => {
    const entry = await importPlanted<{ openRawWorld: typeof openRawWorld }>('test/planted/raw-world.ts', changes);
    const run = await entry.openRawWorld();
    let caughtAt: number | null = null;
    for (let seed = 1; seed <= SEEDS && caughtAt === null; seed++) {
      if (isCaught(run(seed, options), caughtBy)) caughtAt = seed;
    }
    expect(caughtAt, `seeds 1 to ${SEEDS}`).not.toBeNull();
  });
});
