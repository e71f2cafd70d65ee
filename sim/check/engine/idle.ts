/** `idle` (E17): a snapshot from which nobody reads for the idle limit is released, not earlier and not later. */
import { SECOND } from '../../../engine/units.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';

export function idle(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const violations: string[] = [];
  let looked = 0;
  for (const { request, T, findings, diedNs, reopenedNs } of enabledOf(evidence)) {
    const limit = request.options.idleLimitNs;
    if (limit === null || T === null) continue;
    const end = world.engineEvents.find(
      ({ kind, snapshot: id }) => id === request.id && (kind === 'released' || kind === 'lost'),
    );
    const until = end?.at ?? diedNs ?? world.kernel.now();
    const silence = until - Math.max(T, findings.lastReadNs ?? T, reopenedNs ?? T);
    const byIdle = end !== undefined && end.kind === 'released' && end.cause === 'idle';
    if (byIdle || silence >= limit) looked += 1;
    const after = `after ${silence / SECOND} s of silence, the limit is ${limit / SECOND} s`;
    if (byIdle && silence < limit) violations.push(`${request.id}: was released ${after}`);
    if (!byIdle && silence > limit) violations.push(`${request.id}: lived on ${after}`);
  }
  return engineVerdict('idle', 'E17', {
    looked,
    violations,
    summary: 'it was released when nobody read it',
    nothing: 'no snapshot was left unread for as long as its idle limit',
  });
}
