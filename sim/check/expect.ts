/**
 * Whether what came out is what was expected. The engine's promises must hold whatever is expected; an application with a
 * rate that committed nothing makes the expectation of a completed backup fail, because a check over nothing proves nothing.
 */
import { MICROSECOND, SECOND } from '../../engine/units.ts';
import type { Outcome } from '../evidence.ts';
import type { CheckResult, Metrics } from '../result.ts';
import type { CheckExpectation, Expectation, MetricThreshold } from '../scenario/expectation.ts';
import type { Verdict } from './verdict.ts';

export interface Judged {
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly verdicts: readonly Verdict[];
  readonly metrics: Metrics;
  /** Workloads that were to write and did not: why the run proves nothing. */
  readonly inactive: readonly string[];
  /** Only then may a verdict be excused. */
  readonly hasFaults: boolean;
}

/** Data checks of which one has to apply where all is expected to be held. */
const TELLING = new Set(['intact', 'relational', 'prefix', 'sqlite']);

export function judgeExpectation(expectation: Expectation | null, judged: Judged): CheckResult[] {
  const results = judged.verdicts.map(verdict => checkResult(verdict, expectation, judged));
  if (expectation === null) return results;
  results.push(...activity(judged), ...outcomeResult(expectation, judged), ...whole(expectation, judged));
  if (expectation.is === 'checks') results.push(...expectation.metrics.map(each => metricResult(each, judged.metrics)));
  return results;
}

function checkResult(verdict: Verdict, expectation: Expectation | null, judged: Judged): CheckResult {
  const expected = verdict.promise !== null ? 'held' : expectedWord(verdict, expectation, judged);
  return { ...verdict, expected, pass: expected === null || fits(verdict, expected, judged) };
}

function fits({ verdict, promise }: Verdict, expected: string, { hasFaults }: Judged): boolean {
  if (expected === 'may' || expected === 'sometimes-violated') return true;
  if (expected === 'violated') return verdict === 'violated';
  if (verdict === 'held') return true;
  if (verdict === 'excused') return hasFaults;
  return verdict === 'not-applicable' && promise !== null ? true : verdict === 'not-applicable';
}

/** What is expected of a data check. */
function expectedWord(verdict: Verdict, expectation: Expectation | null, { outcome }: Judged): string | null {
  if (expectation === null || outcome !== 'completed') return null;
  switch (expectation.is) {
    case 'held':
      return 'held';
    case 'violated':
      return verdict.verdict === 'violated' ? 'violated' : null;
    case 'checks':
      return named(expectation.checks, verdict)?.expected ?? null;
    default:
      return null;
  }
}

function named(checks: readonly CheckExpectation[], { check, workload }: Verdict): CheckExpectation | undefined {
  return (
    checks.find(each => each.check === check && each.workload === workload && workload !== null) ??
    checks.find(each => each.check === check && each.workload === null)
  );
}

function outcomeResult(expectation: Expectation, { outcome, reason }: Judged): CheckResult[] {
  if (expectation.is === 'may') return [];
  const wanted = expectation.is === 'outcome' || expectation.is === 'checks' ? expectation.outcome : 'completed';
  if (wanted === outcome) return [];
  const because = reason === null ? '' : `: ${reason}`;
  return [synthetic('outcome', wanted, `the backup ended as "${outcome}", not "${wanted}"${because}`)];
}

/** What is expected of the method as a whole. */
function whole(expectation: Expectation, { outcome, verdicts }: Judged): CheckResult[] {
  if (outcome !== 'completed') return [];
  const data = verdicts.filter(({ promise }) => promise === null);
  if (expectation.is === 'violated' && !data.some(({ verdict }) => verdict === 'violated')) {
    return [synthetic('data', 'violated', 'no data check is violated')];
  }
  const applies = data.some(({ check, verdict }) => TELLING.has(check) && verdict !== 'not-applicable');
  if (expectation.is === 'held' && !applies) {
    return [synthetic('data', 'held', 'none of intact, relational, prefix and sqlite applies: nothing was proved')];
  }
  if (expectation.is !== 'checks') return [];
  return expectation.checks.flatMap(each => aggregate(each, verdicts));
}

/** A check that is expected as a whole is violated when it is for one workload; one that gave no verdict fails. */
function aggregate({ check, workload, expected }: CheckExpectation, verdicts: readonly Verdict[]): CheckResult[] {
  const found = verdicts.filter(each => each.check === check && (workload === null || each.workload === workload));
  if (found.length > 0 || expected === 'may') return [];
  return [synthetic(check, expected, `${check} did not apply: there was nothing to judge`)];
}

/** A backup that was not made is no check over nothing: its outcome alone is judged. */
function activity({ outcome, inactive }: Judged): CheckResult[] {
  if (outcome !== 'completed') return [];
  return inactive.map(why => synthetic('activity', 'held', why));
}

function synthetic(check: string, expected: string, summary: string): CheckResult {
  const story: string[] = [];
  const base = { check, promise: null, workload: null, expected, looked: 0, summary, evidence: {}, story };
  return { ...base, verdict: 'violated', pass: false };
}

function metricResult(threshold: MetricThreshold, metrics: Metrics): CheckResult {
  const { metric, unit, min, max, text } = threshold;
  const measured = metrics[metric];
  const base = {
    check: `metric:${metric}`,
    promise: null,
    workload: null,
    expected: 'held',
    evidence: { measured },
    story: [],
  };
  if (measured === null) {
    return { ...base, verdict: 'not-applicable', looked: 0, pass: false, summary: `${metric} was not measured` };
  }
  const scale = unit !== 'nanoseconds' ? 1 : metric.endsWith('Us') ? MICROSECOND : SECOND;
  const value = measured * scale;
  const aboveMin = min === null || value > min.value || (min.inclusive && value === min.value);
  const belowMax = max === null || value < max.value || (max.inclusive && value === max.value);
  const pass = aboveMin && belowMax;
  return {
    ...base,
    verdict: pass ? 'held' : 'violated',
    looked: 1,
    pass,
    summary: `${metric} is ${measured}, wanted ${text}`,
  };
}
