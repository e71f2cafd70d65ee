/** GUID partition tables: ours hold before the tools of the field, theirs are read here. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MIB } from '../../../engine/units.ts';
import { Arena } from '../../../sim/disk/arena.ts';
import {
  type GptTable,
  gptTailSectors,
  guidPartitionTable,
  type NamedPartition,
  readGuidPartitionTable,
} from '../../../sim/disk/gpt.ts';
import { readPartitions } from '../../../sim/disk/mbr.ts';
import { Sectors } from '../../../sim/disk/sectors.ts';
import { requireTool, runTool } from '../../real-tools.ts';

const TIB = 1024 * 1024 * MIB;
const SECTOR_SIZES = [512, 4096] as const;
type SectorSize = (typeof SECTOR_SIZES)[number];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpt-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Three volumes, the first at 1 MiB, the last one up to the last sector that may be used. */
function volumes(sectorSize: SectorSize, sectorCount: number): NamedPartition[] {
  const mib = MIB / sectorSize;
  const last = 20 * mib;
  return [
    { type: 'fat32', name: 'C', extent: { first: mib, count: 10 * mib } },
    { type: 'raw', name: 'R', extent: { first: 12 * mib, count: mib } },
    { type: 'fat16', name: 'D', extent: { first: last, count: sectorCount - gptTailSectors(sectorSize) - last } },
  ];
}

function drive(sectorSize: SectorSize, sizeBytes: number, partitions?: readonly NamedPartition[]): Sectors {
  const sectors = new Sectors(sizeBytes, new Arena());
  const sectorCount = sizeBytes / sectorSize;
  const writes = guidPartitionTable(sectorSize, sectorCount, partitions ?? volumes(sectorSize, sectorCount), 7);
  for (const { first, bytes } of writes) sectors.write(first * sectorSize, bytes);
  return sectors;
}

function read(sectors: Sectors, sectorSize: SectorSize): GptTable | null {
  const reader = (first: number, count: number) => {
    const bytes = new Uint8Array(count * sectorSize);
    sectors.read(first * sectorSize, bytes);
    return bytes;
  };
  return readGuidPartitionTable(reader, sectorSize, sectors.sizeBytes / sectorSize);
}

/** A sparse file with what the drive holds. */
function save(name: string, sectors: Sectors): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  ftruncateSync(file, sectors.sizeBytes);
  for (const number of sectors.pageNumbers()) writeSync(file, sectors.page(number)!.bytes, 0, 4096, number * 4096);
  closeSync(file);
  return path;
}

/** What a file holds at its start and at its end, where a table may be. */
function loadEnds(path: string, sizeBytes: number): Sectors {
  const sectors = new Sectors(sizeBytes, new Arena());
  const file = openSync(path, 'r');
  const bytes = new Uint8Array(MIB);
  for (const offset of [0, sizeBytes - MIB]) {
    readSync(file, bytes, 0, MIB, offset);
    sectors.write(offset, bytes);
  }
  closeSync(file);
  return sectors;
}

const extents = (table: GptTable | null) => table?.partitions.map(({ extent }) => extent);

