/** What became of the data, and whether that was expected, in words. */
import { describe, expect, test } from 'vitest';
import { checksToExplain, restoreWords, whatBecame, whetherExpected } from '../../reports/what-became.ts';
import type { CheckResult, RestoreStep } from '../../sim/result.ts';
import { madeCheck, madeMethod, noMetrics } from './made-results.ts';

function restoreOf(...workloads: [workload: string, ...parts: string[]][]): RestoreStep {
  const loadings = workloads.map(([workload, ...parts]) => {
    return { workload, app: 'ledger', parts, accepts: true, summary: 'fine' };
  });
  return { volumes: ['C', 'D'], files: 5, loadings };
}

function became(checks: CheckResult[], restore: RestoreStep = restoreOf(['bank', 'A', 'B'])) {
  return whatBecame(madeMethod({ method: 'otm', checks, restore }));
}

describe('what became of the data', () => {
  test('related files match, or do not', () => {
    expect(became([madeCheck({})])).toEqual({ tone: 'match', words: 'A and B match' });
    expect(became([madeCheck({ verdict: 'violated' })])).toEqual({ tone: 'mismatch', words: 'A and B do not match' });
    const five = restoreOf(['bank', 'A', 'B', 'C', 'D', 'E']);
    expect(became([madeCheck({})], five).words).toBe('A, B, C, D and E match');
    expect(became([madeCheck({})], restoreOf(['bank'])).words).toBe('its files match');
  });

  test('an application may refuse a backup that is right', () => {
    const { loadings, ...rest } = restoreOf(['bank', 'A', 'B']);
    const refused = { ...rest, loadings: loadings.map(loading => ({ ...loading, accepts: false })) };
    const words = 'A and B are of one instant, and ledger refuses them';
    expect(became([madeCheck({})], refused)).toEqual({ tone: 'match', words });
  });

  test('several applications are told apart', () => {
    const restore = restoreOf(['bank', 'A', 'B'], ['shop', 'orders', 'stock']);
    const bank = madeCheck({ verdict: 'violated' });
    const shop = madeCheck({ workload: 'shop' });
    expect(became([bank, shop], restore).words).toBe('bank: A and B do not match');
    expect(became([madeCheck({}), shop], restore).words).toBe('bank: A and B match, shop: orders and stock match');
  });

  test('a volume that cannot be read spoils everything', () => {
    const checks = [madeCheck({ verdict: 'violated' }), madeCheck({ check: 'mountable', verdict: 'violated' })];
    expect(became(checks)).toEqual({ tone: 'mismatch', words: 'the volume cannot be read' });
  });

  test.each([
    ['sqlite', 'the database is damaged'],
    ['intact', 'files are damaged'],
    ['prefix', 'transactions are missing'],
    ['fs', 'the file system is damaged'],
    ['timestamps', 'time stamps are wrong'],
  ])('%s alone: %s', (check, words) => {
    expect(became([madeCheck({}), madeCheck({ check, verdict: 'violated' })])).toEqual({ tone: 'mismatch', words });
  });

  test('without related files', () => {
    expect(became([madeCheck({ check: 'intact' })]).words).toBe('every file is intact');
    expect(became([madeCheck({ check: 'mountable' })]).words).toBe('the volume can be read');
    expect(became([])).toEqual({ tone: 'open', words: 'nothing to judge' });
    expect(became([madeCheck({ verdict: 'not-applicable' })]).tone).toBe('open');
  });

  test.each([
    ['timed-out', 'no backup: it never got quiet'],
    ['lost', 'no backup: the snapshot was lost'],
    ['failed', 'no backup: it failed'],
  ] as const)('%s: %s', (outcome, words) => {
    expect(whatBecame(madeMethod({ method: 'otm', outcome }))).toEqual({ tone: 'nothing', words });
  });

  test('of several backups the worst', () => {
    const backup = (verdict: 'held' | 'violated') => ({
      T: 1,
      outcome: 'completed' as const,
      reason: null,
      consistency: null,
      excluded: [],
      restore: restoreOf(['bank', 'A', 'B']),
      checks: [madeCheck({ verdict })],
      metrics: noMetrics,
    });
    const backups = [backup('held'), backup('violated'), backup('violated')];
    expect(whatBecame(madeMethod({ method: 'otm', backups }))).toEqual({
      tone: 'mismatch',
      words: 'A and B do not match (2 of 3 backups)',
    });
  });
});

test('whether that was expected is another matter', () => {
  expect(whetherExpected(madeMethod({ method: 'otm' }))).toBe('as expected');
  expect(whetherExpected(madeMethod({ method: 'otm', pass: false }))).toBe('NOT expected');
  expect(whetherExpected(madeMethod({ method: 'otm', pass: false, judged: false }))).toBe('NOT expected');
  expect(whetherExpected(madeMethod({ method: 'otm', judged: false }))).toBe('no expectation');
});

describe('the restore in a sentence', () => {
  const loading = { workload: 'bank', app: 'ledger', parts: ['A', 'B'], accepts: false, summary: 'B holds 80 more' };

  test('refused, accepted, two of a kind', () => {
    const restore = { volumes: ['C'], files: 2, loadings: [loading] };
    expect(restoreWords(madeMethod({ method: 'otm', restore }))).toBe(
      'restored C: to a fresh drive, 2 files; loading ledger: refused: B holds 80 more',
    );
    const two = {
      ...restore,
      loadings: [
        { ...loading, accepts: true },
        { ...loading, workload: 'shop' },
      ],
    };
    expect(restoreWords(madeMethod({ method: 'otm', restore: two }))).toBe(
      'restored C: to a fresh drive, 2 files; loading ledger bank: accepted: B holds 80 more; loading ledger shop: refused: B holds 80 more',
    );
    const nothing = { volumes: ['C', 'D'], files: 1, loadings: [] };
    expect(restoreWords(madeMethod({ method: 'otm', restore: nothing }))).toBe(
      'restored C: and D: to a fresh drive, 1 file',
    );
  });

  test('nothing to restore', () => {
    const lost = madeMethod({ method: 'otm', outcome: 'lost', reason: 'cache full at 32 MiB' });
    expect(restoreWords(lost)).toBe('nothing to restore: cache full at 32 MiB');
    expect(restoreWords({ ...lost, reason: null })).toBe('nothing to restore: the snapshot was lost');
  });
});

test('a violated check is explained also when it was expected', () => {
  const checks = [
    madeCheck({ check: 'a', verdict: 'held' }),
    madeCheck({ check: 'b', verdict: 'violated', expected: 'violated', pass: true }),
    madeCheck({ check: 'c', verdict: 'held', expected: 'violated', pass: false }),
    madeCheck({ check: 'd', verdict: 'not-applicable' }),
    madeCheck({ check: 'e', verdict: 'excused' }),
  ];
  expect(checksToExplain(checks).map(({ check }) => check)).toEqual(['b', 'c', 'e']);
});
