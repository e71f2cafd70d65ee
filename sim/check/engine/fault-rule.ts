/**
 * `fault-rule` (E9): after a fault of the cache or of a read for preserving, the snapshot is lost and applications go on
 * (`protect: application`), or applications are refused and the snapshot stays exact (`protect: backup`). Nothing between.
 */
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, enabledOf, engineVerdict } from './engine-verdict.ts';

export function faultRule(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const violations: string[] = [];
  let looked = 0;
  for (const { request } of enabledOf(evidence)) {
    const failed = ['cache', 'preserve'].flatMap(purpose =>
      [...world.requests.rows(purpose as 'cache')].filter(row => row.failed),
    );
    looked += failed.length;
    const events = world.engineEvents.filter(event => event.snapshot === request.id);
    const losses = events.filter(({ kind }) => kind === 'lost').length;
    const refusals = events.filter(({ kind }) => kind === 'write-refused').length;
    looked += losses + refusals;
    if (losses > 1) violations.push(`${request.id}: was lost ${losses} times`);
    if (request.options.protect === 'application' && refusals > 0) {
      violations.push(`${request.id}: refused a write, and protects the application`);
    }
    if (request.options.protect === 'backup' && losses > 0) {
      violations.push(`${request.id}: was lost, and protects the backup`);
    }
    const until = events.find(({ kind }) => kind === 'lost' || kind === 'released')?.at ?? world.kernel.now();
    const early = failed.filter(({ op, completedAt }) => op !== 'read' && completedAt < until);
    if (early.length > 0 && losses + refusals === 0) {
      violations.push(`${request.id}: ${early.length} writes to its cache failed, and it went on as if they had not`);
    }
  }
  if (world.doors.refused > 0 && !enabledOf(evidence).some(({ request }) => request.options.protect === 'backup')) {
    const byDrive = [...world.requests.rows('application')].filter(({ failed }) => failed).length;
    if (world.doors.refused > byDrive) violations.push(`${world.doors.refused} writes were refused by the engine`);
  }
  return engineVerdict('fault-rule', 'E9', {
    looked,
    violations,
    summary: 'after the fault the rule was kept',
    nothing: 'no fault came that the rule is about',
  });
}
