/**
 * `self` (E11): caches that lay on protected sectors at T, and files that the scenario excludes, are zeroes in the picture to
 * the last sector, and nothing of them was preserved. Such a cache had all of its limit, zeroed and flushed, before its own T
 * and does not grow in another's life; the engine wrote nothing else to what is protected; and the file is gone afterwards.
 */

import type { Extent } from '../../../engine/units.ts';
import { livePaths, overlapsExtent } from '../../world/left-out.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { isWithin } from './bounded.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';
import { cacheRows } from './own-requests.ts';
import {
  extentOf,
  leftOutOn,
  overlaps,
  type ProtectedRange,
  partsBeside,
  protectedRanges,
} from './protected-ranges.ts';

export function self(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const enabled = enabledOf(evidence);
  const ranges = protectedRanges(world, enabled);
  const inLife = evidence.snapshots.filter(({ cacheDrive }) => cacheDrive !== '');
  const violations = [
    ...enabled.flatMap(snapshot => notZeroes(world, snapshot)),
    ...enabled.flatMap(snapshot => notReserved(world, snapshot, ranges)),
    ...ranges.flatMap(range => inLife.flatMap(owner => grownIn(range, owner))),
    ...preservedInVain(world, ranges),
    ...ranges.flatMap(range => besideCaches(world, range, inLife)),
    ...inLife.flatMap(snapshot => leftBehind(world, snapshot)),
  ];
  const sectors = ranges.reduce((sum, { leftOut, extent }) => sum + sectorsIn(leftOut, extent), 0);
  return engineVerdict('self', 'E11', {
    looked: sectors,
    violations,
    summary: `${sectors} sectors were left out, and nothing of them was preserved`,
    nothing: 'no cache lay on what is protected, and nothing was excluded',
  });
}

function sectorsIn(extents: readonly Extent[], { first, count }: Extent): number {
  const beside = partsBeside(extents, { sector: first, count });
  return count - beside.reduce((sum, part) => sum + part.count, 0);
}

/** By the full read of the picture. */
function notZeroes(world: World, snapshot: WatchedSnapshot): string[] {
  if (!snapshot.fullyRead) return [];
  return snapshot.selected.flatMap(({ drive, extent, name }, at) => {
    const { read, sectorSize } = snapshot.pictures[at]!;
    const wrong = leftOutOn(snapshot, drive).filter(part => {
      const from = Math.max(extent.first, part.first);
      const to = Math.min(extent.first + extent.count, part.first + part.count);
      if (to <= from) return false;
      const bytes = new Uint8Array((to - from) * sectorSize);
      read.read((from - extent.first) * sectorSize, bytes);
      return world.modules.hash(bytes) !== world.modules.hash(new Uint8Array(bytes.length));
    });
    return wrong.map(
      ({ first, count }) =>
        `${snapshot.request.id}: sectors ${first}+${count} under ${name} are left out, and not zeroes`,
    );
  });
}

/** A cache on what is protected at its own T, by its own snapshot or another, was all there. */
function notReserved(world: World, snapshot: WatchedSnapshot, ranges: readonly ProtectedRange[]): string[] {
  const { request, cacheDrive, cacheExtents, issuedAtT } = snapshot;
  const isProtected = ranges.some(
    ({ drive, extent, from, to }) =>
      drive === cacheDrive &&
      from <= issuedAtT &&
      issuedAtT <= to &&
      cacheExtents.some(mine => overlapsExtent(extent, mine)),
  );
  if (!isProtected) return [];
  const before = cacheExtents.filter(({ lentAs }) => lentAs <= issuedAtT);
  const { sectorSizeBytes } = world.drive(cacheDrive).spec;
  const bytes = before.reduce((sum, { count }) => sum + count * sectorSizeBytes, 0);
  const { limitBytes } = request.options.cache;
  if (bytes !== limitBytes)
    return [`${request.id}: had ${bytes} bytes of its cache before T, the limit is ${limitBytes}`];
  const rows = cacheRows(world, snapshot).filter(({ completedAs }) => completedAs < snapshot.completionsAtT);
  const zeroed = rows.filter(({ op, failed }) => op === 'zeroes' && !failed);
  const left = before.flatMap(({ first, count }) => {
    const parts = zeroed.map(extentOf).sort((a, b) => a.first - b.first);
    return partsBeside(parts, { sector: first, count });
  });
  if (left.length > 0)
    return [`${request.id}: sectors ${left[0]!.first}+${left[0]!.count} of its cache were not zeroed`];
  const last = Math.max(...zeroed.map(({ completedAs }) => completedAs));
  return hasFlush(world, cacheDrive, last, snapshot.completionsAtT)
    ? []
    : [`${request.id}: its cache was zeroed, and not flushed before T`];
}

