/**
 * What each snapshot protects, granule by granule, and while which requests it lived: counted from the selection and its
 * granule size, without asking the engine.
 */
import type { Extent, Sector } from '../../../engine/units.ts';
import type { HeldWrite } from '../../world/door.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';

/** A selected volume of a snapshot. */
export interface ProtectedRange {
  readonly snapshot: WatchedSnapshot;
  readonly drive: string;
  readonly extent: Extent;
  readonly granuleSectors: Sector;
  /** Sectors of the drive that its picture leaves out (E11); ascending. */
  readonly leftOut: readonly Extent[];
  /** Of the requests of the world, the first that came after T, and the first that came after its end. */
  readonly from: number;
  readonly to: number;
}

export function protectedRanges(world: World, snapshots: readonly WatchedSnapshot[]): ProtectedRange[] {
  return snapshots.flatMap(snapshot => {
    if (snapshot.T === null) return [];
    const { granuleBytes } = snapshot.request.options;
    return snapshot.selected.map(({ drive, extent }) => ({
      snapshot,
      drive,
      extent,
      granuleSectors: granuleBytes / world.drive(drive).spec.sectorSizeBytes,
      leftOut: leftOutOn(snapshot, drive),
      from: snapshot.issuedAtT,
      to: snapshot.issuedAtEnd ?? Number.POSITIVE_INFINITY,
    }));
  });
}

/** What a picture leaves out of a drive, in order. */
export function leftOutOn({ leftOut }: WatchedSnapshot, drive: string): Extent[] {
  const extents = leftOut.filter(each => each.drive === drive).flatMap(each => each.extents);
  return extents.sort((a, b) => a.first - b.first || a.count - b.count);
}

/** The parts of a run of sectors that lie in none of some extents, which are ascending. */
export function partsBeside(
  extents: readonly Extent[],
  { sector, count }: { sector: Sector; count: Sector },
): Extent[] {
  const parts: Extent[] = [];
  let from = sector;
  const end = sector + count;
  for (const extent of extents) {
    if (extent.first >= end) break;
    if (extent.first > from) parts.push({ first: from, count: extent.first - from });
    from = Math.max(from, Math.min(end, extent.first + extent.count));
  }
  if (from < end) parts.push({ first: from, count: end - from });
  return parts;
}

/** Whether a request changes a sector of the granule that the picture does not leave out. */
export function touches(range: ProtectedRange, granule: Extent, request: { sector: Sector; count: Sector }): boolean {
  const from = Math.max(granule.first, request.sector);
  const count = Math.min(granule.first + granule.count, request.sector + request.count) - from;
  return count > 0 && partsBeside(range.leftOut, { sector: from, count }).length > 0;
}

/** The granule that holds a sector of the drive; the last one may be short (E6). */
export function granuleAt({ extent, granuleSectors }: ProtectedRange, sector: Sector): Extent {
  const first = extent.first + Math.floor((sector - extent.first) / granuleSectors) * granuleSectors;
  return { first, count: Math.min(granuleSectors, extent.first + extent.count - first) };
}

/** Each granule that a request touches, but for what the picture leaves out. */
export function* granulesOf(range: ProtectedRange, touching: { sector: Sector; count: Sector }): Generator<Extent> {
  const { extent } = range;
  const end = Math.min(extent.first + extent.count, touching.sector + touching.count);
  for (let sector = Math.max(extent.first, touching.sector); sector < end; ) {
    const granule = granuleAt(range, sector);
    if (touches(range, granule, touching)) yield granule;
    sector = granule.first + granule.count;
  }
}

export function overlaps(extent: Extent, { sector, count }: { sector: Sector; count: Sector }): boolean {
  return sector < extent.first + extent.count && extent.first < sector + count;
}

/** Whether a held write may have had something preserved for this range: it came before the end and left after T. */
export function isInLife({ from, to }: ProtectedRange, { arrivedAs, leftAs }: HeldWrite): boolean {
  return leftAs >= from && arrivedAs <= to;
}

/** A request's sectors. */
export function extentOf({ sector, count }: { readonly sector: Sector; readonly count: Sector }): Extent {
  return { first: sector, count };
}

/** Each held write, in the order of coming, with those that came before it, overlap it and were held still. */
export function* withEarlier(held: readonly HeldWrite[]): Generator<{ write: HeldWrite; earlier: HeldWrite[] }> {
  let before: HeldWrite[] = [];
  for (const write of held) {
    before = before.filter(({ leftAs }) => leftAs >= write.arrivedAs);
    const earlier = before.filter(other => other.drive === write.drive && overlaps(extentOf(other), write));
    before.push(write);
    yield { write, earlier };
  }
}

/** Tells the id of a drive from its place in the log of requests. */
export function driveIds({ drives }: World): (place: number) => string {
  const ids = new Map([...drives].map(([id, { drive }]) => [drive.place, id]));
  return place => ids.get(place) ?? `drive ${place}`;
}
