/**
 * `once` (E4, E6): the granules that a write touches and that are not yet preserved are read and written to the cache, and
 * only those, once for each snapshot that lacks them, counted at the drives; the handles' counts add up to what the drives
 * saw; and a write to what is preserved already goes straight through.
 */

import type { HeldWrite } from '../../world/door.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { judgeCacheWrites } from './cache-writes.ts';
import { unexplainedDelays } from './delays.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';
import { judgeOldDataReads } from './old-data-reads.ts';
import { cacheRows, stateRows } from './own-requests.ts';

export function once(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const snapshots = enabledOf(evidence);
  const held = world.doors.heldWrites();
  const changing = [...held, ...takeovers(world, evidence.snapshots)].sort((a, b) => a.arrivedAs - b.arrivedAs);
  const old = judgeOldDataReads(world, snapshots, changing);
  const violations = [
    ...old.violations,
    ...snapshots.flatMap(snapshot => judgeCacheWrites(world, snapshot, changing)),
    ...unexplainedDelays(world, evidence.snapshots, held, old.windows),
    ...countsThatDiffer(world),
  ];
  return engineVerdict('once', 'E4', {
    looked: snapshots.length === 0 ? 0 : old.reads + 1,
    violations,
    summary: `${old.reads} reads of old data, none of a granule twice`,
    nothing: 'no snapshot was enabled',
  });
}

/**
 * What becomes a cache file is changed like anything that is written: from when the host lent it until it is zeroed, whoever
 * protects it may keep what it held (E11).
 */
function takeovers(world: World, snapshots: readonly WatchedSnapshot[]): HeldWrite[] {
  return snapshots.flatMap(snapshot => {
    if (snapshot.cacheDrive === '') return [];
    return [...cacheTakeovers(world, snapshot), ...stateTakeovers(world, snapshot)];
  });
}

/** The sectors of a state are written past the filter, too. */
function stateTakeovers(world: World, snapshot: WatchedSnapshot): HeldWrite[] {
  const { statePlace, askedNs, issuedAtAsked } = snapshot;
  if (statePlace === null) return [];
  const first = stateRows(world, snapshot).find(({ op }) => op === 'write');
  const left = { to: first?.issuedAt ?? Infinity, leftAs: first?.issuedAs ?? Infinity };
  return statePlace.sectors.map(sector => {
    const range = { drive: statePlace.drive, sector, count: 1, from: askedNs, arrivedAs: issuedAtAsked };
    return { ...range, ...left, end: first === undefined ? 'none' : 'passed' };
  });
}

function cacheTakeovers(world: World, snapshot: WatchedSnapshot): HeldWrite[] {
  const zeroes = cacheRows(world, snapshot).filter(({ op }) => op === 'zeroes');
  return snapshot.cacheExtents.map(({ first, count, lentAs, lentNs }): HeldWrite => {
    const row = zeroes.find(({ sector, issuedAs }) => sector === first && issuedAs >= lentAs);
    const range = { drive: snapshot.cacheDrive, sector: first, count, from: lentNs, arrivedAs: lentAs };
    if (row === undefined) return { ...range, to: Infinity, leftAs: Infinity, end: 'none' };
    return { ...range, to: row.issuedAt, leftAs: row.issuedAs, end: 'passed' };
  });
}

function countsThatDiffer(world: World): string[] {
  const violations: string[] = [];
  for (const { drive, spec } of world.drives.values()) {
    const sum = drive.handles.reduce((total, { requests }) => total + requests, 0);
    if (sum !== drive.requests)
      violations.push(`${spec.id}: the handles count ${sum} requests, the drive ${drive.requests}`);
  }
  return violations;
}
