/**
 * `otm backup`: a cold source, an image file or device that nobody writes to meanwhile, to a backup disk. What changed is
 * found by checksums: nothing has tracked it.
 *
 * Invariants
 * I1 A disk is written only when it is made new (`init`), or carries the catalogue of this source.
 * I2 A source that is written to while it is read fails the backup: before its commit when that is seen in time, and in any
 *    case with an error.
 */
import { fstatSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type BackupReport, backup } from '../../engine/backup-disk/backup.ts';
import type { BackupDisk } from '../../engine/backup-disk/backup-disk.ts';
import { type DiskPlaces, placesBehindImage, type SourceIdentity } from '../../engine/backup-disk/layout.ts';
import { initialiseBackupDisk, openBackupDisk } from '../../engine/backup-disk/open.ts';
import { BackupDiskRefusal } from '../../engine/backup-disk/refusal.ts';
import { readSectors } from '../../engine/backup-disk/transfer.ts';
import type { Task } from '../../engine/task.ts';
import { type Bytes, KIB, MIB } from '../../engine/units.ts';
import { usedGranules } from '../../sim/fs/fat/used-granules.ts';
import { UserError } from '../../sim/user-error.ts';
import type { FileDevice } from '../file-device.ts';
import { guessedSectorSize } from './bytes-at.ts';
import { type DiskContext, type DiskSession, inDiskSession } from './disk-session.ts';
import { DiskProblem, diskError } from './error-codes.ts';
import { gridOf, guardGranules } from './guard-granules.ts';
import { imageSectorSize } from './open-backup-disk.ts';
import { type DriveContent, type DriveShape, type ReadTask, readContent } from './partitions.ts';
import {
  type DiskPlace,
  findPlace,
  isDeviceName,
  makeImageFile,
  type OpenedPlace,
  placeOf,
  refuseInUse,
  refuseSameStorage,
  type SectorSize,
} from './place.ts';
import { byRetention, type KeepRule } from './retention.ts';

export interface BackUpOptions {
  readonly source: string;
  readonly disk: string;
  readonly catalogue: string | null;
  readonly init: boolean;
  /** Of an image file that `init` makes; null: the image, half of it, and 64 MiB. */
  readonly sizeBytes: Bytes | null;
  readonly id: string;
  readonly granuleBytes: Bytes;
  readonly sectorSize: SectorSize | null;
  readonly usedOnly: boolean;
  readonly verify: boolean;
  readonly inPlace: boolean;
  readonly retention: KeepRule;
}

export interface BackedUp {
  readonly report: BackupReport;
  readonly identity: SourceIdentity;
  readonly granuleBytes: Bytes;
  readonly content: DriveContent;
  /** The disk was made new. */
  readonly isNew: boolean;
  readonly recovery: BackupDisk['recovery'];
  /** Of the generations that went, those that retention took; the others gave way for room. */
  readonly retired: readonly number[];
  readonly bytesRead: Bytes;
  readonly bytesWritten: Bytes;
}

const SPARE_BYTES: Bytes = 64 * MIB;
const SAMPLE_GRANULES = 64;
const BLOCK_BYTES: Bytes = 4 * KIB;

export async function backUp(options: BackUpOptions, context: DiskContext): Promise<BackedUp> {
  const source = placeOf(options.source);
  refuseInUse(source, 'reads');
  const sectorSize = source.sectorSize ?? options.sectorSize ?? (await guessedSectorSize(source));
  const made: string[] = [];
  try {
    return await inDiskSession(context, async session => {
      const opened = await session.open(source, { sectorSize, purpose: 'reads' });
      const targets = await openTargets(session, options, opened, made);
      return await runBackup(session, options, opened, targets);
    });
  } catch (error) {
    // A refusal of the first call leaves no empty file behind.
    if (error instanceof UserError && error.code !== 'source-changed' && error.code !== 'disk-io') {
      for (const path of made) await rm(path, { force: true });
    }
    throw error;
  }
}

interface Targets {
  readonly places: DiskPlaces;
  /** Made just now: there is nothing on it that could be opened. */
  readonly isFresh: boolean;
}

async function openTargets(
  session: DiskSession,
  options: BackUpOptions,
  { place: source, device }: OpenedPlace,
  made: string[],
): Promise<Targets> {
  const { sectorSize } = device;
  const imageBytes = source.sizeBytes;
  const spare = Math.ceil((imageBytes / 2 + SPARE_BYTES) / BLOCK_BYTES) * BLOCK_BYTES;
  const size = options.sizeBytes ?? Math.ceil(imageBytes / BLOCK_BYTES) * BLOCK_BYTES + spare;
  const openOne = async (path: string, bytes: Bytes) => {
    const { place, isFresh } = await placeToWrite(path, bytes, options.init, made);
    refuseSameStorage(source, place);
    refuseInUse(place, 'writes');
    if (!isFresh && !options.init) await refuseOtherSectors(place, sectorSize);
    return { isFresh, device: (await session.open(place, { sectorSize, purpose: 'writes', isFresh })).device };
  };
  if (options.catalogue === null) {
    const { device: image, isFresh } = await openOne(options.disk, size);
    const places = placesBehindImage(image, device.sectorCount);
    if (places !== null) return { places, isFresh };
    throw diskError('disk-full', `\`${options.disk}\` has no room behind the image of ${imageBytes} bytes`);
  }
  const { device: image, isFresh: isImageFresh } = await openOne(options.disk, imageBytes);
  const side = await openOne(options.catalogue, options.sizeBytes ?? spare);
  refuseSameStorage(placeOf(options.disk), placeOf(options.catalogue));
  const extent = { first: 0, count: side.device.sectorCount };
  return { places: { image, catalogue: { device: side.device, extent } }, isFresh: isImageFresh && side.isFresh };
}

