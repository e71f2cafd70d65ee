/** What a backup disk refuses, with the reason, before it writes anything. */
import { beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../../engine/backup-disk/backup.ts';
import type { BackupDisk } from '../../../engine/backup-disk/backup-disk.ts';
import { findCatalogue } from '../../../engine/backup-disk/find-catalogue.ts';
import { viewGeneration } from '../../../engine/backup-disk/generation-view.ts';
import { deleteGeneration } from '../../../engine/backup-disk/generations.ts';
import { decodeHeader, encodeHeader } from '../../../engine/backup-disk/header.ts';
import { HEADER_BYTES, placesBehindImage } from '../../../engine/backup-disk/layout.ts';
import { initialiseBackupDisk, openBackupDisk } from '../../../engine/backup-disk/open.ts';
import { BackupDiskRefusal, type RefusalReason } from '../../../engine/backup-disk/refusal.ts';
import { Bitmap } from '../../../engine/bitmap.ts';
import { type Checksum, seal, setWord } from '../../../engine/checksum.ts';
import { runNow } from '../../../engine/task.ts';
import { makeHash } from '../../../host/modules.ts';
import { BenchDisk, expectSame, makePlaces, note, optionsFor, readAll, SMALL, Source } from './bench-disk.ts';
import { CrashDisk } from './crash-disk.ts';

let checksum: Checksum;
beforeAll(async () => {
  checksum = await makeHash();
});

function prepared(): { bench: BenchDisk; drive: CrashDisk } {
  const source = new Source(SMALL);
  source.write(0, 100, 7);
  const bench = new BenchDisk(SMALL, source, checksum);
  bench.backup();
  source.takeChanged();
  return { bench, drive: bench.places.image as CrashDisk };
}

/** The reason, and that nothing was written on the way. */
function expectRefused(drive: CrashDisk, reason: RefusalReason, task: () => void): BackupDiskRefusal {
  const { writes, flushes } = drive;
  let refusal: unknown = null;
  try {
    task();
  } catch (error) {
    refusal = error;
  }
  if (!(refusal instanceof BackupDiskRefusal)) throw refusal ?? new Error('it was not refused');
  expect(refusal.reason).toBe(reason);
  expect([drive.writes, drive.flushes]).toEqual([writes, flushes]);
  return refusal;
}

describe('a disk is not opened', () => {
  test('that carries no catalogue, empty or with content of others', () => {
    const places = makePlaces(SMALL);
    const drive = places.image as CrashDisk;
    expectRefused(drive, 'foreign', () => runNow(openBackupDisk(places, checksum)));
    for (let sector = 0; sector < drive.sectorCount; sector++)
      drive.overwrite(sector, new Uint8Array(512).fill(sector));
    expectRefused(drive, 'foreign', () => runNow(openBackupDisk(places, checksum)));
  });

  test('that is of another source, or of one with another size or other sectors', () => {
    const { bench, drive } = prepared();
    const { identity } = bench.source;
    const open = (more: object) => () => runNow(openBackupDisk(bench.places, checksum, { ...identity, ...more }));
    expectRefused(drive, 'other-source', open({ id: 'desktop' }));
    expectRefused(drive, 'source-size', open({ sectorCount: identity.sectorCount + 1 }));
    expectRefused(drive, 'sector-size', open({ sectorSize: 4096 }));
  });

  test('whose headers are of a newer version, damaged, or contradict one another', () => {
    const { bench, drive } = prepared();
    const { layout, header } = bench.disk;
    const places = [layout.headerSector(0), layout.headerSector(1)] as const;
    const before = drive.fork();
    const on = (change: (drive: CrashDisk) => void): CrashDisk => {
      const fork = before.fork();
      change(fork);
      return fork;
    };
    const open = (fork: CrashDisk) => () =>
      runNow(openBackupDisk(placesBehindImage(fork, SMALL.sourceSectors)!, checksum));
    const newer = on(fork => {
      for (const place of places) {
        const bytes = encodeHeader(header, place, checksum);
        setWord(bytes, 16, 2);
        seal(bytes, checksum);
        fork.overwrite(place, bytes);
      }
    });
    expectRefused(newer, 'newer-version', open(newer));
    const damaged = on(fork => {
      for (const place of places) fork.overwrite(place + 3, new Uint8Array(512).fill(1));
    });
    expectRefused(damaged, 'damaged', open(damaged));
    const conflict = on(fork => {
      fork.overwrite(places[0], encodeHeader({ ...header, samplePosition: 11 }, places[0], checksum));
    });
    expectRefused(conflict, 'conflict', open(conflict));
    const swapped = on(fork => {
      const [a, b] = places.map(place => fork.bytes(place, HEADER_BYTES / 512));
      fork.overwrite(places[0], b!);
      fork.overwrite(places[1], a!);
    });
    expectRefused(swapped, 'damaged', open(swapped));
    expect(decodeHeader(before.bytes(places[0], HEADER_BYTES / 512), places[0], checksum)).toEqual(header);
  });
});

describe('a disk is not initialised', () => {
  test('without room for image and catalogue, in other sectors, or with granules that are none', () => {
    const source = new Source(SMALL);
    const small = new CrashDisk('small', 512, SMALL.sourceSectors + 300);
    const places = placesBehindImage(small, SMALL.sourceSectors)!;
    const refusal = expectRefused(small, 'no-room', () =>
      runNow(initialiseBackupDisk(places, source.identity, checksum, 4096)),
    );
    expect(refusal.neededBytes).toBeGreaterThan(refusal.availableBytes!);
    expect(placesBehindImage(new CrashDisk('none', 512, 100), 100)).toBeNull();
    const drive = new CrashDisk('drive', 4096, 10_000);
    const on4k = placesBehindImage(drive, SMALL.sourceSectors)!;
    expectRefused(drive, 'sector-size', () => runNow(initialiseBackupDisk(on4k, source.identity, checksum)));
    const fine = makePlaces(SMALL);
    const init = (bytes: number) => () => runNow(initialiseBackupDisk(fine, source.identity, checksum, bytes));
    for (const bytes of [512, 5000, 2 ** 21]) expectRefused(fine.image as CrashDisk, 'granule', init(bytes));
    const long = { ...source.identity, id: 'x'.repeat(129) };
    expectRefused(fine.image as CrashDisk, 'text-too-long', () => runNow(initialiseBackupDisk(fine, long, checksum)));
  });
});

describe('a backup is not begun', () => {
  const cases: [string, RefusalReason, (bench: BenchDisk) => Parameters<typeof optionsFor>[2]][] = [
    ['onto its own source', 'source-is-target', bench => ({ source: bench.places.image })],
    ['onto the drive of its source', 'source-is-target', () => ({ sourceDevices: ['disk'] })],
    ['of another source', 'other-source', () => ({ sourceId: 'desktop' })],
    ['of a source that grew', 'source-size', () => ({ source: new CrashDisk('C:', 512, SMALL.sourceSectors + 1) })],
    ['of other sectors', 'sector-size', () => ({ source: new CrashDisk('C:', 4096, SMALL.sourceSectors) })],
    ['with a map of other granules', 'granule', () => ({ changed: new Bitmap(5) })],
    ['of a snapshot with a long id', 'text-too-long', () => ({ picture: { ...note(2), snapshot: 'é'.repeat(40) } })],
  ];
  test.each(cases)('%s', (_name, reason, more) => {
    const { bench, drive } = prepared();
    expectRefused(drive, reason, () => runNow(backup(bench.disk, optionsFor(bench.source, 2, more(bench)))));
    bench.check();
  });

  test('when its change is too large for the journal: it says what it takes, and nothing older went for it', () => {
    const source = new Source(SMALL);
    source.write(0, 100, 7);
    const bench = new BenchDisk({ ...SMALL, slots: 5 }, source, checksum);
    bench.backup();
    for (const value of [1, 2]) {
      source.write(0, 5, value);
      bench.backup();
    }
    const { header } = bench.disk;
    expect(header.generations.length).toBeGreaterThan(1);
    source.write(0, 120, 8);
    let refusal: unknown;
    try {
      bench.backup({ changed: source.takeChanged() });
    } catch (error) {
      refusal = error;
    }
    // 15 granules and their list.
    expect(refusal).toMatchObject({ reason: 'no-room', neededBytes: 16 * 4096 });
    expect(bench.disk.header.generations).toEqual(header.generations);
    bench.check();
    const report = bench.backup({ inPlace: true });
    expect(report).toMatchObject({ kind: 'in-place', incomplete: { fromMs: 5000, untilMs: 5000 } });
    expect(report.dropped).toEqual(header.generations.map(({ number }) => number));
    bench.check();
  });
});

describe('a record that was changed and sealed again', () => {
  test('of a list: what needs it is refused, all else is read', () => {
    const { bench, drive } = prepared();
    bench.source.write(20, 3, 9);
    bench.backup();
    const { layout, lists } = bench.disk;
    const place = layout.slotSector(lists.get(1)!.blocks[0]!.slot);
    const block = drive.bytes(place, 8);
    // The replaced granule as zeroes without data.
    setWord(block, 64 + 16, 0);
    setWord(block, 64 + 32, 2 ** 52);
    seal(block, checksum);
    drive.overwrite(place, block);
    bench.reopen();
    expect(() => readAll(bench.disk, 1)).toThrow(/list of generation 1 is damaged/);
    expectSame(readAll(bench.disk, 2), bench.pictures.get(2)!, 'the newest generation');
  });

  test('of both headers: a list that lies nowhere is a damaged one', () => {
    const { bench, drive } = prepared();
    bench.source.write(20, 3, 9);
    bench.backup();
    const { layout, header } = bench.disk;
    const [oldest, newest] = header.generations;
    const generations = [{ ...oldest!, list: { ...oldest!.list, lastSlot: 1_000_000 } }, newest!];
    for (const copy of [0, 1] as const) {
      const place = layout.headerSector(copy);
      drive.overwrite(place, encodeHeader({ ...header, generations }, place, checksum));
    }
    bench.reopen();
    expect(() => readAll(bench.disk, 1)).toThrow(/list of generation 1 is damaged/);
    expectSame(readAll(bench.disk, 2), bench.pictures.get(2)!, 'the newest generation');
  });
});

test('a table that is older than its header is not believed, and made anew', () => {
  const { bench, drive } = prepared();
  const { layout } = bench.disk;
  const [first, count] = [layout.tableSector(0), (layout.tableBlocks + layout.sealBlocks) * 8];
  const older = drive.bytes(first, count);
  bench.source.write(20, 3, 9);
  bench.backup();
  drive.overwrite(first, older);
  bench.reopen();
  expect(() => readAll(bench.disk)).toThrow(/its table of checksums is damaged/);
  expect(bench.backup()).toMatchObject({ way: 'bytes', dropped: [1, 2] });
  bench.check();
});

test('a drive that was cut short is refused', () => {
  const { bench, drive } = prepared();
  const short = new CrashDisk('disk', 512, drive.sectorCount - 8);
  short.overwrite(0, drive.bytes(0, short.sectorCount));
  const places = { image: short, catalogue: { device: short, extent: bench.places.catalogue.extent } };
  expectRefused(short, 'no-room', () => runNow(openBackupDisk(places, checksum)));
  expect(runNow(findCatalogue(short, checksum))).toBeNull();
});

test('the newest generation is not deleted, one that is not there neither', () => {
  const { bench, drive } = prepared();
  bench.backup();
  const remove = (number: number) => () => runNow(deleteGeneration(bench.disk, number));
  expectRefused(drive, 'newest', remove(2));
  expectRefused(drive, 'no-generation', remove(7));
  expectRefused(drive, 'no-generation', () => runNow(viewGeneration(bench.disk, 7)));
});

test('a disk without an image has nothing to read', () => {
  const source = new Source(SMALL);
  const { disk } = new BenchDisk(SMALL, source, checksum);
  expectRefused(disk.places.image as CrashDisk, 'no-image', () => runNow(viewGeneration(disk)));
});

test('two operations at once: the second is refused', () => {
  const { bench } = prepared();
  const refused: unknown[] = [];
  const beforeRead = function* (): Generator<never, void> {
    try {
      runNow(viewGeneration(bench.disk, 1));
    } catch (error) {
      refused.push(error);
    }
  };
  bench.backup({ beforeRead });
  expect(refused[0]).toMatchObject({ reason: 'busy' });
  bench.check();
});

describe('the catalogue is found on a disk of which nothing is known', () => {
  const extentOf = ({ places }: BackupDisk) => places.catalogue.extent;

  test('at its end, or by a search when that header is damaged', () => {
    const { bench, drive } = prepared();
    expect(runNow(findCatalogue(drive, checksum))).toEqual(extentOf(bench.disk));
    const { reads } = drive;
    drive.overwrite(bench.disk.layout.headerSector(1), new Uint8Array(4096));
    expect(runNow(findCatalogue(drive, checksum))).toEqual(extentOf(bench.disk));
    expect(drive.reads).toBeGreaterThan(reads + 1);
    // What a partition tool writes to the end of a drive hurts nothing.
    drive.overwrite(drive.sectorCount - 33, new Uint8Array(33 * 512).fill(5));
    bench.reopen();
    bench.check();
  });

  test('or not, when there is none', () => {
    expect(runNow(findCatalogue(new CrashDisk('blank', 512, 5000), checksum))).toBeNull();
    expect(runNow(findCatalogue(new CrashDisk('tiny', 512, 10), checksum))).toBeNull();
  });
});
