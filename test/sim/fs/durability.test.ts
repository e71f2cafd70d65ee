/** What an fsync writes and what not, the sync of directories, and the pages that a transaction still has in memory. */
import { describe, expect, test } from 'vitest';
import { runNow, type Task } from '../../../engine/task.ts';
import { KIB, MIB, SECOND } from '../../../engine/units.ts';
import { mountFat } from '../../../sim/fs/fat/mount.ts';
import type { FatVolume } from '../../../sim/fs/fat/volume.ts';
import type { ChangeSet } from '../../../sim/fs/file-system.ts';
import { PageCache } from '../../../sim/fs/page-cache.ts';
import { HeldDevice } from './ram-device.ts';
import { TestScheduler } from './test-scheduler.ts';
import { differences, pattern, readTree, type Tree } from './trees.ts';
import { CACHE, makeImage, mountNow, START } from './volumes.ts';

interface Bench {
  readonly image: Uint8Array;
  readonly scheduler: TestScheduler;
  readonly device: HeldDevice;
  readonly volume: FatVolume;
}

function bench(kind: 'fat12' | 'fat16' = 'fat16', dirtyLimitBytes: number = MIB): Bench {
  const image = makeImage({ kind, sizeBytes: kind === 'fat12' ? 2 * MIB : 8 * MIB });
  const scheduler = new TestScheduler();
  const device = new HeldDevice(image);
  device.isHolding = false;
  const cache = new PageCache({ ...CACHE, owner: scheduler.owner, dirtyLimitBytes });
  const cached = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: device.sectorCount });
  const now = () => START + Math.floor(scheduler.now() / SECOND);
  const volume = runNow(mountFat(cached, { now, ids: { next: 1 } }));
  return { image, scheduler, device, volume };
}

/** What is on the drive: as after a crash in this step. */
function onDrive({ image }: Bench): Tree {
  return readTree(mountNow(image.slice()).volume);
}

/** Pages that a task writes, as places of the layout, and whether a flush came last. */
function writesOf({ device, volume }: Bench, task: Task<unknown>): { pages: string[]; flushes: number; last: string } {
  device.log.length = 0;
  runNow(task);
  const { fatStart, fatBytes, rootStart, dataStart } = volume.layout;
  const place = (entry: string) => {
    const offset = Number(/ (\d+)/.exec(entry)![1]) * 512;
    if (offset < fatStart) return 'boot';
    if (offset < rootStart) return `fat ${Math.floor((offset - fatStart) / fatBytes)}`;
    return offset < dataStart ? 'root' : 'data';
  };
  const writes = device.log.filter(entry => entry.startsWith('write'));
  return {
    pages: writes.map(place).toSorted(),
    flushes: device.log.filter(entry => entry.startsWith('flush')).length,
    last: device.log.at(-1) ?? '',
  };
}