async function refuseOtherSectors(place: DiskPlace, sectorSize: SectorSize): Promise<void> {
  const found = await imageSectorSize(place);
  if (found === null || found === sectorSize) return;
  const message = `\`${place.shown}\` has an image in sectors of ${found} bytes, the source of ${sectorSize}`;
  throw diskError('sector-size-differs', message);
}

/** The place of a disk; with `init` an image file is made where there is nothing. */
async function placeToWrite(
  path: string,
  bytes: Bytes,
  init: boolean,
  made: string[],
): Promise<{ readonly place: DiskPlace; readonly isFresh: boolean }> {
  const found = findPlace(path);
  if (found !== null && !(init && found.device === null && found.sizeBytes === 0))
    return { place: found, isFresh: false };
  if (!init || isDeviceName(path)) {
    const hint = isDeviceName(path) ? 'check the name of the device' : '`--init` makes a new backup disk there';
    throw new UserError({ code: 'file-not-found', message: `there is no \`${path}\``, hint });
  }
  made.push(path);
  return { place: await makeImageFile(path, bytes), isFresh: true };
}

async function runBackup(
  session: DiskSession,
  options: BackUpOptions,
  { device, place }: OpenedPlace,
  { places, isFresh }: Targets,
): Promise<BackedUp> {
  const { sectorSize, sectorCount } = device;
  const identity: SourceIdentity = { id: options.id, sectorCount, sectorSize };
  const watch = new SourceWatch(device, place);
  const read: ReadTask = (first, count) => readSectors(device, first, count);
  const shape: DriveShape = { sectorSize, sectorCount };
  const { nowMs } = session.context;
  const outcome = await session.run('backup', function* () {
    const { disk, isNew } = yield* openOrInitialise(places, identity, options, session, isFresh);
    const { recovery } = disk;
    const { granuleBytes } = disk.layout;
    const content = yield* readContent(read, shape);
    const used = options.usedOnly ? yield* usedGranules(read, gridOf(shape, granuleBytes), content.volumes) : null;
    const before = disk.generations;
    const report = yield* backup(disk, {
      source: device,
      sourceId: identity.id,
      sourceDevices: [],
      picture: {
        snapshot: `cold ${new Date(nowMs()).toISOString()}`,
        trackingGeneration: 0,
        at: 0,
        wallClockMs: nowMs(),
        consistency: 'quiescent',
      },
      changed: null,
      used,
      guards: guardGranules(shape, granuleBytes, content),
      sampleGranules: SAMPLE_GRANULES,
      retention: options.retention,
      inPlace: options.inPlace,
      verify: options.verify,
      compareEverything: false,
      beforeRead: () => watch.look(),
      nowMs,
    });
    const retired = byRetention([...before, disk.newest!], options.retention, nowMs());
    return { report, identity, granuleBytes, content, isNew, recovery, retired };
  });
  watch.check();
  return { ...outcome, bytesRead: session.bytesRead, bytesWritten: session.bytesWritten };
}

/** I1 */
function* openOrInitialise(
  places: DiskPlaces,
  identity: SourceIdentity,
  { init, granuleBytes }: BackUpOptions,
  { checksum, context }: DiskSession,
  isFresh: boolean,
): Task<{ readonly disk: BackupDisk; readonly isNew: boolean }> {
  if (!isFresh) {
    try {
      const disk = yield* openBackupDisk(places, checksum, identity);
      if (init)
        context.tell(`\`${places.image.name}\` is the backup disk of ${identity.id} already: \`--init\` is left out`);
      return { disk, isNew: false };
    } catch (error) {
      if (!init || !(error instanceof BackupDiskRefusal)) throw error;
    }
  }
  return { disk: yield* initialiseBackupDisk(places, identity, checksum, granuleBytes), isNew: true };
}

/** I2. Of a device the system keeps no time of its last write: there only an image file is watched. */
class SourceWatch {
  private readonly descriptor: number;
  private readonly place: DiskPlace;
  private readonly before: string;

  constructor({ handle }: FileDevice, place: DiskPlace) {
    this.descriptor = handle.fd;
    this.place = place;
    this.before = this.state();
  }

  private state(): string {
    if (this.place.device !== null) return '';
    const { size, mtimeNs, ctimeNs } = fstatSync(this.descriptor, { bigint: true });
    return `${size} ${mtimeNs} ${ctimeNs}`;
  }

  *look(): Task<void> {
    this.check();
  }

  check(): void {
    if (this.state() === this.before) return;
    throw new DiskProblem('source-changed', `\`${this.place.shown}\` was written to while it was read`);
  }
}
