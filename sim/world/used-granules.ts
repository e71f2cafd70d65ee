/** Which granules of a backup disk hold something that a file system uses, as a picture says: for `usedOnly`. */
import { readSectors } from '../../engine/backup-disk/transfer.ts';
import { Bitmap } from '../../engine/bitmap.ts';
import type { Device } from '../../engine/device.ts';
import type { Task } from '../../engine/task.ts';
import type { Extent } from '../../engine/units.ts';
import { allocatedExtents, tableExtent } from '../fs/fat/allocated.ts';
import { parseLayout } from '../fs/fat/layout.ts';
import { type BackupDrive, DISK_GRANULE_BYTES } from './backup-drive.ts';
import type { World, WorldVolume } from './world.ts';

/** Sectors that are in use, of what is backed up; what is no FAT volume is in use as a whole. */
function* usedExtents(world: World, drive: BackupDrive, source: Device): Task<Extent[]> {
  const { of } = drive;
  const end = of.extent.first + of.extent.count;
  const volumes = [...world.volumes.values()]
    .filter(({ on, firstSector }) => on.spec.id === of.drive && firstSector >= of.extent.first && firstSector < end)
    .sort((a, b) => a.firstSector - b.firstSector);
  const used: Extent[] = [];
  let at = of.extent.first;
  for (const volume of volumes) {
    if (volume.firstSector > at) used.push({ first: at - of.extent.first, count: volume.firstSector - at });
    used.push(...(yield* usedOf(volume, volume.firstSector - of.extent.first, source)));
    at = volume.firstSector + volume.sectorCount;
  }
  if (end > at) used.push({ first: at - of.extent.first, count: end - at });
  return used;
}

function* usedOf({ spec, sectorCount }: WorldVolume, first: number, source: Device): Task<Extent[]> {
  const whole = [{ first, count: sectorCount }];
  if (spec.fs === 'raw') return whole;
  const layout = parseLayout(yield* readSectors(source, first, 1), source.sectorSize, sectorCount);
  if ('reason' in layout) return whole;
  const table = tableExtent(layout);
  const bytes = yield* readSectors(source, first + table.first, table.count);
  return allocatedExtents(layout, bytes).map(extent => ({ first: first + extent.first, count: extent.count }));
}

export function* usedGranules(world: World, drive: BackupDrive, source: Device): Task<Bitmap> {
  const { sectorSize, sectorCount } = drive.source;
  const sectorsEach = DISK_GRANULE_BYTES / sectorSize;
  const used = new Bitmap(Math.ceil(sectorCount / sectorsEach));
  for (const { first, count } of yield* usedExtents(world, drive, source)) {
    const last = Math.floor((first + count - 1) / sectorsEach);
    for (let granule = Math.floor(first / sectorsEach); granule <= last; granule++) {
      if (!used.get(granule)) used.set(granule);
    }
  }
  return used;
}