describe('fsync', () => {
  test('writes data, both tables and directory entries up to the root, then flushes', () => {
    const b = bench();
    runNow(b.volume.makeDirectory('C:\\Dir\\Deep'));
    const file = runNow(b.volume.create('C:\\Dir\\Deep\\A'));
    runNow(file.write(0, pattern(8192, 1)));
    const { pages, flushes, last } = writesOf(b, file.fsync());
    // The two directories, of one cluster each, are in one page with the first bytes of the file.
    expect(pages).toEqual(['data', 'data', 'data', 'fat 0', 'fat 1', 'root']);
    expect([flushes, last]).toEqual([1, 'flush 0+0']);
    expect(differences(readTree(b.volume), onDrive(b))).toEqual([]);
    expect(writesOf(b, file.fsync()).pages).toEqual([]);
  });

  test('leaves out what other files changed in pages of their own', () => {
    const b = bench();
    const [a, other] = ['C:\\A', 'C:\\B'].map(path => {
      const file = runNow(b.volume.create(path));
      runNow(file.write(0, pattern(8192, 1)));
      return file;
    });
    runNow(b.volume.sync());
    runNow(a!.write(0, pattern(10, 2)));
    runNow(other!.write(0, pattern(10, 2)));
    expect(writesOf(b, a!.fsync()).pages).toEqual(['data']);
    expect(writesOf(b, other!.fsync()).pages).toEqual(['data']);
  });

  test('includes a rename, on both sides of it', () => {
    const b = bench();
    runNow(b.volume.makeDirectory('C:\\One'));
    runNow(b.volume.makeDirectory('C:\\Two'));
    const file = runNow(b.volume.create('C:\\One\\A'));
    runNow(b.volume.sync());
    runNow(b.volume.rename('C:\\One\\A', 'C:\\Two\\B'));
    runNow(file.fsync());
    expect([...onDrive(b).keys()].toSorted()).toEqual(['One', 'Two', 'Two\\B']);
  });

  test('waits for a write that is in flight, and issues another one for what was changed since', () => {
    const b = bench();
    const file = runNow(b.volume.create('C:\\A'));
    runNow(file.write(0, pattern(100, 1)));
    runNow(b.volume.sync());
    runNow(file.write(0, pattern(100, 2)));
    b.device.isHolding = true;
    b.scheduler.goTo(SECOND);
    runNow(file.write(50, pattern(10, 3)));
    const sync = b.scheduler.spawn(file.fsync());
    for (const expected of ['write', 'write', 'flush']) {
      expect([sync.end.isSettled, b.device.waiting.map(({ op }) => op)]).toEqual([false, [expected]]);
      b.device.release();
      b.scheduler.run();
    }
    expect(sync.end.isSettled).toBe(true);
    expect(differences(readTree(b.volume), onDrive(b))).toEqual([]);
  });
});

describe('a directory', () => {
  test('is durable when remove with `sync` returns; without, it is not yet', () => {
    const b = bench();
    for (const name of ['A', 'B']) runNow(b.volume.create(`C:\\${name}`)).close();
    runNow(b.volume.sync());
    expect(writesOf(b, b.volume.remove('C:\\A')).pages).toEqual([]);
    expect([...onDrive(b).keys()]).toEqual(['A', 'B']);
    expect(writesOf(b, b.volume.remove('C:\\B', { sync: true }))).toEqual({
      pages: ['root'],
      flushes: 1,
      last: 'flush 0+0',
    });
    expect([...onDrive(b).keys()]).toEqual([]);
  });

  test('is durable when rename with `sync` returns', () => {
    const b = bench();
    runNow(b.volume.makeDirectory('C:\\Dir'));
    runNow(b.volume.create('C:\\Dir\\Journal name that is long')).close();
    runNow(b.volume.sync());
    runNow(b.volume.rename('C:\\Dir\\Journal name that is long', 'C:\\old', { sync: true }));
    expect([...onDrive(b).keys()].toSorted()).toEqual(['Dir', 'old']);
  });
});

class Counted implements ChangeSet {
  pages = 0;
  most = 0;
  pageDirtied(): void {
    this.pages += 1;
    this.most = Math.max(this.most, this.pages);
  }
  pageWritten(): void {
    this.pages -= 1;
  }
}

