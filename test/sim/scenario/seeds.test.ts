/** Seeds: what the words mean, and that ranges stay ranges. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatSeeds,
  freshSeeds,
  readSeedSelection,
  readSeeds,
  seedCount,
  seedsIn,
} from '../../../sim/scenario/seeds.ts';

const rangesOf = (value: unknown) => {
  const reading = readSeeds(value);
  return reading.ok ? reading.value : reading.problem.code;
};

describe('seeds', () => {
  test.each([
    ['7', [{ first: 7, last: 7 }]],
    [7, [{ first: 7, last: 7 }]],
    ['1..20', [{ first: 1, last: 20 }]],
    [
      '1,5,9..20',
      [
        { first: 1, last: 1 },
        { first: 5, last: 5 },
        { first: 9, last: 20 },
      ],
    ],
    [
      '9..12, 1 .. 3',
      [
        { first: 1, last: 3 },
        { first: 9, last: 12 },
      ],
    ],
    ['1..5,3..9,10', [{ first: 1, last: 10 }]],
    ['0..9007199254740991', [{ first: 0, last: Number.MAX_SAFE_INTEGER }]],
  ])('%s', (text, ranges) => {
    expect(rangesOf(text)).toEqual(ranges);
  });

  test('both ends are included', () => {
    const ranges = [
      { first: 1, last: 3 },
      { first: 7, last: 7 },
    ];
    expect([...seedsIn(ranges)]).toEqual([1, 2, 3, 7]);
    expect(seedCount(ranges)).toBe(4);
    const [end] = seedsIn([{ first: Number.MAX_SAFE_INTEGER, last: Number.MAX_SAFE_INTEGER }]);
    expect(end).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('written, they read the same', () => {
    const range = fc
      .tuple(fc.maxSafeNat(), fc.nat(100))
      .map(([first, more]) => `${first}..${Math.min(first + more, Number.MAX_SAFE_INTEGER)}`);
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 5 }), pieces => {
        const ranges = rangesOf(pieces.join(','));
        if (typeof ranges === 'string') throw new Error(ranges);
        expect(rangesOf(formatSeeds(ranges))).toEqual(ranges);
      }),
    );
  });

  test('fresh ones: on the command line, again the same for the same salt', () => {
    expect(readSeedSelection('fresh:500')).toEqual({ ok: true, value: { is: 'fresh', count: 500 } });
    expect(readSeedSelection('1..3')).toEqual({ ok: true, value: { is: 'ranges', ranges: [{ first: 1, last: 3 }] } });
    expect(readSeedSelection('fresh:0').ok).toBe(false);
    expect(readSeedSelection('fresh:').ok).toBe(false);
    const seeds = freshSeeds(500, 'monday');
    expect(new Set(seeds).size).toBe(500);
    expect(seeds.every(seed => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
    expect(freshSeeds(500, 'monday')).toEqual(seeds);
    expect(freshSeeds(500, 'tuesday')).not.toEqual(seeds);
  });
});
