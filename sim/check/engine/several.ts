/**
 * `several` (E16): of snapshots that were alive at the same time each is exact, and the end of one is the end of no other:
 * each that is lost has a cause of its own, each that is released was asked to be. Those that came one after the other
 * prove nothing.
 */
import type { EngineEvent } from '../../../engine/events.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';
import { hadCause } from './loss-cause.ts';
import { wasAsked } from './released.ts';

export function several(evidence: EngineEvidence): Verdict {
  const { together, endedBeside } = aliveTogether(evidence);
  const wrong = together.filter(({ findings }) => findings.differenceCount > 0);
  const violations = wrong.map(
    ({ request, findings }) => `${request.id}: ${findings.differenceCount} sectors are not exact`,
  );
  for (const { snapshot, end } of endedBeside) {
    const { id } = snapshot.request;
    if (end.kind === 'lost' && !hadCause(evidence.world, snapshot, end.cause, end.at))
      violations.push(`${id}: was lost while another was alive, and had no cause of its own`);
    if (end.kind === 'released' && !wasAsked(snapshot, end))
      violations.push(`${id}: was released while another was alive, and nobody asked`);
  }
  return engineVerdict('several', 'E16', {
    looked: together.reduce((sum, { findings }) => sum + findings.comparedSectors, 0) + endedBeside.length,
    violations,
    summary: `${together.length} snapshots are each exact, and each had its own end`,
    nothing: together.length === 0 ? 'no two snapshots were alive at once' : 'no picture of them was read',
  });
}

interface Together {
  readonly together: readonly WatchedSnapshot[];
  /** Ends of those that had met another one, of the first end of two and of the second. */
  readonly endedBeside: readonly { readonly snapshot: WatchedSnapshot; readonly end: EngineEvent }[];
}

/** By the order of the engine's events, as several may be of one instant. Only what came back outlives its machine. */
function aliveTogether(evidence: EngineEvidence): Together {
  const lives = new Map(evidence.snapshots.map(snapshot => [snapshot.request.id, snapshot.lives]));
  const alive = new Set<string>();
  const together = new Set<string>();
  const ends = new Map<string, EngineEvent>();
  for (const event of evidence.world.engineEvents) {
    const { kind, snapshot } = event;
    if (kind === 'lost' || kind === 'released' || kind === 'gone') {
      if (alive.delete(snapshot)) ends.set(snapshot, event);
    }
    if (kind !== 'enabled') continue;
    const [life] = lives.get(snapshot) ?? [];
    for (const id of alive) if (life !== undefined && lives.get(id)?.includes(life) !== true) alive.delete(id);
    alive.add(snapshot);
    if (alive.size > 1) for (const id of alive) together.add(id);
  }
  const met = enabledOf(evidence).filter(({ request }) => together.has(request.id));
  const endedBeside = met.flatMap(snapshot => {
    const end = ends.get(snapshot.request.id);
    return end === undefined ? [] : [{ snapshot, end }];
  });
  return { together: met, endedBeside };
}
