import { describe, expect, test } from 'vitest';
import { runNow } from '../../../engine/task.ts';
import { KIB, MIB } from '../../../engine/units.ts';
import type { FatVolume } from '../../../sim/fs/fat/volume.ts';
import type { FrozenFile } from '../../../sim/fs/file-system.ts';
import { pattern } from './trees.ts';
import { makeImage, makeUnalignedImage, mountNow } from './volumes.ts';

const SIZE = 50_000;

function make(clusterBytes: number, cacheBytes = 4 * MIB) {
  const image = makeImage({ kind: 'fat12', sizeBytes: 2 * MIB, clusterBytes });
  const mounted = mountNow(image, 512, { sizeBytes: cacheBytes, dirtyLimitBytes: cacheBytes / 4 });
  for (const name of ['A', 'B']) {
    const file = runNow(mounted.volume.create(`C:\\${name}`));
    runNow(file.write(0, pattern(SIZE, name.charCodeAt(0))));
    file.close();
  }
  return mounted;
}

function freeze(volume: FatVolume, ...paths: string[]): FrozenFile[] {
  return runNow(volume.freeze(paths));
}

function expectFrozen(frozen: FrozenFile, seed: number): void {
  const into = new Uint8Array(SIZE + 10);
  expect(runNow(frozen.read(0, into))).toBe(SIZE);
  expect(Buffer.compare(into.subarray(0, SIZE), pattern(SIZE, seed))).toBe(0);
}

/** Drops every page, by reading all of another file through a small cache. */
function overwrite(volume: FatVolume, path: string, seed: number): void {
  const file = runNow(volume.open(path));
  runNow(file.write(0, pattern(SIZE, seed)));
  file.close();
}

describe.each([512, 4 * KIB, 16 * KIB])('a frozen file, clusters of %d bytes', clusterBytes => {
  test('stays as it was when the file is written, in part and whole', () => {
    const { volume } = make(clusterBytes);
    const [frozen] = freeze(volume, 'C:\\A');
    const file = runNow(volume.open('C:\\A'));
    runNow(file.write(1000, pattern(10, 1)));
    expectFrozen(frozen!, 65);
    overwrite(volume, 'C:\\A', 2);
    overwrite(volume, 'C:\\A', 3);
    expectFrozen(frozen!, 65);
  });

  test('stays as it was when pages have to be read before they are overwritten whole', () => {
    const { volume, cache } = make(clusterBytes, 96 * KIB);
    const [frozen] = freeze(volume, 'C:\\A');
    for (let round = 0; round < 4; round++) overwrite(volume, 'C:\\B', round);
    const reads = cache.readsIssued;
    overwrite(volume, 'C:\\A', 2);
    expect(cache.readsIssued).toBeGreaterThan(reads);
    expectFrozen(frozen!, 65);
  });

  test('is one instant for several files', () => {
    const { volume } = make(clusterBytes);
    const [a, b] = freeze(volume, 'C:\\A', 'C:\\B');
    overwrite(volume, 'C:\\B', 9);
    overwrite(volume, 'C:\\A', 9);
    expectFrozen(a!, 65);
    expectFrozen(b!, 66);
  });

  test('keeps its clusters when the file is removed, and gives them back when the last reader is closed', () => {
    const { volume } = make(clusterBytes);
    const clusters = Math.ceil(SIZE / clusterBytes);
    const [first] = freeze(volume, 'C:\\A');
    const [second] = freeze(volume, 'C:\\A');
    runNow(volume.remove('C:\\A'));
    const free = volume.freeBytes();
    const other = runNow(volume.create('C:\\C'));
    runNow(other.write(0, pattern(free - clusterBytes, 1)));
    for (const frozen of [first!, second!]) expectFrozen(frozen, 65);
    const before = volume.freeBytes();
    first!.close();
    first!.close();
    expect(volume.freeBytes()).toBe(before);
    expectFrozen(second!, 65);
    second!.close();
    expect(volume.freeBytes()).toBe(before + clusters * clusterBytes);
  });

  test('keeps what a truncation gave up, and is not changed by what the file gets instead', () => {
    const { volume } = make(clusterBytes);
    const [frozen] = freeze(volume, 'C:\\A');
    const file = runNow(volume.open('C:\\A'));
    runNow(file.truncate(700));
    runNow(file.write(30_000, pattern(20_000, 4)));
    expectFrozen(frozen!, 65);
    runNow(file.truncate(0));
    overwrite(volume, 'C:\\A', 5);
    expectFrozen(frozen!, 65);
  });

  test('of a later instant is apart from one of an earlier one', () => {
    const { volume } = make(clusterBytes);
    const [first] = freeze(volume, 'C:\\A');
    overwrite(volume, 'C:\\A', 2);
    const [second] = freeze(volume, 'C:\\A');
    overwrite(volume, 'C:\\A', 3);
    expectFrozen(first!, 65);
    expectFrozen(second!, 2);
  });

  test('has the path and stamp that it had', () => {
    const image = makeImage({ kind: 'fat12', sizeBytes: 2 * MIB, clusterBytes });
    const clock = { seconds: 1_000_000_000 };
    const { volume } = mountNow(image, 512, {}, clock);
    const file = runNow(volume.create('C:\\A'));
    runNow(file.write(0, pattern(SIZE, 65)));
    const [frozen] = freeze(volume, 'C:\\A');
    clock.seconds += 100;
    runNow(volume.rename('C:\\A', 'C:\\B'));
    overwrite(volume, 'C:\\B', 1);
    expect(frozen).toMatchObject({ path: 'C:\\A', modified: 1_000_000_000, sizeBytes: SIZE });
    expect(frozen!.node.path).toBe('C:\\B');
    expectFrozen(frozen!, 65);
  });
});

