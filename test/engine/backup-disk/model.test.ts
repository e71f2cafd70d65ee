/**
 * Model: histories of backups of one source to two disks in turn, against plain arrays, one for each generation. A granule
 * that is not skipped is what the source held; a skipped one is zeroes.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { viewGeneration } from '../../../engine/backup-disk/generation-view.ts';
import { deleteGeneration, retireGenerations } from '../../../engine/backup-disk/generations.ts';
import { BackupDiskRefusal } from '../../../engine/backup-disk/refusal.ts';
import { verifyBackupDisk } from '../../../engine/backup-disk/verify.ts';
import { Bitmap } from '../../../engine/bitmap.ts';
import type { Checksum } from '../../../engine/checksum.ts';
import { runNow } from '../../../engine/task.ts';
import { makeHash } from '../../../host/modules.ts';
import { BenchDisk, expectSame, imageOf, readAll, type Shape, SMALL, Source } from './bench-disk.ts';

let checksum: Checksum;
beforeAll(async () => {
  checksum = await makeHash();
});

type Step =
  | { readonly do: 'write'; readonly first: number; readonly count: number; readonly value: number }
  | {
      readonly do: 'backup';
      readonly disk: 0 | 1;
      readonly isTracked: boolean;
      /** A granule is used when its bit is set; null: all are. */
      readonly used: number | null;
      readonly keep: number;
      readonly inPlace: boolean;
      readonly compareEverything: boolean;
    }
  | { readonly do: 'delete' | 'read'; readonly disk: 0 | 1; readonly which: number }
  | { readonly do: 'retire'; readonly disk: 0 | 1; readonly keep: number; readonly age: number | null }
  | { readonly do: 'reopen'; readonly disk: 0 | 1 };

const GRANULES = 17;
const disk = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      first: fc.nat(SMALL.sourceSectors - 1),
      count: fc.integer({ min: 1, max: 40 }),
      value: fc.nat(5),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('backup' as const),
      disk,
      isTracked: fc.boolean(),
      used: fc.option(fc.nat(2 ** GRANULES - 1)),
      keep: fc.integer({ min: 1, max: 6 }),
      inPlace: fc.boolean(),
      compareEverything: fc.integer({ min: 0, max: 4 }).map(value => value === 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'read' as const), disk, which: fc.nat(5) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('retire' as const),
      disk,
      keep: fc.integer({ min: 1, max: 6 }),
      age: fc.option(fc.nat(5000)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen' as const), disk }) },
);

interface Modelled {
  readonly bench: BenchDisk;
  /** What changed since its last backup. */
  changed: Bitmap;
  readonly skipped: boolean[];
}

class Model {
  readonly source: Source;
  readonly disks: readonly Modelled[];
  private readonly granuleBytes: number;
  generations = 0;
  refused = 0;
  inPlace = 0;
  dropped = 0;

  constructor(shape: Shape) {
    this.source = new Source(shape);
    this.granuleBytes = shape.granuleBytes;
    this.source.write(0, shape.sourceSectors - 30, 9);
    this.disks = ['left', 'right'].map(name => ({
      bench: new BenchDisk(shape, this.source, checksum, undefined, name),
      changed: new Bitmap(this.source.granuleCount),
      skipped: Array.from({ length: this.source.granuleCount }, () => false),
    }));
  }

  step(each: Step): void {
    if (each.do === 'write') this.write(each);
    else if (each.do === 'backup') this.backup(this.disks[each.disk]!, each);
    else if (each.do === 'reopen') this.disks[each.disk]!.bench.reopen();
    else if (each.do === 'retire') this.retire(this.disks[each.disk]!, each.keep, each.age);
    else if (each.do === 'delete') this.delete(this.disks[each.disk]!, each.which);
    else this.read(this.disks[each.disk]!, each.which);
  }

  private write({ first, count, value }: Extract<Step, { do: 'write' }>): void {
    this.source.write(first, count, value);
    const changed = this.source.takeChanged();
    for (const { changed: mine } of this.disks) mine.add(changed);
  }

