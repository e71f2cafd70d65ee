/** `otm generations` and `otm verify`: what a backup disk holds, what of it goes, and whether it is whole. */
import { deleteGeneration, retireGenerations } from '../../engine/backup-disk/generations.ts';
import type { Generation, Header } from '../../engine/backup-disk/header.ts';
import { type VerifyReport, verifyBackupDisk } from '../../engine/backup-disk/verify.ts';
import type { Task } from '../../engine/task.ts';
import type { Bytes } from '../../engine/units.ts';
import { type DiskContext, inDiskSession } from './disk-session.ts';
import { type DiskPaths, type FoundDisk, openFoundDisk } from './open-backup-disk.ts';
import { openGeneration } from './open-generation.ts';
import { type DriveContent, readContent } from './partitions.ts';
import type { KeepRule } from './retention.ts';

/** What is known of a disk without reading its image. */
export interface DiskSummary {
  readonly header: Header;
  readonly sizeBytes: Bytes;
  readonly freeBytes: Bytes;
  /** What became of a backup that was cut off. */
  readonly recovery: 'none' | 'finished' | 'given-up';
  /** By generation: why it can't be read; null when it can. */
  readonly damage: ReadonlyMap<number, string | null>;
}

function summaryOf({ disk }: FoundDisk): DiskSummary {
  const { header, layout, slots, recovery, places } = disk;
  return {
    header,
    sizeBytes: places.image.sectorCount * places.image.sectorSize,
    freeBytes: slots.free * layout.granuleBytes,
    recovery,
    damage: new Map(header.generations.map(({ number }) => [number, disk.damageOf(number)])),
  };
}

export async function verifyDisk(
  paths: DiskPaths,
  context: DiskContext,
): Promise<{ readonly summary: DiskSummary; readonly report: VerifyReport; readonly bytesRead: Bytes }> {
  return await inDiskSession(context, async session => {
    const found = await openFoundDisk(session, paths);
    const report = await session.run('verify', () => verifyBackupDisk(found.disk));
    return { summary: summaryOf(found), report, bytesRead: session.bytesRead };
  });
}

export async function listGenerations(paths: DiskPaths, context: DiskContext): Promise<DiskSummary> {
  return await inDiskSession(context, async session => summaryOf(await openFoundDisk(session, paths)));
}

export interface ShownGeneration {
  readonly summary: DiskSummary;
  readonly generation: Generation;
  readonly content: DriveContent;
}

export async function showGeneration(
  paths: DiskPaths,
  number: number | null,
  context: DiskContext,
): Promise<ShownGeneration> {
  return await inDiskSession(context, async session => {
    const found = await openFoundDisk(session, paths);
    return await session.run('show', function* (): Task<ShownGeneration> {
      const { view, read } = yield* openGeneration(found.disk, number);
      const content = yield* readContent(read, found.disk.header.source);
      return { summary: summaryOf(found), generation: view.generation, content };
    });
  });
}

export interface Deleted {
  readonly summary: DiskSummary;
  readonly deleted: readonly number[];
}

/** All of them are there and none is the newest, or nothing is deleted. */
export async function deleteGenerations(
  paths: DiskPaths,
  numbers: readonly number[],
  context: DiskContext,
): Promise<Deleted> {
  return await inDiskSession(context, async session => {
    const found = await openFoundDisk(session, paths);
    const { disk } = found;
    await session.run('delete', function* (): Task<void> {
      const wanted = [...new Set(numbers)].sort((a, b) => a - b);
      const first = wanted.find(number => number === disk.newest?.number || !has(disk.generations, number));
      // The one that can't be deleted is asked for first, and refuses.
      for (const number of first === undefined ? wanted : [first]) yield* deleteGeneration(disk, number);
    });
    return { summary: summaryOf(found), deleted: numbers };
  });
}

function has(generations: readonly Generation[], wanted: number): boolean {
  return generations.some(({ number }) => number === wanted);
}

export async function keepGenerations(paths: DiskPaths, rule: KeepRule, context: DiskContext): Promise<Deleted> {
  return await inDiskSession(context, async session => {
    const found = await openFoundDisk(session, paths);
    const deleted = await session.run('keep', () => retireGenerations(found.disk, rule, context.nowMs()));
    return { summary: summaryOf(found), deleted };
  });
}
