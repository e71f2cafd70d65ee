/** From what the schema read to the Scenario that everybody sees: defaults that hang together, and sense. */
import type { Bytes } from '../../engine/units.ts';
import { checkNamedFiles } from './possible-files.ts';
import type { Report } from './report.ts';
import { checkEnd, resolveBackups } from './resolve-backups.ts';
import { judgeMethods } from './resolve-expect.ts';
import { resolveFaults } from './resolve-faults.ts';
import { selectedBytes } from './resolve-selection.ts';
import { resolveWorkloads } from './resolve-workloads.ts';
import { resolveWorld, type World } from './resolve-world.ts';
import type { Backups, Method, Scenario, Selection } from './scenario.ts';
import { type ParsedScenario, SCHEMA_NAME } from './schema.ts';
import { formatSize } from './units.ts';

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
  const context = { world, selection, inhabitants, faultCount: parsed.faults.length, report };
  const methods = judgeMethods(backups.methods, parsed.expect, context);
  checkEnd(parsed.end.after, parsed.end.limit, backups.startNs, report);
  if (parsed.phases !== undefined) report.notYet(['phases'], '`phases`');
  checkMemory(world, { ...backups, methods }, inhabitants.filledBytes, memoryLimitBytes, report);
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

/** A snapshot keeps a pointer for each chunk of this many granules, also before anything is preserved. */
const CHUNK_GRANULES = 32_768;
const POINTER_BYTES = 8;

/** What is certainly touched: files before 0 s, both FATs of each volume, page cache, tables. Drives are sparse. */
function checkMemory(world: World, backups: Backups, filledBytes: Bytes, limitBytes: Bytes, report: Report): void {
  const fatBytes = sum([...world.fats.values()].map(fat => 2 * fat.fatBytes));
  const tableBytes = Math.max(0, ...backups.methods.map(method => tableBytesOf(method, backups.selection, world)));
  const touched = filledBytes + fatBytes + world.pageCache.sizeBytes + tableBytes;
  if (touched <= limitBytes) return;
  const parts = [
    `files ${formatMib(filledBytes)}`,
    `FATs ${formatMib(fatBytes)}`,
    `page cache ${formatMib(world.pageCache.sizeBytes)}`,
    `tables of a snapshot ${formatMib(tableBytes)}`,
  ];
  const message = `the world would touch ${formatMib(touched)}, and the limit is ${formatSize(limitBytes)}`;
  report.at(['world'], 'memory-limit', message, parts.join(', '));
}

function tableBytesOf(method: Method, selection: Selection, world: World): Bytes {
  if (method.kind !== 'otm') return 0;
  const snapshots = [{ selection, options: method.options }, ...method.beside];
  return sum(
    snapshots.map(snapshot => {
      const granules = selectedBytes(snapshot.selection, world) / snapshot.options.granuleBytes;
      return Math.ceil(granules / CHUNK_GRANULES) * POINTER_BYTES;
    }),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function formatMib(bytes: Bytes): string {
  return `${Math.ceil(bytes / 1_048_576)} MiB`;
}
