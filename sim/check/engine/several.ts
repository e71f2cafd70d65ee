/** `several` (E16): of snapshots that were alive at the same time each is exact. Those that came one after the other prove nothing. */
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';

export function several(evidence: EngineEvidence): Verdict {
  const together = aliveTogether(evidence);
  const wrong = together.filter(({ findings }) => findings.differenceCount > 0);
  return engineVerdict('several', 'E16', {
    looked: together.reduce((sum, { findings }) => sum + findings.comparedSectors, 0),
    violations: wrong.map(
      ({ request, findings }) => `${request.id}: ${findings.differenceCount} sectors are not exact`,
    ),
    summary: `${together.length} snapshots are each exact`,
    nothing: together.length === 0 ? 'no two snapshots were alive at once' : 'no picture of them was read',
  });
}

/** By the order of the engine's events, as several may be of one instant. */
function aliveTogether(evidence: EngineEvidence): WatchedSnapshot[] {
  const alive = new Set<string>();
  const together = new Set<string>();
  for (const { kind, snapshot } of evidence.world.engineEvents) {
    if (kind === 'lost' || kind === 'released' || kind === 'gone') alive.delete(snapshot);
    if (kind !== 'enabled') continue;
    alive.add(snapshot);
    if (alive.size > 1) for (const id of alive) together.add(id);
  }
  return enabledOf(evidence).filter(({ request }) => together.has(request.id));
}
