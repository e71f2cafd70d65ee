/** Each kind of damage is found, and named. */
import { describe, expect, test } from 'vitest';
import { runNow } from '../../../../engine/task.ts';
import { MIB } from '../../../../engine/units.ts';
import { allocatedExtents, tableExtent } from '../../../../sim/fs/fat/allocated.ts';
import type { FatLayout } from '../../../../sim/fs/fat/layout.ts';
import { type ReadOnlyVolume, readVolume } from '../../../../sim/fs/fat/read-only.ts';
import { decodeEntry, encodeEntry } from '../../../../sim/fs/fat/table.ts';
import { differences, makeTree, pattern, readTree, SAMPLE } from '../trees.ts';
import { makeImage, mountNow, SMALL } from '../volumes.ts';

interface Disk {
  readonly image: Uint8Array;
  readonly layout: FatLayout;
}

function filled(kind: 'fat16' | 'fat32' = 'fat16'): Disk {
  const image = makeImage({ kind, sizeBytes: kind === 'fat16' ? 8 * MIB : 33 * MIB });
  const { volume } = mountNow(image);
  makeTree(volume, SAMPLE);
  runNow(volume.sync());
  return { image, layout: volume.layout };
}

function read(image: Uint8Array, sectorSize: 512 | 4096 = 512): ReadOnlyVolume {
  const sectors = (first: number, count: number) => image.slice(first * sectorSize, (first + count) * sectorSize);
  return readVolume(sectors, { letter: 'C', sectorSize, sectorCount: image.length / sectorSize });
}

function table({ image, layout }: Disk, copy: number): Uint8Array {
  const from = layout.fatStart + copy * layout.fatBytes;
  return image.subarray(from, from + layout.fatBytes);
}

/** Sets an entry in both copies. */
function link(disk: Disk, cluster: number, value: number): void {
  for (const copy of [0, 1]) encodeEntry(disk.layout.kind, table(disk, copy), cluster, value);
}

function next(disk: Disk, cluster: number): number {
  return decodeEntry(disk.layout.kind, table(disk, 0), cluster);
}

/** The first cluster of a file, and the offset of its entry in the image. */
function entryOf(disk: Disk, path: string): { first: number; offset: number } {
  const file = read(disk.image).find(`C:\\${path}`)!;
  const first = file.firstCluster;
  for (let offset = disk.layout.rootStart; offset < disk.image.length; offset += 32) {
    const at = disk.image.subarray(offset, offset + 32);
    if (at[11] !== 0x0f && at[11] !== 0 && at[26]! + at[27]! * 256 === first && at[0] !== 0x2e)
      return { first, offset };
  }
  throw new Error(`no entry of ${path}`);
}

const kinds = (volume: ReadOnlyVolume) =>
  volume.problems.map(({ kind, path }) => (path === undefined ? kind : `${kind} ${path}`));

describe('an image in order', () => {
  test.each(SMALL)(
    '$kind, sectors of $sectorSize: has no problems, and the files that the file system sees',
    making => {
      const image = makeImage(making);
      const { volume } = mountNow(image, making.sectorSize);
      makeTree(volume, SAMPLE);
      runNow(volume.sync());
      const seen = read(image, making.sectorSize);
      expect(seen.problems).toEqual([]);
      const tree = new Map(seen.files.map(f => [f.path.slice(3), f.isDirectory ? null : f.bytes()]));
      const upper = new Map(
        [...readTree(volume)].map(([path, bytes]) => [path.toUpperCase().replace('SS', 'ß'), bytes]),
      );
      expect(differences(upper, tree)).toEqual([]);
      expect(seen.find('c:\\folder\\IN IT.BIN')).toMatchObject({ name: 'in it.bin', sizeBytes: 12_345 });
      expect(seen.find('C:\\nothing')).toBeNull();
    },
  );

  test('gives where a file lies', () => {
    const disk = filled();
    const file = read(disk.image).find('C:\\two.dots.tar.gz')!;
    const bytes = file
      .extents()
      .flatMap(({ first, count }) => [...disk.image.subarray(first * 512, (first + count) * 512)]);
    expect(Buffer.compare(Uint8Array.from(bytes.slice(0, file.sizeBytes)), SAMPLE.get('two.dots.tar.gz')!)).toBe(0);
  });
});