describe('a transaction', () => {
  test('counts its pages of data, tables and directory, until they are written', () => {
    const b = bench();
    const changes = new Counted();
    const file = runNow(b.volume.create('C:\\A', changes));
    expect(changes.pages).toBe(1);
    runNow(file.write(0, pattern(8192, 1), changes));
    // The root, two tables, two pages of data.
    expect(changes.pages).toBe(5);
    runNow(file.write(100, pattern(10, 1), changes));
    expect(changes.pages).toBe(5);
    b.scheduler.goTo(0.9 * SECOND);
    expect(changes.pages).toBe(5);
    b.scheduler.goTo(SECOND);
    expect(changes.pages).toBe(0);
  });

  test('does not count pages that others change', () => {
    const b = bench();
    const [mine, other] = [new Counted(), new Counted()];
    const file = runNow(b.volume.create('C:\\A'));
    runNow(file.write(0, pattern(8192, 1)));
    runNow(b.volume.sync());
    runNow(file.write(0, pattern(10, 1), mine));
    runNow(file.write(5000, pattern(10, 1), other));
    expect([mine.pages, other.pages]).toEqual([1, 1]);
    runNow(file.fsync());
    expect([mine.pages, other.pages]).toEqual([0, 0]);
  });

  test('of any operation ends with nothing in memory once all is written', () => {
    const b = bench();
    const changes = new Counted();
    runNow(b.volume.makeDirectory('C:\\Dir\\Deep', changes));
    const file = runNow(b.volume.create('C:\\Dir\\Deep\\A', changes));
    runNow(file.append(pattern(30_000, 1), changes));
    runNow(file.truncate(100, changes));
    runNow(b.volume.rename('C:\\Dir\\Deep\\A', 'C:\\B', { changes }));
    runNow(b.volume.remove('C:\\Dir\\Deep', { changes }));
    runNow(b.volume.sync());
    expect(changes.pages).toBe(0);
    expect(changes.most).toBeGreaterThan(5);
  });
});

describe('stamps', () => {
  test('are the wall clock at the operation, even seconds, whatever way it jumps', () => {
    const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
    const clock = { seconds: START + 1 };
    const { volume } = mountNow(image, 512, {}, clock);
    const told: string[] = [];
    const note = (text: string) => told.push(text);
    volume.observer = {
      created: node => note(`created ${node.path} ${node.modified - START}`),
      wrote: (_, offset, bytes) => note(`wrote ${offset}+${bytes.length}`),
      resized: (_, size) => note(`resized ${size}`),
      renamed: (node, from) => note(`renamed ${from} to ${node.path}`),
      removed: node => note(`removed ${node.path}`),
      stamped: (_, modified) => note(`stamped ${modified - START}`),
    };
    const file = runNow(volume.create('C:\\dir.txt'));
    clock.seconds += 2;
    runNow(file.write(0, pattern(10, 1)));
    runNow(file.write(2, pattern(3, 1)));
    clock.seconds += 10;
    runNow(file.write(2, pattern(3, 1)));
    clock.seconds -= 100;
    runNow(file.truncate(20));
    runNow(file.write(30, pattern(3, 1)));
    runNow(volume.setModified('C:\\DIR.TXT', START + 7));
    runNow(volume.rename('C:\\DIR.TXT', 'C:\\b'));
    runNow(volume.rename('C:\\b', 'C:\\B'));
    runNow(volume.remove('C:\\b'));
    expect(told).toEqual([
      'created C:\\DIR.TXT 0',
      'resized 10',
      'wrote 0+10',
      'stamped 2',
      'wrote 2+3',
      'wrote 2+3',
      'stamped 12',
      'resized 20',
      'stamped -88',
      'resized 33',
      'wrote 30+3',
      'stamped 6',
      'renamed C:\\DIR.TXT to C:\\B',
      'removed C:\\B',
    ]);
  });
});

test('a writer inside of a file waits at the dirty limit, too', () => {
  const b = bench('fat12', 8 * KIB);
  const file = runNow(b.volume.create('C:\\A'));
  runNow(file.write(0, pattern(16_384, 1)));
  runNow(b.volume.sync());
  b.device.isHolding = true;
  const writers = [0, 4096, 8192].map(at => b.scheduler.spawn(file.write(at, pattern(10, 2))));
  expect(writers.map(({ end }) => end.isSettled)).toEqual([true, true, false]);
  b.device.release();
  b.scheduler.run();
  expect(writers[2]!.end.isSettled).toBe(true);
});

