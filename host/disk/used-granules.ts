/**
 * Which granules of a drive hold something, and which an increment looks at first.
 *
 * A granule is unused when all of it lies in clusters that a FAT volume says are free. Whatever is not known is used: gaps,
 * tables, volumes with other file systems, what lies behind the last cluster.
 */
import { Bitmap } from '../../engine/bitmap.ts';
import { GranuleGrid } from '../../engine/granules.ts';
import type { Task } from '../../engine/task.ts';
import { type Bytes, type Extent, MIB, type Sector } from '../../engine/units.ts';
import { allocatedExtents, tableExtent } from '../../sim/fs/fat/allocated.ts';
import type { DriveContent, DriveShape, FoundVolume, ReadTask } from './partitions.ts';

/** So much of each end of a drive, and of the start of each volume, is guarded. */
const GUARDED_BYTES: Bytes = MIB / 4;

function gridOf({ sectorSize, sectorCount }: DriveShape, granuleBytes: Bytes): GranuleGrid {
  return new GranuleGrid({ first: 0, count: sectorCount }, granuleBytes / sectorSize);
}

export function* usedGranules(
  read: ReadTask,
  shape: DriveShape,
  granuleBytes: Bytes,
  { volumes }: DriveContent,
): Task<Bitmap> {
  const grid = gridOf(shape, granuleBytes);
  const unused = new Bitmap(grid.granuleCount);
  for (const volume of volumes) {
    for (const { first, count } of yield* freeExtents(read, volume)) {
      const start = Math.ceil(first / grid.granuleSectors);
      const end = first + count === shape.sectorCount ? grid.granuleCount : (first + count) / grid.granuleSectors;
      for (let granule = start; granule + 1 <= end; granule++) if (!unused.get(granule)) unused.set(granule);
    }
  }
  const used = new Bitmap(grid.granuleCount);
  for (let granule = 0; granule < grid.granuleCount; granule++) if (!unused.get(granule)) used.set(granule);
  return used;
}

/** Runs of sectors of the drive that are free clusters of a volume. */
function* freeExtents(read: ReadTask, { fat, extent }: FoundVolume): Task<Extent[]> {
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

/** The granules that every system writes first: partition tables, boot sectors, tables of files. */
export function guardGranules(shape: DriveShape, granuleBytes: Bytes, { volumes }: DriveContent): number[] {
  const grid = gridOf(shape, granuleBytes);
  const guarded = GUARDED_BYTES / shape.sectorSize;
  const starts = [0, shape.sectorCount - guarded, ...volumes.map(({ extent }) => extent.first)];
  const granules = new Set<number>();
  for (const start of starts) {
    const first = Math.max(0, start);
    const count = Math.min(guarded, shape.sectorCount - first);
    for (let each = grid.firstTouched(first); each <= grid.lastTouched(first, count); each++) granules.add(each);
  }
  return [...granules].sort((a, b) => a - b);
}
