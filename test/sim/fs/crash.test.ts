/**
 * Crashes that lose what was not written: pages in memory are gone, requests in flight have happened whole, in part or
 * not at all. What an fsync had made durable, and nobody changed since, is there; what else there is never stops the
 * file system, whatever it means.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runNow, type Task } from '../../../engine/task.ts';
import { KIB, MIB, SECOND } from '../../../engine/units.ts';
import { mountFat } from '../../../sim/fs/fat/mount.ts';
import { readVolume } from '../../../sim/fs/fat/read-only.ts';
import type { FatVolume } from '../../../sim/fs/fat/volume.ts';
import { FsError } from '../../../sim/fs/file-system.ts';
import { PageCache } from '../../../sim/fs/page-cache.ts';
import { type Durable, Model } from './model.ts';
import { Applications, PRELUDE, step } from './operations.ts';
import { HeldDevice } from './ram-device.ts';
import { TestScheduler } from './test-scheduler.ts';
import { cut, takeTurns, turn } from './turns.ts';
import { CACHE, type Making, makeImage, mountNow, START, testHash } from './volumes.ts';

const SOAK = Number(process.env.FS_SOAK ?? 1);

const DISKS: readonly Making[] = [
  { kind: 'fat12', sectorSize: 512, sizeBytes: 1 * MIB, clusterBytes: 512 },
  { kind: 'fat12', sectorSize: 512, sizeBytes: 2 * MIB, clusterBytes: 16 * KIB },
  { kind: 'fat16', sectorSize: 4096, sizeBytes: 17 * MIB },
];

const turns = fc.array(turn, { minLength: 60, maxLength: 200, size: 'max' });

function checkDurable(volume: FatVolume, durable: Iterable<Durable>): void {
  for (const { path, bytes, modified } of durable) {
    const file = runNow(volume.open(path));
    const got = new Uint8Array(file.sizeBytes);
    runNow(file.read(0, got));
    expect(Buffer.compare(got, bytes!), path).toBe(0);
    expect(file.node.modified).toBe(modified);
    file.close();
  }
}

/** Walks and reads everything; only `FsError` may come of it. */
function* walk(volume: FatVolume, folder: string, depth: number): Task<void> {
  if (depth > 8) return;
  const entries = yield* orNothing(volume.list(folder));
  for (const { path, isDirectory } of entries ?? []) {
    if (isDirectory) {
      yield* walk(volume, path, depth + 1);
      continue;
    }
    const file = yield* orNothing(volume.open(path));
    if (file === null) continue;
    yield* orNothing(file.read(0, new Uint8Array(Math.min(file.sizeBytes, MIB))));
    file.close();
  }
}

function* orNothing<T>(task: Task<T>): Task<T | null> {
  try {
    return yield* task;
  } catch (error) {
    if (error instanceof FsError) return null;
    throw error;
  }
}

describe.each(DISKS)('$kind, sectors of $sectorSize, clusters of $clusterBytes', disk => {
  const { sectorSize = 512 } = disk;

  test('property: what was durable is there after a crash, and work goes on', () => {
    const survives = fc.array(fc.nat(8), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(turns, survives, fc.array(step, { maxLength: 40 }), (before, kept, after) => {
        const image = makeImage(disk);
        const scheduler = new TestScheduler();
        const device = new HeldDevice(image, sectorSize);
        device.isHolding = false;
        const cache = new PageCache({
          ...CACHE,
          owner: scheduler.owner,
          sizeBytes: 256 * KIB,
          dirtyLimitBytes: 96 * KIB,
        });
        const cached = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: device.sectorCount });
        const now = () => START + Math.floor(scheduler.now() / SECOND);
        const volume = runNow(mountFat(cached, { now, ids: { next: 1 } }));
        const applications = takeTurns(volume, before, scheduler, device);
        cut(device, kept);

        const again = mountNow(image, sectorSize);
        checkDurable(again.volume, applications.model.durable.values());
        runNow(walk(again.volume, 'C:\\', 0));
        const sectors = (first: number, count: number) => image.slice(first * sectorSize, (first + count) * sectorSize);
        for (const file of readVolume(sectors, { letter: 'C', sectorSize, sectorCount: device.sectorCount }).files) {
          if (!file.isDirectory && file.chain.problem === null) expect(file.extents().length).toBeGreaterThanOrEqual(0);
        }
        // Files may be crossed by now, so there is no model of what they hold; there is of those that were not touched.
        const unchecked = new Applications(again.volume, new Unchecked());
        again.volume.observer = unchecked.model;
        for (const s of after) runNow(orNothing(tolerant(unchecked.run(s))));
        unchecked.closeAll();
      }),
      { numRuns: SOAK * 40 },
    );
  });

  test('property: damage anywhere in tables and directories never stops the file system', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(damage, fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (bytes, steps) => {
        const image = makeImage(disk);
        const first = mountNow(image, sectorSize);
        for (const s of PRELUDE) runNow(orNothing(new Applications(first.volume, new Model()).run(s)));
        runNow(first.volume.sync());
        const { layout } = first.volume;
        // From behind the boot sector to a bit behind the first directories.
        const reach = layout.dataStart + 16 * KIB - sectorSize;
        for (const [at, value] of bytes) image[sectorSize + (at % reach)] = value;
        const { volume } = mountNow(image, sectorSize, { sizeBytes: 512 * KIB, hash: testHash });
        const applications = new Applications(volume, new Unchecked());
        volume.observer = applications.model;
        runNow(walk(volume, 'C:\\', 0));
        for (const s of steps) runNow(tolerant(applications.run(s)));
        runNow(volume.sync());
        const sectors = (at: number, count: number) => image.slice(at * sectorSize, (at + count) * sectorSize);
        readVolume(sectors, { letter: 'C', sectorSize, sectorCount: image.length / sectorSize });
      }),
      { numRuns: SOAK * 60 },
    );
  });
});

/** Knows nothing, so that nothing is compared. */
class Unchecked extends Model {
  override created(): void {}
  override wrote(): void {}
  override resized(): void {}
  override renamed(): void {}
  override removed(): void {}
  override stamped(): void {}
  override bytesOf(): Uint8Array {
    throw new NotCompared();
  }
}

class NotCompared extends Error {}

/** Runs a step whose outcome nobody can foretell. */
function* tolerant(task: Task<void>): Task<void> {
  try {
    yield* task;
  } catch (error) {
    const isComparison = error instanceof Error && error.message.endsWith('is not what the model says');
    if (!(error instanceof NotCompared || isComparison)) throw error;
  }
}
