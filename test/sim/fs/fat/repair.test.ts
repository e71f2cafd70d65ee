/**
 * Volumes after crashes and after damage are put in order: `check` finds nothing any more, the file system works on, what
 * an fsync had made durable is still there, and what is in order is not touched.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runNow } from '../../../../engine/task.ts';
import { KIB, MIB } from '../../../../engine/units.ts';
import { FIRST_CLUSTER, put32 } from '../../../../sim/fs/fat/layout.ts';
import { mountFat } from '../../../../sim/fs/fat/mount.ts';
import { readVolume } from '../../../../sim/fs/fat/read-only.ts';
import { repairWrites } from '../../../../sim/fs/fat/repair.ts';
import { encodeEntry } from '../../../../sim/fs/fat/table.ts';
import { PageCache } from '../../../../sim/fs/page-cache.ts';
import { Model } from '../model.ts';
import { Applications, PRELUDE, step } from '../operations.ts';
import { HeldDevice } from '../ram-device.ts';
import { TestScheduler } from '../test-scheduler.ts';
import { cut, type Turn, takeTurns, turn } from '../turns.ts';
import { CACHE, type Making, makeImage, mountNow, START } from '../volumes.ts';

const DISKS: readonly Making[] = [
  { kind: 'fat12', sectorSize: 512, sizeBytes: 1 * MIB, clusterBytes: 512 },
  { kind: 'fat16', sectorSize: 4096, sizeBytes: 17 * MIB },
  { kind: 'fat32', sectorSize: 512, sizeBytes: 33 * MIB },
];

function volumeOf(image: Uint8Array, sectorSize: 512 | 4096) {
  const read = (first: number, count: number) => image.slice(first * sectorSize, (first + count) * sectorSize);
  const place = { letter: 'C', sectorSize, sectorCount: image.length / sectorSize };
  return { read, place };
}

/** Says how many sectors were written. */
function repair(image: Uint8Array, sectorSize: 512 | 4096): number {
  const { read, place } = volumeOf(image, sectorSize);
  const writes = repairWrites(read, place);
  for (const { offset, bytes } of writes) image.set(bytes, offset);
  return writes.length;
}

function problemsOf(image: Uint8Array, sectorSize: 512 | 4096): string[] {
  const { read, place } = volumeOf(image, sectorSize);
  return readVolume(read, place).problems.map(({ kind, path, text }) => `${kind} ${path}: ${text}`);
}

/** Works on a volume and ends in the middle: of each write in flight some first sectors are on the drive. */
function crash(image: Uint8Array, sectorSize: 512 | 4096, turns: readonly Turn[], survives: readonly number[]): Model {
  const scheduler = new TestScheduler();
  const device = new HeldDevice(image, sectorSize);
  device.isHolding = false;
  const cache = new PageCache({ ...CACHE, owner: scheduler.owner, sizeBytes: 256 * KIB, dirtyLimitBytes: 96 * KIB });
  const cached = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: device.sectorCount });
  const volume = runNow(mountFat(cached, { now: () => START, ids: { next: 1 } }));
  const applications = takeTurns(volume, turns, scheduler, device);
  cut(device, survives);
  return applications.model;
}

describe.each(DISKS)('$kind, sectors of $sectorSize', disk => {
  const { sectorSize = 512 } = disk;
  const turns = fc.array(turn, { minLength: 60, maxLength: 200, size: 'max' });
  const numRuns = disk.kind === 'fat32' ? 10 : 40;

  test('property: after a crash nothing is out of order, and what was durable is there', () => {
    fc.assert(
      fc.property(turns, fc.array(fc.nat(8), { minLength: 1, maxLength: 20 }), (before, survives) => {
        const image = makeImage(disk);
        const { durable } = crash(image, sectorSize, before, survives);
        repair(image, sectorSize);
        expect(problemsOf(image, sectorSize)).toEqual([]);
        expect(repair(image, sectorSize)).toBe(0);
        const { volume } = mountNow(image, sectorSize);
        for (const { path, bytes } of durable.values()) {
          const file = runNow(volume.open(path));
          const got = new Uint8Array(file.sizeBytes);
          runNow(file.read(0, got));
          expect(Buffer.compare(got, bytes!), path).toBe(0);
          file.close();
        }
      }),
      { numRuns },
    );
  });

  test('property: whatever is damaged is put in order, and the file system works on', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(damage, fc.array(step, { maxLength: 30 }), (bytes, steps) => {
        const image = makeImage(disk);
        const { volume } = mountNow(image, sectorSize);
        const made = new Applications(volume, new Model());
        volume.observer = made.model;
        for (const s of PRELUDE) runNow(made.run(s));
        runNow(volume.sync());
        const reach = volume.layout.dataStart + 16 * KIB - sectorSize;
        for (const [at, value] of bytes) image[sectorSize + (at % reach)] = value;
        repair(image, sectorSize);
        expect(problemsOf(image, sectorSize)).toEqual([]);
        const after = mountNow(image, sectorSize);
        const applications = new Applications(after.volume, new Model());
        for (const s of steps) if (s.op === 'create' || s.op === 'makeDirectory') runNow(applications.run(s));
        runNow(after.volume.sync());
        expect(problemsOf(image, sectorSize)).toEqual([]);
      }),
      { numRuns },
    );
  });
});

