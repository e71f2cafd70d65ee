/**
 * A Scenario as YAML with everything resolved: what `otm validate --print` shows, and what a reproducer carries.
 *
 * Invariant: loading the text gives the same Scenario again.
 */
import { Document, isScalar, Scalar, visit } from 'yaml';
import type { DriveFigures } from '../disk/service-time.ts';
import { formatClock } from './clock.ts';
import type { CheckExpectation, Expectation } from './expectation.ts';
import type {
  Backups,
  CacheSpec,
  DriveSpec,
  Fault,
  FaultAim,
  Method,
  OtmOptions,
  Scenario,
  ScriptStep,
  SectorRange,
  Selection,
  SnapshotMethod,
  Workload,
} from './scenario.ts';
import { formatSeeds } from './seeds.ts';
import { storyComment } from './story.ts';
import { formatByteRate, formatRate, formatSize, formatTime } from './units.ts';

type Yaml = string | number | boolean | readonly Yaml[] | YamlMap;
/** A key whose value is undefined is left out. */
interface YamlMap {
  readonly [key: string]: Yaml | undefined;
}

export function printResolved(scenario: Scenario): string {
  const { end, expect, ...rest } = { ...scenario, expect: expectOf(scenario.backups.methods) };
  const document = new Document({
    schema: rest.schema,
    name: rest.name,
    world: {
      clock: formatClock(rest.clockSeconds),
      drives: rest.drives.map(driveOf),
      pageCache: {
        size: formatSize(rest.pageCache.sizeBytes),
        writeBack: formatTime(rest.pageCache.writeBackNs),
        dirtyLimit: formatSize(rest.pageCache.dirtyLimitBytes),
      },
    },
    workloads: rest.workloads.map(workloadOf),
    backups: backupsOf(rest.backups),
    faults: rest.faults.map(faultOf),
    end: { after: end.afterNs === null ? 'backups' : formatTime(end.afterNs), limit: formatTime(end.limitNs) },
    seed: rest.seed,
    seeds: formatSeeds(rest.seeds),
    expect,
  });
  quotePaths(document);
  return `${storyComment(scenario.story)}${document.toString({ lineWidth: 0, singleQuote: true })}`;
}

/** Paths in single quotes, as scenarios are written. */
function quotePaths(document: Document): void {
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === 'string' && /^[A-Z]:\\|\*/.test(node.value))
        node.type = Scalar.QUOTE_SINGLE;
    },
  });
}

function driveOf(drive: DriveSpec): Yaml {
  return {
    id: drive.id,
    size: formatSize(drive.sizeBytes),
    model: drive.model ?? figuresOf(drive.figures),
    sectorSize: formatSize(drive.sectorSizeBytes),
    partitions: drive.partitions,
    queueDepth: drive.figures.queueDepth,
    writeCache: drive.writeCache ? 'on' : 'off',
    volumes: drive.volumes.map(({ letter, sizeBytes, fs, clusterBytes, trimEveryNs }) => {
      return {
        letter,
        size: formatSize(sizeBytes),
        fs,
        cluster: clusterBytes === null ? undefined : formatSize(clusterBytes),
        trim: trimEveryNs === null ? undefined : formatTime(trimEveryNs),
      };
    }),
  };
}

function figuresOf(figures: DriveFigures): Yaml {
  return {
    command: formatTime(figures.commandNs),
    transfer: formatByteRate(figures.transferBytesPerSecond),
    seekMin: formatTime(figures.seekMinNs),
    seekMax: formatTime(figures.seekMaxNs),
    stroke: formatSize(figures.strokeBytes),
    rotation: formatTime(figures.rotationNs),
    flush: formatTime(figures.flushNs),
    queueDepth: figures.queueDepth,
    channels: figures.channels,
    cacheSize: formatSize(figures.writeCacheBytes),
  };
}

