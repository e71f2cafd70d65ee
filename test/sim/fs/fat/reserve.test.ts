/** Files whose sectors are written past the page cache, and telling the drive what is free. */
import { describe, expect, test } from 'vitest';
import { runNow } from '../../../../engine/task.ts';
import { type Extent, KIB, MIB, SECOND } from '../../../../engine/units.ts';
import { CacheFileOnFat } from '../../../../sim/fs/fat/cache-file.ts';
import { mountFat } from '../../../../sim/fs/fat/mount.ts';
import { readVolume } from '../../../../sim/fs/fat/read-only.ts';
import type { FatVolume } from '../../../../sim/fs/fat/volume.ts';
import { PageCache } from '../../../../sim/fs/page-cache.ts';
import { HeldDevice } from '../ram-device.ts';
import { TestScheduler } from '../test-scheduler.ts';
import { differences, makeTree, pattern, readTree, SAMPLE } from '../trees.ts';
import { CACHE, makeImage, mountNow, START } from '../volumes.ts';

function sectorsIn(extents: readonly Extent[]): number {
  return extents.reduce((sum, { count }) => sum + count, 0);
}

function problems(image: Uint8Array): unknown[] {
  const sectors = (first: number, count: number) => image.slice(first * 512, (first + count) * 512);
  return [...readVolume(sectors, { letter: 'C', sectorSize: 512, sectorCount: image.length / 512 }).problems];
}

function overwrite(image: Uint8Array, extents: readonly Extent[], byte: number): void {
  for (const { first, count } of extents) image.fill(byte, first * 512, (first + count) * 512);
}

function holds(image: Uint8Array, extents: readonly Extent[], byte: number): boolean {
  return extents.every(({ first, count }) => image.subarray(first * 512, (first + count) * 512).every(b => b === byte));
}

describe.each([512, 2 * KIB, 8 * KIB])('a reserved file, clusters of %d bytes', clusterBytes => {
  test('is whole pages, which the page cache never writes', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: clusterBytes === 512 ? 8 * MIB : 40 * MIB, clusterBytes });
    const { volume, cache } = mountNow(image, 512, { sizeBytes: 512 * KIB, dirtyLimitBytes: 64 * KIB });
    makeTree(volume, SAMPLE);
    const extents = runNow(volume.reserve('C:\\OTM.CACHE', 300_000));
    for (const { first, count } of extents) expect([first % 8, count % 8]).toEqual([0, 0]);
    expect(sectorsIn(extents) * 512).toBeGreaterThanOrEqual(300_000);
    expect(runNow(volume.stat('C:\\OTM.CACHE'))?.sizeBytes).toBe(sectorsIn(extents) * 512);
    overwrite(image, extents, 0xaa);
    for (let round = 0; round < 4; round++) {
      makeTree(volume, new Map([[`file ${round}`, pattern(100_000, round)]]));
      runNow(volume.sync());
    }
    expect(holds(image, extents, 0xaa)).toBe(true);
    expect(problems(image)).toEqual([]);
    expect(cache.oracleLog.mismatchCount).toBe(0);
  });

  test('grows behind what it has, and is given back', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: clusterBytes === 512 ? 8 * MIB : 40 * MIB, clusterBytes });
    const { volume } = mountNow(image);
    const free = volume.freeBytes();
    const first = runNow(volume.reserve('C:\\OTM.CACHE', 100_000));
    const more = runNow(volume.reserve('C:\\OTM.CACHE', 200_000));
    expect(more[0]!.first).toBe(first[0]!.first);
    expect(sectorsIn(more)).toBeGreaterThan(sectorsIn(first));
    expect(runNow(volume.reserve('C:\\OTM.CACHE', 1))).toEqual(more);
    runNow(volume.remove('C:\\OTM.CACHE'));
    expect(volume.freeBytes()).toBe(free);
    makeTree(volume, SAMPLE);
    expect(differences(SAMPLE, readTree(volume))).toEqual([]);
  });
});