describe.each([512, 2 * KIB, 16 * KIB])('a file that grows, clusters of %d bytes', clusterBytes => {
  test('reads nothing of the clusters that it gets', () => {
    const { volume, cache } = mountNow(
      makeImage({ kind: clusterBytes === 512 ? 'fat16' : 'fat12', sizeBytes: 8 * MIB, clusterBytes }),
    );
    const file = runNow(volume.create('C:\\A'));
    runNow(file.append(pattern(100, 1)));
    const reads = cache.readsIssued;
    for (let at = 0; at < 300; at++) runNow(file.append(pattern(700, at)));
    expect(cache.readsIssued).toBe(reads);
  });
});

describe('pieces', () => {
  test('of 64 KiB are operations of their own: who reads in between sees the first ones', () => {
    const b = bench();
    const told: number[] = [];
    const file = runNow(b.volume.create('C:\\A'));
    b.volume.observer = {
      created: () => undefined,
      wrote: (_, offset, bytes) => told.push(offset, bytes.length),
      resized: () => undefined,
      renamed: () => undefined,
      removed: () => undefined,
      stamped: () => undefined,
    };
    runNow(file.write(100_000, pattern(150_000, 1)));
    // The gap goes first: a whole piece of zeroes, then what is left of it with the first bytes.
    expect(told).toEqual([100_000, 31_072, 131_072, 65_536, 196_608, 53_392]);
    const into = new Uint8Array(250_001);
    expect(runNow(file.read(0, into))).toBe(250_000);
    expect(into.subarray(0, 100_000).every(byte => byte === 0)).toBe(true);
    expect(Buffer.compare(into.subarray(100_000, 250_000), pattern(150_000, 1))).toBe(0);
  });

  test('of an append follow the end as it is in their step', () => {
    const b = bench();
    const file = runNow(b.volume.create('C:\\A'));
    expect(runNow(file.append(pattern(10, 1)))).toBe(0);
    expect(runNow(file.append(pattern(100_000, 2)))).toBe(10);
    expect(runNow(file.append(new Uint8Array(0)))).toBe(100_010);
    expect(file.sizeBytes).toBe(100_010);
  });

  test('what was cut off reads as zeroes when the file grows again', () => {
    const b = bench();
    const file = runNow(b.volume.create('C:\\A'));
    runNow(file.write(0, pattern(3000, 1)));
    runNow(file.truncate(100));
    runNow(file.truncate(2000));
    const into = new Uint8Array(2000);
    runNow(file.read(0, into));
    expect(Buffer.compare(into.subarray(0, 100), pattern(3000, 1).subarray(0, 100))).toBe(0);
    expect(into.subarray(100).every(byte => byte === 0)).toBe(true);
  });
});

test('one page cache serves volumes of several drives, each with its own letter and ids from one count', () => {
  const scheduler = new TestScheduler();
  const cache = new PageCache({ ...CACHE, owner: scheduler.owner, sizeBytes: 512 * KIB, dirtyLimitBytes: 64 * KIB });
  const ids = { next: 1 };
  const volumes = ['C', 'D'].map(letter => {
    const device = new HeldDevice(makeImage({ kind: 'fat12', sizeBytes: 2 * MIB }), 512, letter);
    device.isHolding = false;
    const cached = cache.addVolume({ letter, device, firstSector: 0, sectorCount: device.sectorCount });
    return runNow(mountFat(cached, { now: () => START, ids }));
  });
  const files = volumes.map(volume => runNow(volume.create(`${volume.letter}:\\A`)));
  const tasks = files.map((file, at) => scheduler.spawn(file.write(0, pattern(900_000, at))));
  expect(tasks.every(task => task.end.isSettled)).toBe(true);
  expect(files.map(file => file.node.id)).toEqual([3, 4]);
  for (const [at, volume] of volumes.entries()) {
    expect(differences(new Map([['A', pattern(900_000, at)]]), readTree(volume))).toEqual([]);
  }
  expect(cache.oracleLog.mismatchCount).toBe(0);
  expect(cache.oracleLog.comparisons).toBeGreaterThan(100);
});
