/** Whether verdicts are what was expected. Verdicts are made by hand; what checkers say of real restores stands beside. */
import { describe, expect, it } from 'vitest';
import { judgeExpectation } from '../../../sim/check/expect.ts';
import type { Verdict, VerdictWord } from '../../../sim/check/verdict.ts';
import type { Outcome } from '../../../sim/evidence.ts';
import type { CheckName, Expectation, ExpectedWord } from '../../../sim/scenario/expectation.ts';
import { noMetrics } from '../../reports/made-results.ts';

function says(check: string, workload: string | null, verdict: VerdictWord, promise: string | null = null): Verdict {
  const looked = verdict === 'not-applicable' ? 0 : 7;
  return { check, promise, workload, verdict, looked, summary: `${check} says so`, evidence: {}, story: [] };
}

type Named = readonly [check: CheckName, workload: string | null, expected: ExpectedWord];

function names(checks: readonly Named[], outcome: Outcome = 'completed'): Expectation {
  return {
    is: 'checks',
    outcome,
    metrics: [],
    checks: checks.map(([check, workload, expected]) => ({ check, workload, expected })),
  };
}

function judge(
  expectation: Expectation,
  verdicts: readonly Verdict[],
  changes: { outcome?: Outcome; inactive?: string[] } = {},
) {
  const { outcome = 'completed', inactive = [] } = changes;
  return judgeExpectation(expectation, {
    outcome,
    reason: null,
    verdicts,
    metrics: noMetrics,
    inactive,
    hasFaults: false,
  });
}

const passes = (...args: Parameters<typeof judge>) => judge(...args).every(({ pass }) => pass);

const bankOnly = [says('relational', 'bank', 'violated'), says('relational', 'shop', 'held')];
const neither = [says('relational', 'bank', 'held'), says('relational', 'shop', 'held')];

describe('a check that is named without a workload', () => {
  it('is violated when it is for one workload', () => {
    const expectation = names([['relational', null, 'violated']]);
    expect(passes(expectation, bankOnly)).toBe(true);
    expect(judge(expectation, bankOnly).map(({ expected }) => expected)).toEqual(['violated', null]);
    expect(passes(expectation, neither)).toBe(false);
  });

  it('is held when it is for all workloads that can be judged', () => {
    const expectation = names([['relational', null, 'held']]);
    expect(passes(expectation, neither)).toBe(true);
    expect(passes(expectation, bankOnly)).toBe(false);
    expect(
      passes(expectation, [says('relational', 'bank', 'held'), says('relational', 'shop', 'not-applicable')]),
    ).toBe(true);
  });

  it('is sometimes violated by one of its workloads, which a suite has to know', () => {
    const results = judge(names([['relational', null, 'sometimes-violated']]), neither);
    expect(results).toMatchObject([
      { workload: 'bank', expected: 'sometimes-violated', pass: true, evidence: { together: ['bank', 'shop'] } },
      { workload: 'shop', expected: 'sometimes-violated', pass: true },
    ]);
    const byWorkload = names([
      ['relational', 'bank', 'sometimes-violated'],
      ['relational', 'shop', 'sometimes-violated'],
    ]);
    expect(judge(byWorkload, neither).map(({ evidence }) => evidence)).toEqual([{}, {}]);
  });
});

describe('a check that is named by workload', () => {
  it('is judged of that workload alone', () => {
    expect(passes(names([['relational', 'bank', 'violated']]), bankOnly)).toBe(true);
    expect(passes(names([['relational', 'shop', 'violated']]), bankOnly)).toBe(false);
    expect(passes(names([['relational', 'shop', 'held']]), bankOnly)).toBe(true);
  });
});

