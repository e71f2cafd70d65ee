/** Whether what a snapshot gives as the cause of its loss, or of a refusal, did happen to it, by the world's own log. */

import type { LossCause } from '../../../engine/events.ts';
import { type Bytes, KIB, type Nanoseconds } from '../../../engine/units.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import { coverage } from './coverage.ts';
import { cacheRows, stateRows } from './own-requests.ts';
import { extentOf, overlaps } from './protected-ranges.ts';

/** What the world's own log has of the cause that the engine gives, up to then. */
export function hadCause(world: World, snapshot: WatchedSnapshot, cause: LossCause, at: Nanoseconds): boolean {
  const { preserveLimitNs } = snapshot.request.options;
  const since = snapshot.T ?? snapshot.askedNs;
  switch (cause) {
    case 'source-read-error':
      return sourceRows(world, snapshot, 'preserve').some(
        row => row.failed && row.issuedAt >= since && row.completedAt <= at,
      );
    case 'cache-error':
      return [...cacheRows(world, snapshot), ...stateRows(world, snapshot)].some(
        row => row.failed && row.completedAt <= at,
      );
    case 'cache-full':
      return isFull(world, snapshot);
    case 'preserve-limit': {
      // Several requests make up one wait: the read of the old data, the writes to the cache, a backup read.
      const rows = [
        ...sourceRows(world, snapshot, 'preserve'),
        ...sourceRows(world, snapshot, 'virtual'),
        ...cacheRows(world, snapshot),
        ...stateRows(world, snapshot),
      ];
      return rows.some(
        ({ issuedAt, completedAt }) => issuedAt <= at && Math.min(completedAt, at) - issuedAt >= preserveLimitNs / 4,
      );
    }
  }
}

/** Requests of a purpose to what it protects. */
function sourceRows(world: World, { selected }: WatchedSnapshot, purpose: 'preserve' | 'virtual'): LoggedRequest[] {
  return [...world.requests.rows(purpose)].filter(row =>
    selected.some(({ drive, extent }) => world.drive(drive).drive.place === row.drive && overlaps(extent, row)),
  );
}

/** Space beside the slots of granules: the header, and what no whole slot fits into. */
const HEADER_BYTES: Bytes = 4 * KIB;

/** Its cache can't grow by another granule, and what it has is written, but for short granules. */
function isFull(world: World, snapshot: WatchedSnapshot): boolean {
  const { request, selected, spacePeakBytes, cacheDrive, hasNoRoom } = snapshot;
  const { cache, granuleBytes } = request.options;
  const { sectorSizeBytes } = world.drive(cacheDrive).spec;
  // In a log a granule has a header, and its group a commit record.
  const besideBytes = snapshot.statePlace === null ? 0 : 2 * sectorSizeBytes;
  const slotBytes = Math.max(granuleBytes, sectorSizeBytes) + besideBytes;
  if (!hasNoRoom && spacePeakBytes + slotBytes <= cache.limitBytes) return false;
  const writes = cacheRows(world, snapshot).filter(({ op }) => op === 'write');
  const written = coverage(writes.map(extentOf), 1);
  return written.union * sectorSizeBytes + (selected.length + 1) * slotBytes + HEADER_BYTES >= spacePeakBytes;
}
