/**
 * Applications on one volume against a plain map of paths to bytes: one after the other, and side by side over a device
 * whose requests complete in any order or fail, with so little memory that pages come and go all the time.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runNow } from '../../../engine/task.ts';
import { KIB, MIB, SECOND } from '../../../engine/units.ts';
import { mountFat } from '../../../sim/fs/fat/mount.ts';
import { readVolume } from '../../../sim/fs/fat/read-only.ts';
import type { FatVolume } from '../../../sim/fs/fat/volume.ts';
import { PageCache } from '../../../sim/fs/page-cache.ts';
import { Model } from './model.ts';
import { Applications, PRELUDE, type Step, step } from './operations.ts';
import { HeldDevice } from './ram-device.ts';
import { TestScheduler } from './test-scheduler.ts';
import { differences, readTree, type Tree } from './trees.ts';
import { type Clock, type Making, makeImage, makeUnalignedImage, mountNow, START, testHash } from './volumes.ts';

/** How many times as many runs as usual: for a soak by hand. */
const SOAK = Number(process.env.FS_SOAK ?? 1);

const DISKS: readonly (Making & { pages: number; isShifted: boolean })[] = [
  { kind: 'fat12', sectorSize: 512, sizeBytes: 1 * MIB, clusterBytes: 512, pages: 24, isShifted: false },
  { kind: 'fat12', sectorSize: 512, sizeBytes: 2 * MIB, clusterBytes: 16 * KIB, pages: 24, isShifted: false },
  { kind: 'fat12', sectorSize: 512, sizeBytes: 2 * MIB, clusterBytes: 8 * KIB, pages: 28, isShifted: true },
  { kind: 'fat12', sectorSize: 512, sizeBytes: 1 * MIB, clusterBytes: 1 * KIB, pages: 28, isShifted: true },
  { kind: 'fat16', sectorSize: 4096, sizeBytes: 17 * MIB, pages: 32, isShifted: false },
  { kind: 'fat32', sectorSize: 512, sizeBytes: 33 * MIB, pages: 300, isShifted: false },
];

function upper(volume: FatVolume): Tree {
  return new Map([...readTree(volume)].map(([path, bytes]) => [`C:\\${path.toUpperCase()}`, bytes]));
}

/** What a volume has come to, in memory and on its drive, must be what the model says. */
function checkEnd(volume: FatVolume, model: Model, image: Uint8Array, sectorSize: 512 | 4096): void {
  expect(differences(model.tree(), upper(volume))).toEqual([]);
  runNow(volume.sync());
  const again = mountNow(image, sectorSize);
  expect(differences(model.tree(), upper(again.volume))).toEqual([]);
  expect(again.volume.freeBytes()).toBe(volume.freeBytes());
  const sectors = (first: number, count: number) => image.slice(first * sectorSize, (first + count) * sectorSize);
  const seen = readVolume(sectors, { letter: 'C', sectorSize, sectorCount: image.length / sectorSize });
  expect(seen.problems).toEqual([]);
  expect(differences(model.tree(), new Map(seen.files.map(f => [f.path, f.isDirectory ? null : f.bytes()])))).toEqual(
    [],
  );
  expect(new Map(seen.files.map(f => [f.path, f.modified]))).toEqual(model.stamps());
}

