/** Runs of sectors, kept in order and apart: what lies in them, and what beside them. */
import { invariant } from './invariant.ts';
import type { Extent, Sector } from './units.ts';

export class ExtentSet {
  /** Ascending; no two touch. */
  readonly extents: readonly Extent[];

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

  covers(first: Sector, count: Sector): boolean {
    return this.runAt(first, first + count) === first + count && this.isInside(first);
  }

  isInside(sector: Sector): boolean {
    const next = this.extents[this.firstEndingBehind(sector)];
    return next !== undefined && next.first <= sector;
  }

  /** The end, at most `end`, of the run of sectors from `sector` on that are all inside, or all outside. */
  runAt(sector: Sector, end: Sector): Sector {
    const next = this.extents[this.firstEndingBehind(sector)];
    if (next === undefined) return end;
    return Math.min(sector < next.first ? next.first : next.first + next.count, end);
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

  /** The place of the first extent that ends behind a sector. */
  private firstEndingBehind(sector: Sector): number {
    let low = 0;
    let high = this.extents.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const { first, count } = this.extents[middle]!;
      if (first + count > sector) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

export const NO_EXTENTS = new ExtentSet([]);
