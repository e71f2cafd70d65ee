/**
 * `otm restore --to TARGET`: a generation, or one volume of it, back onto a file or device.
 *
 * Invariants
 * I1 Everything that can be refused is refused before the question is asked; nothing is written before it is answered.
 * I2 From the first write on until it is complete the target says that it is not; it can be run again.
 */
import { type Replacement, type RestoreReport, restore } from '../../engine/backup-disk/restore.ts';
import type { Task } from '../../engine/task.ts';
import type { Bytes, Extent, Sector } from '../../engine/units.ts';
import type { FileDevice } from '../file-device.ts';
import { type DiskContext, type DiskSession, Interrupted, inDiskSession } from './disk-session.ts';
import { DiskProblem, diskError } from './error-codes.ts';
import { largerGpt } from './larger-gpt.ts';
import { type DiskPaths, type FoundDisk, openFoundDisk } from './open-backup-disk.ts';
import { openGeneration } from './open-generation.ts';
import { readContent, volumeBy } from './partitions.ts';
import {
  type DiskPlace,
  findPlace,
  isDeviceName,
  makeImageFile,
  placeOf,
  refuseInUse,
  refuseSameStorage,
  type SectorSize,
} from './place.ts';
import { contentWords, describeTarget } from './target-content.ts';

export interface RestoreDiskOptions extends DiskPaths {
  /** Null: the newest. */
  readonly generation: number | null;
  readonly target: string;
  /** A number or a letter; null: the whole drive. */
  readonly volume: string | null;
  /** Write everything, not only what differs. */
  readonly writeAll: boolean;
  readonly verify: boolean;
}

/** What a restore is about to do. */
export interface RestorePlan {
  readonly sourceId: string;
  readonly generation: number;
  readonly wallClockMs: number;
  /** What the image holds, in words. */
  readonly image: string;
  readonly volume: string | null;
  readonly sizeBytes: Bytes;
  readonly target: string;
  /** Null: it is not there yet, and is made. */
  readonly targetBytes: Bytes | null;
  readonly targetHolds: string;
  readonly movesGpt: boolean;
}

export interface Restored {
  readonly plan: RestorePlan;
  readonly report: RestoreReport;
  readonly sectorSize: SectorSize;
  readonly bytesWritten: Bytes;
}

interface Chosen {
  readonly found: FoundDisk;
  readonly extent: Extent | null;
  readonly plan: RestorePlan;
  readonly replacements: readonly Replacement[];
}

export async function restoreDisk(
  options: RestoreDiskOptions,
  context: DiskContext,
  confirm: (plan: RestorePlan) => Promise<boolean>,
): Promise<Restored> {
  return await inDiskSession(context, async session => {
    const place = findPlace(options.target);
    const found = await openFoundDisk(session, options);
    if (place !== null) refuseTarget(place, found);
    else if (isDeviceName(options.target)) placeOf(options.target);
    const { source } = found.disk.header;
    const { sectorSize } = source;
    if (place?.sectorSize != null && place.sectorSize !== sectorSize) {
      const message = `\`${place.shown}\` has sectors of ${place.sectorSize} bytes, the image of ${sectorSize}`;
      throw diskError('sector-size-differs', message);
    }
    const target = place === null || place.sizeBytes === 0 ? null : place;
    const opened = target === null ? null : await session.open(target, { sectorSize, purpose: 'writes' });
    const chosen = await plan(session, options, found, opened?.device ?? null);
    const isConfirmed = await confirm(chosen.plan);
    if (context.signal?.aborted === true) throw new Interrupted('interrupted');
    if (!isConfirmed) throw diskError('not-confirmed', 'nothing was written: nobody said yes');
    const device = opened?.device ?? (await makeTarget(session, options.target, chosen));
    const before = device.bytesWritten;
    const report = await write(session, options, chosen, device);
    return { plan: chosen.plan, report, sectorSize, bytesWritten: device.bytesWritten - before };
  });
}

function refuseTarget(place: DiskPlace, { image, side }: FoundDisk): void {
  refuseSameStorage(image, place);
  if (side !== null) refuseSameStorage(side, place);
  refuseInUse(place, 'writes');
}

/** I1 */
async function plan(
  session: DiskSession,
  options: RestoreDiskOptions,
  found: FoundDisk,
  target: FileDevice | null,
): Promise<Chosen> {
  const { disk } = found;
  const { source } = disk.header;
  return await session.run('look at what is restored', function* (): Task<Chosen> {
    const { view, read } = yield* openGeneration(disk, options.generation);
    const content = yield* readContent(read, source);
    const volume = options.volume === null ? null : volumeBy(content, options.volume);
    if (options.volume !== null && volume === null) {
      throw new DiskProblem(
        'no-volume',
        `the image has no volume \`${options.volume}\`: it has ${contentWords(content) ?? 'none'}`,
      );
    }
    const extent = volume?.extent ?? null;
    const sectors = extent?.count ?? source.sectorCount;
    const targetSectors = target?.sectorCount ?? sectors;
    if (targetSectors < sectors) tooSmall(options.target, targetSectors, sectors, source.sectorSize);
    const isLarger = extent === null && targetSectors > sectors;
    const replacements = isLarger ? yield* largerGpt(read, source, targetSectors) : [];
    return {
      found,
      extent,
      replacements,
      plan: {
        sourceId: source.id,
        generation: view.generation.number,
        wallClockMs: view.generation.picture.wallClockMs,
        image: contentWords(content) ?? 'no partition table or file system that otm knows',
        volume: volume === null ? null : (volume.letter ?? String(volume.number)),
        sizeBytes: sectors * source.sectorSize,
        target: options.target,
        targetBytes: target === null ? null : target.sectorCount * target.sectorSize,
        targetHolds: target === null ? 'nothing' : yield* describeTarget(target, session.checksum),
        movesGpt: replacements.length > 0,
      },
    };
  });
}

function tooSmall(name: string, has: Sector, needs: Sector, sectorSize: Bytes): never {
  const message = `\`${name}\` has ${has * sectorSize} bytes, and ${needs * sectorSize} are to be restored`;
  throw new DiskProblem('target-too-small', message);
}

/** A file that is not there yet, as large as what goes into it. */
async function makeTarget(
  session: DiskSession,
  path: string,
  { plan: { sizeBytes }, found }: Chosen,
): Promise<FileDevice> {
  const { sectorSize } = found.disk.header.source;
  const place = await makeImageFile(path, sizeBytes);
  return (await session.open(place, { sectorSize, purpose: 'writes', isFresh: true })).device;
}

async function write(
  session: DiskSession,
  options: RestoreDiskOptions,
  { found, extent, plan: { generation }, replacements }: Chosen,
  target: FileDevice,
): Promise<RestoreReport> {
  return await session.run('restore', () =>
    restore(found.disk, {
      generation,
      target,
      targetDevices: [],
      inUseBy: null,
      extent,
      onlyDiffering: !options.writeAll,
      relayout:
        replacements.length === 0
          ? null
          : function* () {
              return replacements;
            },
      verify: options.verify,
      beforeFirstWrite: null,
      beforeRead: null,
    }),
  );
}
