/**
 * Restores a backup from the target to a fresh drive: volumes sector by sector, or files into an empty file system. The
 * result is all that the data checks get to see of a backup.
 */
import { defect } from '../../engine/invariant.ts';
import { runNow, type Task } from '../../engine/task.ts';
import { type Bytes, MIB, SECOND } from '../../engine/units.ts';
import type { Archive, ArchivedFile, Backup } from '../agents/backup.ts';
import { PAGE_BYTES } from '../disk/arena.ts';
import { ImmediateDevice } from '../disk/immediate-device.ts';
import { Sectors } from '../disk/sectors.ts';
import type { RestoredVolume } from '../evidence.ts';
import { mountFat } from '../fs/fat/mount.ts';
import type { MountedVolume } from '../fs/file-system.ts';
import { PageCache } from '../fs/page-cache.ts';
import { format } from './filled-drives.ts';
import type { World, WorldVolume } from './world.ts';

const RESTORE_CACHE_BYTES: Bytes = 16 * MIB;

/** The volumes that a completed backup of `letters` holds. */
export function restore(world: World, backup: Backup, letters: readonly string[]): RestoredVolume[] {
  return letters.map(letter => {
    const volume = world.volume(letter);
    const sectors = new Sectors(volume.spec.sizeBytes, world.modules.methodArena);
    const onDisk = backup.diskBackups.find(({ drive }) => drive.holds(volume));
    if (onDisk !== undefined) copyImage(onDisk.after, onDisk.drive.offsetOf(volume), sectors);
    else if (backup.archive !== null) restoreFiles(world, volume, backup.archive, sectors);
    else {
      const image = backup.images.find(each => each.letter === letter) ?? defect(`no image of ${letter}`);
      copyImage(world.target.drive.sectors, image.targetOffset, sectors);
    }
    return {
      letter,
      fileSystem: volume.spec.fs,
      sectorSize: volume.on.spec.sectorSizeBytes,
      sectors,
      offsetBytes: 0,
      sizeBytes: volume.spec.sizeBytes,
    };
  });
}

/** Shares the pages of the image. */
function copyImage(from: Sectors, offset: Bytes, to: Sectors): void {
  const first = offset / PAGE_BYTES;
  const count = Math.ceil(to.sizeBytes / PAGE_BYTES);
  for (const number of from.pageNumbers()) {
    if (number >= first && number < first + count) to.setPage(number - first, from.page(number));
  }
}

function restoreFiles(world: World, volume: WorldVolume, archive: Archive, sectors: Sectors): void {
  const { spec, on } = volume;
  if (spec.fs === 'raw') return;
  const { sectorSizeBytes } = on.spec;
  format(sectors, spec, sectorSizeBytes, world.scenario.clockSeconds, 0);
  const cache = new PageCache({
    owner: null,
    sizeBytes: RESTORE_CACHE_BYTES,
    writeBackNs: SECOND,
    dirtyLimitBytes: RESTORE_CACHE_BYTES,
    // Nobody else writes to the fresh drive, so nothing that is read from it has to be compared with what was written.
    hash: () => 0,
    buffers: world.modules.pageBuffers,
  });
  const device = new ImmediateDevice('restored', sectors, sectorSizeBytes);
  const sectorCount = spec.sizeBytes / sectorSizeBytes;
  const cached = cache.addVolume({ letter: spec.letter, device, firstSector: 0, sectorCount });
  const mounted = runNow(mountFat(cached, { now: world.wallClock, ids: { next: 1 } }));
  const isHere = (path: string): boolean => path.startsWith(`${spec.letter}:`);
  for (const path of archive.directories.filter(isHere)) runNow(mounted.makeDirectory(path));
  for (const file of archive.files) if (isHere(file.path)) runNow(restoreFile(world, mounted, file));
  runNow(mounted.sync());
}

function* restoreFile(world: World, volume: MountedVolume, file: ArchivedFile): Task<void> {
  const folder = file.path.slice(0, file.path.lastIndexOf('\\'));
  if (folder.length > 2) yield* volume.makeDirectory(folder);
  const handle = yield* volume.create(file.path);
  let buffer = new Uint8Array(0);
  for (const { targetOffset, length } of file.pieces) {
    if (length > buffer.length) buffer = new Uint8Array(length);
    const bytes = buffer.subarray(0, length);
    world.target.drive.sectors.read(targetOffset, bytes);
    yield* handle.append(bytes);
  }
  handle.close();
  yield* volume.setModified(file.path, file.modified);
}
