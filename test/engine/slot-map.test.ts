/** Granules and their slots against a plain map. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotMap } from '../../engine/slot-map.ts';

const GRANULES = fc.oneof(
  fc.nat(300),
  fc.nat(0xfffffffe),
  fc.nat(500).map(at => at * 65_536),
);

test('finds what was entered, and nothing else', () => {
  fc.assert(
    fc.property(fc.uniqueArray(GRANULES, { maxLength: 600 }), fc.array(GRANULES), (granules, others) => {
      const model = new Map(granules.map((granule, at) => [granule, at % 5 === 0 ? 0xffffffff : at] as const));
      const slots = new SlotMap();
      for (const [granule, slot] of model) slots.set(granule, slot);
      for (const granule of [...granules, ...others]) expect(slots.get(granule)).toBe(model.get(granule));
      expect(slots.size).toBe(model.size);
    }),
  );
});

test('a granule has one slot, and numbers are words', () => {
  const slots = new SlotMap();
  slots.set(7, 1);
  expect(() => slots.set(7, 2)).toThrow('granule 7 has a slot already');
  expect(() => slots.set(0xffffffff, 1)).toThrow('words');
  expect(() => slots.set(8, 0x100000000)).toThrow('words');
});
