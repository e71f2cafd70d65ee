/**
 * Whether what came out is what was expected. The engine's promises must hold whatever is expected; an application with a
 * rate that committed nothing makes the expectation of a completed backup fail, because a check over nothing proves nothing.
 */
import { MICROSECOND, SECOND } from '../../engine/units.ts';
import type { Outcome } from '../evidence.ts';
import type { CheckResult, Metrics } from '../result.ts';
import type { Expectation, MetricThreshold } from '../scenario/expectation.ts';
import { type Asked, askedByName, isAsExpected, lacking, nothingToJudge, said } from './named-checks.ts';
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
  const asked = askedOf(verdict, expectation, judged);
  const expected = verdict.promise !== null ? 'held' : asked.expected;
  if (asked.nothingToJudge) {
    const summary = `${nothingToJudge(verdict.check)} (${verdict.summary})`;
    return { ...verdict, summary, expected, pass: false };
  }
  const pass = expected === null || fits(verdict, expected, judged);
  const evidence = asked.together === undefined ? verdict.evidence : { ...verdict.evidence, together: asked.together };
  return { ...verdict, evidence, expected, pass };
}

function fits({ verdict }: Verdict, expected: string, { hasFaults }: Judged): boolean {
  if (expected === 'may' || expected === 'sometimes-violated') return true;
  if (expected === 'violated') return verdict === 'violated';
  if (verdict === 'excused') return hasFaults;
  return verdict !== 'violated';
}

/** What is asked of one verdict; the engine's promises must hold all the same. */
function askedOf(verdict: Verdict, expectation: Expectation | null, { outcome, verdicts }: Judged): Asked {
  if (expectation?.is === 'checks') {
    return isAsExpected(expectation, outcome) ? askedByName(verdict, verdicts, expectation) : { expected: null };
  }
  if (expectation === null || outcome !== 'completed') return { expected: null };
  if (expectation.is === 'held') return { expected: 'held' };
  return { expected: expectation.is === 'violated' && verdict.verdict === 'violated' ? 'violated' : null };
}

/** Verdict and expectation are of the promise "it ended so"; how it did end stands in the summary. */
function outcomeResult(expectation: Expectation, { outcome, reason }: Judged): CheckResult[] {
  if (expectation.is === 'may') return [];
  const wanted = expectation.is === 'outcome' || expectation.is === 'checks' ? expectation.outcome : 'completed';
  if (wanted === outcome) return [];
  const because = reason === null ? '' : `: ${reason}`;
  return [said('outcome', 'violated', 'held', `the backup ended as "${outcome}", not "${wanted}"${because}`)];
}

/** What is expected of the method as a whole. */
function whole(expectation: Expectation, { outcome, verdicts }: Judged): CheckResult[] {
  if (expectation.is === 'checks') return isAsExpected(expectation, outcome) ? lacking(verdicts, expectation) : [];
  if (outcome !== 'completed') return [];
  const data = verdicts.filter(({ promise }) => promise === null);
  const violated = data.filter(({ verdict }) => verdict === 'violated').map(({ check }) => check);
  const looked = data.some(({ verdict }) => verdict !== 'not-applicable');
  const none = said('data', looked ? 'held' : 'not-applicable', expectation.is, 'no data check is violated');
  switch (expectation.is) {
    case 'violated':
      return violated.length === 0 ? [none] : [];
    case 'sometimes-violated': {
      // Always there, since only a suite can tell whether it came.
      if (violated.length === 0) return [{ ...none, pass: true }];
      const summary = `violated: ${[...new Set(violated)].join(', ')}`;
      return [{ ...said('data', 'violated', expectation.is, summary), pass: true }];
    }
    case 'held': {
      if (data.some(({ check, verdict }) => TELLING.has(check) && verdict !== 'not-applicable')) return [];
      const summary = 'none of intact, relational, prefix and sqlite applies: nothing was proved';
      return [said('data', 'not-applicable', 'held', summary)];
    }
    default:
      return [];
  }
}

/** A backup that was not made is no check over nothing: its outcome alone is judged. */
function activity({ outcome, inactive }: Judged): CheckResult[] {
  if (outcome !== 'completed') return [];
  return inactive.map(why => said('activity', 'violated', 'held', why));
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
