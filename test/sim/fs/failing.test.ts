/** Operations that fail, wherever that is, have changed nothing; and errors reach who has to know. */
import { describe, expect, test } from 'vitest';
import { runNow, type Task } from '../../../engine/task.ts';
import { KIB, MIB, SECOND } from '../../../engine/units.ts';
import { mountFat } from '../../../sim/fs/fat/mount.ts';
import type { FatVolume } from '../../../sim/fs/fat/volume.ts';
import { FsError } from '../../../sim/fs/file-system.ts';
import { PageCache } from '../../../sim/fs/page-cache.ts';
import { HeldDevice, RamDevice } from './ram-device.ts';
import { TestScheduler } from './test-scheduler.ts';
import { differences, makeTree, pattern, readTree, type Tree } from './trees.ts';
import { CACHE, makeImage, mountNow, mountOn, START, wholeOf } from './volumes.ts';

const TREE: Tree = new Map<string, Uint8Array | null>([
  ['Dir', null],
  ['Dir\\a.dat', pattern(9000, 1)],
  ['Dir\\Deep', null],
  ['Dir\\Deep\\b long name.dat', pattern(20_000, 2)],
  ['c.dat', pattern(100, 3)],
  ...Array.from({ length: 40 }, (_, n) => [`Dir\\file number ${n}`, pattern(10, n)] as [string, Uint8Array]),
]);

function filled(): Uint8Array {
  const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
  const { volume } = mountNow(image);
  makeTree(volume, TREE);
  runNow(volume.sync());
  return image;
}

const OPERATIONS: [string, (volume: FatVolume) => Task<unknown>][] = [
  ['create', volume => volume.create('C:\\Dir\\Deep\\a new file with a long name')],
  ['create in a directory that grows', volume => volume.create(`C:\\Dir\\${'n'.repeat(240)}`)],
  ['makeDirectory', volume => volume.makeDirectory('C:\\Dir\\Deep\\New')],
  ['rename', volume => volume.rename('C:\\Dir\\Deep\\b long name.dat', 'C:\\Dir\\another name.dat')],
  ['rename over another file', volume => volume.rename('C:\\Dir\\Deep\\b long name.dat', 'C:\\Dir\\a.dat')],
  ['rename of a directory', volume => volume.rename('C:\\Dir\\Deep', 'C:\\Moved')],
  ['remove', volume => volume.remove('C:\\Dir\\Deep\\b long name.dat')],
  ['setModified', volume => volume.setModified('C:\\Dir\\a.dat', START + 1000)],
  ['append', volume => withFile(volume, file => file.append(pattern(10_000, 5)))],
  ['write in the middle', volume => withFile(volume, file => file.write(5000, pattern(7000, 5)))],
  ['truncate', volume => withFile(volume, file => file.truncate(3000))],
];

function* withFile(volume: FatVolume, use: (file: Awaited<OpenedFile>) => Task<unknown>): Task<void> {
  const file = yield* volume.open('C:\\Dir\\Deep\\b long name.dat');
  yield* use(file);
  file.close();
}

type OpenedFile = ReturnType<FatVolume['open']> extends Task<infer F> ? F : never;

describe.each(OPERATIONS)('a read error in the middle of %s', (_, operate) => {
  test('leaves tree and bytes as they were, wherever it strikes; then it can be done', () => {
    const image = filled();
    for (let strike = 1; ; strike++) {
      expect(strike).toBeLessThan(100);
      const before = image.slice();
      const device = new RamDevice(image);
      const cache = new PageCache({ ...CACHE, sizeBytes: 256 * KIB });
      const volume = mountOn(cache, wholeOf(device), { seconds: START + 500 });
      cache.dropAll();
      let reads = 0;
      device.failing = ({ op }) => (op === 'read' && ++reads === strike ? 'read-error' : null);
      const failed = failure(operate(volume));
      device.failing = () => null;
      if (failed === null) break;
      expect(failed.failure).toBe('io');
      expect(failed.cause).toMatchObject({ failure: 'read-error' });
      expect(differences(TREE, readTree(volume))).toEqual([]);
      runNow(volume.sync());
      expect(Buffer.compare(image, before)).toBe(0);
      expect(failure(operate(mountNow(image.slice()).volume))).toBeNull();
    }
  });
});

function failure(task: Task<unknown>): FsError | null {
  try {
    runNow(task);
    return null;
  } catch (error) {
    if (error instanceof FsError) return error;
    throw error;
  }
}