describe.each(SECTOR_SIZES)('a table in sectors of %d bytes', sectorSize => {
  const sizeBytes = 64 * MIB;

  test('reads as it was written, from either end', () => {
    const sectors = drive(sectorSize, sizeBytes);
    const expected = volumes(sectorSize, sizeBytes / sectorSize);
    const table = read(sectors, sectorSize);
    expect(table?.from).toBe('first');
    expect(table?.partitions.map(({ name, extent }) => ({ name, extent }))).toEqual(
      expected.map(({ name, extent }) => ({ name, extent })),
    );
    sectors.zero(sectorSize, sectorSize);
    expect(read(sectors, sectorSize)).toEqual({ ...table, from: 'last' });
    sectors.zero(sizeBytes - sectorSize, sectorSize);
    expect(read(sectors, sectorSize)).toBeNull();
  });

  test('is refused, or read from its other copy, whatever byte of it is another one', () => {
    const sectors = drive(sectorSize, sizeBytes);
    const whole = read(sectors, sectorSize);
    const header = fc.record({ place: fc.integer({ min: 0, max: 91 }), flip: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(header, fc.boolean(), ({ place, flip }, ofEntries) => {
        const damaged = sectors.fork();
        const at = (ofEntries ? 2 : 1) * sectorSize + place;
        const byte = new Uint8Array(1);
        damaged.read(at, byte);
        damaged.write(
          at,
          byte.map(value => value ^ flip),
        );
        expect(read(damaged, sectorSize)).toEqual({ ...whole, from: 'last' });
      }),
    );
  });

  test('is kept by its protective record from programs that know only the MBR', () => {
    const first = new Uint8Array(sectorSize);
    drive(sectorSize, sizeBytes).read(0, first);
    expect(readPartitions(first)).toEqual([{ type: 0xee, extent: { first: 1, count: sizeBytes / sectorSize - 1 } }]);
  });

  test.skipIf(!requireTool('fdisk'))('is what fdisk reads, and what fdisk made is read', () => {
    const path = save(`ours-${sectorSize}.img`, drive(sectorSize, sizeBytes));
    const told = runTool('fdisk', ['-b', String(sectorSize), '-l', '-o', 'Start,End,Type', path]).output;
    expect(told).toMatch(/Disklabel type: gpt/);
    expect(told).not.toMatch(/corrupt|mismatch|will be/i);
    for (const { extent, type } of volumes(sectorSize, sizeBytes / sectorSize)) {
      const words = type === 'raw' ? 'Linux reserved' : 'Microsoft basic data';
      expect(told).toMatch(new RegExp(`^ *${extent.first} +${extent.first + extent.count - 1} +${words}$`, 'm'));
    }
    const theirs = save(`theirs-${sectorSize}.img`, new Sectors(sizeBytes, new Arena()));
    const keys = ['g', 'n', '', '', '+8M', 'n', '', '', '', 'w', ''].join('\n');
    runTool('fdisk', ['-b', String(sectorSize), theirs], keys);
    const table = read(loadEnds(theirs, sizeBytes), sectorSize);
    const mib = MIB / sectorSize;
    expect(extents(table)?.[0]).toEqual({ first: mib, count: 8 * mib });
    expect(extents(table)?.[1]?.first).toBe(9 * mib);
  });
});

describe('sgdisk and parted', () => {
  const SIZE = 64 * MIB;

  test.skipIf(!requireTool('sgdisk'))('find nothing wrong with a table of ours', () => {
    const path = save('sgdisk.img', drive(512, SIZE));
    const { status, output } = runTool('sgdisk', ['-v', path]);
    expect({ status, found: /No problems found/.test(output) }, output).toEqual({ status: 0, found: true });
    expect(runTool('sgdisk', ['-i', '3', path]).output).toMatch(/Partition name: 'D'/);
  });

  test.skipIf(!requireTool('sgdisk'))('leave tables that are read here, also after the drive became larger', () => {
    const path = save('made.img', new Sectors(SIZE, new Arena()));
    expect(runTool('sgdisk', ['-n', '1:4096:+4M', '-c', '1:Größe', '-n', '5:0:0', path]).status).toBe(0);
    const table = read(loadEnds(path, SIZE), 512);
    expect(table?.partitions.map(({ name }) => name)).toEqual(['Größe', '']);
    expect(extents(table)?.[0]).toEqual({ first: 4096, count: 8192 });
    truncateSync(path, 2 * SIZE);
    expect(read(loadEnds(path, 2 * SIZE), 512)).toEqual(table);
  });

  test.skipIf(!requireTool('parted'))('read what lies beyond 2 TiB', () => {
    const sizeBytes = 3 * TIB;
    const mib = MIB / 512;
    const extent = { first: (2.5 * TIB) / 512, count: 64 * mib };
    const far: NamedPartition[] = [{ type: 'fat32', name: 'far', extent }];
    const path = save('far.img', drive(512, sizeBytes, far));
    const { output } = runTool('parted', ['-m', '-s', path, 'unit', 's', 'print']);
    expect(output).toContain(`1:${extent.first}s:${extent.first + extent.count - 1}s:${extent.count}s:`);
    expect(output).not.toMatch(/Error|Warning/);
  });
});