  private backup(modelled: Modelled, each: Extract<Step, { do: 'backup' }>): void {
    const { bench, skipped, changed } = modelled;
    const used = this.usedMap(each.used);
    const before = bench.disk.newest;
    const held = before === null ? null : bench.pictures.get(before.number)!;
    try {
      const report = bench.backup({
        changed: each.isTracked ? changed : null,
        used,
        inPlace: each.inPlace,
        compareEverything: each.compareEverything,
        retention: { keep: each.keep, youngerThanMs: null },
        verify: true,
      });
      expect(report.damaged).toEqual([]);
      for (let granule = 0; granule < this.source.granuleCount; granule++) {
        const isChanged = report.way === 'changed' ? changed.get(granule) : !this.isEqual(held, granule);
        if (used === null || used.get(granule)) skipped[granule] = false;
        else if (report.way === 'all' || isChanged) skipped[granule] = true;
      }
      modelled.changed = new Bitmap(this.source.granuleCount);
      bench.pictures.set(report.generation, this.expected(skipped));
      if (report.kind === 'in-place') this.inPlace += 1;
      this.dropped += report.dropped.length;
      expect(bench.disk.generations.length).toBeLessThanOrEqual(Math.max(1, each.keep));
    } catch (error) {
      if (!(error instanceof BackupDiskRefusal) || error.reason !== 'no-room') throw error;
      expect(each.inPlace).toBe(false);
      expect(error.neededBytes).toBeGreaterThan(error.availableBytes!);
      expect(bench.disk.header.generations.at(-1)).toEqual(before);
      this.refused += 1;
    }
    this.check(bench);
  }

  /** Whether the source still holds what the image held; a skipped granule counts as it is. */
  private isEqual(held: Uint8Array | null, granule: number): boolean {
    if (held === null) return false;
    const [from, to] = [granule * this.granuleBytes, (granule + 1) * this.granuleBytes];
    return Buffer.compare(held.subarray(from, to), this.source.picture().subarray(from, to)) === 0;
  }

  private expected(skipped: readonly boolean[]): Uint8Array {
    const bytes = this.source.picture();
    for (const [granule, isSkipped] of skipped.entries()) {
      if (isSkipped) bytes.fill(0, granule * this.granuleBytes, (granule + 1) * this.granuleBytes);
    }
    return bytes;
  }

  private usedMap(bits: number | null): Bitmap | null {
    if (bits === null) return null;
    const used = new Bitmap(this.source.granuleCount);
    for (let granule = 0; granule < this.source.granuleCount; granule++) {
      if (Math.floor(bits / 2 ** (granule % GRANULES)) % 2 === 1) used.set(granule);
    }
    return used;
  }

  private delete({ bench }: Modelled, which: number): void {
    const generation = bench.disk.generations[which];
    if (generation === undefined) return;
    const isNewest = generation === bench.disk.newest;
    try {
      runNow(deleteGeneration(bench.disk, generation.number));
      expect(isNewest).toBe(false);
      expect(bench.disk.generations.includes(generation)).toBe(false);
    } catch (error) {
      if (!(error instanceof BackupDiskRefusal)) throw error;
      expect(error.reason).toBe(isNewest ? 'newest' : 'no-room');
    }
    this.check(bench);
  }

  private retire({ bench }: Modelled, keep: number, youngerThanMs: number | null): void {
    const { newest } = bench.disk;
    const nowMs = (newest?.picture.wallClockMs ?? 0) + 1;
    runNow(retireGenerations(bench.disk, { keep, youngerThanMs }, nowMs));
    expect(bench.disk.newest).toEqual(newest);
    expect(bench.disk.generations.length).toBeLessThanOrEqual(keep);
    for (const { picture, number } of bench.disk.generations) {
      if (youngerThanMs !== null && number !== newest?.number) {
        expect(picture.wallClockMs).toBeGreaterThan(nowMs - youngerThanMs);
      }
    }
    this.check(bench);
  }

