/** "Did you mean": a distance, and when a word is near enough to be offered. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { didYouMean, editDistance, nearest } from '../../../sim/scenario/nearest.ts';

describe('distance', () => {
  test.each([
    ['', '', 0],
    ['quiet', 'quiet', 0],
    ['qiuet', 'quiet', 1],
    ['quit', 'quiet', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ])('%s and %s: %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  test('symmetric, 0 for the same only, at most the longer word', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});

describe('nearest', () => {
  const keys = ['quiet', 'waitLimit', 'granule', 'cache'];

  test.each([
    ['qiuet', 'quiet'],
    ['Quiet', 'quiet'],
    ['waitlimit', 'waitLimit'],
    ['granul', 'granule'],
    ['zebra', null],
    ['x'.repeat(1000), null],
  ])('%s: %s', (word, expected) => {
    expect(nearest(word, keys)).toBe(expected);
  });

  test('of two that are equally near the one that begins the same', () => {
    expect(nearest('sdd', ['hdd', 'ssd'])).toBe('ssd');
  });

  test('as a question', () => {
    expect(didYouMean('qiuet', keys)).toBe(', did you mean `quiet`?');
    expect(didYouMean('zebra', keys)).toBe('');
  });
});