describe('a check that is named and had nothing to judge', () => {
  const nothing = [says('prefix', 'shop', 'not-applicable')];

  it.each(['held', 'violated', 'sometimes-violated'] as const)('is not %s', word => {
    for (const workload of ['shop', null]) {
      expect(judge(names([['prefix', workload, word]]), nothing)).toMatchObject([
        {
          verdict: 'not-applicable',
          expected: word,
          pass: false,
          summary: 'prefix did not apply: there was nothing to judge (prefix says so)',
        },
      ]);
    }
  });

  it('may be so', () => {
    expect(passes(names([['prefix', 'shop', 'may']]), nothing)).toBe(true);
    expect(passes(names([['prefix', null, 'may']]), [])).toBe(true);
  });

  it('also when it gave no verdict at all', () => {
    expect(judge(names([['prefix', 'shop', 'held']]), [])).toMatchObject([
      { check: 'prefix', workload: 'shop', verdict: 'not-applicable', expected: 'held', pass: false },
    ]);
  });

  it('is a promise of the engine: it fails when it was named, and is let be when it was not', () => {
    const idle = [says('idle', null, 'not-applicable', 'E17')];
    expect(passes(names([['idle', null, 'held']]), idle)).toBe(false);
    expect(passes(names([]), idle)).toBe(true);
    expect(passes({ is: 'may' }, idle)).toBe(true);
  });

  it('is not held against a backup that ended otherwise: its outcome is', () => {
    const results = judge(names([['prefix', 'shop', 'held']]), nothing, { outcome: 'failed' });
    expect(results.filter(({ pass }) => !pass).map(({ check }) => check)).toEqual(['outcome']);
  });
});

describe('a promise of the engine', () => {
  it('must be held whatever is expected', () => {
    const broken = [says('exact', null, 'violated', 'E1')];
    for (const expectation of [{ is: 'may' }, names([]), { is: 'outcome', outcome: 'lost' }] as const) {
      expect(passes(expectation, broken, { outcome: 'lost' })).toBe(false);
    }
  });
});

describe('the data as a whole', () => {
  it('is held, where a violation was expected and none came', () => {
    expect(judge({ is: 'violated' }, neither).at(-1)).toMatchObject({
      check: 'data',
      verdict: 'held',
      expected: 'violated',
      pass: false,
      summary: 'no data check is violated',
    });
    expect(passes({ is: 'violated' }, bankOnly)).toBe(true);
  });

  it('proves nothing where nothing was looked at', () => {
    const nothing = ['intact', 'relational', 'prefix', 'sqlite'].map(check => says(check, null, 'not-applicable'));
    expect(judge({ is: 'held' }, [...nothing, says('fs', null, 'held')]).at(-1)).toMatchObject({
      check: 'data',
      verdict: 'not-applicable',
      expected: 'held',
      pass: false,
      summary: expect.stringContaining('nothing was proved'),
    });
  });

  it('says what came where it is sometimes violated, for a suite to count', () => {
    const expectation = { is: 'sometimes-violated' } as const;
    const whole = { check: 'data', workload: null, expected: 'sometimes-violated', pass: true };
    expect(judge(expectation, bankOnly).at(-1)).toMatchObject({
      ...whole,
      verdict: 'violated',
      summary: 'violated: relational',
    });
    expect(judge(expectation, neither).at(-1)).toMatchObject({ ...whole, verdict: 'held' });
    expect(passes(expectation, bankOnly)).toBe(true);
    expect(passes(expectation, neither)).toBe(true);
  });
});

describe('what is said of the run', () => {
  it('reads as a promise that was broken', () => {
    const [outcome] = judge({ is: 'outcome', outcome: 'lost' }, [], { outcome: 'timed-out' });
    expect(outcome).toMatchObject({
      check: 'outcome',
      verdict: 'violated',
      expected: 'held',
      summary: 'the backup ended as "timed-out", not "lost"',
    });
    const [activity] = judge({ is: 'violated' }, bankOnly, { inactive: ['shop committed nothing'] }).slice(2);
    expect(activity).toMatchObject({ check: 'activity', verdict: 'violated', expected: 'held', pass: false });
  });
});
