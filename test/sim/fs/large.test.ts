/** Volumes whose offsets do not fit into 32 bits, on sparse drives, and sectors of 4 KiB under FAT32. */
import { describe, expect, test } from 'vitest';
import { runNow } from '../../../engine/task.ts';
import { MIB } from '../../../engine/units.ts';
import { Arena } from '../../../sim/disk/arena.ts';
import { ImmediateDevice } from '../../../sim/disk/immediate-device.ts';
import { Sectors } from '../../../sim/disk/sectors.ts';
import type { FatKind } from '../../../sim/fs/fat/layout.ts';
import { mkfs } from '../../../sim/fs/fat/mkfs.ts';
import { readVolume } from '../../../sim/fs/fat/read-only.ts';
import { PageCache } from '../../../sim/fs/page-cache.ts';
import { differences, makeTree, pattern, readTree, SAMPLE, type Tree } from './trees.ts';
import { CACHE, mountOn, START } from './volumes.ts';

/** A drive with a volume behind its first MiB. */
function make(kind: FatKind, sectorSize: 512 | 4096, sectorCount: number, nextFree: number) {
  const first = MIB / sectorSize;
  const sectors = new Sectors((first + sectorCount) * sectorSize, new Arena());
  const { writes, layout } = mkfs({ kind, sectorSize, sectorCount, serial: 1, hiddenSectors: first });
  for (const { first: at, bytes } of writes) {
    if (layout.infoStart === at * sectorSize) new DataView(bytes.buffer).setUint32(492, nextFree, true);
    sectors.write((first + at) * sectorSize, bytes);
  }
  const device = new ImmediateDevice('disk', sectors, sectorSize);
  const mount = () => {
    const cache = new PageCache({ ...CACHE, hash: bytes => bytes[0]! + bytes[4095]! });
    const place = { letter: 'C', device, firstSector: first, sectorCount };
    return { cache, volume: mountOn(cache, place, { seconds: START }) };
  };
  const read = (at: number, count: number) => {
    const bytes = new Uint8Array(count * sectorSize);
    sectors.read((first + at) * sectorSize, bytes);
    return bytes;
  };
  return { mount, layout, read };
}

describe.each<[FatKind, 512 | 4096, number, number]>([
  ['fat32', 512, 2 ** 32 - 2 ** 11 - 1, 67_000_000],
  ['fat32', 4096, (300 * MIB) / 4096, 70_000],
])('%s, sectors of %d, %d of them', (kind, sectorSize, sectorCount, nextFree) => {
  test('holds files at its far end', () => {
    const disk = make(kind, sectorSize, sectorCount, nextFree);
    const { volume, cache } = disk.mount();
    const tree: Tree = new Map([...SAMPLE, ['large', pattern(5 * MIB, 9)]]);
    makeTree(volume, tree);
    runNow(volume.remove('C:\\two.dots.tar.gz'));
    tree.delete('two.dots.tar.gz');
    runNow(volume.sync());
    expect(differences(tree, readTree(volume))).toEqual([]);
    expect(cache.oracleLog.mismatchCount).toBe(0);
    const file = runNow(volume.open('C:\\large'));
    expect(file.node.firstCluster).toBeGreaterThanOrEqual(nextFree);
    const again = disk.mount().volume;
    expect(differences(tree, readTree(again))).toEqual([]);
    expect(again.freeBytes()).toBe(volume.freeBytes());
    if (sectorSize === 512) return;
    const seen = readVolume(disk.read, { letter: 'C', sectorSize, sectorCount });
    expect(seen.problems).toEqual([]);
    expect(seen.files.length).toBe(tree.size);
  });
});
