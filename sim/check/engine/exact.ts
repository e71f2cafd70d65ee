/**
 * `exact` (E1, E5, E6, E15): every byte that a virtual volume gave is the byte of the fork of T, or zero where the picture
 * leaves something out (E11), and a read fails only when the snapshot has ended or a drive has failed.
 */

import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';
import { cacheRows } from './own-requests.ts';

export function exact(evidence: EngineEvidence): Verdict {
  const snapshots = enabledOf(evidence);
  const violations = snapshots.flatMap(({ request, findings }) =>
    findings.differences.map(
      ({ volume, sector, seenBy }) =>
        `${request.id}: sector ${sector} of ${volume}: is not what it was at T (${seenBy === 'backup' ? 'seen by the backup' : 'seen by the full read'})`,
    ),
  );
  for (const snapshot of snapshots) {
    const { request, findings } = snapshot;
    if (findings.failedWhileAlive > 0 && !failedBeneath(evidence, snapshot))
      violations.push(
        `${request.id}: ${findings.failedWhileAlive} reads failed while it was alive, and no drive had failed`,
      );
  }
  const looked = snapshots.reduce((sum, { findings }) => sum + findings.comparedSectors, 0);
  return engineVerdict('exact', 'E1', {
    looked,
    violations,
    summary: `${looked} sectors are what they were at T`,
    nothing: 'no picture of a snapshot was read',
    evidence: { differing: snapshots.reduce((sum, { findings }) => sum + findings.differenceCount, 0) },
  });
}

/** Whether a read of its own failed at a drive. */
function failedBeneath({ world }: EngineEvidence, snapshot: WatchedSnapshot): boolean {
  if ([...world.requests.rows('virtual')].some(({ failed }) => failed)) return true;
  return cacheRows(world, snapshot).some(({ op, failed }) => op === 'read' && failed);
}
