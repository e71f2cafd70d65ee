/** The granules of a drive, and those of them that an increment looks at first. */
import { GranuleGrid } from '../../engine/granules.ts';
import { type Bytes, MIB } from '../../engine/units.ts';
import type { DriveContent, DriveShape } from './partitions.ts';

/** So much of each end of a drive, and of the start of each volume, is guarded. */
const GUARDED_BYTES: Bytes = MIB / 4;

export function gridOf({ sectorSize, sectorCount }: DriveShape, granuleBytes: Bytes): GranuleGrid {
  return new GranuleGrid({ first: 0, count: sectorCount }, granuleBytes / sectorSize);
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
