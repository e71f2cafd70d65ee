/** The requests that a snapshot made of its own, to its cache and, a durable one, to its state; by the world's log. */
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import { overlaps } from './protected-ranges.ts';

/** Requests to the extents of a snapshot's cache while it had them. */
export function cacheRows(world: World, snapshot: WatchedSnapshot): LoggedRequest[] {
  const { cacheDrive, cacheExtents, issuedAtAsked, issuedAtGone } = snapshot;
  const { place } = world.drive(cacheDrive).drive;
  return [...world.requests.rows('cache')].filter(
    row =>
      row.drive === place &&
      row.issuedAs >= issuedAtAsked &&
      row.issuedAs < (issuedAtGone ?? Number.POSITIVE_INFINITY) &&
      cacheExtents.some(extent => extent.lentAs <= row.issuedAs && overlaps(extent, row)),
  );
}

/** Requests to the state of a snapshot, in the order of issue. */
export function stateRows(world: World, { statePlace, issuedAtAsked, issuedAtGone }: WatchedSnapshot): LoggedRequest[] {
  if (statePlace === null) return [];
  const { place } = world.drive(statePlace.drive).drive;
  return [...world.requests.rows('state')].filter(
    ({ drive, sector, issuedAs }) =>
      drive === place &&
      statePlace.sectors.includes(sector) &&
      issuedAs >= issuedAtAsked &&
      issuedAs < (issuedAtGone ?? Number.POSITIVE_INFINITY),
  );
}

/** Whether a request to its cache or its state failed, or took so long that a limit may have passed. */
export function hadFault(world: World, snapshot: WatchedSnapshot): boolean {
  const { preserveLimitNs } = snapshot.request.options;
  return [...cacheRows(world, snapshot), ...stateRows(world, snapshot)].some(
    ({ failed, issuedAt, completedAt }) =>
      failed || Math.min(completedAt, world.kernel.now()) - issuedAt >= preserveLimitNs / 4,
  );
}
