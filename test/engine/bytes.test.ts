import { expect, test } from 'vitest';
import { isZeroes, sameBytes } from '../../engine/bytes.ts';

test('bytes are compared to the last one, on word boundaries and beside them', () => {
  const bytes = Uint8Array.from({ length: 4101 }, (_, at) => at % 251);
  for (const offset of [0, 1, 4]) {
    const other = new Uint8Array(4200).subarray(offset, offset + 4101);
    other.set(bytes);
    expect(sameBytes(bytes, other)).toBe(true);
    expect(sameBytes(bytes, other.subarray(1))).toBe(false);
    for (const at of [0, 3, 63, 4095, 4096, 4100]) {
      other[at]! ^= 1;
      expect(sameBytes(bytes, other)).toBe(false);
      other[at]! ^= 1;
    }
  }
});

test('zeroes are seen to the last byte, on word boundaries and beside them', () => {
  for (const offset of [0, 1, 4]) {
    const bytes = new Uint8Array(4200).subarray(offset, offset + 4101);
    expect(isZeroes(bytes)).toBe(true);
    for (const at of [0, 3, 63, 4095, 4096, 4100]) {
      bytes[at] = 128;
      expect(isZeroes(bytes)).toBe(false);
      bytes[at] = 0;
    }
  }
});