function workloadOf(workload: Workload): Yaml {
  const { id, app, idle } = workload;
  if (workload.app === 'static') {
    return { id, app, at: workload.at, files: workload.fileCount, size: formatSize(workload.sizeBytes), idle };
  }
  const { rate, clients, fsync, startNs, untilNs, pauses } = workload;
  return {
    id,
    app,
    ...ownOf(workload),
    rate: formatRate(rate),
    clients,
    fsync,
    start: formatTime(startNs),
    until: untilNs === null ? undefined : formatTime(untilNs),
    pauses: pauses === null ? undefined : { every: formatTime(pauses.everyNs), for: formatTime(pauses.forNs) },
    idle,
  };
}

function ownOf(workload: Exclude<Workload, { readonly app: 'static' }>): YamlMap {
  switch (workload.app) {
    case 'ledger':
      return { files: { ...workload.files }, accounts: workload.accounts };
    case 'mail':
      return { at: workload.at, messages: workload.messages };
    case 'sqlite': {
      const { journal, sizeBytes, blobs } = workload;
      return { files: namesToPaths(workload.files), journal, size: formatSize(sizeBytes), blobs };
    }
    case 'script': {
      const { files, sizeBytes, transaction } = workload;
      return { files: namesToPaths(files), size: formatSize(sizeBytes), transaction: transaction.map(stepOf) };
    }
  }
}

function namesToPaths(files: readonly { readonly name: string; readonly path: string }[]): YamlMap {
  return Object.fromEntries(files.map(({ name, path }) => [name, path]));
}

function stepOf(step: ScriptStep): Yaml {
  switch (step.does) {
    case 'write': {
      const at = step.at.is === 'offset' ? formatSize(step.at.offsetBytes) : step.at.is;
      return { write: step.file, size: formatSize(step.sizeBytes), at };
    }
    case 'append':
      return { append: step.file, size: formatSize(step.sizeBytes) };
    case 'wait':
      return { wait: formatTime(step.forNs) };
    case 'rename':
      return { rename: [step.from, step.to] };
    case 'sync':
      return { sync: step.file };
  }
}

function backupsOf({ startNs, selection, walk, copyRateBytesPerSecond, count, everyNs, methods }: Backups): Yaml {
  return {
    start: formatTime(startNs),
    ...selectionOf(selection),
    copyRate: copyRateBytesPerSecond === null ? 'unlimited' : formatByteRate(copyRateBytesPerSecond),
    count,
    every: everyNs === null ? undefined : formatTime(everyNs),
    order: walk.order.by === 'paths' ? walk.order.paths : walk.order.by,
    include: walk.include ?? undefined,
    exclude: walk.exclude,
    methods: methods.map(methodOf),
  };
}

function selectionOf({ by, volumes, drives }: Selection): YamlMap {
  return by === 'drives' ? { drives } : { volumes };
}

function methodOf(method: Method): Yaml {
  const id = method.id === method.kind ? undefined : method.id;
  switch (method.kind) {
    case 'otm':
      return { id, otm: otmOf(method) };
    case 'otm-incremental': {
      const { everyNs, bootedBefore, ...schedule } = method.schedule;
      const own = { every: formatTime(everyNs), ...schedule, bootedBefore: bootedBefore ?? undefined };
      return { id, [method.kind]: { ...own, ...otmOf(method) } };
    }
    case 'group-agent': {
      const { groups, quietNs, waitLimitNs } = method;
      return { id, 'group-agent': { groups, quiet: formatTime(quietNs), waitLimit: formatTime(waitLimitNs) } };
    }
    default:
      return id === undefined ? method.kind : { id, [method.kind]: {} };
  }
}

