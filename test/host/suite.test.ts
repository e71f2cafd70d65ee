/** Many runs: counted, grouped, ended early, defects kept. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DefectError } from '../../engine/invariant.ts';
import { withoutPaths, writeDefect } from '../../host/defect-file.ts';
import { packageRoot } from '../../host/package.ts';
import { repeatCommand, shellWord } from '../../host/repeat-command.ts';
import { runSuite, type SuiteOptions, type SuiteRun } from '../../host/suite.ts';
import { groupsOf, SuiteTally } from '../../host/suite-tally.ts';
import { type CheckResult, type Result, signatureOf } from '../../sim/result.ts';
import type { Slice, Sliced } from '../../sim/slices.ts';
import { UserError } from '../../sim/user-error.ts';
import { madeCheck, madeMethod, madeResult } from '../reports/made-results.ts';
import { inFolder } from './temporary-folder.ts';

const passes = (seed: number) => madeResult({ seed, methods: [madeMethod({ method: 'otm' })] });

function fails(seed: number): Result {
  const check = madeCheck({ verdict: 'violated', expected: 'held', pass: false, summary: `seed ${seed}` });
  const command = `otm run timestamp-problem --seed ${seed} --method otm`;
  return madeResult({
    seed,
    pass: false,
    methods: [madeMethod({ method: 'otm', pass: false, checks: [check], command })],
  });
}

const SLICE: Slice = { method: 'otm', atNs: 0 };

function crashes(): never {
  throw new DefectError('granule 7 is preserved twice');
}

function runOf(seed: number, run: (seed: number) => Result): SuiteRun {
  return {
    scenario: 'timestamp-problem',
    variant: null,
    seed,
    command: `otm run --seed ${seed}`,
    *run() {
      yield SLICE;
      return run(seed);
    },
  };
}

async function suite(runs: readonly SuiteRun[], over: Partial<SuiteOptions<SuiteRun>> = {}) {
  const results: number[] = [];
  const progress: number[] = [];
  let time = 0;
  const end = await runSuite({
    runs,
    count: runs.length,
    failFast: false,
    limitMs: null,
    signal: new AbortController().signal,
    now: () => time++ * 1000,
    onResult: ({ seed }) => results.push(seed),
    onDefect: ({ seed }) => ({ is: 'written', name: `otm-defect-${seed}.json` }),
    onProgress: ({ finished }) => progress.push(finished),
    ...over,
  });
  return { ...end, results, progress };
}

describe('a suite', () => {
  test('counts what came of its runs, and goes on after failures and defects', async () => {
    const end = await suite([runOf(1, passes), runOf(2, fails), runOf(3, crashes), runOf(4, passes)]);
    expect(end.result).toMatchObject({ runs: 4, passed: 2, failed: 1, defects: 1, notRun: 0, methodRuns: 3 });
    expect(end.result.ios).toBe(3 * 48_211);
    expect(end.results).toEqual([1, 2, 4]);
    expect(end.progress).toEqual([1, 2, 3, 4]);
    expect(end.endedEarly).toBe(null);
    expect(end.defectFiles).toEqual(['otm-defect-3.json']);
    expect(end.result.failures.map(({ seed, check }) => [seed, check])).toEqual([
      [2, 'relational'],
      [3, 'defect'],
    ]);
  });

  test('a defect is of no method, and nothing was expected of one', async () => {
    const fails = (): never => {
      throw new TypeError('x is undefined');
    };
    const { result } = await suite([runOf(1, crashes), runOf(2, fails), runOf(3, crashes)]);
    expect(result.groups.map(({ signature, runs }) => [signature, runs])).toEqual([
      ['timestamp-problem: a defect of the program', 2],
      ['timestamp-problem: a crash of the program', 1],
    ]);
    expect(signatureOf({ ...result.failures[0]!, variant: 'granule=4KiB' })).toMatch(
      /^timestamp-problem\[granule=4KiB\]: /,
    );
  });

  test('--fail-fast ends after the first failure', async () => {
    const end = await suite([runOf(1, passes), runOf(2, fails), runOf(3, passes)], { failFast: true });
    expect(end.result).toMatchObject({ runs: 3, passed: 1, failed: 1, notRun: 1 });
    expect(end.endedEarly).toBe('--fail-fast');
  });

  test('a time limit begins no further run', async () => {
    const end = await suite([runOf(1, passes), runOf(2, passes), runOf(3, passes)], { limitMs: 3000 });
    expect(end.result.notRun).toBeGreaterThan(0);
    expect(end.result.passed).toBeGreaterThan(0);
    expect(end.endedEarly).toBe('the time of --for is over');
  });

  test('an interruption keeps what is finished', async () => {
    const controller = new AbortController();
    const interrupt = (seed: number) => {
      controller.abort('Ctrl-C');
      return passes(seed);
    };
    const end = await suite([runOf(1, passes), runOf(2, interrupt), runOf(3, passes)], { signal: controller.signal });
    expect(end.result).toMatchObject({ runs: 3, passed: 2, notRun: 1 });
    expect(end.endedEarly).toBe('Ctrl-C');
  });

  test('an interruption leaves the run that is under way, also the last one', async () => {
    const controller = new AbortController();
    const endless = function* (): Sliced<Result> {
      controller.abort('Ctrl-C');
      for (;;) yield SLICE;
    };
    const end = await suite([runOf(1, passes), { ...runOf(2, passes), run: endless }], { signal: controller.signal });
    expect(end.result).toMatchObject({ runs: 2, passed: 1, notRun: 1 });
    expect(end.endedEarly).toBe('Ctrl-C');
  });

  test('what the surroundings refuse ends it', async () => {
    const full = () => {
      throw new UserError({ code: 'cannot-write', message: 'cannot write `out.csv`: no space left' });
    };
    await expect(suite([runOf(1, full)])).rejects.toThrow('no space left');
  });

  test('failures that look the same are one group', () => {
    const tally = new SuiteTally(3);
    for (const seed of [5, 6]) tally.add(fails(seed));
    const groups = groupsOf(tally.allFailures());
    expect(groups).toEqual([
      {
        signature: 'timestamp-problem, otm: relational violated, expected held',
        runs: 2,
        first: 'otm run timestamp-problem --seed 5 --method otm',
      },
    ]);
  });

  test('a method that fails without a check says its outcome', () => {
    const tally = new SuiteTally(1);
    const lost = madeMethod({ method: 'otm', pass: false, outcome: 'lost', reason: 'cache full' });
    tally.add(madeResult({ pass: false, methods: [lost, madeMethod({ method: 'live-image', judged: false })] }));
    expect(tally.allFailures()).toMatchObject([{ check: 'outcome', verdict: 'lost', summary: 'cache full' }]);
    expect(tally.noExpectation).toBe(1);
  });

  test('sometimes-violated needs one that is, in 20 runs or more', () => {
    const sometimes = (verdict: 'held' | 'violated') => {
      const check = madeCheck({ expected: 'sometimes-violated', verdict });
      return madeResult({ methods: [madeMethod({ method: 'live-image', checks: [check] })] });
    };
    const never = new SuiteTally(20);
    for (let run = 0; run < 19; run += 1) never.add(sometimes('held'));
    expect(never.allFailures()).toEqual([]);
    never.add(sometimes('held'));
    expect(never.allFailures()).toMatchObject([{ method: 'live-image', summary: 'violated in none of 20 runs' }]);
    const once = new SuiteTally(20);
    for (let run = 0; run < 20; run += 1) once.add(sometimes(run === 7 ? 'violated' : 'held'));
    expect(once.allFailures()).toEqual([]);
  });

  test('each check and each workload that is sometimes violated has to come by itself', () => {
    const never = (...checks: Partial<CheckResult>[]) => {
      const tally = new SuiteTally(20);
      const made = checks.map(check => madeCheck({ expected: 'sometimes-violated', ...check }));
      for (let run = 0; run < 20; run += 1) {
        tally.add(madeResult({ methods: [madeMethod({ method: 'live-image', checks: made })] }));
      }
      return tally.allFailures().map(({ check }) => check);
    };
    expect(never({ verdict: 'violated' }, { check: 'fs', workload: null })).toEqual(['fs']);
    expect(never({ verdict: 'violated' }, { workload: 'shop' })).toEqual(['relational']);
    const evidence = { together: ['bank', 'shop'] };
    expect(never({ verdict: 'violated', evidence }, { workload: 'shop', evidence })).toEqual([]);
    expect(never({ evidence }, { workload: 'shop', evidence })).toEqual(['relational']);
  });

  test('the data of a method that are sometimes violated have to be so once, in any of its backups', () => {
    const data = { check: 'data', workload: null, expected: 'sometimes-violated' } as const;
    const backup = (verdict: 'held' | 'violated') => {
      return { ...madeMethod({ method: 'live-image' }), checks: [madeCheck({ ...data, verdict })] };
    };
    const suiteOf = (second: 'held' | 'violated') => {
      const tally = new SuiteTally(20);
      const backups = [backup('held'), backup(second)];
      const method = { ...backup('held'), backups };
      for (let run = 0; run < 20; run += 1) tally.add(madeResult({ methods: [method] }));
      return tally.allFailures();
    };
    expect(suiteOf('held')).toMatchObject([{ check: 'data', summary: 'violated in none of 20 runs' }]);
    expect(suiteOf('violated')).toEqual([]);
  });
});

describe('the file of a defect', () => {
  test('has all that is needed and no path of the machine', () =>
    inFolder({}, folder => {
      const error = new DefectError(`stuck in ${join(packageRoot, 'sim', 'run.ts')} of ${homedir()}`);
      const source = { path: join(process.cwd(), 'mine.yaml'), overrides: ['a=1'], text: 'name: x\n' };
      const command = 'otm run mine.yaml';
      const name = writeDefect(folder, { scenario: 'x', variant: 'a=1, b=2', seed: 7, source, command, error });
      expect(name).toBe('otm-defect-x-a-1-b-2-7.json');
      const text = readFileSync(join(folder, name), 'utf8');
      for (const path of [packageRoot, process.cwd(), homedir()])
        expect(text).not.toContain(path.replace(/[/\\]$/, ''));
      const file = JSON.parse(text);
      expect(file).toMatchObject({
        schema: 'otm/defect@1',
        seed: 7,
        source: { text: 'name: x\n', overrides: ['a=1'] },
      });
      expect(file.stack[0]).toMatch(/test[/\\]host[/\\]suite\.test\.ts/);
    }));

  test('paths become relative', () => {
    expect(withoutPaths(`at file://${packageRoot}dist/otm.js:1:2`)).toBe('at ./dist/otm.js:1:2');
  });
});

describe('the command that repeats a run', () => {
  test('says what was different', () => {
    const plain = { argument: 'timestamp-problem', variant: null, seed: 7, method: null, overrides: [] };
    expect(repeatCommand(plain)).toBe('otm run timestamp-problem --seed 7');
    expect(repeatCommand({ ...plain, variant: 'granule=4KiB', method: 'otm', overrides: ['a.b=10 s', 'c=$x'] })).toBe(
      'otm run timestamp-problem --variant granule=4KiB --set "a.b=10 s" --set "c=\\$x" --seed 7 --method otm',
    );
  });

  test('words that a shell would take apart stand in quotes', () => {
    expect(shellWord('a/b.yaml')).toBe('a/b.yaml');
    expect(shellWord('my file.yaml')).toBe('"my file.yaml"');
    expect(shellWord('a"b')).toBe('"a\\"b"');
  });
});
