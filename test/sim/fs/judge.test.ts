/** js-fatfs, given the same operations, makes the same tree with the same bytes, and each reads the other's images. */
import fc from 'fast-check';
import * as FatFs from 'js-fatfs';
import { beforeAll, describe, expect, test } from 'vitest';
import { runNow, type Task } from '../../../engine/task.ts';
import { KIB, MIB } from '../../../engine/units.ts';
import { FsError, type FsFailure, type MountedVolume } from '../../../sim/fs/file-system.ts';
import { Judge } from './fatfs.ts';
import { differences, pattern, readTree } from './trees.ts';
import { makeImage, mountNow } from './volumes.ts';

let judge: Judge;

beforeAll(async () => {
  judge = await Judge.create();
});

type Step =
  | { op: 'create' | 'remove' | 'makeDirectory'; path: string }
  | { op: 'rename'; path: string; to: string }
  | { op: 'write'; path: string; offset: number; length: number; seed: number }
  | { op: 'truncate'; path: string; sizeBytes: number };

const NAMES = ['A.DAT', 'B', 'a long name.text', 'Mixed.Dat', 'Ärger.txt', 'sub'];
const path = fc
  .tuple(fc.constantFrom('', 'sub\\', 'SUB\\sub\\'), fc.constantFrom(...NAMES))
  .map(parts => parts.join(''));
const size = fc.oneof(fc.nat(2000), fc.nat(40_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ op: fc.constantFrom('create' as const, 'create' as const, 'remove' as const), path }),
  fc.record({ op: fc.constant('makeDirectory' as const), path: fc.constantFrom('sub', 'sub\\sub', 'sub\\Other one') }),
  fc.record({ op: fc.constant('rename' as const), path, to: path }),
  fc.record({ op: fc.constant('write' as const), path, offset: size, length: size, seed: fc.nat(255) }),
  fc.record({ op: fc.constant('truncate' as const), path, sizeBytes: size }),
);

const DISKS: {
  sectorSize: 512 | 4096;
  kind: 'fat12' | 'fat16' | 'fat32';
  sizeBytes: number;
  fatFs: number;
  au: number;
}[] = [
  { kind: 'fat12', sectorSize: 512, sizeBytes: MIB, fatFs: FatFs.FM_FAT, au: 512 },
  { kind: 'fat16', sectorSize: 512, sizeBytes: 8 * MIB, fatFs: FatFs.FM_FAT, au: KIB },
  { kind: 'fat32', sectorSize: 512, sizeBytes: 36 * MIB, fatFs: FatFs.FM_FAT32, au: 512 },
];

/** 0, or why not. */
function outcome(task: Task<unknown>): FsFailure | 'done' {
  try {
    runNow(task);
    return 'done';
  } catch (error) {
    if (error instanceof FsError) return error.failure;
    throw error;
  }
}

function* withFile(volume: MountedVolume, at: string, use: Step & { op: 'write' | 'truncate' }): Task<void> {
  const file = yield* volume.open(`C:\\${at}`);
  if (use.op === 'write') yield* file.write(use.offset, pattern(use.length, use.seed));
  else yield* file.truncate(use.sizeBytes);
  file.close();
}

/** A file that stays open keeps its clusters when it is removed: FatFs closes the one that it made, so this does. */
function* createAndClose(volume: MountedVolume, at: string): Task<void> {
  const file = yield* volume.create(at);
  file.close();
}

function ours(volume: MountedVolume, s: Step): FsFailure | 'done' {
  const at = `C:\\${s.path}`;
  switch (s.op) {
    case 'create':
      return outcome(createAndClose(volume, at));
    case 'makeDirectory':
      return outcome(volume.makeDirectory(at));
    case 'remove':
      return outcome(volume.remove(at));
    case 'rename':
      return outcome(volume.rename(at, `C:\\${s.to}`));
    default:
      return outcome(withFile(volume, s.path, s));
  }
}

function theirs(s: Step): number {
  const at = s.path.replaceAll('\\', '/');
  switch (s.op) {
    case 'create':
      return judge.create(at);
    case 'makeDirectory':
      return judge.makeDirectory(at);
    case 'remove':
      return judge.remove(at);
    case 'rename':
      return judge.rename(at, s.to.replaceAll('\\', '/'));
    case 'write':
      return judge.write(at, s.offset, pattern(s.length, s.seed));
    default:
      return judge.truncate(at, s.sizeBytes);
  }
}

