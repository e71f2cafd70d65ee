/**
 * What a snapshot wrote to its own cache: no place twice, and no more than the granules which held writes touch, those
 * that were holes at T left out. Each snapshot by itself, however many were alive; durable ones by durable-writes.ts.
 */

import type { Bytes, Extent, Sector } from '../../../engine/units.ts';
import type { HeldWrite } from '../../world/door.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import { coverage } from './coverage.ts';
import { type Granules, judgeLog } from './durable-writes.ts';
import { cacheRows } from './own-requests.ts';
import { extentOf, granulesOf, isInLife, overlaps, type ProtectedRange, protectedRanges } from './protected-ranges.ts';

export function judgeCacheWrites(world: World, snapshot: WatchedSnapshot, held: readonly HeldWrite[]): string[] {
  const { id } = snapshot.request;
  const writes = cacheRows(world, snapshot).filter(({ op }) => op === 'write');
  const ranges = protectedRanges(world, [snapshot]);
  const mine = held.filter(write => ranges.some(range => isMine(range, write)));
  const sectorBytes = world.drive(snapshot.cacheDrive).spec.sectorSizeBytes;
  const needed = ranges.map(range => copiesFor(world, range, mine, sectorBytes));
  const granules = {
    count: needed.reduce((sum, { count }) => sum + count, 0),
    sectors: needed.reduce((sum, { sectors }) => sum + sectors, 0),
  };
  if (snapshot.statePlace !== null) return judgeLog(world, snapshot, granules);
  const refused = mine.filter(({ end }) => end === 'refused');
  // What failed, or was refused, may be tried again.
  const failed = writes.filter(row => row.failed);
  const extents = writes.map(extentOf);
  const { tooOften } = coverage(extents, 1 + failed.length + refused.length);
  const violations = tooOften.map(
    ({ first, count, times }) => `${id}: sectors ${first}+${count} of its cache are written ${times} times`,
  );
  const allowed = granules.sectors + failed.reduce((sum, { count }) => sum + count, 0);
  const written = writes.reduce((sum, { count }) => sum + count, 0);
  if (written > allowed) {
    violations.push(
      `${id}: ${written} sectors of its cache were written, and first writes have ${allowed} of old data`,
    );
  }
  return violations;
}

function isMine(range: ProtectedRange, write: HeldWrite): boolean {
  return range.drive === write.drive && overlaps(range.extent, write) && isInLife(range, write);
}

/**
 * Sectors of the cache that the granules of a volume take up that held writes touch: once for all writes that went on, and
 * once for each that was refused.
 */
function copiesFor(
  world: World,
  range: ProtectedRange,
  held: readonly HeldWrite[],
  cacheSectorBytes: number,
): Granules {
  const { sectorSizeBytes } = world.drive(range.drive).spec;
  const needs = new Map<Sector, Sector>();
  const kept = new Set<Sector>();
  let sectors = 0;
  let count = 0;
  for (const write of held) {
    if (write.end === 'dropped' || !isMine(range, write)) continue;
    for (const granule of granulesOf(range, write)) {
      if (write.end !== 'refused') {
        if (kept.has(granule.first)) continue;
        kept.add(granule.first);
      }
      const known = needs.get(granule.first) ?? copyOf(range, granule, sectorSizeBytes, cacheSectorBytes);
      needs.set(granule.first, known);
      sectors += known;
      count += 1;
    }
  }
  return { sectors, count };
}

/** What was a hole at T needs no place (E15). */
function copyOf(
  { snapshot, drive }: ProtectedRange,
  { first, count }: Extent,
  sectorBytes: Bytes,
  cacheSectorBytes: Bytes,
): Sector {
  const bytes = count * sectorBytes;
  const isHole = snapshot.forks?.get(drive)?.isHole(first * sectorBytes, bytes) ?? false;
  return isHole ? 0 : Math.ceil(bytes / cacheSectorBytes);
}