describe('one thing out of order', () => {
  const SECTOR = 512;
  /** Two files of three clusters each in a folder; written, synced. */
  function filled() {
    const image = makeImage({ kind: 'fat16', sizeBytes: 8 * MIB });
    const { volume } = mountNow(image);
    runNow(volume.makeDirectory('C:\\D'));
    for (const path of ['C:\\D\\A', 'C:\\D\\B']) {
      const file = runNow(volume.create(path));
      runNow(file.append(new Uint8Array(3 * volume.layout.clusterBytes).fill(path.charCodeAt(5))));
      file.close();
    }
    runNow(volume.sync());
    return { image, layout: volume.layout };
  }

  function chainOf(image: Uint8Array, path: string): readonly number[] {
    const { read, place } = volumeOf(image, SECTOR);
    return readVolume(read, place).find(path)?.chain.clusters ?? [];
  }

  function set(image: Uint8Array, layout: ReturnType<typeof filled>['layout'], cluster: number, value: number): void {
    for (let copy = 0; copy < layout.fatCount; copy++) {
      const start = layout.fatStart + copy * layout.fatBytes;
      encodeEntry(layout.kind, image.subarray(start, start + layout.fatBytes), cluster, value);
    }
  }

  test('what is in order is not touched', () => {
    const { image } = filled();
    expect(repair(image, SECTOR)).toBe(0);
  });

  test('a chain that breaks off leaves the file as long as what is there', () => {
    const { image, layout } = filled();
    const chain = chainOf(image, 'C:\\D\\A');
    set(image, layout, chain[1]!, 0);
    repair(image, SECTOR);
    expect(chainOf(image, 'C:\\D\\A')).toEqual(chain.slice(0, 1));
    expect(chainOf(image, 'C:\\D\\B')).toHaveLength(3);
    expect(problemsOf(image, SECTOR)).toEqual([]);
  });

  test('clusters that nobody has are free again', () => {
    const { image, layout } = filled();
    const last = FIRST_CLUSTER + layout.clusterCount - 1;
    set(image, layout, last, 0xffff);
    expect(problemsOf(image, SECTOR)).toHaveLength(1);
    repair(image, SECTOR);
    expect(problemsOf(image, SECTOR)).toEqual([]);
  });

  test('a file whose removal was half done, and whose clusters another has by now, is gone', () => {
    const { image, layout } = filled();
    const [a, b] = ['C:\\D\\A', 'C:\\D\\B'].map(path => chainOf(image, path));
    // B has grown into the clusters of A; its size does not say so yet.
    set(image, layout, b![2]!, a![0]!);
    set(image, layout, a![1]!, 0xffff);
    repair(image, SECTOR);
    const { read, place } = volumeOf(image, SECTOR);
    expect(readVolume(read, place).find('C:\\D\\A')).toBeNull();
    expect(chainOf(image, 'C:\\D\\B')).toEqual(b);
    expect(problemsOf(image, SECTOR)).toEqual([]);
  });

  test('a file that is in order by itself, and lies in the middle of another one, is gone', () => {
    const { image, layout } = filled();
    const [a, b] = ['C:\\D\\A', 'C:\\D\\B'].map(path => chainOf(image, path));
    // B was three clusters long, took those of A after its removal, and its new size is durable; the removal is not.
    set(image, layout, b![2]!, a![0]!);
    const { read, place } = volumeOf(image, SECTOR);
    const folder = readVolume(read, place).find('C:\\D')!.extents()[0]!;
    const entry = folder.first * SECTOR + 3 * 32;
    expect(String.fromCharCode(image[entry]!)).toBe('B');
    put32(image, entry + 28, 6 * layout.clusterBytes);
    repair(image, SECTOR);
    expect(readVolume(read, place).find('C:\\D\\A')).toBeNull();
    expect(chainOf(image, 'C:\\D\\B')).toEqual([...b!, ...a!]);
    expect(problemsOf(image, SECTOR)).toEqual([]);
  });

  test('the first copy of the table wins', () => {
    const { image, layout } = filled();
    image.fill(0, layout.fatStart + layout.fatBytes, layout.fatStart + 2 * layout.fatBytes);
    repair(image, SECTOR);
    expect(chainOf(image, 'C:\\D\\A')).toHaveLength(3);
    expect(problemsOf(image, SECTOR)).toEqual([]);
  });

  test('a folder whose cluster is none is gone with all that was in it', () => {
    const { image } = filled();
    const { read, place } = volumeOf(image, SECTOR);
    const folder = readVolume(read, place).find('C:\\D')!;
    const [extent] = folder.extents();
    image.fill(0x41, extent!.first * SECTOR, (extent!.first + extent!.count) * SECTOR);
    repair(image, SECTOR);
    expect(readVolume(read, place).files).toEqual([]);
    expect(problemsOf(image, SECTOR)).toEqual([]);
  });
});
