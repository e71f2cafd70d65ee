import { describe, expect, test } from 'vitest';
import { briefReport, firstSentences, runReport } from '../../reports/run-report.ts';
import { makeStyle } from '../../reports/style.ts';
import type { Result } from '../../sim/result.ts';
import { madeCheck, madeMethod, madeResult } from './made-results.ts';

const story = 'Files A and B are updated together,\nall the time. The agent copies A first. OTM waits.';
const next = [{ command: 'otm run timestamp-problem --seed 8', says: 'the same story with other luck' }];

function report(result: Result, width = 80): string {
  return runReport(result, { width, style: makeStyle(0), story, next });
}

describe('a run in a terminal', () => {
  test('the flagship, side by side in 80 columns', () => {
    const text = report(madeResult());
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text.slice(text.indexOf('\n              naive-copy'))).toMatchInlineSnapshot(`
      "
                    naive-copy open-file- group-     live-image cold-      otm
                               agent      agent                 backup
      the data       ≠ A and B  ≠ A and B  ≠ A and B  ≠ A and B  = A and B  = A and B
                       do not     do not     do not     do not     match      match
                       match      match      match      match
      that is       as         as         as         as         as         as
                    expected   expected   expected   expected   expected   expected

      picture       -          -          -          -          -          quiescent
      quiet wait    -          -          15.2 s     -          -          15.2 s
      backup window 4.2 s      4.2 s      4.2 s      48.1 s     48 s       48.3 s
      down time     0 s        0 s        0 s        0 s        48 s       0 s
      added delay
        p50         0 s        0 s        0 s        0 s        0 s        0 s
        p99         0 s        0 s        0 s        0 s        0 s        9.34 ms
      preserved     -          -          -          -          -          1.19 MiB
      transactions
        per second  24.1       24.1       24.1       24.1       9.8        24.1
        no backup   24.2       24.2       24.2       24.2       24.2       24.2

      6 methods, each as expected
      seed 7, digest b1946ac92492d234, 3 min 14 s of virtual time, 48,211 I/Os,
      181,233 events in 212 ms

      next
        otm run timestamp-problem --seed 8  the same story with other luck
      "
    `);
  });

  test.each([60, 80, 100])('in %d columns no line is longer, whatever the files are called', width => {
    const parts = ['orders', 'stock', 'customers', 'the search index', 'log', 'invoices', 'returns'];
    const loadings = [{ workload: 'shop', app: 'script', parts, accepts: false, summary: 'log ends at 303' }];
    const restore = { volumes: ['C'], files: 7, loadings };
    const checks = [madeCheck({ workload: 'shop', verdict: 'violated' })];
    const methods = [1, 4, 7].map(length => {
      const some = [{ ...loadings[0]!, parts: parts.slice(0, length) }];
      return madeMethod({ method: 'open-file-agent', checks, restore: { ...restore, loadings: some } });
    });
    const text = report(madeResult({ methods }), width);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('invoices and returns do not match, as expected');
  });

  test('each restore is a step of its own, and what is violated is explained though expected', () => {
    const text = report(madeResult());
    expect(text.slice(0, text.indexOf('open-file-agent'))).toMatchInlineSnapshot(`
      "timestamp-problem  seed 7
        Files A and B are updated together, all the time. The agent copies A first.

      naive-copy: A and B do not match, as expected
        restored C: to a fresh drive, 2 files; loading ledger: refused: B holds 80
          transfers that A lacks: balances are off by 4,310
        intact of bank is violated: C:\\BANK\\ACCOUNTS.DAT is as it was at no
          instant: blocks 3 to 17 are newer than the rest
        relational of bank is violated
          - A was restored as it was after transfer 399.
          - B was restored as it was after transfer 479.
          - No instant of the truth has both: after 399 B held 0 of the 80 transfers
            400 to 479.
        1 check holds, 2 violated

      "
    `);
  });

  test.each([60, 72, 80, 100, 200])('%i columns are enough', width => {
    for (const line of report(madeResult(), width).split('\n')) expect(line.length).toBeLessThan(Math.min(width, 100));
  });

  test('more methods than fit stand below', () => {
    const { methods } = madeResult();
    const more = [...methods, ...methods.map(method => ({ ...method, method: `${method.method}-2` }))];
    const text = report(madeResult({ methods: more }));
    expect(text.match(/^the data /gm)).toHaveLength(2);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('what was not expected says so, in the table, in the words and at the end', () => {
    const check = madeCheck({ verdict: 'violated', expected: 'held', pass: false, summary: 'B holds 1 more' });
    const text = report(
      madeResult({ pass: false, methods: [madeMethod({ method: 'otm', pass: false, checks: [check] })] }),
    );
    expect(text).toContain('that is       ! NOT expected');
    expect(text).toContain('otm: its files do not match ! NOT expected');
    expect(text).toContain('relational of bank is violated ! NOT expected (held): B holds 1 more');
    expect(text).toContain('! 1 of 1 method NOT as expected');
  });

  test('a method without an expectation is shown, not judged', () => {
    const text = report(madeResult({ methods: [madeMethod({ method: 'otm', judged: false })] }));
    expect(text).toContain('that is       no expectation');
    expect(text).toContain('0 methods, each as expected, 1 method without an expectation');
  });

  test('a broken promise of the engine is told of a method that no expectation names', () => {
    const check = madeCheck({ check: 'exact', promise: 'E1', verdict: 'violated', pass: false, summary: 'one sector' });
    const result = madeResult({
      pass: false,
      methods: [madeMethod({ method: 'otm', judged: false, pass: false, checks: [check] })],
    });
    expect(report(result)).toContain('! 1 method without an expectation breaks a promise of the engine\n');
    expect(report(result)).not.toContain('each as expected');
    expect(briefReport(result, { width: 80, style: makeStyle(0) })).toMatchInlineSnapshot(`
      "timestamp-problem seed 7, otm: nothing to judge ! NOT expected
          exact violated, expected held: one sector
          otm run timestamp-problem --seed 7 --method otm
      timestamp-problem seed 7: 1 method without an expectation breaks a promise
          of the engine
      "
    `);
  });

  test('in brief no line is longer than the terminal, but a command', () => {
    const summary = 'transfer 470 is in A, and B, which was read later, has none of 400 to 470; '.repeat(2);
    const check = madeCheck({ verdict: 'violated', pass: false, summary });
    const method = madeMethod({ method: 'open-file-agent', pass: false, checks: [check] });
    const text = briefReport(madeResult({ methods: [method] }), { width: 80, style: makeStyle(0) });
    for (const line of text.split('\n')) {
      if (!line.includes('otm run')) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  test('fewer methods side by side rather than a word that is broken', () => {
    const parts = ['index', 'messages'];
    const loadings = [{ workload: 'bank', app: 'mail', parts, accepts: true, summary: '' }];
    const methods = madeResult().methods.map(method => ({
      ...method,
      judged: method.method !== 'otm',
      checks: [madeCheck({})],
      restore: { volumes: ['C'], files: 2, loadings },
    }));
    const text = report(madeResult({ methods }));
    const table = text.slice(text.indexOf('\n              naive-copy'));
    expect(table.match(/^the data /gm)).toHaveLength(2);
    for (const word of ['messages', 'expectation']) expect(table).toContain(word);
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('data and expectation share no colour', () => {
    const data = Object.values(makeStyle(1).data).concat(Object.values(makeStyle(1).dataText));
    const style = makeStyle(1);
    const codes = (paint: (text: string) => string) =>
      paint('x')
        .match(/\d+(?=m)|\d+(?=;)/g)
        ?.filter(code => code !== '1');
    const ofData = new Set(
      data.flatMap(paint => codes(paint) ?? []).filter(code => !['22', '39', '49'].includes(code)),
    );
    for (const paint of [style.expected, style.unexpected]) {
      expect(codes(paint)?.filter(code => ofData.has(code))).toEqual([]);
    }
  });

  test('says which kind of picture was taken', () => {
    const text = report(madeResult());
    expect(text).toContain('picture of 25.2 s, quiescent; restored C: to a fresh drive');
    expect(text).toMatch(/^picture +- +- +- +- +- +quiescent$/m);
  });

  test('without colour there is none', () => {
    expect(report(madeResult())).not.toContain('\u001b');
  });
});

test('the first sentences of a story', () => {
  expect(firstSentences('One:\n two. Three 3.5 is four! Five', 1)).toBe('One.');
  expect(firstSentences('With `a: b` it\n is so. Two.', 1)).toBe('With `a: b` it is so.');
  expect(firstSentences('One. Two 3.5 is four! Five', 2)).toBe('One. Two 3.5 is four!');
  expect(firstSentences('It has 30 transfers (at 17.5 s). Second.', 1)).toBe('It has 30 transfers (at 17.5 s).');
  expect(firstSentences('No end', 3)).toBe('No end');
  expect(firstSentences('', 3)).toBe('');
});
