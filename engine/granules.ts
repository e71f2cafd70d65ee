/**
 * The grid of granules of one volume in one snapshot: counted from the volume's first sector, all of one size but the
 * last, which may be short (E6). Sectors are those of the drive.
 */
import { invariant } from './invariant.ts';
import type { Extent, Sector } from './units.ts';

/** A granule's number on its grid. */
export type Granule = number;

export class GranuleGrid {
  /** The volume: a run of sectors of its drive. */
  readonly volume: Extent;
  readonly granuleSectors: Sector;
  readonly granuleCount: number;

  constructor(volume: Extent, granuleSectors: Sector) {
    invariant(volume.count > 0, 'a volume of at least one sector');
    invariant(Number.isInteger(granuleSectors) && granuleSectors > 0, `granules of ${granuleSectors} sectors`);
    this.volume = volume;
    this.granuleSectors = granuleSectors;
    this.granuleCount = Math.ceil(volume.count / granuleSectors);
  }

  overlaps(sector: Sector, count: Sector): boolean {
    return sector < this.volume.first + this.volume.count && this.volume.first < sector + count;
  }

  /** The first granule that a range of the drive touches; the range overlaps the volume. */
  firstTouched(sector: Sector): Granule {
    const within = Math.max(0, sector - this.volume.first);
    return Math.floor(within / this.granuleSectors);
  }

  /** The last granule that a range of the drive touches; the range overlaps the volume. */
  lastTouched(sector: Sector, count: Sector): Granule {
    const end = Math.min(this.volume.count, sector + count - this.volume.first);
    return Math.floor((end - 1) / this.granuleSectors);
  }

  /** First sector of a granule, on the drive. */
  start(granule: Granule): Sector {
    return this.volume.first + granule * this.granuleSectors;
  }

  /** Sectors of a granule: short for the last one when the volume's size is no multiple. */
  length(granule: Granule): Sector {
    return Math.min(this.granuleSectors, this.volume.count - granule * this.granuleSectors);
  }
}
