import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runNow } from '../../../../engine/task.ts';
import { MIB } from '../../../../engine/units.ts';
import { FreeClusters } from '../../../../sim/fs/fat/free-clusters.ts';
import { type FatKind, fatBytesFor } from '../../../../sim/fs/fat/layout.ts';
import { decodeEntry, END, encodeEntry, isEnd } from '../../../../sim/fs/fat/table.ts';
import { makeImage, mountNow } from '../volumes.ts';

const KINDS: readonly FatKind[] = ['fat12', 'fat16', 'fat32'];

describe.each(KINDS)('a table of %s', kind => {
  test('property: holds what was put, each entry apart from its neighbours', () => {
    const count = 50;
    const puts = fc.array(fc.tuple(fc.integer({ min: 0, max: count + 1 }), fc.integer({ min: 0, max: END[kind] })));
    fc.assert(
      fc.property(puts, entries => {
        const bytes = new Uint8Array(fatBytesFor(kind, count));
        const model = new Array<number>(count + 2).fill(0);
        for (const [cluster, value] of entries) {
          encodeEntry(kind, bytes, cluster, value);
          model[cluster] = value;
        }
        expect(model.map((_, cluster) => decodeEntry(kind, bytes, cluster))).toEqual(model);
      }),
    );
  });

  test('ends a chain with any mark above that of a bad cluster', () => {
    expect([isEnd(kind, END[kind]), isEnd(kind, END[kind] - 7), isEnd(kind, END[kind] - 8)]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

test('the upper four bits of an entry of FAT32 are kept', () => {
  const bytes = new Uint8Array(16).fill(0xff);
  encodeEntry('fat32', bytes, 2, 3);
  expect([...bytes.subarray(8, 12)]).toEqual([3, 0, 0, 0xf0]);
  expect(decodeEntry('fat32', bytes, 2)).toBe(3);
});

describe('free clusters', () => {
  const withFree = (count: number, ...clusters: number[]) => {
    const free = new FreeClusters(count);
    for (const cluster of clusters) free.setFree(cluster);
    return free;
  };

  test('property: are found once each, from the place that was asked for around the end', () => {
    const sets = fc.uniqueArray(fc.integer({ min: 2, max: 161 }), { minLength: 1, maxLength: 160 });
    fc.assert(
      fc.property(sets, fc.integer({ min: 0, max: 161 }), fc.nat(), (clusters, after, seed) => {
        const free = withFree(160, ...clusters);
        const count = 1 + (seed % clusters.length);
        const chosen: number[] = [];
        expect(free.choose(count, after, chosen)).toBe(true);
        const from = after === 0 ? 2 : after + 1;
        const order = clusters.toSorted((a, b) => a - b);
        const around = [...order.filter(c => c >= from), ...order.filter(c => c < from)];
        expect(chosen).toEqual(around.slice(0, count));
        expect(free.choose(clusters.length - count + 1, after, chosen)).toBe(false);
      }),
    );
  });

  test('property: a run of them is each of them', () => {
    const cluster = fc.integer({ min: 2, max: 300 });
    fc.assert(
      fc.property(cluster, cluster, fc.array(cluster), (first, end, before) => {
        const [run, single] = [withFree(300, ...before), withFree(300, ...before)];
        run.setFreeRun(first, end);
        for (let one = first; one < end; one++) single.setFree(one);
        const state = (free: FreeClusters) => [
          free.freeCount,
          ...Array.from({ length: 302 }, (_, at) => free.isAvailable(at)),
        ];
        expect(state(run)).toEqual(state(single));
      }),
    );
  });

  test('are chosen apart from those that the operation has already', () => {
    const free = withFree(10, 3, 4, 5);
    const chosen: number[] = [];
    expect([free.choose(1, 3, chosen), free.choose(2, 0, chosen), chosen]).toEqual([true, true, [4, 3, 5]]);
    expect(free.choose(1, 0, chosen)).toBe(false);
  });

  test('that are held are free in the table, and nobody gets them', () => {
    const free = withFree(4, 2);
    free.hold(3);
    expect([free.freeCount, free.availableCount, free.isAvailable(3)]).toEqual([2, 1, false]);
    expect(free.choose(2, 0, [])).toBe(false);
    free.letGo(3);
    expect([free.freeCount, free.availableCount, free.isAvailable(3)]).toEqual([2, 2, true]);
  });

  test('given up twice by chains that were crossed count once', () => {
    const free = withFree(4);
    free.setFree(3);
    free.setFree(3);
    free.hold(3);
    free.hold(4);
    free.hold(4);
    free.setFree(4);
    expect([free.freeCount, free.availableCount]).toEqual([2, 1]);
  });

  test('in groups: in a row where there is one, else the first ones, none across a boundary', () => {
    const free = withFree(16, 3, 4, 5, 6, 7, 10, 11, 12, 13);
    expect(free.chooseAligned(2, 2, () => true)).toEqual([4, 6]);
    expect(free.chooseAligned(3, 2, () => true)).toEqual([4, 6, 10]);
    expect(free.chooseAligned(2, 2, first => first !== 6)).toEqual([10, 12]);
    expect(free.chooseAligned(5, 2, () => true)).toBeNull();
  });

  test('while it is trimmed, a cluster that was used meanwhile is no longer unused', () => {
    const free = withFree(8, 2, 3);
    expect([free.beginTrim(), free.beginTrim()]).toEqual([true, false]);
    free.setUsed(3);
    free.setFree(3);
    free.setFree(4);
    expect([2, 3, 4].map(cluster => free.isUnused(cluster))).toEqual([true, false, false]);
    free.endTrim();
    expect(free.isUnused(2)).toBe(false);
  });
});

describe('a cached chain', () => {
  test('rests on every page of the table that says where it goes, and dies with any of them', () => {
    const { volume, cache } = mountNow(makeImage({ kind: 'fat16', sizeBytes: 8 * MIB }));
    const file = runNow(volume.create('C:\\A'));
    runNow(file.write(0, new Uint8Array(100)));
    const other = runNow(volume.create('C:\\B'));
    // Clusters of 512 bytes: a page of the table tells of 1 MiB.
    runNow(other.write(0, new Uint8Array(3 * MIB)));
    runNow(file.append(new Uint8Array(100_000)));
    const { chain } = file.node;
    const { layout } = volume;
    const pages = [chain!.at(0), chain!.last].map(cluster => Math.floor((layout.fatStart + cluster * 2) / 4096));
    expect(pages[1]).toBeGreaterThan(pages[0]!);
    for (const page of pages) expect(cache.volumes[0]!.find(page)!.derived!.has(chain!)).toBe(true);
    runNow(volume.sync());
    cache.dropAll();
    expect(file.node.chain).toBeNull();
    const into = new Uint8Array(200_000);
    expect(runNow(file.read(0, into))).toBe(100_100);
  });
});

describe('the index of a directory', () => {
  test('rests on the pages that the directory grew by, too', () => {
    const { volume, cache } = mountNow(makeImage({ kind: 'fat16', sizeBytes: 8 * MIB }));
    runNow(volume.makeDirectory('C:\\Dir'));
    const files = Array.from({ length: 300 }, (_, at) => runNow(volume.create(`C:\\Dir\\F${at}`)));
    const directory = files[0]!.node.parent!;
    const { layout } = volume;
    const place = layout.dataStart + (directory.chain!.last - 2) * layout.clusterBytes;
    const page = cache.volumes[0]!.find(Math.floor(place / 4096))!;
    expect(page.derived!.has(directory.index!)).toBe(true);
    runNow(volume.sync());
    cache.dropAll();
    expect(directory.index).toBeNull();
    expect(runNow(volume.list('C:\\Dir')).length).toBe(300);
  });
});

describe.each<[FatKind, number]>([
  ['fat12', 2 * MIB],
  ['fat16', 30 * MIB],
  ['fat32', 34 * MIB],
])('the clusters of %s', (kind, sizeBytes) => {
  test('are counted in pieces of the table, however little memory there is', () => {
    const image = makeImage({ kind, sizeBytes, clusterBytes: 512 });
    const { volume } = mountNow(image);
    const file = runNow(volume.create('C:\\A'));
    // Up to cluster 2,730: the next entry of 12 bits is the first one of the second page.
    runNow(file.write(0, new Uint8Array(2729 * 512)));
    runNow(volume.sync());
    for (const pages of [8, 16, 48, 1024]) {
      const sizes = { sizeBytes: pages * 4096, dirtyLimitBytes: 4096 };
      expect(mountNow(image, 512, sizes).volume.freeBytes()).toBe(volume.freeBytes());
    }
  });
});