  private read({ bench }: Modelled, which: number): void {
    const generation = bench.disk.generations[which];
    if (generation === undefined) return;
    const view = runNow(viewGeneration(bench.disk, generation.number));
    const first = which * 5;
    const count = Math.min(50, view.sectorCount - first);
    const wanted = bench.pictures.get(generation.number)!;
    const { sectorSize } = view;
    expectSame(
      runNow(view.read(first, count)),
      wanted.subarray(first * sectorSize, (first + count) * sectorSize),
      'a part',
    );
  }

  private check(bench: BenchDisk): void {
    const { disk } = bench;
    if (disk.newest === null) return;
    for (const { number } of disk.generations) {
      expectSame(readAll(disk, number), bench.pictures.get(number)!, `generation ${number}`);
      this.generations += 1;
    }
    expectSame(imageOf(disk), bench.pictures.get(disk.newest.number)!, 'the image');
    expect(runNow(verifyBackupDisk(disk)).damaged).toEqual([]);
  }
}

describe.each([
  ['512-byte sectors', { ...SMALL, slots: 7 }],
  ['a side file', { ...SMALL, slots: 7, isSideFile: true }],
  ['4096-byte sectors', { ...SMALL, sectorSize: 4096 as const, sourceSectors: 33, granuleBytes: 8192, slots: 4 }],
])('with %s', (_name, shape: Shape) => {
  /** What came up in so many histories. */
  function play(runs: { readonly numRuns: number; readonly seed?: number }) {
    const met = { generations: 0, refused: 0, inPlace: 0, dropped: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), steps => {
        const model = new Model(shape);
        for (const each of steps) model.step(each);
        for (const what of ['generations', 'refused', 'inPlace', 'dropped'] as const) met[what] += model[what];
      }),
      runs,
    );
    return met;
  }

  test('every generation reads as its array', () => {
    expect(play({ numRuns: 40 }).generations).toBeGreaterThan(100);
  });

  test('also where one has no room, goes without a journal, or makes room', () => {
    const { refused, inPlace, dropped } = play({ numRuns: 80, seed: 3 });
    expect(Math.min(refused, inPlace, dropped)).toBeGreaterThan(0);
  });
});

describe('a chain of 50 increments', () => {
  function chain(isUsedOnly: boolean): void {
    const shape: Shape = { ...SMALL, sourceSectors: 90 * 8 + 5, slots: 1200 };
    const source = new Source(shape);
    source.write(0, 600, 9);
    const bench = new BenchDisk(shape, source, checksum);
    const wanted: { readonly picture: Uint8Array; readonly used: Bitmap | null }[] = [];
    for (let round = 0; round <= 50; round++) {
      for (let write = 0; write < 5; write++) {
        source.write((round * 97 + write * 131) % shape.sourceSectors, 3 + ((round * write) % 20), (round + write) % 7);
      }
      const used = isUsedOnly ? new Bitmap(source.granuleCount) : null;
      for (let granule = 0; granule < source.granuleCount; granule++) {
        if (used !== null && (granule * 7 + Math.floor(round / 5)) % 3 !== 0) used.set(granule);
      }
      bench.backup({ changed: source.takeChanged(), used, retention: { keep: 60, youngerThanMs: null } });
      wanted.push({ picture: source.picture(), used });
    }
    expect(bench.disk.generations).toHaveLength(51);
    bench.reopen();
    for (const [index, { picture, used }] of wanted.entries()) {
      const found = readAll(bench.disk, index + 1);
      for (let granule = 0; granule < source.granuleCount; granule++) {
        if (used !== null && !used.get(granule)) continue;
        const [from, to] = [granule * shape.granuleBytes, (granule + 1) * shape.granuleBytes];
        expectSame(found.subarray(from, to), picture.subarray(from, to), `granule ${granule} of ${index + 1}`);
      }
    }
  }

  test('equals 50 full copies, byte for byte', () => chain(false));
  test('equals them over what is used', () => chain(true));
});
