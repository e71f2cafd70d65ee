/** What programs read: JSON lines and CSV; and the end of a suite. */
import { describe, expect, test } from 'vitest';
import { csvHeader, csvRows } from '../../reports/csv.ts';
import { jsonLine, suiteJsonLine } from '../../reports/json-lines.ts';
import { makeStyle } from '../../reports/style.ts';
import { isGreen, progressLine, suiteReport } from '../../reports/suite-report.ts';
import { type SuiteResult, signatureOf } from '../../sim/result.ts';
import { madeMethod, madeResult } from './made-results.ts';

describe('JSON lines', () => {
  test('one line each; a suite leaves the text of the scenario out', () => {
    const result = madeResult();
    expect(jsonLine(result).split('\n')).toHaveLength(2);
    expect(JSON.parse(jsonLine(result))).toEqual(result);
    const line = JSON.parse(suiteJsonLine(result));
    expect(line.source).toEqual({ path: 'scenarios/timestamp-problem.yaml', sha256: 'ab12', overrides: [] });
    expect({ ...line, source: result.source }).toEqual(result);
  });
});

describe('CSV', () => {
  test('a row for each method, as many cells as the header', () => {
    const rows = csvRows(madeResult()).trimEnd().split('\n');
    expect(rows).toHaveLength(6);
    expect(csvHeader()).toMatch(/^scenario,variant,seed,method,kind,outcome,reason,/);
    const cells = (row: string) => row.match(/(?:"(?:[^"]|"")*"|[^,"]*)(?:,|$)/g)!.length - 1;
    for (const row of rows) expect(cells(row)).toBe(cells(csvHeader().trimEnd()));
    expect(rows[0]).toMatch(/^timestamp-problem,,7,naive-copy,naive-copy,completed,/);
  });

  test('quotes, commas and line ends stay in their cell', () => {
    const method = madeMethod({ method: 'otm', reason: 'said "no",\nthen died' });
    expect(csvRows(madeResult({ methods: [method] }))).toContain(',"said ""no"",\nthen died",');
  });
});

const green: SuiteResult = {
  schema: 'otm/suite@1',
  runs: 400,
  passed: 400,
  failed: 0,
  defects: 0,
  notRun: 0,
  fromStore: 0,
  noExpectation: 0,
  seconds: 96,
  methodRuns: 2400,
  ios: 19_284_400,
  peakMemoryBytes: 312 * 2 ** 20,
  marks: {},
  groups: [],
  failures: [],
};

describe('a suite', () => {
  const report = (suite: SuiteResult, endedEarly: string | null = null, defectFiles: string[] = []) =>
    suiteReport(suite, { width: 80, style: makeStyle(0), endedEarly, defectFiles, defectProblems: [] });

  test('green', () => {
    expect(report(green)).toMatchInlineSnapshot(`
      "400 runs: 400 as expected
      96 s, 2,400 method runs (25.0 a second), 19,284,400 simulated I/Os (200,879 a
      second), 312 MiB of memory at most
      "
    `);
    expect(isGreen(green)).toBe(true);
  });

  test('red: failures with their commands, alike ones once more together', () => {
    const failure = {
      scenario: 'timestamp-problem',
      variant: 'granule=4KiB',
      seed: 17,
      method: 'otm',
      check: 'relational',
      expected: 'held',
      verdict: 'violated',
      summary: 'B holds 1 transfer that A lacks',
      command: 'otm run timestamp-problem --variant granule=4KiB --seed 17 --method otm',
    };
    const groups = [{ signature: signatureOf(failure), runs: 2, first: failure.command }];
    const red = { ...green, passed: 397, failed: 2, defects: 1, groups, failures: [failure, { ...failure, seed: 18 }] };
    expect(report(red, 'Ctrl-C', ['otm-defect-a-1.json'])).toMatchInlineSnapshot(`
      "! timestamp-problem[granule=4KiB], otm: relational violated, expected held
          (2 runs)
          seed 17: B holds 1 transfer that A lacks
            otm run timestamp-problem --variant granule=4KiB --seed 17 --method otm
          seed 18: B holds 1 transfer that A lacks
            otm run timestamp-problem --variant granule=4KiB --seed 17 --method otm
      ! defect: otm-defect-a-1.json
      ended early: Ctrl-C
      ! 400 runs: 397 as expected, 2 NOT as expected, 1 defect
      96 s, 2,400 method runs (25.0 a second), 19,284,400 simulated I/Os (200,879 a
      second), 312 MiB of memory at most
      "
    `);
    expect(isGreen(red)).toBe(false);
  });

  const failure = { scenario: 'two', variant: null, seed: 1, summary: '', command: 'otm run two --seed 1' };
  const ofOne = (kind: { method: string; check: string; expected: string | null; verdict: string }) => {
    const one = { ...failure, ...kind };
    return { groups: [{ signature: signatureOf(one), runs: 1, first: one.command }], failures: [one] };
  };

  test('a defect has no method', () => {
    const kind = { method: '', check: 'defect', expected: null, verdict: 'defect' };
    expect(report({ ...green, passed: 399, defects: 1, ...ofOne(kind) })).toMatch(
      /^! two: a defect of the program \(1 run\)\n {4}seed 1\n/,
    );
  });

  test('what only many runs can show is said where the runs are counted', () => {
    const kind = { method: 'otm', check: 'relational', expected: 'sometimes-violated', verdict: 'held' };
    expect(report({ ...green, ...ofOne(kind) })).toContain(
      '! 400 runs: 400 as expected, 1 check violated in no run, NOT as expected\n',
    );
  });

  test('nothing run is not green', () => {
    expect(isGreen({ ...green, runs: 0, passed: 0 })).toBe(false);
    expect(isGreen({ ...green, passed: 0, notRun: 400 })).toBe(false);
  });

  test('on its way', () => {
    expect(progressLine({ runs: 400, finished: 120, failed: 0, defects: 0, seconds: 12.3, underWay: null })).toBe(
      '120 of 400 runs, 12.3 s',
    );
    expect(progressLine({ runs: 400, finished: 120, failed: 2, defects: 1, seconds: 12.3, underWay: null })).toBe(
      '120 of 400 runs, 2 failed, 1 defect, 12.3 s',
    );
    const underWay = { seed: 121, method: 'otm', virtualSeconds: 61.5 };
    expect(progressLine({ runs: 400, finished: 120, failed: 0, defects: 0, seconds: 12.3, underWay })).toBe(
      '120 of 400 runs, 12.3 s; seed 121, otm at 61 s of its time',
    );
  });
});