describe('no space', () => {
  test('for all of a write: nothing of it is written', () => {
    const { volume } = mountNow(makeImage({ kind: 'fat12', sizeBytes: 256 * KIB }));
    const file = runNow(volume.create('C:\\A'));
    runNow(file.write(0, pattern(1000, 1)));
    const free = volume.freeBytes();
    expect(failure(file.write(500, new Uint8Array(free + 600)))?.failure).toBe('no-space');
    expect(failure(file.append(new Uint8Array(free + 600)))?.failure).toBe('no-space');
    expect(failure(file.truncate(free + 2000))?.failure).toBe('no-space');
    expect([file.sizeBytes, volume.freeBytes()]).toEqual([1000, free]);
    runNow(file.write(1000, new Uint8Array(free)));
    expect(volume.freeBytes()).toBe(0);
    expect(failure(volume.makeDirectory('C:\\Dir'))?.failure).toBe('no-space');
    runNow(volume.remove('C:\\A'));
    file.close();
    expect(volume.freeBytes()).toBe(free + 1024);
  });

  test('in a root directory of fixed size, and in one that can not grow', () => {
    const { volume } = mountNow(makeImage({ kind: 'fat12', sizeBytes: 256 * KIB }));
    runNow(volume.makeDirectory('C:\\D'));
    for (let number = 0; number < 511; number++) runNow(volume.create(`C:\\F${number}`)).close();
    expect(failure(volume.create('C:\\ONE_MORE'))?.failure).toBe('no-space');
    runNow(volume.rename('C:\\F0', 'C:\\RENAMED'));
    const filler = runNow(volume.open('C:\\F1'));
    runNow(filler.write(0, new Uint8Array(volume.freeBytes())));
    for (let number = 0; number < 14; number++) runNow(volume.create(`C:\\D\\F${number}`)).close();
    expect(failure(volume.create('C:\\D\\ONE_MORE'))?.failure).toBe('no-space');
  });

  test('behind 4 GiB', () => {
    const { volume } = mountNow(makeImage({ kind: 'fat12', sizeBytes: 256 * KIB }));
    const file = runNow(volume.create('C:\\A'));
    expect(failure(file.write(2 ** 32 - 1, new Uint8Array(1)))?.failure).toBe('no-space');
    expect(failure(file.truncate(2 ** 32))?.failure).toBe('no-space');
  });
});

test.each<[string, (volume: FatVolume) => Task<unknown>, string]>([
  ['open of nothing', v => v.open('C:\\nothing'), 'not-found'],
  ['open of a directory', v => v.open('C:\\Dir'), 'is-a-directory'],
  ['open through a file', v => v.open('C:\\c.dat\\x'), 'not-a-directory'],
  ['create of what is there', v => v.create('C:\\dir\\A.DAT'), 'exists'],
  ['create by the short name of what is there', v => v.create('C:\\Dir\\FILENU~1'), 'exists'],
  ['create of the root', v => v.create('C:\\'), 'exists'],
  ['create without a directory', v => v.create('C:\\Other\\x'), 'not-found'],
  ['makeDirectory over a file', v => v.makeDirectory('C:\\c.dat'), 'not-a-directory'],
  ['remove of nothing', v => v.remove('C:\\nothing'), 'not-found'],
  ['remove of a directory with files', v => v.remove('C:\\Dir'), 'not-empty'],
  ['remove of the root', v => v.remove('C:\\'), 'busy'],
  ['rename of nothing', v => v.rename('C:\\nothing', 'C:\\x'), 'not-found'],
  ['rename of the root', v => v.rename('C:\\', 'C:\\x'), 'busy'],
  ['rename over a directory', v => v.rename('C:\\c.dat', 'C:\\Dir'), 'exists'],
  ['rename of a directory over a file', v => v.rename('C:\\Dir\\Deep', 'C:\\c.dat'), 'exists'],
  ['rename into itself', v => v.rename('C:\\Dir', 'C:\\Dir\\Deep\\x'), 'bad-name'],
  ['list of a file', v => v.list('C:\\c.dat'), 'not-a-directory'],
  ['freeze of a directory', v => v.freeze(['C:\\c.dat', 'C:\\Dir']), 'is-a-directory'],
  ['freeze of nothing', v => v.freeze(['C:\\c.dat', 'C:\\x']), 'not-found'],
  ['setModified of nothing', v => v.setModified('C:\\x', START), 'not-found'],
])('%s is refused', (_, operate, expected) => {
  const { volume } = mountNow(filled());
  expect(failure(operate(volume))?.failure).toBe(expected);
  expect(differences(TREE, readTree(volume))).toEqual([]);
});

interface Timed {
  readonly scheduler: TestScheduler;
  readonly device: HeldDevice;
  readonly volume: FatVolume;
  readonly cache: PageCache;
}

function timed(image: Uint8Array, options: Partial<ConstructorParameters<typeof PageCache>[0]> = {}): Timed {
  const scheduler = new TestScheduler();
  const device = new HeldDevice(image);
  device.isHolding = false;
  const cache = new PageCache({ ...CACHE, owner: scheduler.owner, ...options });
  const cached = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: device.sectorCount });
  const volume = runNow(
    mountFat(cached, { now: () => START + Math.floor(scheduler.now() / SECOND), ids: { next: 1 } }),
  );
  return { scheduler, device, volume, cache };
}

