import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Checksum, isSealed, SEAL_BYTES, seal, setWord, wordAt } from '../../engine/checksum.ts';
import { makeHash } from '../../host/modules.ts';

let checksum: Checksum;
beforeAll(async () => {
  checksum = await makeHash();
});

test('a word comes back, at any place', () => {
  const anyWord = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(anyWord, fc.nat(20), (word, at) => {
      const bytes = new Uint8Array(at + 8);
      setWord(bytes, at, word);
      expect(wordAt(bytes, at)).toBe(word);
    }),
  );
});

test('what is no safe integer equals nothing', () => {
  expect(wordAt(new Uint8Array(8).fill(0xff), 0)).toBeNaN();
});

test('a sealed record is sealed, and no longer when one bit of it changes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), fc.nat(), fc.nat(7), (content, where, bit) => {
      const record = new Uint8Array(content.length + SEAL_BYTES);
      record.set(content);
      seal(record, checksum);
      expect(isSealed(record, checksum)).toBe(true);
      const at = where % record.length;
      record[at] = record[at]! ^ (1 << bit);
      expect(isSealed(record, checksum)).toBe(false);
    }),
  );
});