describe('damage', () => {
  test('of the boot sector: it does not mount', () => {
    const { image } = filled();
    image[510] = 0;
    expect(read(image)).toMatchObject({ layout: null, files: [], problems: [{ kind: 'boot' }] });
  });

  test('two files with one cluster', () => {
    const disk = filled();
    const [one, two] = ['two.dots.tar.gz', 'Grüße aus Köln.txt'].map(path => entryOf(disk, path));
    link(disk, two!.first, next(disk, one!.first));
    expect(kinds(read(disk.image))).toEqual(
      expect.arrayContaining(['cross-link C:\\GRÜßE AUS KÖLN.TXT', 'lost-clusters', 'size C:\\GRÜßE AUS KÖLN.TXT']),
    );
  });

  test.each<[string, (disk: Disk, first: number) => void]>([
    ['leads to a free cluster', (disk, first) => link(disk, next(disk, first), 0)],
    ['leads to no cluster', (disk, first) => link(disk, first, disk.layout.clusterCount + 2)],
    ['leads to a bad cluster', (disk, first) => link(disk, first, 0xfff7)],
    ['goes round in a circle', (disk, first) => link(disk, next(disk, first), first)],
  ])('a chain that %s', (_, damage) => {
    const disk = filled();
    damage(disk, entryOf(disk, 'two.dots.tar.gz').first);
    const seen = read(disk.image);
    expect(kinds(seen)).toContain('bad-chain C:\\TWO.DOTS.TAR.GZ');
    if (seen.find('C:\\two.dots.tar.gz')!.chain.clusters.length < 100) {
      expect(() => seen.find('C:\\two.dots.tar.gz')!.bytes()).toThrow(/: damaged: /);
    }
  });

  test('a size that does not fit the chain, both ways', () => {
    for (const size of [0, 300_000]) {
      const disk = filled();
      const { offset } = entryOf(disk, 'two.dots.tar.gz');
      new DataView(disk.image.buffer).setUint32(offset + 28, size, true);
      expect(kinds(read(disk.image))).toEqual(['size C:\\TWO.DOTS.TAR.GZ']);
    }
  });

  test('copies of the table that differ', () => {
    const disk = filled();
    encodeEntry('fat16', table(disk, 1), 500, 77);
    expect(kinds(read(disk.image))).toEqual(['fat-copies']);
  });

  test('clusters that nobody has', () => {
    const disk = filled();
    link(disk, 900, 901);
    link(disk, 901, 0xffff);
    expect(read(disk.image).problems).toEqual([{ kind: 'lost-clusters', text: '2 clusters, the first is 900' }]);
  });

  test('a count of free clusters that is stale; one that says nothing is fine', () => {
    const disk = filled('fat32');
    const view = new DataView(disk.image.buffer);
    view.setUint32(512 + 488, view.getUint32(512 + 488, true) + 1, true);
    expect(kinds(read(disk.image))).toEqual(['free-count']);
    view.setUint32(512 + 488, 0xffffffff, true);
    expect(read(disk.image).problems).toEqual([]);
  });

  test('directories that can not be read, are in a circle, or do not begin as they should', () => {
    const none = filled();
    link(none, entryOf(none, 'Folder').first, 0);
    expect(kinds(read(none.image))).toContain('directory C:\\FOLDER');
    const circle = filled();
    const folder = entryOf(circle, 'Folder');
    const deeper = entryOf(circle, 'Folder\\DEEPER');
    circle.image[deeper.offset + 26] = folder.first % 256;
    circle.image[deeper.offset + 27] = Math.floor(folder.first / 256);
    expect(kinds(read(circle.image))).toContain('directory C:\\FOLDER\\DEEPER');
    const start = filled();
    const { first } = entryOf(start, 'Folder');
    start.image[start.layout.dataStart + (first - 2) * start.layout.clusterBytes] = 0xe5;
    expect(kinds(read(start.image))).toEqual(['directory C:\\FOLDER']);
  });

  test('a name that is there twice', () => {
    const disk = filled();
    const { offset } = entryOf(disk, 'ONE.DAT');
    const empty = offset - 32;
    disk.image.set(disk.image.subarray(offset, offset + 11), empty);
    expect(kinds(read(disk.image))).toContain('directory C:\\ONE.DAT');
  });
});

describe('allocated extents', () => {
  test.each(SMALL)('$kind, sectors of $sectorSize: hold all that is on the volume', making => {
    const sectorSize = making.sectorSize;
    const image = makeImage(making);
    const { volume } = mountNow(image, sectorSize);
    makeTree(volume, SAMPLE);
    makeTree(
      volume,
      new Map([
        ['gap', pattern(30_000, 1)],
        ['behind it', pattern(30_000, 2)],
      ]),
    );
    runNow(volume.remove('C:\\gap'));
    runNow(volume.sync());
    const { first, count } = tableExtent(volume.layout);
    const bytes = image.subarray(first * sectorSize, (first + count) * sectorSize);
    const extents = allocatedExtents(volume.layout, bytes);
    const copy = new Uint8Array(image.length);
    let end = -1;
    let copied = 0;
    for (const extent of extents) {
      expect(extent.first).toBeGreaterThan(end);
      end = extent.first + extent.count;
      copied += extent.count * sectorSize;
      copy.set(image.subarray(extent.first * sectorSize, end * sectorSize), extent.first * sectorSize);
    }
    expect(extents[0]!.first).toBe(0);
    expect(differences(readTree(volume), readTree(mountNow(copy, sectorSize).volume))).toEqual([]);
    expect(copied).toBe(
      volume.layout.dataStart + volume.layout.clusterCount * volume.layout.clusterBytes - volume.freeBytes(),
    );
  });

  test('leave out clusters that are marked as bad', () => {
    const disk = filled();
    const before = allocatedExtents(disk.layout, table(disk, 0));
    link(disk, 3000, 0xfff7);
    expect(allocatedExtents(disk.layout, table(disk, 0))).toEqual(before);
  });
});
