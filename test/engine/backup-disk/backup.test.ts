/** Stories of single backups, restores and refusals. */
import { beforeAll, describe, expect, test } from 'vitest';
import { deleteGeneration } from '../../../engine/backup-disk/generations.ts';
import type { Checksum } from '../../../engine/checksum.ts';
import { runNow } from '../../../engine/task.ts';
import { makeHash } from '../../../host/modules.ts';
import { BenchDisk, type Shape, SMALL, Source } from './bench-disk.ts';

let checksum: Checksum;
beforeAll(async () => {
  checksum = await makeHash();
});

function bench(shape: Shape = SMALL): { source: Source; bench: BenchDisk } {
  const source = new Source(shape);
  source.write(0, shape.sourceSectors - 20, 7);
  return { source, bench: new BenchDisk(shape, source, checksum) };
}

const SHAPES: readonly [string, Shape][] = [
  ['512-byte sectors', SMALL],
  ['4096-byte sectors', { ...SMALL, sectorSize: 4096, sourceSectors: 37, granuleBytes: 16_384, slots: 60 }],
  ['a side file', { ...SMALL, isSideFile: true }],
  ['many granules', { ...SMALL, sourceSectors: 700 * 8 + 1, slots: 900 }],
];

describe.each(SHAPES)('with %s', (_name, shape) => {
  test('each backup is a generation that reads as it was', () => {
    const { source, bench: disk } = bench(shape);
    expect(disk.backup().kind).toBe('full');
    disk.check();
    for (let round = 1; round <= 5; round++) {
      source.write(round * 5, 9, round);
      source.write(shape.sourceSectors - 3, 3, round);
      const report = disk.backup({ changed: source.takeChanged(), verify: true });
      expect(report).toMatchObject({ kind: 'increment', way: round === 1 ? 'changed' : 'changed', damaged: [] });
      disk.check();
      disk.reopen();
      disk.check();
    }
    expect(disk.disk.generations.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
    runNow(deleteGeneration(disk.disk, 3));
    runNow(deleteGeneration(disk.disk, 1));
    disk.check();
    disk.reopen();
    disk.check();
    expect(disk.disk.generations.map(({ number }) => number)).toEqual([2, 4, 5, 6]);
  });
});
