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
    nothing: 'no picture of a snapshot was read',
    evidence: { differing: snapshots.reduce((sum, { findings }) => sum + findings.differenceCount, 0) },
  });
}
