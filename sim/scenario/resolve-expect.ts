/**
 * What is expected: each word against what can apply. A check that can never apply would be an expectation that nobody
 * can tell from a fulfilled one, so it is bad input.
 */
import { CHECK_NAMES, CHECKS, canJudge, METRIC_NAMES, METRICS } from './checks.ts';
import type {
  CheckExpectation,
  CheckName,
  DataCheck,
  Expectation,
  ExpectedWord,
  MetricThreshold,
} from './expectation.ts';
import type { NodePath } from './located.ts';
import { didYouMean } from './nearest.ts';
import { quoted } from './reading.ts';
import type { Report } from './report.ts';
import type { UnjudgedMethod } from './resolve-backups.ts';
import type { Inhabitants } from './resolve-workloads.ts';
import type { World } from './resolve-world.ts';
import type { Method, MethodKind, Outcome, Selection } from './scenario.ts';
import type { ParsedExpectation } from './schema-expect.ts';
import { thereAre } from './world-names.ts';

export interface ExpectContext {
  readonly world: World;
  readonly selection: Selection;
  readonly inhabitants: Inhabitants;
  readonly faultCount: number;
  /** Whether a fault ends the machine. */
  readonly machineEnds: boolean;
  readonly report: Report;
}

/** Kinds whose backup can end so; of those that are not here every kind can. */
const OUTCOME_KINDS: { readonly [outcome: string]: readonly MethodKind[] } = {
  lost: ['otm', 'otm-incremental'],
  'timed-out': ['otm', 'otm-incremental', 'group-agent'],
};

export function judgeMethods(
  methods: readonly UnjudgedMethod[],
  expect: { readonly [method: string]: ParsedExpectation },
  context: ExpectContext,
): Method[] {
  const expectations = new Map<string, Expectation>();
  const ids = methods.map(({ id }) => id);
  for (const [id, parsed] of Object.entries(expect)) {
    const at: NodePath = ['expect', id];
    const method = methods.find(candidate => candidate.id === id);
    if (method !== undefined) expectations.set(id, resolveExpectation(parsed, method, at, context));
    else unknownMethod(id, ids, at, context.report);
  }
  const judged = methods.map((method): Method => ({ ...method, expectation: expectations.get(method.id) ?? null }));
  checkSplits(judged, context);
  return judged;
}

function unknownMethod(id: string, ids: readonly string[], at: NodePath, report: Report): void {
  if (id === 'none') report.atKey(at, 'unknown-method', '`none` is the run without a backup: it is not judged');
  else report.atKey(at, 'unknown-method', `no method has the id ${quoted(id)}${didYouMean(id, ids)}`, thereAre(ids));
}

function resolveExpectation(
  parsed: ParsedExpectation,
  method: UnjudgedMethod,
  at: NodePath,
  context: ExpectContext,
): Expectation {
  if (typeof parsed !== 'string') return resolveMapping(parsed, method, at, context);
  switch (parsed) {
    case 'lost':
    case 'timed-out':
    case 'failed':
      checkOutcome(parsed, method, at, context.report);
      return { is: 'outcome', outcome: parsed };
    default:
      return { is: parsed };
  }
}

function resolveMapping(
  parsed: Exclude<ParsedExpectation, string>,
  method: UnjudgedMethod,
  at: NodePath,
  context: ExpectContext,
): Expectation {
  const { outcome } = parsed;
  checkOutcome(outcome, method, [...at, 'outcome'], context.report);
  const checks = CHECK_NAMES.flatMap((name): CheckExpectation[] => {
    const value = parsed[name];
    if (value === undefined) return [];
    const why = whyNot(name, method, outcome, context);
    if (CHECKS[name].later !== null)
      context.report.notYet([...at, name], `the check \`${name}\` (${CHECKS[name].later})`);
    else if (why !== null)
      context.report.atKey(
        [...at, name],
        'check-not-applicable',
        `\`${name}\` cannot apply to \`${method.id}\`: ${why}`,
      );
    return expectationsOf(name, value, [...at, name], context);
  });
  const metrics = METRIC_NAMES.flatMap((name): MetricThreshold[] => {
    const threshold = parsed.metrics?.[name];
    if (threshold === undefined) return [];
    const { kinds } = METRICS[name];
    if (kinds !== null && !kinds.includes(method.kind)) {
      const message = `\`${name}\` is not measured for \`${method.id}\`: only for ${kinds.join(' and ')}`;
      context.report.atKey([...at, 'metrics', name], 'check-not-applicable', message);
    }
    return [threshold];
  });
  return { is: 'checks', outcome, checks, metrics };
}

function checkOutcome(outcome: Outcome, { id, kind }: UnjudgedMethod, at: NodePath, report: Report): void {
  const kinds = OUTCOME_KINDS[outcome];
  if (kinds === undefined || kinds.includes(kind)) return;
  report.at(at, 'check-not-applicable', `\`${id}\` cannot end as \`${outcome}\`: only ${kinds.join(' and ')} can`);
}

