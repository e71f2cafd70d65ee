/**
 * Which granules of a volume were changed, in intervals from one T to the next (E13): an image of the volume at an earlier
 * T, and every granule that changed since, are together the volume at a later T.
 *
 * Invariants
 * I1 A granule is marked before the request that changes it is issued to the drive; one that fails has marked it, too.
 * I2 Only the newest interval is written. T ends it and begins the next, in the step in which the snapshot is enabled.
 * I3 So many intervals are kept, the newest first to stay. What began before the oldest of them is not known any more:
 *    who asks compares instead of trusting.
 * I4 All intervals are of one generation: from its beginning on every change is marked. Images of another generation are
 *    compared, not trusted.
 * I5 Sectors that a picture leaves out read as zeroes in it: what is written to them is not marked as long as each T leaves
 *    them out, and what one T leaves out and the next does not is changed between the two (E11).
 *
 * Hot path: `mark` runs for every destructive request to a tracked volume.
 */
import { Bitmap } from './bitmap.ts';
import { type ExtentSet, NO_EXTENTS } from './extent-set.ts';
import { GranuleGrid } from './granules.ts';
import { defect, invariant } from './invariant.ts';
import type { Extent, Sector } from './units.ts';

/** Which unbroken time of tracking a map is of; no two have the same number. */
export type TrackingGeneration = number;

/** The changes from one T to the next. */
export interface Interval {
  /** The snapshot at whose T it began; null for what was changed before the first one. */
  readonly since: string | null;
  readonly changed: Bitmap;
}

/** All that is known of a volume's changes. */
export interface TrackedMaps {
  readonly generation: TrackingGeneration;
  readonly intervals: readonly Interval[];
  /** What the last T left out. */
  readonly leftOut: ExtentSet;
}

export class ChangeTracker {
  readonly grid: GranuleGrid;
  private readonly keep: number;
  private currentGeneration: TrackingGeneration;
  private intervals: Interval[];
  private newest: Interval;
  /** As of the last T. */
  private excluded: ExtentSet = NO_EXTENTS;

  /** `keep`: how many intervals are known, the one that is being written included. */
  constructor(volume: Extent, granuleSectors: Sector, keep: number, generation: TrackingGeneration) {
    invariant(Number.isSafeInteger(keep) && keep > 0, `${keep} intervals to keep`);
    this.grid = new GranuleGrid(volume, granuleSectors);
    this.keep = keep;
    this.currentGeneration = generation;
    this.intervals = [];
    this.newest = this.begin(null);
  }

  get generation(): TrackingGeneration {
    return this.currentGeneration;
  }

  /** In the order of time. */
  get known(): readonly Interval[] {
    return this.intervals;
  }

  /** What the last T left out. */
  get leftOut(): ExtentSet {
    return this.excluded;
  }

  /** Goes on where an earlier life of the host stopped cleanly. */
  resume({ generation, intervals, leftOut }: TrackedMaps): void {
    const newest = intervals.at(-1);
    invariant(
      newest !== undefined && intervals.every(({ changed }) => changed.size === this.grid.granuleCount),
      'maps',
    );
    this.currentGeneration = generation;
    this.intervals = intervals.slice(-this.keep);
    this.newest = newest;
    this.excluded = leftOut;
  }

  /** Something changed that was not marked: nothing from before is known any more (I4). */
  renew(generation: TrackingGeneration): void {
    invariant(generation !== this.currentGeneration, `two generations ${generation}`);
    this.currentGeneration = generation;
    this.intervals = [];
    this.newest = this.begin(null);
    this.excluded = NO_EXTENTS;
  }

  isOf({ first, count }: Extent): boolean {
    const { volume } = this.grid;
    return volume.first === first && volume.count === count;
  }

  /** A request that changes these sectors of the drive is about to be issued (I1). */
  mark(sector: Sector, count: Sector): void {
    if (this.excluded.isEmpty) this.markRange(sector, count);
    else for (const part of this.excluded.outside(sector, count)) this.markRange(part.first, part.count);
  }

  private markRange(sector: Sector, count: Sector): void {
    const { grid } = this;
    if (!grid.overlaps(sector, count)) return;
    const { changed } = this.newest;
    const last = grid.lastTouched(sector, count);
    for (let granule = grid.firstTouched(sector); granule <= last; granule++) {
      if (!changed.get(granule)) changed.set(granule);
    }
  }

  /** T of a snapshot of this volume, which leaves these sectors out (I2, I5). */
  swap(snapshot: string, excluded: ExtentSet = NO_EXTENTS): void {
    if (this.intervals.some(({ since }) => since === snapshot)) defect(`two intervals since ${snapshot}`);
    this.markOutside(this.excluded, excluded);
    this.markOutside(excluded, this.excluded);
    this.excluded = excluded;
    this.newest = this.begin(snapshot);
    if (this.intervals.length > this.keep) this.intervals.shift();
  }

  /** What changed from the T of one snapshot to that of a later one; null when it is not known (I3). Of this generation. */
  changedBetween(base: string, next: string): Bitmap | null {
    const from = this.intervals.findIndex(({ since }) => since === base);
    const to = this.intervals.findIndex(({ since }) => since === next);
    if (from < 0 || to < from) return null;
    const all = new Bitmap(this.grid.granuleCount);
    for (const { changed } of this.intervals.slice(from, to)) all.add(changed);
    return all;
  }

  /** Marks what is in one set and not in another. */
  private markOutside({ extents }: ExtentSet, other: ExtentSet): void {
    for (const { first, count } of extents) {
      for (const part of other.outside(first, count)) this.markRange(part.first, part.count);
    }
  }

  private begin(since: string | null): Interval {
    const interval = { since, changed: new Bitmap(this.grid.granuleCount) };
    this.intervals.push(interval);
    return interval;
  }
}