function hasFlush(world: World, drive: string, after: number, before: number): boolean {
  const { place } = world.drive(drive).drive;
  return [...world.requests.rows('cache')].some(
    ({ op, drive: on, failed, completedAs }) =>
      op === 'flush' && on === place && !failed && completedAs > after && completedAs < before,
  );
}

/** A cache that was there at a T stays as it is while that snapshot lives. */
function grownIn({ snapshot, drive, extent, from, to }: ProtectedRange, owner: WatchedSnapshot): string[] {
  if (owner.cacheDrive !== drive) return [];
  const mine = owner.cacheExtents.filter(each => overlapsExtent(extent, each));
  if (!mine.some(({ lentAs }) => lentAs <= from)) return [];
  const later = mine.filter(({ lentAs }) => lentAs > from && lentAs < to);
  return later.length === 0 ? [] : [`${owner.request.id}: its cache grew while ${snapshot.request.id} was alive`];
}

/** Old data of what every snapshot that lived there leaves out. */
function preservedInVain(world: World, ranges: readonly ProtectedRange[]): string[] {
  const found: string[] = [];
  if (ranges.every(({ leftOut }) => leftOut.length === 0)) return found;
  for (const row of world.requests.rows('preserve')) {
    const over = ranges.filter(
      ({ drive, extent, from, to }) =>
        world.drive(drive).drive.place === row.drive &&
        overlaps(extent, row) &&
        from <= row.issuedAs &&
        row.issuedAs < to,
    );
    const isLeftOut = ({ leftOut }: ProtectedRange): boolean => partsBeside(leftOut, row).length === 0;
    if (over.length > 0 && over.every(isLeftOut))
      found.push(`sectors ${row.sector}+${row.count} are left out, and were read to be preserved`);
  }
  return found;
}

/** The engine writes nothing to what is protected but to cache files. */
function besideCaches(world: World, range: ProtectedRange, owners: readonly WatchedSnapshot[]): string[] {
  const { place } = world.drive(range.drive).drive;
  const lent = owners.filter(({ cacheDrive }) => cacheDrive === range.drive).flatMap(each => each.cacheExtents);
  const isBeside = (row: LoggedRequest): boolean =>
    row.drive === place &&
    row.op !== 'read' &&
    row.op !== 'flush' &&
    overlaps(range.extent, row) &&
    !isWithin(row, lent);
  const wrong = [...world.requests.rows('cache')].filter(isBeside);
  return wrong.map(
    ({ op, sector, count }) => `${op} of sectors ${sector}+${count} of ${range.drive} is of no cache file`,
  );
}

/** A cache file, when the last thing of its snapshot was gone: by the host's books, and by the file system at the end. */
function leftBehind(world: World, snapshot: WatchedSnapshot): string[] {
  const { request, cacheFile, issuedAtGone, spaceHeldBytes } = snapshot;
  if (issuedAtGone === null || cacheFile === null) return [];
  const { id } = request;
  if (world.engineEvents.some(({ kind, snapshot: of }) => kind === 'cache-not-freed' && of === id)) return [];
  const isThere = spaceHeldBytes > 0 || livePaths(world, cacheFile.letter).has(cacheFile.path);
  return isThere ? [`${id}: is gone, and ${cacheFile.path} is not`] : [];
}
