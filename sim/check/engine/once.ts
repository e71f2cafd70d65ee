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
import { byDrive, coverage } from './coverage.ts';
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
    nothing: 'no snapshot was enabled',
  });
}

/** After an error of a read for preserving or of the cache, or a refusal (`protect: backup`), a copy may be tried again. */
function mayTryAgain({ requests, doors }: World): boolean {
  const hasFailed = (['preserve', 'cache'] as const).some(purpose =>
    [...requests.rows(purpose)].some(row => row.failed),
  );
  return hasFailed || doors.refused > 0;
}

/** Each snapshot may cause one read of a granule. */
function readTwice(world: World, snapshots: readonly WatchedSnapshot[], reads: readonly LoggedRequest[]): string[] {
  if (mayTryAgain(world)) return [];
  return [...byDrive(reads)].flatMap(([drive, extents]) =>
    coverage(extents, snapshots.length).tooOften.map(
      ({ first, count, times }) =>
        `sectors ${first}+${count} of drive ${drive}: their old data was read ${times} times`,
    ),
  );
}

/** The cache of a snapshot is written at most once at each place, and no more of it than granules were preserved. */
function writtenTwice(world: World, snapshots: readonly WatchedSnapshot[]): string[] {
  const only = snapshots.length === 1 ? snapshots[0]! : null;
  if (only === null || only.snapshot === null || mayTryAgain(world)) return [];
  const writes = [...world.requests.rows('cache')].filter(({ op }) => op === 'write');
  const { cache, granulesPreserved } = only.snapshot;
  const slotSectors = cache.slotBytes / cache.space.device.sectorSize;
  const violations: string[] = [];
  for (const [drive, extents] of byDrive(writes)) {
    const { union, tooOften } = coverage(extents, 1);
    for (const { first, count, times } of tooOften) {
      violations.push(`sectors ${first}+${count} of the cache on drive ${drive} are written ${times} times`);
    }
    const isLost = world.engineEvents.some(({ kind }) => kind === 'lost');
    if (!isLost && union > granulesPreserved * slotSectors) {
      violations.push(`${union} sectors of the cache were written for ${granulesPreserved} granules`);
    }
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
