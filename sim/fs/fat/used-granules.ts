/**
 * Which granules of a drive hold something that its file systems use.
 *
 * A granule is unused when all of it lies in clusters that a FAT volume says are free. Whatever is not known is used: gaps,
 * tables, volumes with other file systems, what lies behind the last cluster.
 */
import { Bitmap } from '../../../engine/bitmap.ts';
import type { GranuleGrid } from '../../../engine/granules.ts';
import type { Task } from '../../../engine/task.ts';
import type { Extent, Sector } from '../../../engine/units.ts';
import { allocatedExtents, tableExtent } from './allocated.ts';
import type { FatLayout } from './layout.ts';

/** A volume of the drive; null: its file system is none that is known here. */
export interface VolumeOnDrive {
  readonly extent: Extent;
  readonly fat: FatLayout | null;
}

/** Sectors are counted from the grid's first one. */
export function* usedGranules(
  read: (first: Sector, count: Sector) => Task<Uint8Array>,
  grid: GranuleGrid,
  volumes: readonly VolumeOnDrive[],
): Task<Bitmap> {
  const { granuleCount, granuleSectors } = grid;
  const unused = new Bitmap(granuleCount);
  for (const volume of volumes) {
    for (const { first, count } of yield* freeExtents(read, volume)) {
      const start = Math.ceil(first / granuleSectors);
      const end = first + count === grid.volume.count ? granuleCount : (first + count) / granuleSectors;
      for (let granule = start; granule + 1 <= end; granule++) if (!unused.get(granule)) unused.set(granule);
    }
  }
  const used = new Bitmap(granuleCount);
  for (let granule = 0; granule < granuleCount; granule++) if (!unused.get(granule)) used.set(granule);
  return used;
}

/** Runs of sectors of the drive that are free clusters of a volume. */
function* freeExtents(
  read: (first: Sector, count: Sector) => Task<Uint8Array>,
  { fat, extent }: VolumeOnDrive,
): Task<Extent[]> {
  if (fat === null) return [];
  const table = tableExtent(fat);
  const allocated = allocatedExtents(fat, yield* read(extent.first + table.first, table.count));
  const end = fat.dataStart / fat.sectorSize + (fat.clusterCount * fat.clusterBytes) / fat.sectorSize;
  const free: Extent[] = [];
  let at: Sector = 0;
  for (const { first, count } of [...allocated, { first: end, count: 0 }]) {
    if (first > at) free.push({ first: extent.first + at, count: first - at });
    at = first + count;
  }
  return free;
}
