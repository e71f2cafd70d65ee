/**
 * `bounded` (E8): each snapshot's cache file, as the drive saw it written and zeroed and as the host lent it, never grows
 * past its limit; and nothing is written beside the cache files, and the states, of those that are there.
 */

import type { LoggedRequest } from '../../world/request-log.ts';
import type { LentExtent, WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { Verdict } from '../verdict.ts';
import { coverage } from './coverage.ts';
import { type EngineEvidence, engineVerdict } from './engine-verdict.ts';
import { cacheRows, stateRows } from './own-requests.ts';
import { extentOf } from './protected-ranges.ts';

export function bounded({ world, snapshots }: EngineEvidence): Verdict {
  const owned = new Set<number>();
  const violations: string[] = [];
  for (const snapshot of snapshots) {
    // Not asked for yet: it has no place.
    if (snapshot.cacheDrive === '') continue;
    const writes = cacheRows(world, snapshot).filter(isChange);
    for (const row of writes) if (isWithin(row, snapshot.cacheExtents)) owned.add(row.issuedAs);
    const { union } = coverage(writes.map(extentOf), 1);
    violations.push(...pastLimit(snapshot, union * world.drive(snapshot.cacheDrive).spec.sectorSizeBytes));
  }
  let looked = 0;
  for (const row of world.requests.rows('cache')) {
    if (!isChange(row)) continue;
    looked += row.count;
    if (!owned.has(row.issuedAs))
      violations.push(`${row.op} of sectors ${row.sector}+${row.count} for a cache, which is no cache file's place`);
  }
  for (const snapshot of snapshots) for (const row of stateRows(world, snapshot)) owned.add(row.issuedAs);
  for (const { op, sector, count, issuedAs } of world.requests.rows('state')) {
    if (!owned.has(issuedAs))
      violations.push(`${op} of sectors ${sector}+${count} for a state, which is no snapshot's place`);
  }
  return engineVerdict('bounded', 'E8', {
    looked,
    violations,
    summary: `${looked} sectors of the cache, within its limit`,
    nothing: 'nothing was written to a cache',
  });
}

function pastLimit({ request, spacePeakBytes }: WatchedSnapshot, writtenBytes: number): string[] {
  const { limitBytes } = request.options.cache;
  if (writtenBytes > limitBytes)
    return [`${request.id}: ${writtenBytes} bytes of its cache file were written, the limit is ${limitBytes}`];
  if (spacePeakBytes > limitBytes)
    return [`${request.id}: its cache file grew to ${spacePeakBytes} bytes, the limit is ${limitBytes}`];
  return [];
}

function isChange({ op }: LoggedRequest): boolean {
  return op !== 'read' && op !== 'flush';
}

/** Extents of a file may lie side by side. */
export function isWithin({ sector, count, issuedAs }: LoggedRequest, extents: readonly LentExtent[]): boolean {
  const lent = extents.filter(({ lentAs }) => lentAs <= issuedAs);
  const inside = lent.map(({ first, count: length }) => {
    const from = Math.max(first, sector);
    return { first: from, count: Math.max(0, Math.min(first + length, sector + count) - from) };
  });
  return coverage(inside, 1).union === count;
}
