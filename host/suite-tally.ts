/**
 * What a suite comes to, counted as its runs come in.
 *
 * Invariants
 * I1 passed + failed + defects + notRun = runs.
 * I2 A run has failed when an expectation of one of its methods did not pass; failures that look the same are one group.
 * I3 `sometimes-violated` passes each run; over 20 runs or more it fails when none was violated. Each check of each
 *    workload that is expected so has to come by itself; one that is named for all workloads has to come for one of them.
 */
import type { CheckResult, Failure, FailureGroup, MethodResult, Result } from '../sim/result.ts';
import { signatureOf } from '../sim/result.ts';

const sometimes = 'sometimes-violated';
const runsUntilSometimes = 20;

interface Sometimes {
  runs: number;
  violated: number;
  readonly first: Failure;
}

export class SuiteTally {
  readonly runs: number;
  passed = 0;
  failed = 0;
  defects = 0;
  noExpectation = 0;
  methodRuns = 0;
  ios = 0;
  private readonly failures: Failure[] = [];
  private readonly sometimes = new Map<string, Sometimes>();

  /** `runs`: how many were asked for. */
  constructor(runs: number) {
    this.runs = runs;
  }

  get finished(): number {
    return this.passed + this.failed + this.defects;
  }

  add(result: Result): void {
    if (result.pass) this.passed += 1;
    else this.failed += 1;
    this.ios += result.ios;
    this.methodRuns += result.methods.length;
    for (const method of result.methods) {
      if (!method.judged) this.noExpectation += 1;
      this.failures.push(...failuresOf(result, method));
      this.watchSometimes(result, method);
    }
  }

  addDefect(failure: Failure): void {
    this.defects += 1;
    this.failures.push(failure);
  }

  /** All failures so far, with those that only many runs can show. */
  allFailures(): Failure[] {
    const never = [...this.sometimes.values()].filter(
      ({ runs, violated }) => runs >= runsUntilSometimes && violated === 0,
    );
    return [
      ...this.failures,
      ...never.map(({ runs, first }) => ({ ...first, summary: `violated in none of ${runs} runs` })),
    ];
  }

  private watchSometimes(result: Result, method: MethodResult): void {
    const { scenario, variant } = result;
    const checks = [method, ...(method.backups ?? [])].flatMap(backup => backup.checks);
    const watched = new Map<string, CheckResult[]>();
    for (const check of checks.filter(({ expected }) => expected === sometimes)) {
      // Workloads that answer together are one.
      const workload = check.evidence.together ?? check.workload;
      const key = JSON.stringify([scenario, variant, method.method, check.check, workload]);
      watched.set(key, [...(watched.get(key) ?? []), check]);
    }
    for (const [key, alike] of watched) {
      const first = { ...failureOf(result, method, alike[0]!), verdict: 'held' };
      const seen = this.sometimes.get(key) ?? { runs: 0, violated: 0, first };
      seen.runs += 1;
      if (alike.some(({ verdict }) => verdict === 'violated')) seen.violated += 1;
      this.sometimes.set(key, seen);
    }
  }
}

function failuresOf(result: Result, method: MethodResult): Failure[] {
  if (method.pass) return [];
  const failed = method.checks.filter(({ pass }) => !pass);
  if (failed.length > 0) return failed.map(check => failureOf(result, method, check));
  // No single check: the outcome, or that nothing was violated where something should have been.
  const { scenario, variant, seed } = result;
  const { outcome, reason, command } = method;
  const where = { scenario, variant, seed, method: method.method, command };
  return [{ ...where, check: 'outcome', expected: null, verdict: outcome, summary: reason ?? '' }];
}

function failureOf({ scenario, variant, seed }: Result, method: MethodResult, check: CheckResult): Failure {
  const { verdict, expected, summary } = check;
  const { command } = method;
  return { scenario, variant, seed, method: method.method, check: check.check, expected, verdict, summary, command };
}

/** In the order in which they first came. */
export function groupsOf(failures: readonly Failure[]): FailureGroup[] {
  const groups = new Map<string, { runs: Set<number>; first: string }>();
  for (const failure of failures) {
    const signature = signatureOf(failure);
    const group = groups.get(signature) ?? { runs: new Set<number>(), first: failure.command };
    group.runs.add(failure.seed);
    groups.set(signature, group);
  }
  return [...groups].map(([signature, { runs, first }]) => ({ signature, runs: runs.size, first }));
}
