import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromStamp, stampable, toStamp } from '../../../../sim/fs/fat/stamps.ts';

const FIRST = Date.UTC(1980, 0, 1) / 1000;
const LAST = Date.UTC(2107, 11, 31, 23, 59, 58) / 1000;

describe('stamps', () => {
  test('property: are what the calendar of JavaScript says, in UTC', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST, max: LAST }), seconds => {
        const date = new Date(seconds * 1000);
        const stamp = toStamp(seconds);
        expect(stamp.date).toBe(
          (date.getUTCFullYear() - 1980) * 512 + (date.getUTCMonth() + 1) * 32 + date.getUTCDate(),
        );
        expect(stamp.time).toBe(
          date.getUTCHours() * 2048 + date.getUTCMinutes() * 32 + Math.floor(date.getUTCSeconds() / 2),
        );
        expect(fromStamp(stamp)).toBe(stampable(seconds));
        expect(stampable(seconds)).toBe(seconds - (seconds % 2));
      }),
      { numRuns: 2000 },
    );
  });

  test('of every day around a leap year and the ends of centuries come back', () => {
    for (const year of [1980, 1999, 2000, 2001, 2004, 2100, 2107]) {
      for (let day = 0; day < 366; day++) {
        const seconds = Date.UTC(year, 0, 1 + day) / 1000;
        expect(fromStamp(toStamp(seconds))).toBe(Math.min(seconds, LAST));
      }
    }
  });

  test('keep what lies outside of their years at the nearest end', () => {
    expect(fromStamp(toStamp(-5))).toBe(FIRST);
    expect(fromStamp(toStamp(LAST + 1000))).toBe(LAST);
  });
});