function otmOf({ options, beside }: SnapshotMethod): YamlMap {
  return {
    quiet: formatTime(options.quietNs),
    waitLimit: formatTime(options.waitLimitNs),
    neverQuiet: options.neverQuiet,
    holdLimit: formatTime(options.holdLimitNs),
    idleLimit: options.idleLimitNs === null ? 'never' : formatTime(options.idleLimitNs),
    preserveLimit: formatTime(options.preserveLimitNs),
    granule: formatSize(options.granuleBytes),
    protect: options.protect,
    durable: options.durable,
    discards: options.discards,
    exclude: options.exclude,
    cache: cacheOf(options.cache),
    beside: beside.map(({ startNs, selection, forNs, options: own }) => ({
      start: formatTime(startNs),
      ...selectionOf(selection),
      for: forNs === null ? undefined : formatTime(forNs),
      ...ownOfBeside(own),
    })),
  };
}

/** All else is as the method has it. */
function ownOfBeside({ granuleBytes, cache }: OtmOptions): YamlMap {
  return { granule: formatSize(granuleBytes), cache: cacheOf(cache) };
}

function cacheOf({ on, minBytes, limitBytes }: CacheSpec): Yaml {
  const place = on.is === 'spare' ? undefined : on.is === 'volume' ? on.letter : on.driveId;
  return { on: place, min: formatSize(minBytes), limit: formatSize(limitBytes) };
}

function faultOf(fault: Fault): Yaml {
  const sectors = 'sectors' in fault && fault.sectors !== null ? rangeText(fault.sectors) : undefined;
  return {
    kind: fault.kind,
    on: 'on' in fault && fault.on !== null ? aimText(fault.on) : undefined,
    sectors,
    ...('trigger' in fault ? triggerOf(fault.trigger) : {}),
    for:
      'duration' in fault
        ? fault.duration.is === 'for'
          ? formatTime(fault.duration.forNs)
          : fault.duration.is
        : undefined,
    op: 'op' in fault ? (fault.op ?? undefined) : undefined,
    done: 'done' in fault ? fault.done : undefined,
    factor: 'factor' in fault ? (fault.factor === null ? 'hang' : `x${fault.factor}`) : undefined,
    how: 'how' in fault ? fault.how : undefined,
    when: 'when' in fault ? fault.when : undefined,
    back: 'backNs' in fault ? formatTime(fault.backNs) : undefined,
    torn: 'torn' in fault ? fault.torn : undefined,
  };
}

function triggerOf(trigger: Extract<Fault, { readonly trigger: unknown }>['trigger']): YamlMap {
  switch (trigger.is) {
    case 'at':
      return { at: formatTime(trigger.atNs) };
    case 'nth':
      return { nth: trigger.nth };
    case 'per-million':
      return { perMillion: trigger.perMillion };
  }
}

function aimText(aim: FaultAim): string {
  if (aim.is === 'drive') return aim.driveId;
  return aim.is === 'volume' ? aim.letter : aim.is;
}

function rangeText({ first, last }: SectorRange): string {
  return `${first}..${last}`;
}

function expectOf(methods: readonly Method[]): YamlMap {
  return Object.fromEntries(
    methods.flatMap(({ id, expectation }) => (expectation === null ? [] : [[id, expectationOf(expectation)] as const])),
  );
}

function expectationOf(expectation: Expectation): Yaml {
  if (expectation.is === 'outcome') return expectation.outcome;
  if (expectation.is !== 'checks') return expectation.is;
  const { outcome, checks, metrics } = expectation;
  return {
    outcome,
    ...Object.fromEntries(checks.map(({ check }) => [check, wordsOf(check, checks)])),
    metrics: metrics.length === 0 ? undefined : Object.fromEntries(metrics.map(({ metric, text }) => [metric, text])),
  };
}

function wordsOf(check: string, checks: readonly CheckExpectation[]): Yaml {
  const ofCheck = checks.filter(one => one.check === check);
  const whole = ofCheck.find(one => one.workload === null);
  if (whole !== undefined) return whole.expected;
  return Object.fromEntries(ofCheck.map(({ workload, expected }) => [workload ?? '', expected]));
}
