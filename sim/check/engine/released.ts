/** `released` (E12): after a snapshot is gone nothing of it is left: no request at a drive, no letter, no cache file. */
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';

export function released(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const gone = evidence.snapshots.filter(({ issuedAtGone }) => issuedAtGone !== null);
  const violations: string[] = [];
  const lastGone = Math.max(0, ...gone.map(({ issuedAtGone }) => issuedAtGone ?? 0));
  if (gone.length === evidence.snapshots.length) {
    for (let at = lastGone; at < world.requests.length; at++) {
      const { purpose, op, sector, count } = world.requests.row(at);
      if (purpose === 'application' || purpose === 'target') continue;
      violations.push(`after the end of all snapshots: ${op} of sectors ${sector}+${count} for ${purpose}`);
    }
    if (world.lentLetters.size > 0) violations.push(`letters are left: ${[...world.lentLetters].join(', ')}`);
    if (world.engine.aliveCount > 0) violations.push(`${world.engine.aliveCount} snapshots are still alive`);
  }
  for (const { snapshot, request, findings } of enabledOf(evidence)) {
    const late = findings.answeredTooLate;
    if (late > 0) violations.push(`${request.id}: ${late} reads were answered with bytes after it had ended`);
    if (snapshot === null || snapshot.isEnabled) continue;
    const attached = snapshot.volumes.filter(volume => volume.filter.protectedVolumes.includes(volume));
    if (attached.length > 0)
      violations.push(`${request.id}: still protects ${attached.map(({ name }) => name).join(', ')}`);
  }
  return engineVerdict('released', 'E12', {
    looked: gone.length,
    violations,
    summary: `${gone.length} snapshots left nothing behind`,
    nothing: 'no snapshot came to its end',
  });
}
