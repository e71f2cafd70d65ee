/** Stories of a backup disk in daily use: written to from outside, damaged, cancelled, large, used only in part. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BackupOptions, backup } from '../../../engine/backup-disk/backup.ts';
import { viewGeneration } from '../../../engine/backup-disk/generation-view.ts';
import { MOST_GENERATIONS } from '../../../engine/backup-disk/header.ts';
import { placesBehindImage } from '../../../engine/backup-disk/layout.ts';
import { initialiseBackupDisk, openBackupDisk } from '../../../engine/backup-disk/open.ts';
import { verifyBackupDisk } from '../../../engine/backup-disk/verify.ts';
import { Bitmap } from '../../../engine/bitmap.ts';
import type { Checksum } from '../../../engine/checksum.ts';
import { IoError, IoRequest } from '../../../engine/device.ts';
import { runNow } from '../../../engine/task.ts';
import { KIB, MIB } from '../../../engine/units.ts';
import { makeHash } from '../../../host/modules.ts';
import { Kernel } from '../../../sim/kernel/kernel.ts';
import { Choices } from '../../../sim/kernel/random.ts';
import {
  type BenchDisk,
  expectSame,
  makePlaces,
  optionsFor,
  preparedDisk,
  readAll,
  type Shape,
  SMALL,
  Source,
} from './bench-disk.ts';
import { CrashDisk, drawFrom } from './crash-disk.ts';
import { DelayedDevice } from './delayed-device.ts';

let checksum: Checksum;
beforeAll(async () => {
  checksum = await makeHash();
});

function prepared(shape: Shape = SMALL, rounds = 3): { bench: BenchDisk; drive: CrashDisk; source: Source } {
  const bench = preparedDisk(checksum, shape, rounds);
  return { bench, drive: bench.places.image as CrashDisk, source: bench.source };
}

describe('a disk that was written to since', () => {
  test('is found by its first granules, and the next backup compares everything', () => {
    const { bench, drive, source } = prepared();
    drive.overwrite(2, new Uint8Array(512).fill(1));
    drive.overwrite(90, new Uint8Array(512).fill(1));
    source.write(50, 2, 9);
    const report = bench.backup({ changed: source.takeChanged() });
    expect(report).toMatchObject({ way: 'bytes', because: 'the image was changed since the last backup' });
    expect(report.base?.mismatched).toEqual([0]);
    expect(report.granulesChanged).toBe(3);
    expectSame(readAll(bench.disk), source.picture(), 'the newest generation');
    expectSame(drive.bytes(0, SMALL.sourceSectors), source.picture(), 'the image');
    // What was overwritten is lost to the older ones; they say so, and give all the rest.
    const view = runNow(viewGeneration(bench.disk, 1));
    expect(() => runNow(view.read(0, 1))).toThrow(/granule 0 is damaged/);
    expectSame(runNow(view.read(8, 80)), bench.pictures.get(1)!.subarray(8 * 512, 88 * 512), 'the rest');
    expect(() => runNow(view.read(90, 1))).toThrow(IoError);
  });

  test('is found by the sample, which comes round', () => {
    const { bench, drive, source } = prepared();
    drive.overwrite(90, new Uint8Array(512).fill(1));
    const ways: string[] = [];
    const changed = new Bitmap(source.granuleCount);
    for (let round = 0; round < 9 && ways.at(-1) !== 'bytes'; round++) {
      ways.push(bench.backup({ changed, guards: [], sampleGranules: 2 }).way);
    }
    expect(ways.length).toBeGreaterThan(1);
    expect(ways.at(-1)).toBe('bytes');
    expectSame(drive.bytes(0, SMALL.sourceSectors), source.picture(), 'the image');
  });
});

describe('damage', () => {
  test('is told by verify with its place, newest and older generations', () => {
    const { bench, drive } = prepared();
    const { layout, lists } = bench.disk;
    // Sectors 10 to 21 were written in the first round, 20 to 31 in the second.
    expect(runNow(verifyBackupDisk(bench.disk))).toEqual({
      imageGranules: 17,
      savedGranules: 4,
      damages: 0,
      damaged: [],
    });
    const junk = new Uint8Array(512).fill(3);
    const saved = layout.slotSector(layout.slotCount - 1);
    drive.overwrite(saved, junk);
    drive.overwrite(101, junk);
    drive.overwrite(layout.headerSector(1) + 5, junk);
    const { damages, damaged } = runNow(verifyBackupDisk(bench.disk));
    expect(damages).toBe(3);
    expect(damaged).toMatchObject([
      { what: 'header', sector: layout.headerSector(1) },
      { what: 'image', generation: 3, granule: 12, device: 'disk', sector: 96 },
      { what: 'saved', generation: 1, sector: saved },
    ]);
    const listSlot = lists.get(2)!.blocks[0]!.slot;
    drive.overwrite(layout.slotSector(listSlot), junk);
    bench.reopen();
    const after = runNow(verifyBackupDisk(bench.disk));
    expect(after.damaged.map(({ what }) => what)).toContain('list');
    expect(() => readAll(bench.disk, 1)).toThrow(/list of generation 2 is damaged/);
    expect(() => readAll(bench.disk, 2)).toThrow(/list of generation 2 is damaged/);
  });

  test('of the table is put right by the next backup; other blocks and generations stay', () => {
    const shape: Shape = { ...SMALL, sourceSectors: 1200 * 8, slots: 1400 };
    const { bench, drive, source } = prepared(shape);
    const { layout } = bench.disk;
    drive.overwrite(layout.tableSector(1) + 7, new Uint8Array(512).fill(3));
    bench.reopen();
    const view = runNow(viewGeneration(bench.disk, 1));
    expectSame(runNow(view.read(0, 100)), bench.pictures.get(1)!.subarray(0, 51_200), 'the first block');
    expect(() => runNow(view.read(600 * 8, 1))).toThrow(IoError);
    source.write(300, 9, 5);
    expect(bench.backup({ changed: source.takeChanged() })).toMatchObject({ way: 'bytes' });
    expectSame(readAll(bench.disk), source.picture(), 'the newest generation');
    const older = runNow(viewGeneration(bench.disk, 1));
    expectSame(runNow(older.read(0, 100)), bench.pictures.get(1)!.subarray(0, 51_200), 'the first block');
    expect(runNow(verifyBackupDisk(bench.disk)).damages).toBe(0);
  });

  test('a sector that can not be read spoils its granule only', () => {
    const { bench, drive } = prepared();
    drive.failure = ({ op, sector, count }) =>
      op === 'read' && sector <= 20 && 20 < sector + count ? 'read-error' : null;
    const { damaged, damages } = runNow(verifyBackupDisk(bench.disk));
    expect(damages).toBe(1);
    expect(damaged).toMatchObject([{ what: 'image', granule: 2 }]);
  });

  test('what does not read back is told, and compared the next time', () => {
    const { bench, drive, source } = prepared();
    source.write(40, 3, 9);
    let isRotten = false;
    drive.failure = ({ op, sector }) => {
      if (op === 'write' && sector === 40) isRotten = true;
      else if (isRotten && op === 'flush') drive.overwrite(41, new Uint8Array(512).fill(1));
      return null;
    };
    expect(bench.backup({ changed: source.takeChanged(), verify: true }).damaged).toEqual([5]);
    drive.failure = () => null;
    bench.reopen();
    const changed = new Bitmap(source.granuleCount);
    expect(bench.backup({ changed })).toMatchObject({ way: 'bytes', because: 'an earlier backup found damage' });
    expectSame(readAll(bench.disk), source.picture(), 'the newest generation');
  });
});

describe('what is written', () => {
  test('is only what differs: a granule that was marked and is equal stays', () => {
    const { bench, drive, source } = prepared();
    source.write(20, 12, 2);
    const { sectorsWritten } = drive;
    const report = bench.backup({ changed: source.takeChanged() });
    expect(report).toMatchObject({ granulesRead: 2, granulesChanged: 0 });
    // Headers, their copies, and the seals of the table.
    expect(drive.sectorsWritten - sectorsWritten).toBeLessThan(5 * 2 * 72 + 9);
  });

  test('holes cost no data in the journal', () => {
    const { bench, drive, source } = prepared();
    source.write(0, SMALL.sourceSectors, 0);
    const before = bench.disk.slots.taken;
    const { sectorsWritten } = drive;
    bench.backup({ changed: source.takeChanged(), retention: { keep: 1, youngerThanMs: null } });
    expect(bench.disk.slots.taken).toBeLessThan(before);
    expect(drive.sectorsWritten - sectorsWritten).toBeLessThan(5 * 2 * 72 + SMALL.sourceSectors + 3 * 8 + 9);
    expect(drive.bytes(0, SMALL.sourceSectors).every(byte => byte === 0)).toBe(true);
  });

  test('skipped granules are zeroes until they are used', () => {
    const { bench, drive, source } = prepared();
    source.write(0, 24, 3);
    const used = new Bitmap(source.granuleCount);
    for (let granule = 0; granule < source.granuleCount; granule++) if (granule !== 1) used.set(granule);
    expect(bench.backup({ changed: source.takeChanged(), used })).toMatchObject({ granulesSkipped: 1 });
    expect(drive.bytes(8, 8).every(byte => byte === 0)).toBe(true);
    expectSame(drive.bytes(0, 8), source.picture().subarray(0, 8 * 512), 'the first granule');
    const nothing = new Bitmap(source.granuleCount);
    expect(bench.backup({ changed: nothing, used: null })).toMatchObject({ granulesRead: 1, granulesChanged: 1 });
    expectSame(drive.bytes(0, SMALL.sourceSectors), source.picture(), 'the image');
  });

  test('goes in requests of at most 1 MiB, a handful in flight', () => {
    const shape: Shape = { ...SMALL, sourceSectors: (12 * MIB) / 512, granuleBytes: 64 * KIB, slots: 450 };
    const kernel = new Kernel(new Choices(1));
    const source = new Source(shape);
    source.write(0, shape.sourceSectors, 7);
    const drive = new DelayedDevice(kernel, makePlaces(shape).image, () => 1000);
    const places = placesBehindImage(drive, shape.sourceSectors)!;
    const reads = new DelayedDevice(kernel, source.device, () => 1000);
    const owner = kernel.owner('test');
    const run = function* () {
      const disk = yield* initialiseBackupDisk(places, source.identity, checksum, shape.granuleBytes);
      yield* backup(disk, optionsFor(source, 1, { source: reads }));
      source.write(0, shape.sourceSectors, 8);
      yield* backup(disk, optionsFor(source, 2, { source: reads, changed: source.takeChanged() }));
      expectSame(yield* (yield* viewGeneration(disk)).read(0, shape.sourceSectors), source.picture(), 'the image');
    };
    const { end } = owner.spawn('backups', run());
    expect(kernel.settle()).toEqual([]);
    end.value;
    expect([drive.mostBytes, reads.mostBytes]).toEqual([MIB, MIB]);
    expect(reads.mostInFlight).toBe(4);
    expect(drive.mostInFlight).toBeGreaterThan(3);
    expect(drive.mostInFlight).toBeLessThanOrEqual(9);
  });
});

test('a backup that is cancelled anywhere leaves the disk as it was, or finished; nothing of it lands later', () => {
  let finished = 0;
  fc.assert(
    fc.property(fc.nat(300), fc.nat(1_000_000), (cancelAtUs, seed) => {
      const { bench, source } = prepared();
      const kernel = new Kernel(new Choices(1));
      const draw = drawFrom(seed);
      // Some requests are late by more than a whole backup.
      const drive = new DelayedDevice(kernel, bench.places.image, () =>
        draw(12) === 0 ? 2_000_000 : 1000 + draw(9000),
      );
      const owner = kernel.owner('test');
      const run = function* () {
        const disk = yield* openBackupDisk(
          { image: drive, catalogue: { ...bench.places.catalogue, device: drive } },
          checksum,
        );
        source.write(30, 40, 5);
        const changed = source.takeChanged();
        const middle = source.picture();
        const process = owner.spawn('backup', backup(disk, optionsFor(source, 4, { changed })));
        yield cancelAtUs * 1000;
        process.cancel();
        source.write(60, 20, 6);
        const all = source.takeChanged();
        all.add(changed);
        const report = yield* backup(disk, optionsFor(source, 5, { changed: all }));
        if (report.generation === 5) {
          finished += 1;
          bench.pictures.set(4, middle);
        }
        bench.pictures.set(report.generation, source.picture());
        for (const { number } of disk.generations) {
          const view = yield* viewGeneration(disk, number);
          expectSame(yield* view.read(0, view.sectorCount), bench.pictures.get(number)!, `generation ${number}`);
        }
      };
      const { end } = owner.spawn('story', run());
      expect(kernel.settle()).toEqual([]);
      end.value;
      bench.reopen();
      bench.check();
    }),
    { numRuns: 150 },
  );
  expect(finished).toBeGreaterThan(0);
});

test('more generations than the header holds: the oldest go', () => {
  const { bench, source } = prepared();
  const dropped: number[] = [];
  const changed = new Bitmap(source.granuleCount);
  for (let round = 4; round <= MOST_GENERATIONS + 3; round++) {
    dropped.push(...bench.backup({ changed, retention: { keep: 1000, youngerThanMs: null } }).dropped);
  }
  expect(dropped).toEqual([1, 2, 3]);
  expect(bench.disk.generations).toHaveLength(MOST_GENERATIONS);
  bench.reopen();
  bench.check();
});

test('a generation as a device: reads only, and only until the disk changes', () => {
  const { bench, source } = prepared();
  const kernel = new Kernel(new Choices(1));
  const owner = kernel.owner('test');
  const device = runNow(viewGeneration(bench.disk, 2)).device(owner);
  const ask = (op: 'read' | 'write' | 'flush', count: number) => {
    const data = op === 'flush' ? null : new Uint8Array(count * 512);
    const request = device.submit(new IoRequest(op, 0, count, data));
    kernel.settle();
    return request;
  };
  expectSame(ask('read', 100).data!, bench.pictures.get(2)!.subarray(0, 51_200), 'the device');
  expect(ask('write', 1).value?.failure).toBe('read-only');
  expect(ask('flush', 0).value).toBeNull();
  source.write(3, 3, 3);
  bench.backup();
  expect(ask('read', 1).value?.failure).toBe('snapshot-ended');
});

test('sectors beyond 2^32 are where they belong', () => {
  const sectorCount = 2 ** 32 + 4096;
  const source = new CrashDisk('C:', 512, sectorCount);
  const drive = new CrashDisk('disk', 512, sectorCount + 300_000);
  // A drive that forgets what is zeroed costs no memory.
  drive.sparse = true;
  const granuleSectors = MIB / 512;
  const granules = Math.ceil(sectorCount / granuleSectors);
  const far = 2 ** 32 + 100;
  const used = new Bitmap(granules);
  for (const sector of [0, 2 ** 31, far]) used.set(Math.floor(sector / granuleSectors));
  const write = (sector: number, value: number) => source.overwrite(sector, new Uint8Array(512).fill(value));
  write(5, 1);
  write(2 ** 31, 2);
  write(far, 3);
  const places = placesBehindImage(drive, sectorCount)!;
  const identity = { id: 'large', sectorCount, sectorSize: 512 as const };
  const disk = runNow(initialiseBackupDisk(places, identity, checksum, MIB));
  const options = (number: number, more: Partial<BackupOptions>): BackupOptions => ({
    ...optionsFor(new Source(SMALL), number, { used, ...more }),
    source,
    sourceId: 'large',
  });
  runNow(backup(disk, options(1, {})));
  write(far, 9);
  const changed = new Bitmap(granules);
  changed.set(Math.floor(far / granuleSectors));
  expect(runNow(backup(disk, options(2, { changed }))).granulesChanged).toBe(1);
  const again = runNow(openBackupDisk(places, checksum, identity));
  const byte = (generation: number, sector: number) =>
    runNow(runNow(viewGeneration(again, generation)).read(sector, 1))[0];
  expect([byte(1, far), byte(2, far), byte(1, 2 ** 31), byte(2, 2 ** 31), byte(2, 5), byte(1, 77)]).toEqual([
    3, 9, 2, 2, 1, 0,
  ]);
  expect(drive.bytes(far, 1)[0]).toBe(9);
});
