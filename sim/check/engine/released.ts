/** `released` (E12): after a snapshot is gone nothing of it is left: no request at a drive, no letter, no cache file. */
import type { Snapshot } from '../../../engine/snapshot.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
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
  for (const watched of enabledOf(evidence)) {
    const { snapshot, request, findings } = watched;
    const late = findings.answeredTooLate;
    if (late > 0) violations.push(`${request.id}: ${late} reads were answered with bytes after it had ended`);
    if (snapshot === null || snapshot.isEnabled) continue;
    violations.push(...leftovers(evidence, snapshot, watched));
    const attached = snapshot.volumes.filter(volume => volume.filter.protectedVolumes.includes(volume));
    if (attached.length > 0)
      violations.push(`${request.id}: still protects ${attached.map(({ name }) => name).join(', ')}`);
  }
  return engineVerdict('released', 'E12', {
    looked: evidence.snapshots.filter(
      ({ snapshot, issuedAtGone }) => issuedAtGone !== null || snapshot?.isEnabled === false,
    ).length,
    violations,
    summary: `${gone.length} snapshots left nothing behind`,
    nothing: 'no snapshot came to its end',
  });
}

/** What the host still lends to a snapshot that has ended, and whether it ever said that it had. */
function leftovers({ world }: EngineEvidence, { options }: Snapshot, watched: WatchedSnapshot): string[] {
  const { spaceHeldBytes, issuedAtGone } = watched;
  const couldNotFree = world.engineEvents.some(
    ({ kind, snapshot }) => kind === 'cache-not-freed' && snapshot === options.id,
  );
  const drives = [...world.drives.values()].map(({ drive }) => drive);
  if (drives.some(({ hangingCount }) => hangingCount > 0)) return [];
  const found: string[] = [];
  if (issuedAtGone === null) found.push(`${options.id}: has ended, and was never said to be gone`);
  if (spaceHeldBytes > 0 && !couldNotFree)
    found.push(`${options.id}: ${spaceHeldBytes} bytes of its cache are not free`);
  return found;
}
