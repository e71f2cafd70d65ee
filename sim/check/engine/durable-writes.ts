/**
 * What a durable snapshot wrote: records of its log, header and record of T to its cache, and its state. A write to the log
 * is committed when a write to the state that was issued after it has completed, in the same life of the machine; from
 * then on no sector of it is written again (E10). What was not committed is a group that failed or that a cut has torn.
 */

import { HEADER_BYTES } from '../../../engine/cache-file.ts';
import type { Extent, Sector } from '../../../engine/units.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import { coverage } from './coverage.ts';
import { cacheRows, stateRows } from './own-requests.ts';
import { extentOf, overlaps } from './protected-ranges.ts';

/** The log of a snapshot, judged: what was committed is not written again, and is no more than first writes have. */
export function judgeLog(world: World, snapshot: WatchedSnapshot, granules: Granules): string[] {
  const { id } = snapshot.request;
  const header = headerExtents(world, snapshot);
  const writes = cacheRows(world, snapshot).filter(
    row => row.op === 'write' && !header.some(extent => overlaps(extent, row)),
  );
  const commits = stateRows(world, snapshot).filter(({ op, failed }) => op === 'write' && !failed);
  const committed = writes.flatMap(row => {
    const commit = commits.find(each => isCommitOf(world, each, row));
    return commit === undefined ? [] : [{ row, atNs: commit.completedAt }];
  });
  const violations: string[] = [];
  for (const { row, atNs } of committed) {
    const mine = extentOf(row);
    if (!writes.some(other => other.issuedAt >= atNs && other !== row && overlaps(mine, other))) continue;
    violations.push(`${id}: sectors ${mine.first}+${mine.count} hold a committed record, and were written again`);
  }
  const { union } = coverage(
    committed.map(({ row }) => extentOf(row)),
    1,
  );
  // A header for each granule, and at most a commit record.
  const allowed = granules.sectors + 2 * granules.count + recordOfT(world, snapshot);
  if (union > allowed)
    violations.push(`${id}: ${union} sectors of its log were committed, and first writes have ${allowed}`);
  return violations;
}

/** Granules that may have been kept, and sectors of a cache that their data takes. */
export interface Granules {
  readonly count: number;
  readonly sectors: Sector;
}

function isCommitOf(world: World, commit: LoggedRequest, row: LoggedRequest): boolean {
  if (row.failed || row.takenAway || commit.takenAway || !Number.isFinite(commit.completedAt)) return false;
  if (commit.issuedAt < row.completedAt) return false;
  return !world.lives.some(({ firstIssue }) => row.issuedAs < firstIssue && firstIssue <= commit.issuedAs);
}

/** Where the header of its cache file has its place: at the beginning of what the host lent. */
function headerExtents(world: World, { cacheDrive, cacheExtents }: WatchedSnapshot): Extent[] {
  let left = HEADER_BYTES / world.drive(cacheDrive).spec.sectorSizeBytes;
  return cacheExtents.flatMap(({ first, count }) => {
    const mine = { first, count: Math.min(count, left) };
    left -= mine.count;
    return mine.count === 0 ? [] : [mine];
  });
}

/** Sectors of the record of T: what it says of a volume, and of each run of sectors that is left out. */
function recordOfT(world: World, { cacheDrive, selected, leftOut }: WatchedSnapshot): Sector {
  const runs = leftOut.reduce((sum, { extents }) => sum + extents.length, 0);
  return 2 + Math.ceil((512 * selected.length + 16 * runs) / world.drive(cacheDrive).spec.sectorSizeBytes);
}