describe('a write error', () => {
  test('is told once by the next fsync of every handle of each file with data in the page', () => {
    const { scheduler, device, volume } = timed(makeImage({ kind: 'fat16', sizeBytes: 8 * MIB }));
    // Clusters of 512 bytes: A and B share a page, C begins in the next one.
    const open = (path: string) => {
      const file = runNow(volume.create(path));
      runNow(file.write(0, pattern(path === 'C:\\B' ? 3072 : 1024, 1)));
      return file;
    };
    const [a, b, c] = ['C:\\A', 'C:\\B', 'C:\\C'].map(open);
    const other = runNow(volume.open('C:\\A'));
    runNow(volume.sync());
    runNow(a!.write(0, pattern(10, 2)));
    device.failing = ({ op, sector }) =>
      op === 'write' && sector >= volume.layout.dataStart / 512 ? 'write-error' : null;
    scheduler.goTo(1.5 * SECOND);
    device.failing = () => null;
    scheduler.goTo(4 * SECOND);
    for (const handle of [a!, b!, other]) {
      expect(failure(handle.fsync())?.cause).toMatchObject({ failure: 'write-error' });
      expect(failure(handle.fsync())).toBeNull();
    }
    expect(failure(c!.fsync())).toBeNull();
  });

  test('of the fsync itself is told by it, and the data stays to be written', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
    const { device, volume } = timed(image);
    const file = runNow(volume.create('C:\\A'));
    runNow(file.write(0, pattern(5000, 1)));
    device.failing = ({ op }) => (op === 'write' ? 'write-error' : null);
    expect(failure(file.fsync())?.failure).toBe('io');
    device.failing = () => null;
    expect(failure(file.fsync())).toBeNull();
    expect(differences(new Map([['A', pattern(5000, 1)]]), readTree(mountNow(image).volume))).toEqual([]);
  });

  test('of a flush is told by the fsync', () => {
    const { device, volume } = timed(makeImage({ kind: 'fat16', sizeBytes: 8 * MIB }));
    const file = runNow(volume.create('C:\\A'));
    device.failing = ({ op }) => (op === 'flush' ? 'flush-error' : null);
    expect(failure(file.fsync())?.cause).toMatchObject({ failure: 'flush-error' });
    expect(failure(volume.remove('C:\\A', { sync: true }))?.cause).toMatchObject({ failure: 'flush-error' });
    device.failing = () => null;
    expect(runNow(volume.list('C:\\'))).toEqual([]);
  });

  test('of a drive that is gone does not stop who writes elsewhere', () => {
    const { scheduler, device, volume, cache } = timed(makeImage({ kind: 'fat16', sizeBytes: 8 * MIB }), {
      sizeBytes: 256 * KIB,
      dirtyLimitBytes: 16 * KIB,
    });
    const other = new RamDevice(makeImage({ kind: 'fat12', sizeBytes: MIB }), 512, 'other');
    const healthy = mountOn(cache, wholeOf(other, 'D'), { seconds: START });
    const file = runNow(volume.create('C:\\A'));
    device.failing = () => 'gone';
    const writer = scheduler.spawn(file.write(0, new Uint8Array(400 * KIB)));
    scheduler.goTo(5 * SECOND);
    expect(writer.end.isSettled).toBe(true);
    expect((writer.end.error as FsError).failure).toBe('io');
    const second = scheduler.spawn(writeTo(healthy, 'D:\\B'));
    scheduler.goTo(10 * SECOND);
    expect(second.end.isSettled).toBe(true);
  });
});

function* writeTo(volume: FatVolume, path: string): Task<void> {
  const file = yield* volume.create(path);
  yield* file.write(0, new Uint8Array(1000));
  file.close();
}

test('what lies behind the end of a directory does not come into view when an entry is put there', () => {
  const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
  const { rootStart } = mountNow(image).volume.layout;
  image.set(new TextEncoder().encode('GHOST   DAT '), rootStart + 32);
  const { volume } = mountNow(image);
  expect(runNow(volume.list('C:\\'))).toEqual([]);
  runNow(volume.create('C:\\A')).close();
  expect(runNow(volume.list('C:\\')).map(({ name }) => name)).toEqual(['A']);
  runNow(volume.sync());
  expect(runNow(mountNow(image).volume.list('C:\\')).map(({ name }) => name)).toEqual(['A']);
});

test('an operation that no page cache of this size can hold says so', () => {
  const image = makeImage({ kind: 'fat16', sizeBytes: 33 * MIB });
  const { volume } = mountNow(image);
  const file = runNow(volume.create('C:\\A'));
  runNow(file.write(0, new Uint8Array(20 * MIB)));
  runNow(volume.sync());
  const small = mountNow(image, 512, { sizeBytes: 64 * KIB, dirtyLimitBytes: 64 * KIB }).volume;
  expect(failure(small.remove('C:\\A'))?.failure).toBe('no-memory');
});

test('a task that is cancelled at its wait leaves no page pinned', () => {
  const { scheduler, device, volume, cache } = timed(filled());
  cache.dropAll();
  device.isHolding = true;
  const process = scheduler.spawn(volume.open('C:\\Dir\\a.dat'));
  expect(device.waiting.length).toBeGreaterThan(0);
  process.cancel();
  device.releaseAll();
  scheduler.run();
  cache.dropAll();
  expect(cache.usedFrames).toBe(0);
});
