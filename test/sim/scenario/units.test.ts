/** Numbers with units: examples, and properties over all of them. Refusals are in bad-input.test.ts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatClock, readClock } from '../../../sim/scenario/clock.ts';
import type { Reading } from '../../../sim/scenario/reading.ts';
import {
  formatByteRate,
  formatRate,
  formatSize,
  formatTime,
  partOf,
  readByteRate,
  readRate,
  readSize,
  readSizeOrPart,
  readTime,
} from '../../../sim/scenario/units.ts';

const valueIn = <T>(reading: Reading<T>): T | string => (reading.ok ? reading.value : reading.problem.code);

describe('examples', () => {
  test.each([
    ['512 B', 512],
    ['16 KiB', 16_384],
    ['16KiB', 16_384],
    ['1.5 KiB', 1536],
    ['1 GiB', 1_073_741_824],
    ['16 TiB', 17_592_186_044_416],
    ['0 B', 0],
  ])('size %s', (text, bytes) => {
    expect(valueIn(readSize(text))).toBe(bytes);
  });

  test.each([
    ['250 us', 250_000],
    ['20 ms', 20_000_000],
    ['5 s', 5_000_000_000],
    ['1.5s', 1_500_000_000],
    ['2 min', 120_000_000_000],
    ['1 h', 3_600_000_000_000],
    ['0.25 us', 250],
  ])('time %s', (text, ns) => {
    expect(valueIn(readTime(text))).toBe(ns);
  });

  test.each([
    ['40/s', 40, 1_000_000_000],
    ['40 / s', 40, 1_000_000_000],
    ['1.5/s', 3, 2_000_000_000],
    ['0.1/min', 1, 600_000_000_000],
    ['90/min', 90, 60_000_000_000],
    ['1/h', 1, 3_600_000_000_000],
  ])('rate %s', (text, count, perNs) => {
    expect(valueIn(readRate(text))).toEqual({ count, perNs });
  });

  test('bytes a second, parts', () => {
    expect(valueIn(readByteRate('1 MiB/s'))).toBe(1_048_576);
    expect(valueIn(readByteRate('1.5KiB/s'))).toBe(1536);
    expect(valueIn(readSizeOrPart('20%'))).toEqual({ numerator: 20, denominator: 100 });
    expect(valueIn(readSizeOrPart('12.5 %'))).toEqual({ numerator: 125, denominator: 1000 });
    expect(valueIn(readSizeOrPart('1 KiB'))).toBe(1024);
    expect(partOf(1000, { numerator: 125, denominator: 1000 })).toBe(125);
    expect(partOf(Number.MAX_SAFE_INTEGER, { numerator: 100, denominator: 100 })).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('written in the largest unit that divides', () => {
    expect([1536, 1024, 3 * 1_073_741_824, 1_048_577].map(formatSize)).toEqual([
      '1536 B',
      '1 KiB',
      '3 GiB',
      '1048577 B',
    ]);
    expect([0, 1, 1_500_000_000, 90_000_000_000, 7_200_000_000_000].map(formatTime)).toEqual([
      '0 s',
      '0.001 us',
      '1500 ms',
      '90 s',
      '2 h',
    ]);
    expect(formatByteRate(1_048_576)).toBe('1 MiB/s');
  });
});

describe('properties', () => {
  const safe = fc.maxSafeNat();

  test('sizes and times come back', () => {
    fc.assert(
      fc.property(safe, n => {
        expect(valueIn(readSize(formatSize(n)))).toBe(n);
        expect(valueIn(readTime(formatTime(n)))).toBe(n);
      }),
    );
  });

  test('rates come back', () => {
    const decimal = fc.tuple(
      fc.integer({ min: 0, max: 9999 }),
      fc.integer({ min: 0, max: 999 }),
      fc.constantFrom('s', 'min', 'h'),
    );
    fc.assert(
      fc.property(decimal, ([whole, fraction, unit]) => {
        const rate = readRate(`${whole}.${String(fraction).padStart(3, '0')}/${unit}`);
        if (!rate.ok) expect(rate.problem.code).toBe('rate-zero');
        else expect(valueIn(readRate(formatRate(rate.value)))).toEqual(rate.value);
      }),
    );
  });

  test('whatever is read: an integer within bounds, or a problem; never an exception', () => {
    const piece = fc.constantFrom(
      '1',
      '12',
      '.',
      '-',
      '+',
      ' ',
      'K',
      'KiB',
      'MB',
      's',
      'ms',
      '/',
      '/s',
      '%',
      'e',
      '\u0000',
      '\u202e',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 6 }).map(pieces => pieces.join('')),
      fc.string(),
    );
    const anything = fc.oneof(text, fc.anything({ withNullPrototype: true }));
    fc.assert(
      fc.property(anything, value => {
        for (const read of [readSize, readTime, readByteRate]) {
          const result = valueIn(read(value));
          if (typeof result === 'number')
            expect(Number.isInteger(result) && result >= 0 && result <= 2 ** 53).toBe(true);
        }
        readRate(value);
        readSizeOrPart(value);
      }),
      { numRuns: 500 },
    );
  });

  test('the wall clock is that of the calendar', () => {
    const seconds = fc.integer({ min: Date.UTC(1980, 0, 1) / 1000, max: Date.UTC(2107, 11, 31) / 1000 });
    fc.assert(
      fc.property(seconds, n => {
        const text = formatClock(n);
        expect(text).toBe(new Date(n * 1000).toISOString().replace('.000Z', 'Z'));
        expect(valueIn(readClock(text))).toBe(n);
      }),
    );
  });
});
