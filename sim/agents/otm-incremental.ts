/**
 * Backups of snapshots to a disk that keeps the newest image and older generations: all sectors once, and from then on what
 * the map of changes says, or, where the map is not to be trusted, what differs.
 */
import { type BackupReport, backup as backupTo } from '../../engine/backup-disk/backup.ts';
import type { BackupDisk } from '../../engine/backup-disk/backup-disk.ts';
import { initialiseBackupDisk, openBackupDisk } from '../../engine/backup-disk/open.ts';
import { BackupDiskRefusal } from '../../engine/backup-disk/refusal.ts';
import { readSectors } from '../../engine/backup-disk/transfer.ts';
import type { Bitmap } from '../../engine/bitmap.ts';
import type { Device } from '../../engine/device.ts';
import { GranuleGrid } from '../../engine/granules.ts';
import type { Task } from '../../engine/task.ts';
import { MILLISECOND } from '../../engine/units.ts';
import type { Sectors } from '../disk/sectors.ts';
import { parseLayout } from '../fs/fat/layout.ts';
import { usedGranules, type VolumeOnDrive } from '../fs/fat/used-granules.ts';
import type { OtmIncrementalMethod } from '../scenario/scenario.ts';
import { type BackupDrive, backupDrivesOf, DISK_GRANULE_BYTES } from '../world/backup-drive.ts';
import type { Picture } from '../world/picture.ts';
import type { WatchedSnapshot } from '../world/watched-snapshot.ts';
import type { World } from '../world/world.ts';
import type { Agent, AgentContext } from './agent.ts';
import { PacedDevice } from './paced-device.ts';
import { cameBack, copyFrom, withSnapshot } from './with-snapshot.ts';

/** Granules of the rotating sample that is looked at before an increment. */
const SAMPLE_GRANULES = 8;

/** What one backup did to one backup disk; the disk as it was right after. */
export interface DiskBackup {
  readonly drive: BackupDrive;
  readonly report: BackupReport;
  /** What the map of changes said; null: it was not trusted. */
  readonly changed: Bitmap | null;
  readonly used: Bitmap | null;
  readonly after: Sectors;
}

export function incrementalAgent(method: OtmIncrementalMethod): Agent {
  return context => withSnapshot(context, method.options, watched => backUpAll(context, watched, method));
}

/** The machine has started again, and the snapshot is back: the same instant is backed up from the start. */
export function incrementalAgainAgent(method: OtmIncrementalMethod, watched: WatchedSnapshot): Agent {
  return context => copyFrom(context, watched, cameBack(watched), () => backUpAll(context, watched, method));
}

function* backUpAll(context: AgentContext, watched: WatchedSnapshot, method: OtmIncrementalMethod): Task<void> {
  const { world, backup } = context;
  backup.copyFromNs = world.kernel.now();
  backup.diskBackups.length = 0;
  for (const [at, drive] of backupDrivesOf(world, watched.selected).entries()) {
    backup.diskBackups.push(yield* backUpTo(drive, watched.pictures[at]!, watched, method, context));
  }
  backup.copyToNs = world.kernel.now();
}

function* backUpTo(
  drive: BackupDrive,
  picture: Picture,
  watched: WatchedSnapshot,
  { schedule }: OtmIncrementalMethod,
  { world, backup, number, beforeRead }: AgentContext,
): Task<DiskBackup> {
  if (schedule.bootedBefore === number) bootFrom(drive);
  const disk = yield* openOrMake(world, drive);
  const { id, wallSeconds } = backup;
  const tracker = world.machine.tracker(drive.of);
  const base = disk.newest?.picture ?? null;
  const isKnown = base !== null && base.trackingGeneration === tracker.generation;
  const changed = isKnown ? tracker.changedBetween(base.snapshot, id) : null;
  const source = new PacedDevice(picture, world, world.scenario.backups.copyRateBytesPerSecond);
  const used = schedule.usedOnly ? yield* usedNow(world, drive, source) : null;
  const report = yield* backupTo(disk, {
    source,
    sourceId: drive.source.id,
    sourceDevices: [drive.of.drive],
    picture: {
      snapshot: id,
      trackingGeneration: tracker.generation,
      at: watched.T ?? 0,
      wallClockMs: (wallSeconds ?? 0) * 1000,
      consistency: watched.consistency ?? 'crash-consistent',
    },
    changed,
    used,
    guards: guardGranules(world, drive),
    sampleGranules: SAMPLE_GRANULES,
    retention: { keep: schedule.keep, youngerThanMs: null },
    inPlace: false,
    verify: schedule.verify,
    compareEverything: false,
    beforeRead,
    nowMs: () => Math.floor(world.kernel.now() / MILLISECOND),
  });
  backup.bytesRead += source.bytesRead;
  return { drive, report, changed, used, after: drive.drive.fork() };
}

/** The granules that a picture's file systems use. */
function* usedNow(world: World, drive: BackupDrive, source: Device): Task<Bitmap> {
  const { sectorSize, sectorCount } = drive.source;
  const volumes: VolumeOnDrive[] = [];
  for (const volume of world.volumes.values()) {
    if (!drive.holds(volume)) continue;
    const extent = { first: drive.offsetOf(volume) / sectorSize, count: volume.sectorCount };
    const layout =
      volume.spec.fs === 'raw'
        ? null
        : parseLayout(yield* readSectors(source, extent.first, 1), sectorSize, extent.count);
    volumes.push({ extent, fat: layout === null || 'reason' in layout ? null : layout });
  }
  const grid = new GranuleGrid({ first: 0, count: sectorCount }, DISK_GRANULE_BYTES / sectorSize);
  return yield* usedGranules((first, count) => readSectors(source, first, count), grid, volumes);
}

/** Somebody boots from the disk: the system writes to tables, folders and files of its own. */
function bootFrom({ drive: { sectors }, source }: BackupDrive): void {
  const written = new Uint8Array(source.sectorSize).fill(0xb0);
  for (const part of [0.02, 0.3, 0.7])
    sectors.write(Math.floor(part * source.sectorCount) * source.sectorSize, written);
  const first = new Uint8Array(source.sectorSize);
  sectors.read(0, first);
  // The boot loader notes its last choice.
  first[8] = first[8]! ^ 1;
  sectors.write(0, first);
}

/** A disk without a catalogue of ours becomes one: it is fresh, and nobody else's. */
function* openOrMake(world: World, drive: BackupDrive): Task<BackupDisk> {
  const { hash } = world.modules;
  try {
    return yield* openBackupDisk(drive.places(), hash, drive.source);
  } catch (error) {
    if (!(error instanceof BackupDiskRefusal) || error.reason !== 'foreign') throw error;
    return yield* initialiseBackupDisk(drive.places(), drive.source, hash, DISK_GRANULE_BYTES);
  }
}

/** The partition table, and the first granule of each volume. */
function guardGranules(world: World, { of, source }: BackupDrive): number[] {
  const sectorsEach = DISK_GRANULE_BYTES / source.sectorSize;
  const firsts = [...world.volumes.values()]
    .filter(({ on, firstSector }) => on.spec.id === of.drive && firstSector >= of.extent.first)
    .map(({ firstSector }) => firstSector - of.extent.first)
    .filter(first => first < of.extent.count);
  return [...new Set([0, ...firsts].map(first => Math.floor(first / sectorsEach)))];
}