/**
 * FatFs does not replace a file by a rename, lets a directory be moved into itself, and does not take a directory that is
 * there for a success; a write of nothing behind the end extends its file.
 */
function differsByDesign(volume: MountedVolume, s: Step): boolean {
  const stat = (at: string) => runNow(volume.stat(`C:\\${at}`));
  const exists = (at: string) => {
    try {
      return stat(at) !== null;
    } catch {
      return false;
    }
  };
  if (s.op === 'rename' && s.to.toUpperCase().startsWith(`${s.path.toUpperCase()}\\`)) return true;
  if (s.op === 'rename') return exists(s.to) && s.to.toUpperCase() !== s.path.toUpperCase();
  if (s.op === 'makeDirectory') return exists(s.path) || !exists(s.path.split('\\').slice(0, -1).join('\\'));
  if (s.op === 'write') return s.length === 0;
  return false;
}

describe.each(DISKS)('$kind', disk => {
  const { kind, sectorSize, sizeBytes } = disk;

  test('property: the same operations give the same tree, free space and outcomes', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), steps => {
        const image = makeImage({ kind, sizeBytes, sectorSize, clusterBytes: disk.au });
        const { volume, cache } = mountNow(image, sectorSize, { sizeBytes: MIB });
        const other = image.slice();
        judge.mount(other, sectorSize);
        for (const s of steps) {
          if (differsByDesign(volume, s)) continue;
          const [our, their] = [ours(volume, s), theirs(s)];
          expect(our === 'done', `${JSON.stringify(s)}: ${our} and ${their}`).toBe(their === FatFs.FR_OK);
        }
        const made = readTree(volume);
        expect(differences(judge.tree(), made)).toEqual([]);
        expect(judge.freeClusters() * disk.au).toBe(volume.freeBytes());
        judge.unmount();
        runNow(volume.sync());
        judge.mount(image, sectorSize);
        expect(differences(made, judge.tree())).toEqual([]);
        judge.unmount();
        expect(differences(made, readTree(mountNow(other, sectorSize).volume))).toEqual([]);
        expect(cache.oracleLog.mismatchCount).toBe(0);
      }),
      { numRuns: kind === 'fat32' ? 12 : 40 },
    );
  });

  test('a file that grew by truncate and was removed leaves no cluster behind (regression, seed 803834422)', () => {
    const image = makeImage({ kind, sizeBytes, sectorSize, clusterBytes: disk.au });
    const { volume } = mountNow(image, sectorSize, { sizeBytes: MIB });
    const before = volume.freeBytes();
    expect(ours(volume, { op: 'create', path: 'A.DAT' })).toBe('done');
    expect(ours(volume, { op: 'truncate', path: 'A.DAT', sizeBytes: 1 })).toBe('done');
    expect(volume.freeBytes()).toBe(before - disk.au);
    expect(ours(volume, { op: 'remove', path: 'A.DAT' })).toBe('done');
    expect(volume.freeBytes()).toBe(before);
  });

  test('a removed file that is still open keeps its clusters until it is closed', () => {
    const image = makeImage({ kind, sizeBytes, sectorSize, clusterBytes: disk.au });
    const { volume } = mountNow(image, sectorSize, { sizeBytes: MIB });
    const before = volume.freeBytes();
    const file = runNow(volume.create('C:\\A.DAT'));
    runNow(file.write(0, pattern(1, 1)));
    runNow(volume.remove('C:\\A.DAT'));
    expect(volume.freeBytes()).toBe(before - disk.au);
    file.close();
    expect(volume.freeBytes()).toBe(before);
  });

  test('an image that FatFs formatted and filled is read, and changed, here', () => {
    const image = new Uint8Array(sizeBytes);
    judge.format(image, sectorSize, disk.fatFs, disk.au);
    judge.mount(image, sectorSize);
    judge.makeDirectory('some folder');
    judge.create('some folder/A file.bin');
    judge.write('some folder/A file.bin', 0, pattern(100_000, 3));
    const expected = judge.tree();
    judge.unmount();
    const { volume } = mountNow(image, sectorSize);
    expect(volume.layout.kind).toBe(kind);
    expect(differences(expected, readTree(volume))).toEqual([]);
    runNow(volume.rename('C:\\some folder\\A file.bin', 'C:\\b'));
    runNow(volume.sync());
    judge.mount(image, sectorSize);
    expect(differences(readTree(volume), judge.tree())).toEqual([]);
    judge.unmount();
  });
});