test('a page behind the end of the file is not blanked when a frozen reader has more of it than the write covers', () => {
  // The cluster begins three sectors behind a page: file offsets 2560 to 6655 are one page, blocks end at 4096.
  const image = makeUnalignedImage({ kind: 'fat12', sizeBytes: 2 * MIB, clusterBytes: 8 * KIB });
  const { volume, cache } = mountNow(image);
  const file = runNow(volume.create('C:\\A'));
  runNow(file.write(0, pattern(8192, 65)));
  const [frozen] = freeze(volume, 'C:\\A');
  runNow(file.truncate(100));
  // From here on the first block is a copy, and its pages are not asked for.
  runNow(file.write(90, pattern(5, 1)));
  runNow(volume.sync());
  cache.dropAll();
  runNow(file.write(2600, pattern(100, 1)));
  const into = new Uint8Array(8192);
  expect(runNow(frozen!.read(0, into))).toBe(8192);
  expect(Buffer.compare(into, pattern(8192, 65))).toBe(0);
});

test('a block that lies elsewhere by now is neither read nor copied for a frozen reader', () => {
  const { volume, cache } = make(4 * KIB);
  const [frozen] = freeze(volume, 'C:\\A');
  const file = runNow(volume.open('C:\\A'));
  runNow(file.truncate(0));
  runNow(volume.sync());
  cache.dropAll();
  runNow(volume.open('C:\\A')).close();
  const reads = cache.readsIssued;
  runNow(file.write(0, pattern(45_056, 2)));
  expect(cache.readsIssued - reads).toBeLessThan(3);
  expectFrozen(frozen!, 65);
});

test('an open file that was removed is still read, until it is closed', () => {
  const { volume, cache } = make(512);
  const file = runNow(volume.open('C:\\A'));
  const free = volume.freeBytes();
  runNow(volume.remove('C:\\A'));
  runNow(volume.sync());
  cache.dropAll();
  overwrite(volume, 'C:\\B', 7);
  const filler = runNow(volume.create('C:\\C'));
  runNow(filler.write(0, pattern(volume.freeBytes() - 512, 1)));
  const into = new Uint8Array(SIZE);
  expect(runNow(file.read(0, into))).toBe(SIZE);
  expect(Buffer.compare(into, pattern(SIZE, 65))).toBe(0);
  expect(() => runNow(file.write(0, into))).toThrow(/: not found/);
  expect(() => runNow(file.truncate(0))).toThrow(/: not found/);
  filler.close();
  runNow(volume.remove('C:\\C'));
  file.close();
  expect(volume.freeBytes()).toBe(free + Math.ceil(SIZE / 512) * 512);
});