describe('a reserved file', () => {
  test('that an earlier boot has left grows behind what it has', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
    const extents = runNow(mountNow(image).volume.reserve('C:\\OTM.CACHE', 100_000));
    overwrite(image, extents, 0xaa);
    const { volume } = mountNow(image);
    expect(() => runNow(volume.reserve('C:\\OTM.CACHE', 200_000))).toThrow(/: in use: /);
    const more = runNow(volume.reserve('C:\\OTM.CACHE', 200_000, true));
    expect(more[0]!.first).toBe(extents[0]!.first);
    expect(sectorsIn(more)).toBeGreaterThan(sectorsIn(extents));
    expect(holds(image, extents, 0xaa)).toBe(true);
    const file = runNow(volume.open('C:\\OTM.CACHE'));
    expect(() => runNow(file.write(0, pattern(10, 1)))).toThrow(/: in use: /);
  });

  test('is durable, and gets no page that is still to be written', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
    const scheduler = new TestScheduler();
    const device = new HeldDevice(image);
    device.isHolding = false;
    const cache = new PageCache({ ...CACHE, owner: scheduler.owner });
    const cached = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: device.sectorCount });
    const volume = runNow(mountFat(cached, { now: () => START, ids: { next: 1 } }));
    makeTree(volume, new Map([['A', pattern(200_000, 1)]]));
    runNow(volume.remove('C:\\A'));
    const extents = runNow(volume.reserve('C:\\OTM.CACHE', 400_000));
    expect([...readTree(mountNow(image.slice()).volume).keys()]).toEqual(['OTM.CACHE']);
    overwrite(image, extents, 0xaa);
    scheduler.goTo(3 * SECOND);
    expect(holds(image, extents, 0xaa)).toBe(true);
  });

  test('is not written through the file system, and no file with data becomes one', () => {
    const { volume } = mountNow(makeImage({ kind: 'fat16', sizeBytes: 8 * MIB }));
    runNow(volume.reserve('C:\\OTM.CACHE', 10_000));
    const file = runNow(volume.open('C:\\OTM.CACHE'));
    expect(() => runNow(file.write(0, pattern(10, 1)))).toThrow(/: in use: /);
    expect(() => runNow(file.truncate(0))).toThrow(/: in use: /);
    makeTree(volume, new Map([['A', pattern(10, 1)]]));
    expect(() => runNow(volume.reserve('C:\\A', 10_000))).toThrow(/: in use: /);
  });

  test('is refused when there is no room in whole pages', () => {
    const { volume } = mountNow(makeImage({ kind: 'fat16', sizeBytes: 8 * MIB }));
    const free = volume.freeBytes();
    expect(() => runNow(volume.reserve('C:\\OTM.CACHE', free + 1))).toThrow(/: no space is left: /);
    expect(volume.freeBytes()).toBe(free);
  });
});

test("the engine's cache file grows by exactly what is asked for, and removes itself once", () => {
  const { volume } = mountNow(makeImage({ kind: 'fat16', sizeBytes: 8 * MIB }));
  const free = volume.freeBytes();
  const file = new CacheFileOnFat(
    function* () {
      return volume;
    },
    'C:\\OTM',
    'SNAP.CACHE',
  );
  const first = runNow(file.grow(100 * KIB + 512));
  const second = runNow(file.grow(50 * KIB));
  expect([sectorsIn(first), sectorsIn(second)]).toEqual([201, 100]);
  const all = [...first, ...second].flatMap(({ first: from, count }) =>
    Array.from({ length: count }, (_, at) => from + at),
  );
  expect(new Set(all).size).toBe(301);
  runNow(file.remove());
  runNow(file.remove());
  expect([runNow(volume.list('C:\\OTM')), free - volume.freeBytes()]).toEqual([[], volume.layout.clusterBytes]);
});

describe('trim', () => {
  const discarded = (device: { log: readonly string[] }) => device.log.filter(entry => entry.startsWith('discard'));

  test('tells of free clusters in whole pages, and of nothing else', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
    const { volume, device } = mountNow(image);
    makeTree(volume, new Map([...SAMPLE, ['gap', pattern(50_000, 1)], ['behind', pattern(5000, 2)]]));
    runNow(volume.sync());
    runNow(volume.remove('C:\\gap'));
    const free = volume.freeBytes();
    const bytes = runNow(volume.trim());
    expect(bytes).toBeLessThanOrEqual(free);
    expect(bytes).toBeGreaterThan(free - 12 * KIB);
    expect(discarded(device).length).toBeGreaterThan(1);
    const left: Map<string, Uint8Array | null> = new Map([...SAMPLE, ['behind', pattern(5000, 2)]]);
    expect(differences(left, readTree(mountNow(image).volume))).toEqual([]);
    expect(problems(image)).toEqual([]);
  });

  test('makes what was freed durable first', () => {
    const { volume, device } = mountNow(makeImage({ kind: 'fat16', sizeBytes: 8 * MIB }));
    makeTree(volume, SAMPLE);
    runNow(volume.sync());
    runNow(volume.remove('C:\\two.dots.tar.gz'));
    device.log.length = 0;
    runNow(volume.trim());
    const order = device.log.map(entry => entry.split(' ')[0]);
    expect(order.lastIndexOf('write')).toBeLessThan(order.indexOf('flush'));
    expect(order.indexOf('flush')).toBeLessThan(order.indexOf('discard'));
  });

  test('leaves out clusters that are used meanwhile, and runs once at a time', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
    const scheduler = new TestScheduler();
    const device = new HeldDevice(image);
    device.isHolding = false;
    const cache = new PageCache({ ...CACHE, owner: scheduler.owner });
    const cached = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: device.sectorCount });
    const volume: FatVolume = runNow(mountFat(cached, { now: () => START, ids: { next: 1 } }));
    device.isHolding = true;
    const trim = scheduler.spawn(volume.trim());
    expect(device.waiting.map(({ op }) => op)).toEqual(['flush']);
    expect(() => runNow(volume.trim())).toThrow(/: in use: /);
    device.isHolding = false;
    makeTree(volume, new Map([['A', pattern(3000, 1)]]));
    device.releaseAll();
    scheduler.run();
    expect(trim.end.isSettled).toBe(true);
    const start = volume.layout.dataStart / 512;
    expect(discarded(device)[0]).toBe(`discard ${start + 8}+8192`);
    runNow(volume.sync());
    expect(differences(new Map([['A', pattern(3000, 1)]]), readTree(mountNow(image).volume))).toEqual([]);
    expect(runNow(volume.trim())).toBeGreaterThan(0);
  });
});
