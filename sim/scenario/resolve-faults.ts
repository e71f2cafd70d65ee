/** The faults of a scenario: what they are aimed at, when they come, how long they last. */
import type { Bytes } from '../../engine/units.ts';
import type { NodePath } from './located.ts';
import { didYouMean } from './nearest.ts';
import { quoted } from './reading.ts';
import type { Report } from './report.ts';
import type { UnjudgedMethod } from './resolve-backups.ts';
import type { World } from './resolve-world.ts';
import type { Fault, FaultAim, FaultDuration, FaultTrigger, SectorRange } from './scenario.ts';
import { LATER_FAULTS, type ParsedFault } from './schema-faults.ts';

interface Context {
  readonly world: World;
  readonly methods: readonly UnjudgedMethod[];
  readonly report: Report;
}

export function resolveFaults(
  parsed: readonly ParsedFault[],
  world: World,
  methods: readonly UnjudgedMethod[],
  report: Report,
): Fault[] {
  const context = { world, methods, report };
  return parsed.flatMap((fault, index) => resolveFault(fault, ['faults', index], context) ?? []);
}

function resolveFault(parsed: ParsedFault, at: NodePath, context: Context): Fault | null {
  switch (parsed.kind) {
    case 'read-error':
      return { kind: 'read-error', ...aimed(parsed, at, context) };
    case 'write-error': {
      const { op, done } = parsed;
      refuseSectorsOfFlush(op, parsed.sectors, at, context.report);
      return { kind: 'write-error', ...aimed(parsed, at, context), op, done };
    }
    case 'latency': {
      const { op = null, factor } = parsed;
      refuseSectorsOfFlush(op, parsed.sectors, at, context.report);
      return { kind: 'latency', ...aimed(parsed, at, context), op, factor };
    }
    case 'drive-gone':
      return resolveDriveGone(parsed, at, context);
    case 'agent-dies': {
      const trigger = resolveTrigger(parsed, at, context.report);
      return trigger.is === 'per-million' ? null : { kind: 'agent-dies', trigger, how: parsed.how };
    }
    case 'writer-at-T':
      return resolveWriterAtT(parsed, at, context);
    case 'power-cut':
    case 'kill':
      return resolveMachineFault(parsed, at, context);
    default:
      context.report.notYet([...at, 'kind'], `the fault \`${parsed.kind}\``, LATER_FAULTS[parsed.kind]);
      return null;
  }
}

interface ParsedTrigger {
  readonly at?: number | undefined;
  readonly nth?: number | undefined;
  readonly perMillion?: number | undefined;
}

interface ParsedAimed extends ParsedTrigger {
  readonly on: string;
  readonly sectors?: SectorRange | undefined;
  readonly for: 'once' | 'ever' | number;
}

function aimed(parsed: ParsedAimed, at: NodePath, context: Context) {
  const on = resolveAim(parsed.on, at, context);
  return {
    on,
    sectors: resolveSectors(parsed.sectors, on, at, context),
    trigger: resolveTrigger(parsed, at, context.report),
    duration: durationOf(parsed.for),
  };
}

type DriveGone = Extract<ParsedFault, { readonly kind: 'drive-gone' }>;
type MachineFault = Extract<ParsedFault, { readonly kind: 'power-cut' | 'kill' }>;
type WriterAtT = Extract<ParsedFault, { readonly kind: 'writer-at-T' }>;

function resolveDriveGone(parsed: DriveGone, at: NodePath, context: Context): Fault | null {
  const on = resolveAim(parsed.on, at, context);
  const trigger = resolveTrigger(parsed, at, context.report);
  const duration = durationOf(parsed.for);
  if (on.is === 'volume') {
    const drive = context.world.volumes.get(on.letter)?.driveId;
    const hint = drive === undefined ? null : `\`${on.letter}\` is on \`${drive}\``;
    context.report.at([...at, 'on'], 'fault-aim', 'a volume cannot vanish: aim at its drive', hint);
    return null;
  }
  if (duration.is === 'once') {
    context.report.at([...at, 'for'], 'unknown-word', 'a drive is not gone for one operation: a time, or `ever`');
    return null;
  }
  return { kind: 'drive-gone', on, trigger, duration };
}

function resolveWriterAtT(parsed: WriterAtT, at: NodePath, context: Context): Fault | null {
  const on = resolveAim(parsed.on, at, context);
  const sectors = resolveSectors(parsed.sectors, on, at, context);
  if (on.is === 'cache' || on.is === 'target') {
    context.report.at(
      [...at, 'on'],
      'fault-aim',
      `nobody but the backup writes to the ${on.is}: aim at a drive or a letter`,
    );
    return null;
  }
  return { kind: 'writer-at-T', on, sectors, when: parsed.when };
}

