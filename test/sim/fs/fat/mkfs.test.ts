import { describe, expect, test } from 'vitest';
import { KIB, MIB } from '../../../../engine/units.ts';
import { type FatKind, parseLayout } from '../../../../sim/fs/fat/layout.ts';
import { checkClusterSize, clusterSizeFor, mkfs } from '../../../../sim/fs/fat/mkfs.ts';

const GIB = 1024 * MIB;

describe('cluster sizes', () => {
  test.each<[FatKind, number, number]>([
    ['fat32', 33 * MIB, 512],
    ['fat32', 48 * MIB, 512],
    ['fat32', 64 * MIB, 512],
    ['fat32', 96 * MIB, KIB],
    ['fat32', 128 * MIB, KIB],
    ['fat32', 192 * MIB, 2 * KIB],
    ['fat32', 8 * GIB, 32 * KIB],
    ['fat32', 64 * GIB, 32 * KIB],
    ['fat16', 8 * MIB, 512],
    ['fat16', 64 * MIB, KIB],
    ['fat16', 2 * GIB - 64 * MIB, 32 * KIB],
    ['fat12', 1 * MIB, 512],
    ['fat12', 8 * MIB, 2 * KIB],
  ])('%s of %d bytes: %d', (kind, sizeBytes, clusterBytes) => {
    expect(clusterSizeFor(kind, sizeBytes, 512)).toEqual({ clusterBytes });
  });

  test.each<[FatKind, number, 512 | 4096, RegExp]>([
    ['fat32', 33 * MIB - 512, 512, /33 MiB/],
    ['fat32', 200 * MIB, 4096, /65,525/],
    ['fat32', 16 * 1024 * GIB, 4096, /2\^32|2\^28/],
    ['fat16', 1 * MIB, 512, /4,085/],
    ['fat16', 4 * GIB, 512, /65,524/],
    ['fat12', 1 * GIB, 512, /4,084/],
    ['fat12', 8 * KIB, 512, /too small/],
  ])('%s of %d bytes with sectors of %d is refused: %s', (kind, sizeBytes, sectorSize, reason) => {
    expect(clusterSizeFor(kind, sizeBytes, sectorSize)).toEqual({ reason: expect.stringMatching(reason) });
  });

  test('a wish is honoured, or refused with the reason', () => {
    expect(checkClusterSize('fat16', 64 * MIB, 512, 4 * KIB)).toEqual({ clusterBytes: 4 * KIB });
    expect(checkClusterSize('fat32', 64 * MIB, 512, 4 * KIB)).toEqual({ reason: expect.stringMatching(/65,525/) });
    expect(checkClusterSize('fat16', 64 * MIB, 512, 3 * KIB)).toEqual({
      reason: expect.stringMatching(/power of two/),
    });
    expect(checkClusterSize('fat16', 64 * MIB, 4096, 512)).toEqual({ reason: expect.stringMatching(/from 4096 B/) });
  });
});

describe('a new volume', () => {
  const sizes: [FatKind, 512 | 4096, number][] = [
    ['fat12', 512, 64 * KIB],
    ['fat12', 512, MIB + 512],
    ['fat12', 4096, 2 * MIB],
    ['fat16', 512, 5 * MIB],
    ['fat16', 512, 32 * MIB - 512],
    ['fat16', 4096, 40 * MIB],
    ['fat32', 512, 33 * MIB],
    ['fat32', 512, 48 * MIB + 7 * 512],
    ['fat32', 4096, 300 * MIB],
    ['fat32', 512, 2048 * GIB - 512],
  ];
  test.each(sizes)(
    '%s, sectors of %d, %d bytes: its boot sector says its layout, aligned to pages',
    (kind, sectorSize, size) => {
      const { layout, writes, zeroes } = mkfs({
        kind,
        sectorSize,
        sectorCount: size / sectorSize,
        serial: 77,
        label: 'disk',
      });
      expect(parseLayout(writes[0]!.bytes, sectorSize, size / sectorSize)).toEqual(layout);
      for (const start of [layout.fatStart, layout.fatBytes, layout.rootStart, layout.dataStart])
        expect(start % 4096).toBe(0);
      expect(layout).toMatchObject({ kind, serial: 77, label: 'DISK', mirrored: true, fatCount: 2 });
      expect(zeroes[0]!.first).toBe(0);
      const written = writes.reduce((sum, { bytes }) => sum + bytes.length, 0);
      expect(written).toBeLessThanOrEqual(8 * sectorSize);
    },
  );

  test('with a table that is just as large as it has to be', () => {
    for (let sectors = 66_000; sectors < 90_000; sectors += 137) {
      const sectorCount = sectors;
      if ('reason' in clusterSizeFor('fat16', sectorCount * 512, 512)) continue;
      const { layout } = mkfs({ kind: 'fat16', sectorSize: 512, sectorCount, serial: 1 });
      const needed = (layout.clusterCount + 2) * 2;
      expect(layout.fatBytes).toBeGreaterThanOrEqual(needed);
      expect(layout.fatBytes - needed).toBeLessThan(2 * 4096);
    }
  });
});

describe('a boot sector', () => {
  const boot = () => mkfs({ kind: 'fat16', sectorSize: 512, sectorCount: 20_000, serial: 1 }).writes[0]!.bytes.slice();
  test.each<[string, (bytes: Uint8Array) => unknown, RegExp]>([
    ['without its signature', b => (b[510] = 0), /signature/],
    ['without a jump', b => (b[0] = 0), /jump/],
    ['of sectors of another size', b => (b[12] = 0x10), /sectors of 4096/],
    ['with clusters of three sectors', b => (b[13] = 3), /3 sectors/],
    ['with clusters of no sectors', b => (b[13] = 0), /0 sectors/],
    ['without a FAT', b => (b[16] = 0), /no FAT/],
    ['of a volume that is larger than its place', b => (b[20] = 0xff), /sectors, and there are/],
    ['with a FAT that is too small', b => (b[22] = 1), /too small/],
    ['without reserved sectors', b => (b[14] = 0), /reserved/],
    ['with a FAT that leaves no data', b => (b[23] = 0xff), /no data clusters/],
  ])('%s is none', (_, damage, reason) => {
    const bytes = boot();
    damage(bytes);
    expect(parseLayout(bytes, 512, 20_000)).toEqual({ reason: expect.stringMatching(reason) });
  });
});