/** Why a check cannot apply to a method, or null. */
function whyNot(name: CheckName, method: UnjudgedMethod, outcome: Outcome, context: ExpectContext): string | null {
  if (CHECKS[name].family === 'engine') {
    if (method.kind !== 'otm' && method.kind !== 'otm-incremental') return 'it has no snapshot';
    if (name === 'several' && method.beside.length === 0) return 'it has no snapshot `beside`';
    if (name === 'fault-rule' && context.faultCount === 0) return 'there are no faults';
    if ((name === 'tracked' || name === 'backup-disk') && method.kind !== 'otm-incremental')
      return 'it has no backup disk';
    if (name === 'recovered') {
      if (!context.machineEnds) return NOTHING_ENDS;
      return isDurable(method) ? null : 'it has no snapshot that is `durable`';
    }
    if (name === 'self') return leavesOut(method, context) ? null : 'its picture leaves nothing out';
    return name === 'idle' ? whyNeverIdle(method, context) : null;
  }
  if (name === 'durable' && !context.machineEnds) return NOTHING_ENDS;
  if (outcome !== 'completed' && name !== 'durable') return `with the outcome \`${outcome}\` there is nothing restored`;
  const { world, selection, inhabitants } = context;
  if (!CHECKS[name].isPerWorkload) {
    const hasFiles = selection.volumes.some(letter => world.fats.has(letter));
    return hasFiles ? null : 'no volume with a file system is backed up';
  }
  const isJudged = inhabitants.workloads.some(workload => {
    return canJudge(name as DataCheck, workload) && isSelected(workload.id, context);
  });
  return isJudged ? null : 'no workload on the volumes that are backed up has what it looks at';
}

const NOTHING_ENDS = 'no fault ends the machine (`power-cut`, `kill`)';

function isDurable({ options, beside }: Extract<UnjudgedMethod, { kind: 'otm' | 'otm-incremental' }>): boolean {
  return options.durable || beside.some(each => each.options.durable);
}

/** Without a fault its backup program reads until it is done; nobody reads a snapshot beside it. */
function whyNeverIdle(
  { options, beside }: Extract<UnjudgedMethod, { kind: 'otm' | 'otm-incremental' }>,
  { faultCount }: ExpectContext,
) {
  if (options.idleLimitNs === null) return 'its `idleLimit` is never';
  return faultCount === 0 && beside.length === 0 ? 'no fault stops its backup program (`agent-dies`)' : null;
}

/** Whether a cache lies on what some snapshot protects, or files are excluded. */
function leavesOut(
  { options, beside }: Extract<UnjudgedMethod, { kind: 'otm' | 'otm-incremental' }>,
  { selection }: ExpectContext,
): boolean {
  const selections = [selection, ...beside.map(each => each.selection)];
  return [options, ...beside.map(each => each.options)].some(({ cache: { on }, exclude }) => {
    if (exclude.length > 0) return true;
    if (on.is === 'volume') return selections.some(({ volumes }) => volumes.includes(on.letter));
    return on.is === 'drive' && selections.some(({ drives }) => drives.includes(on.driveId));
  });
}

function expectationsOf(
  check: CheckName,
  value: ExpectedWord | { readonly [workload: string]: ExpectedWord },
  at: NodePath,
  context: ExpectContext,
): CheckExpectation[] {
  const { report, inhabitants } = context;
  if (typeof value === 'string') {
    if (CHECKS[check].family === 'engine' && value !== 'held') {
      report.at(at, 'promise-broken', `\`${check}\` is a promise of the engine: it can only be expected to be held`);
    }
    return [{ check, workload: null, expected: value }];
  }
  const ids = inhabitants.workloads.map(({ id }) => id);
  return Object.entries(value).map(([workload, expected]) => {
    const place = [...at, workload];
    const found = inhabitants.workloads.find(({ id }) => id === workload);
    if (found === undefined) {
      const message = `there is no workload ${quoted(workload)}${didYouMean(workload, ids)}`;
      report.atKey(place, 'unknown-workload', message, thereAre(ids));
    } else if (!(canJudge(check as DataCheck, found) && isSelected(workload, context))) {
      report.atKey(
        place,
        'check-not-applicable',
        `\`${check}\` has nothing to look at in \`${workload}\``,
        'it lies on no volume that is backed up, or is of another kind',
      );
    }
    return { check, workload, expected };
  });
}

function isSelected(workload: string, { selection, inhabitants }: ExpectContext): boolean {
  return [...(inhabitants.letters.get(workload) ?? [])].some(letter => selection.volumes.includes(letter));
}

/** A workload of which a judged method takes a part only can never be right. */
function checkSplits(methods: readonly Method[], { inhabitants, selection, report }: ExpectContext): void {
  const judged = methods.filter(({ expectation }) => expectation !== null);
  const besides = judged.flatMap(method => ('beside' in method ? method.beside : []));
  const selections = judged.length === 0 ? [] : [selection, ...besides.map(beside => beside.selection)];
  inhabitants.workloads.forEach(({ id }, index) => {
    const letters = [...(inhabitants.letters.get(id) ?? [])];
    const split = selections.find(({ volumes }) => {
      const inside = letters.filter(letter => volumes.includes(letter)).length;
      return inside > 0 && inside < letters.length;
    });
    if (split === undefined) return;
    const [inside, outside] = [true, false].map(isIn =>
      letters.filter(letter => split.volumes.includes(letter) === isIn),
    );
    const message = `\`${id}\` has files on ${inside!.join(', ')}, which is backed up, and on ${outside!.join(', ')}, which is not`;
    report.at(['workloads', index, 'files'], 'workload-split', message, 'select all of its volumes, or none');
  });
}
