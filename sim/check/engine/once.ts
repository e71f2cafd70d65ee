/**
 * `once` (E4): a granule is read for preserving and written to the cache at most once for each snapshot that lacks it,
 * counted at the drives; the handles' counts add up to what the drives saw; and a write to what is preserved already goes
 * straight through.
 */
import type { DelayedWrite } from '../../world/door.ts';
import type { LoggedRequest } from '../../world/request-log.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';

export function once(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const snapshots = enabledOf(evidence);
  const reads = [...world.requests.rows('preserve')].filter(({ op }) => op === 'read');
  const violations = [
    ...readTwice(world, snapshots, reads),
    ...writtenTwice(world, snapshots),
    ...unexplainedDelays(world, reads),
    ...countsThatDiffer(world),
  ];
  return engineVerdict('once', 'E4', {
    looked: snapshots.length === 0 ? 0 : reads.length + 1,
    violations,
    summary: `${reads.length} reads of old data, none of a granule twice`,
  });
}

/** Each snapshot may cause one read of a granule; refused copies (`protect: backup`, faults) may be tried again. */
function readTwice(world: World, snapshots: readonly WatchedSnapshot[], reads: readonly LoggedRequest[]): string[] {
  if (world.scenario.faults.length > 0 || world.doors.refused > 0) return [];
  const seen = new Map<string, number>();
  const violations: string[] = [];
  for (const { drive, sector, count, issuedAt } of reads) {
    const alive = snapshots.filter(({ T }) => T !== null && T <= issuedAt).length;
    for (let at = sector; at < sector + count; at++) {
      const key = `${drive}:${at}`;
      const times = (seen.get(key) ?? 0) + 1;
      seen.set(key, times);
      if (times === alive + 1) violations.push(`sector ${at} of drive ${drive}: its old data was read ${times} times`);
    }
  }
  return violations;
}

/** The cache of a snapshot is written at most once at each place. */
function writtenTwice(world: World, snapshots: readonly WatchedSnapshot[]): string[] {
  const violations: string[] = [];
  if (world.scenario.faults.length > 0 || snapshots.length !== 1) return violations;
  const seen = new Set<string>();
  for (const { drive, op, sector, count } of world.requests.rows('cache')) {
    if (op !== 'write') continue;
    for (let at = sector; at < sector + count; at++) {
      const key = `${drive}:${at}`;
      if (seen.has(key)) violations.push(`sector ${at} of the cache on drive ${drive} is written twice`);
      seen.add(key);
    }
  }
  const kept = snapshots[0]!.snapshot;
  if (kept === null) return violations;
  const slotSectors = kept.cache.slotBytes / kept.cache.space.device.sectorSize;
  if (seen.size > kept.granulesPreserved * slotSectors && kept.isEnabled) {
    violations.push(`${seen.size} sectors of the cache were written for ${kept.granulesPreserved} granules`);
  }
  return violations;
}

/** A write waits only for old data that was read after it came, or a copy, a backup read or a hold in its way. */
function unexplainedDelays(world: World, reads: readonly LoggedRequest[]): string[] {
  const others = [...world.requests.rows('cache'), ...world.requests.rows('virtual')];
  const holds = holdsOf(world);
  const isHeld = (from: number, to: number): boolean => holds.some(hold => from <= hold.to && to >= hold.from);
  const { delayed } = world.doors;
  return delayed
    .filter(mine => {
      const { from, to, drive, sector, count } = mine;
      const isNear = (row: LoggedRequest): boolean =>
        row.drive === drive && row.sector < sector + count && sector < row.sector + row.count;
      if (isHeld(from, to)) return false;
      const isBehind = (other: DelayedWrite): boolean =>
        other.drive === drive && other.sector < sector + count && sector < other.sector + other.count;
      if (delayed.some(other => other !== mine && other.from <= from && other.to >= from && isBehind(other)))
        return false;
      if (reads.some(row => row.issuedAt <= to && row.completedAt >= from && isNear(row))) return false;
      return !others.some(row => row.issuedAt <= to && row.completedAt >= from);
    })
    .map(({ sector, count, from, to }) => `a write of sectors ${sector}+${count} waited ${to - from} ns for nothing`);
}

/** When writes were held for a T that was not quiet. */
function holdsOf(world: World): { readonly from: number; readonly to: number }[] {
  const holds: { from: number; to: number }[] = [];
  for (const { kind, at } of world.engineEvents) {
    if (kind === 'holding') holds.push({ from: at, to: Number.POSITIVE_INFINITY });
    const last = holds.at(-1);
    if ((kind === 'enabled' || kind === 'hold-limit') && last !== undefined) last.to = Math.min(last.to, at);
  }
  return holds;
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