/** Its `on` and `op` say what `nth` counts, so at a point in time they say nothing. */
function resolveMachineFault(parsed: MachineFault, at: NodePath, context: Context): Fault | null {
  const { report } = context;
  const { on, op = null, back: backNs, nth } = parsed;
  const trigger = resolveTrigger(parsed, at, report);
  if (trigger.is === 'per-million') return null;
  if (nth === undefined && parsed.at === undefined) {
    report.at(
      at,
      'fault-trigger',
      `a \`${parsed.kind}\` has no \`at\` and no \`nth\`: when does it come?`,
      'give one of them',
    );
  }
  for (const key of ['on', 'op'] as const) {
    if (parsed[key] === undefined || nth !== undefined) continue;
    report.atKey(
      [...at, key],
      'keys-exclude',
      `\`${key}\` says which requests \`nth\` counts, and there is no \`nth\``,
      'everything ends at once, wherever it is',
    );
  }
  const common = { trigger, on: on === undefined ? null : resolveAim(on, at, context), op, backNs };
  return parsed.kind === 'kill' ? { kind: 'kill', ...common } : { kind: 'power-cut', ...common, torn: parsed.torn };
}

function resolveAim(on: string, faultAt: NodePath, { world, methods, report }: Context): FaultAim {
  const at = [...faultAt, 'on'];
  if (on === 'target') return { is: 'target' };
  if (on === 'cache') {
    if (!methods.some(({ kind }) => kind.startsWith('otm')))
      report.at(at, 'fault-aim', 'no method of this scenario has a cache');
    return { is: 'cache' };
  }
  const letter = on.toUpperCase();
  if (on.length === 1) {
    if (!world.volumes.has(letter)) report.at(at, 'fault-aim', `there is no volume \`${letter}\``, aimsOf(world));
    return { is: 'volume', letter };
  }
  const ids = [...world.drives.map(({ id }) => id), 'cache', 'target'];
  if (!ids.includes(on))
    report.at(at, 'fault-aim', `there is no drive ${quoted(on)}${didYouMean(on, ids)}`, aimsOf(world));
  return { is: 'drive', driveId: on };
}

function aimsOf(world: World): string {
  const aims = [...world.drives.map(({ id }) => id), ...world.volumes.keys(), 'cache', 'target'];
  return `one of ${aims.join(', ')}`;
}

function resolveSectors(
  sectors: SectorRange | undefined,
  aim: FaultAim,
  at: NodePath,
  { world, report }: Context,
): SectorRange | null {
  if (sectors === undefined) return null;
  const count = sectorCount(aim, world);
  if (count !== null && sectors.last >= count) {
    report.at(
      [...at, 'sectors'],
      'out-of-range',
      `the aim ends with sector ${count - 1}`,
      'sectors count from the first of the aim, from 0',
    );
  }
  return sectors;
}

/** Null when the aim's size is not the scenario's business, or when it is not there. */
function sectorCount(aim: FaultAim, world: World): number | null {
  if (aim.is === 'cache' || aim.is === 'target') return null;
  const volume = aim.is === 'volume' ? world.volumes.get(aim.letter) : undefined;
  const driveId = aim.is === 'drive' ? aim.driveId : volume?.driveId;
  const drive = world.drives.find(({ id }) => id === driveId);
  if (drive === undefined) return null;
  const sizeBytes: Bytes = volume?.sizeBytes ?? drive.sizeBytes;
  return Math.floor(sizeBytes / drive.sectorSizeBytes);
}

function resolveTrigger({ at: atNs, nth, perMillion }: ParsedTrigger, at: NodePath, report: Report): FaultTrigger {
  const given = Object.entries({ at: atNs, nth, perMillion }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const names = given.map(([name]) => `\`${name}\``);
    report.atKey(
      [...at, given[1]![0]],
      'fault-trigger',
      `${names.join(' and ')} stand side by side: when does it come?`,
      'keep one of them',
    );
  }
  if (nth !== undefined) return { is: 'nth', nth };
  return perMillion === undefined ? { is: 'at', atNs: atNs ?? 0 } : { is: 'per-million', perMillion };
}

function durationOf(parsed: 'once' | 'ever' | number): FaultDuration {
  return typeof parsed === 'number' ? { is: 'for', forNs: parsed } : { is: parsed };
}

function refuseSectorsOfFlush(op: string | null, sectors: SectorRange | undefined, at: NodePath, report: Report): void {
  if (op === 'flush' && sectors !== undefined) {
    report.atKey([...at, 'sectors'], 'keys-exclude', 'a flush has no sectors', 'leave `sectors` out');
  }
}
