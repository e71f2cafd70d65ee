import { describe, expect, test } from 'vitest';
import { bytes, count, counted, listed, microseconds, perSecond, seconds } from '../../reports/figures.ts';

describe('figures', () => {
  test.each([
    [null, '-'],
    [0, '0 s'],
    [0.000_25, '250 us'],
    [0.000_001_5, '1.5 us'],
    [0.004_2, '4.2 ms'],
    [0.999_4, '999 ms'],
    [0.999_6, '1 s'],
    [4.2, '4.2 s'],
    [13.04, '13 s'],
    [48.26, '48.3 s'],
    [100, '100 s'],
    [119.4, '119 s'],
    [120, '2 min'],
    [194.25, '3 min 14 s'],
    [7199, '119 min 59 s'],
    [7500, '2 h 5 min'],
  ])('%s seconds: %s', (value, text) => {
    expect(seconds(value)).toBe(text);
  });

  test.each([
    [null, '-'],
    [0, '0 B'],
    [512, '512 B'],
    [1023, '1,023 B'],
    [1024, '1 KiB'],
    [16_384, '16 KiB'],
    [1_245_184, '1.19 MiB'],
    [1_048_575, '1 MiB'],
    [1.5 * 2 ** 40, '1.5 TiB'],
    [5000 * 2 ** 40, '5,000 TiB'],
  ])('%s bytes: %s', (value, text) => {
    expect(bytes(value)).toBe(text);
  });

  test('counts, rates and lists', () => {
    expect(microseconds(9340)).toBe('9.34 ms');
    expect(microseconds(null)).toBe('-');
    expect(count(48_211)).toBe('48,211');
    expect(count(1_234_567)).toBe('1,234,567');
    expect(count(999)).toBe('999');
    expect(perSecond(24.13)).toBe('24.1');
    expect(perSecond(301_244.6)).toBe('301,245');
    expect(counted(1, 'file')).toBe('1 file');
    expect(counted(0, 'file')).toBe('0 files');
    expect(listed([])).toBe('');
    expect(listed(['A'])).toBe('A');
    expect(listed(['A', 'B', 'C'])).toBe('A, B and C');
  });
});