describe.each(DISKS)('$kind, sectors of $sectorSize, clusters of $clusterBytes, shifted: $isShifted', disk => {
  const { sectorSize = 512, pages } = disk;

  test('property: one after the other, what is told is what is there', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), steps => {
        const image = disk.isShifted ? makeUnalignedImage(disk) : makeImage(disk);
        const clock: Clock = { seconds: START };
        const memory = { sizeBytes: pages * 4096, dirtyLimitBytes: (pages * 4096) / 4 };
        const { volume, cache } = mountNow(image, sectorSize, memory, clock);
        const applications = new Applications(volume, new Model());
        volume.observer = applications.model;
        for (const s of [...PRELUDE, ...steps]) {
          runNow(applications.run(s));
          clock.seconds += 1;
        }
        applications.closeAll();
        checkEnd(volume, applications.model, image, sectorSize);
        expect(cache.oracleLog.mismatchCount).toBe(0);
      }),
      { numRuns: SOAK * (disk.kind === 'fat32' ? 15 : 40) },
    );
  });

  type Turn = { start: Step } | { release: number; fails: boolean } | { wait: number };
  const turn: fc.Arbitrary<Turn> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ start: step }) },
    {
      weight: 9,
      arbitrary: fc.record({ release: fc.nat(30), fails: fc.constantFrom(false, false, false, false, true) }),
    },
    { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 1, max: 1500 }) }) },
  );

  test('property: side by side, with completions in any order and failures, nothing is lost, mixed up or half done', () => {
    fc.assert(
      fc.property(fc.array(turn, { minLength: 100, maxLength: 400, size: 'max' }), turns => {
        const image = disk.isShifted ? makeUnalignedImage(disk) : makeImage(disk);
        const scheduler = new TestScheduler();
        const device = new HeldDevice(image, sectorSize);
        const cache = new PageCache({
          owner: scheduler.owner,
          sizeBytes: pages * 4096,
          writeBackNs: SECOND,
          dirtyLimitBytes: (pages * 4096) / 4,
          hash: testHash,
        });
        const cached = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: device.sectorCount });
        device.isHolding = false;
        const now = () => START + Math.floor(scheduler.now() / SECOND);
        const volume = runNow(mountFat(cached, { now, ids: { next: 1 } }));
        const applications = new Applications(volume, new Model());
        volume.observer = applications.model;
        for (const s of PRELUDE) runNow(applications.run(s));
        device.isHolding = true;
        for (const t of turns) {
          if ('start' in t) scheduler.spawn(applications.run(t.start));
          else if ('wait' in t) scheduler.goTo(scheduler.now() + t.wait * 1_000_000);
          else if (device.waiting.length > 0) {
            device.failing = ({ op }) =>
              t.fails && op !== 'discard'
                ? op === 'read'
                  ? 'read-error'
                  : op === 'write'
                    ? 'write-error'
                    : 'flush-error'
                : null;
            device.release(t.release % device.waiting.length);
            scheduler.run();
          }
          expect(oneRequestForEachPage(device)).toBe(true);
        }
        device.failing = () => null;
        while (device.waiting.length > 0) {
          device.release();
          scheduler.run();
        }
        scheduler.goTo(scheduler.now() + 3 * SECOND);
        while (device.waiting.length > 0) {
          device.release();
          scheduler.run();
        }
        scheduler.goTo(scheduler.now() + 3 * SECOND);
        device.isHolding = false;
        device.releaseAll();
        scheduler.run();
        expect(scheduler.owner.waiting().filter(({ task }) => !task.endsWith('write-back'))).toEqual([]);
        applications.closeAll();
        checkEnd(volume, applications.model, image, sectorSize);
        expect(cache.oracleLog.mismatchCount).toBe(0);
        cache.dropAll();
        expect(cache.usedFrames).toBe(0);
        expect([...cached.expectations()].every(e => e.expected === hashOnDrive(image, e.page))).toBe(true);
      }),
      { numRuns: SOAK * (disk.kind === 'fat32' ? 15 : 50) },
    );
  });
});

/** Page cache, I1: requests in flight never overlap, flushes aside. */
function oneRequestForEachPage(device: HeldDevice): boolean {
  const taken = new Set<number>();
  for (const { sector, count } of device.waiting) {
    for (let at = sector; at < sector + count; at++) {
      if (taken.has(at)) return false;
      taken.add(at);
    }
  }
  return true;
}

function hashOnDrive(image: Uint8Array, page: number): number {
  return testHash(image.subarray(page * 4096, (page + 1) * 4096));
}
