/** From what the schema read to the Scenario that everybody sees: defaults that hang together, and sense. */
import type { Bytes } from '../../engine/units.ts';
import { checkMemory } from './memory.ts';
import { checkNamedFiles } from './possible-files.ts';
import type { Report } from './report.ts';
import { checkEnd, resolveBackups } from './resolve-backups.ts';
import { judgeMethods } from './resolve-expect.ts';
import { resolveFaults } from './resolve-faults.ts';
import { resolveWorkloads } from './resolve-workloads.ts';
import { resolveWorld } from './resolve-world.ts';
import { endsMachine, type Scenario } from './scenario.ts';
import { type ParsedScenario, SCHEMA_NAME } from './schema.ts';

export interface ResolveOptions {
  readonly story: string;
  readonly memoryLimitBytes: Bytes;
}

/** What is wrong goes into the report; the Scenario is good only when nothing does. */
export function resolve(parsed: ParsedScenario, { story, memoryLimitBytes }: ResolveOptions, report: Report): Scenario {
  const world = resolveWorld(parsed.world, report);
  const inhabitants = resolveWorkloads(parsed.workloads, world, parsed.backups.start, report);
  const backups = resolveBackups(parsed.backups, world, report);
  checkNamedFiles(parsed.backups, backups.selection, inhabitants.workloads, report);
  const faults = resolveFaults(parsed.faults, world, backups.methods, report);
  const { selection } = backups;
  const context = {
    world,
    selection,
    inhabitants,
    faultCount: parsed.faults.length,
    machineEnds: parsed.faults.some(endsMachine),
    report,
  };
  const methods = judgeMethods(backups.methods, parsed.expect, context);
  checkEnd(parsed.end.after, parsed.end.limit, backups.startNs, report);
  if (parsed.phases !== undefined) report.notYet(['phases'], '`phases`');
  const endNs = Math.min(parsed.end.after ?? parsed.end.limit, parsed.end.limit);
  checkMemory({ world, backups: { ...backups, methods }, inhabitants, endNs }, memoryLimitBytes, report);
  const { baseName, variant } = namesOf(parsed.name);
  return {
    schema: SCHEMA_NAME,
    name: parsed.name,
    baseName,
    variant,
    story,
    clockSeconds: parsed.world.clock,
    drives: world.drives,
    pageCache: world.pageCache,
    workloads: inhabitants.workloads,
    backups: { ...backups, methods },
    faults,
    phases: null,
    end: { afterNs: parsed.end.after, limitNs: parsed.end.limit },
    seed: parsed.seed,
    seeds: parsed.seeds,
  };
}

/** `timestamp-problem[granule=4KiB]`: what stands in the brackets is the variant. */
function namesOf(name: string): { readonly baseName: string; readonly variant: string | null } {
  const bracket = name.indexOf('[');
  if (bracket < 0) return { baseName: name, variant: null };
  return { baseName: name.slice(0, bracket), variant: name.slice(bracket + 1, -1) };
}
