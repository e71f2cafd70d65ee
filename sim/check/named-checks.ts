/**
 * What is expected of checks by name.
 *
 * Invariants
 * N1 `held` without a workload is meant of each workload that can be judged.
 * N2 `violated` and `sometimes-violated` without a workload are meant of the check as a whole: one workload is enough.
 * N3 A check that is named and had nothing to judge fails, unless the word is `may`: it proved nothing.
 * N4 Nothing is asked of named checks when the backup did not end as expected; that is said once, of the outcome.
 */
import type { Outcome } from '../evidence.ts';
import type { CheckResult } from '../result.ts';
import type { CheckExpectation, Expectation } from '../scenario/expectation.ts';
import type { Verdict, VerdictWord } from './verdict.ts';

export type NamedExpectation = Extract<Expectation, { readonly is: 'checks' }>;

/** What is asked of one verdict. */
export interface Asked {
  /** Null: nothing. */
  readonly expected: string | null;
  /** It and its like have no verdict that could be as expected. */
  readonly nothingToJudge?: boolean;
  /** The workloads that answer it together. */
  readonly together?: readonly (string | null)[];
}

const NOTHING: Asked = { expected: null };

export function askedByName(verdict: Verdict, verdicts: readonly Verdict[], { checks }: NamedExpectation): Asked {
  const named = nameFor(checks, verdict);
  if (named === undefined) return NOTHING;
  const { expected, workload } = named;
  const group = verdicts.filter(each => nameFor(checks, each) === named);
  const applies = group.some(each => each.verdict !== 'not-applicable');
  if (expected !== 'may' && !applies) return { expected, nothingToJudge: true };
  if (workload !== null || group.length < 2) return { expected };
  if (expected === 'sometimes-violated') return { expected, together: group.map(each => each.workload) };
  if (expected !== 'violated') return { expected };
  const wanted = group.some(each => each.verdict === 'violated') ? 'violated' : 'held';
  return verdict.verdict === wanted ? { expected } : NOTHING;
}

/** Named checks that gave no verdict at all. */
export function lacking(verdicts: readonly Verdict[], { checks }: NamedExpectation): CheckResult[] {
  return checks.flatMap(named => {
    const { check, workload, expected } = named;
    if (expected === 'may' || verdicts.some(verdict => nameFor(checks, verdict) === named)) return [];
    return [said(check, 'not-applicable', expected, nothingToJudge(check), workload)];
  });
}

/** A result that is about the run rather than about what one checker compared; it has not passed. */
export function said(
  check: string,
  verdict: VerdictWord,
  expected: string,
  summary: string,
  workload: string | null = null,
): CheckResult {
  return {
    check,
    promise: null,
    workload,
    verdict,
    expected,
    pass: false,
    looked: 0,
    summary,
    evidence: {},
    story: [],
  };
}

export function nothingToJudge(check: string): string {
  return `${check} did not apply: there was nothing to judge`;
}

/** Whether the backup ended so that its named checks are asked (N4). */
export function isAsExpected(expectation: NamedExpectation, outcome: Outcome): boolean {
  return expectation.outcome === outcome;
}

function nameFor(checks: readonly CheckExpectation[], { check, workload }: Verdict): CheckExpectation | undefined {
  return (
    checks.find(each => each.check === check && each.workload === workload && workload !== null) ??
    checks.find(each => each.check === check && each.workload === null)
  );
}
