/**
 * `once` (E4, E6): the granules that a write touches and that are not yet preserved are read and written to the cache, and
 * only those, once for each snapshot that lacks them, counted at the drives; the handles' counts add up to what the drives
 * saw; and a write to what is preserved already goes straight through.
 */
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { judgeCacheWrites } from './cache-writes.ts';
import { unexplainedDelays } from './delays.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';
import { judgeOldDataReads } from './old-data-reads.ts';

export function once(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const snapshots = enabledOf(evidence);
  const held = world.doors.heldWrites();
  const old = judgeOldDataReads(world, snapshots, held);
  const violations = [
    ...old.violations,
    ...snapshots.flatMap(snapshot => judgeCacheWrites(world, snapshot, held)),
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

function countsThatDiffer(world: World): string[] {
  const violations: string[] = [];
  for (const { drive, spec } of world.drives.values()) {
    const sum = drive.handles.reduce((total, { requests }) => total + requests, 0);
    if (sum !== drive.requests)
      violations.push(`${spec.id}: the handles count ${sum} requests, the drive ${drive.requests}`);
  }
  return violations;
}
