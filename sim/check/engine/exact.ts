/** `exact` (E1, E5, E6, E15): every byte that a virtual volume gave is the byte of the fork of T. */
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';

export function exact(evidence: EngineEvidence): Verdict {
  const snapshots = enabledOf(evidence);
  const violations = snapshots.flatMap(({ request, findings }) =>
    findings.differences.map(
      ({ volume, sector, seenBy }) =>
        `${request.id}: sector ${sector} of ${volume}: is not what it was at T (${seenBy === 'backup' ? 'seen by the backup' : 'seen by the full read'})`,
    ),
  );
  const looked = snapshots.reduce((sum, { findings }) => sum + findings.comparedSectors, 0);
  return engineVerdict('exact', 'E1', {
    looked,
    violations,
    summary: `${looked} sectors are what they were at T`,
    evidence: { differing: snapshots.reduce((sum, { findings }) => sum + findings.differenceCount, 0) },
  });
}

/** `several` (E16): with more than one snapshot alive at once, each is exact. */
export function several(evidence: EngineEvidence): Verdict {
  const snapshots = enabledOf(evidence);
  const together = snapshots.length > 1 ? snapshots : [];
  const wrong = together.filter(({ findings }) => findings.differenceCount > 0);
  return engineVerdict('several', 'E16', {
    looked: together.reduce((sum, { findings }) => sum + findings.comparedSectors, 0),
    violations: wrong.map(
      ({ request, findings }) => `${request.id}: ${findings.differenceCount} sectors are not exact`,
    ),
    summary: `${together.length} snapshots are each exact`,
  });
}
