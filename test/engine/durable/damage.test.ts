/**
 * A cache file and its state place after one fault: exact or refused, never a crash or wrong bytes; after a power cut
 * alone always exact. The whole of it, 100,000 times, is `npm run fuzz`.
 */
import { beforeAll, expect, test } from 'vitest';
import { makeHash } from '../../../host/modules.ts';
import type { Hash } from '../../../sim/disk/drive.ts';
import { fuzzDurableCache } from './fuzz.ts';

let hash: Hash;
beforeAll(async () => {
  hash = await makeHash();
});

test('one fault: exact or refused', () => {
  const { answers, untouched, wrong } = fuzzDurableCache(hash, { seed: 1, corruptions: 4000 });
  console.log([...answers].map(([what, count]) => `${what} ${count}`).join(', '));
  expect(wrong).toEqual([]);
  expect(untouched).toBeGreaterThan(30);
  for (const because of ['exact', 'rotten', 'older', 'truncated', 'foreign', 'stale']) {
    expect([...answers.keys()]).toContain(because);
  }
});
