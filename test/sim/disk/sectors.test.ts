/** Model: a plain array of bytes for each store; forks are copies. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DefectError } from '../../../engine/invariant.ts';
import { Arena, PAGE_BYTES } from '../../../sim/disk/arena.ts';
import { Sectors } from '../../../sim/disk/sectors.ts';

const SIZE = 8 * PAGE_BYTES + 1024;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      which: fc.nat(5),
      at: fc.nat(SIZE / 512 - 1),
      count: fc.integer({ min: 1, max: 20 }),
      fill: fc.integer({ min: 1, max: 255 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('zero' as const),
      which: fc.nat(5),
      at: fc.nat(SIZE / 512 - 1),
      count: fc.integer({ min: 1, max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fork' as const), which: fc.nat(5) }) },
);

test('a store and its forks hold what was written to each', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), script => {
      const arena = new Arena();
      const stores = [{ sectors: new Sectors(SIZE, arena), bytes: new Uint8Array(SIZE) }];
      for (const each of script) {
        const { sectors, bytes } = stores[each.which % stores.length]!;
        if (each.do === 'fork') {
          if (stores.length < 6) stores.push({ sectors: sectors.fork(), bytes: bytes.slice() });
          continue;
        }
        const offset = each.at * 512;
        const length = Math.min(each.count * 512, SIZE - offset);
        if (each.do === 'write') {
          const data = new Uint8Array(length).fill(each.fill);
          sectors.write(offset, data);
          bytes.set(data, offset);
        } else {
          sectors.zero(offset, length);
          bytes.fill(0, offset, offset + length);
        }
      }
      for (const { sectors, bytes } of stores) {
        const read = new Uint8Array(SIZE);
        const isHole = sectors.read(0, read);
        expect(Buffer.compare(read, bytes)).toBe(0);
        if (isHole) expect(bytes.every(byte => byte === 0)).toBe(true);
        for (const number of sectors.pageNumbers()) expect(number).toBeLessThan(Math.ceil(SIZE / PAGE_BYTES));
      }
      for (const a of stores) {
        for (const b of stores) {
          const unlike = new Set(a.sectors.pagesUnlike(b.sectors));
          for (let page = 0; page * PAGE_BYTES < SIZE; page++) {
            const [from, to] = [page * PAGE_BYTES, (page + 1) * PAGE_BYTES];
            const isSame = Buffer.compare(a.bytes.subarray(from, to), b.bytes.subarray(from, to)) === 0;
            expect(isSame || unlike.has(page)).toBe(true);
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a drive of 16 TiB takes what is written to it, at any place', () => {
  const sectors = new Sectors(16 * 2 ** 40, new Arena());
  const offsets = [0, 2 ** 31, 2 ** 32 - 4096, 2 ** 41, 16 * 2 ** 40 - 512];
  for (const offset of offsets) sectors.write(offset, new Uint8Array(512).fill(7));
  for (const offset of offsets) {
    const bytes = new Uint8Array(512);
    expect(sectors.read(offset, bytes)).toBe(false);
    expect(bytes[511]).toBe(7);
  }
});

test('a store that outlives its arena refuses to work', () => {
  const arena = new Arena();
  const sectors = new Sectors(SIZE, arena);
  arena.reset();
  expect(() => sectors.read(0, new Uint8Array(512))).toThrow(DefectError);
});
