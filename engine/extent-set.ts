/** Runs of sectors, kept in order and apart: what lies in them, and what beside them. */
import { invariant } from './invariant.ts';
import type { Extent, Sector } from './units.ts';

export class ExtentSet {
  /** Ascending; no two touch. */
  private readonly extents: readonly Extent[];

  constructor(extents: readonly Extent[]) {
    const merged: { first: Sector; count: Sector }[] = [];
    for (const { first, count } of [...extents].sort((a, b) => a.first - b.first)) {
      invariant(first >= 0 && count > 0, `an extent of ${count} sectors at ${first}`);
      const last = merged.at(-1);
      if (last !== undefined && first <= last.first + last.count) {
        last.count = Math.max(last.count, first + count - last.first);
      } else merged.push({ first, count });
    }
    this.extents = merged;
  }

  get isEmpty(): boolean {
    return this.extents.length === 0;
  }

  /** In order, apart. */
  get list(): readonly Extent[] {
    return this.extents;
  }

  covers(first: Sector, count: Sector): boolean {
    return this.runAt(first, first + count) === first + count && this.isInside(first);
  }

  isInside(sector: Sector): boolean {
    return this.extents.some(({ first, count }) => first <= sector && sector < first + count);
  }

  /** The end, at most `end`, of the run of sectors from `sector` on that are all inside, or all outside. */
  runAt(sector: Sector, end: Sector): Sector {
    for (const { first, count } of this.extents) {
      if (sector < first) return Math.min(first, end);
      if (sector < first + count) return Math.min(first + count, end);
    }
    return end;
  }

  /** The parts of a range that lie outside. */
  outside(first: Sector, count: Sector): Extent[] {
    const parts: Extent[] = [];
    for (let at = first; at < first + count; ) {
      const next = this.runAt(at, first + count);
      if (!this.isInside(at)) parts.push({ first: at, count: next - at });
      at = next;
    }
    return parts;
  }
}

export const NO_EXTENTS = new ExtentSet([]);
