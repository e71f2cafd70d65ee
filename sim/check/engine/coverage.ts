/** How often sectors are covered by many extents of one drive: by a sweep over their ends, not sector by sector. */
import type { Extent, Sector } from '../../../engine/units.ts';

export interface Coverage {
  /** Sectors that are covered at all. */
  readonly union: Sector;
  /** Runs of sectors that are covered more often than was allowed, with the most that was met in each. */
  readonly tooOften: readonly (Extent & { readonly times: number })[];
}

export function coverage(extents: Iterable<Extent>, allowed: number): Coverage {
  const ends: { at: Sector; by: 1 | -1 }[] = [];
  for (const { first, count } of extents) ends.push({ at: first, by: 1 }, { at: first + count, by: -1 });
  ends.sort((a, b) => a.at - b.at || a.by - b.by);
  const tooOften: (Extent & { times: number })[] = [];
  let depth = 0;
  let union = 0;
  let from = 0;
  for (const { at, by } of ends) {
    const count = at - from;
    if (depth > 0) union += count;
    if (depth > allowed && count > 0) tooOften.push({ first: from, count, times: depth });
    depth += by;
    from = at;
  }
  return { union, tooOften };
}
