/** Runs and suites: what they print, write and end with. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultSchema, suiteSchema } from '../../sim/result-schema.ts';
import { makeFolder, removeFolder } from '../host/temporary-folder.ts';
import { bin, cleanEnvironment, jsonLines, otm } from './otm.ts';
import { smallScenario } from './small-scenario.ts';

let cwd = '';

beforeAll(() => {
  cwd = makeFolder({
    'small.yaml': smallScenario(),
    'fails.yaml': smallScenario({ name: 'fails', expect: '{ otm: { relational: violated }, open-file-agent: may }' }),
    'days.yaml': smallScenario({ name: 'days', start: '1000 h', extra: 'end: { limit: 2000 h }\n' }),
    'open.yaml': smallScenario({ name: 'open', expect: '{ otm: held }' }),
    'matrix.yaml': smallScenario({
      name: 'matrix',
      methods: '[{ otm: { quiet: 2 s, cache: { on: D, limit: 4 MiB } } }]',
      expect: '{ otm: held }',
      extra: 'matrix: { backups.methods.otm.granule: [4 KiB, 16 KiB] }\n',
    }),
  });
});

afterAll(() => removeFolder(cwd));

const run = (...args: string[]) => otm(args, { cwd });

/** Sends a signal when the first result is there. */
async function interrupted(args: readonly string[], signal: NodeJS.Signals) {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout === '') child.kill(signal);
    stdout += text;
  });
  const status = await new Promise(resolve => child.on('close', resolve));
  return { status, stdout };
}

describe('run', () => {
  test('as expected: the table, exit code 0', () => {
    const { status, stdout, stderr } = run('run', 'small.yaml');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toContain('open-file-agent: A and B do not match, as expected');
    expect(stdout).toContain('otm: A and B match, as expected');
    expect(stdout).toMatch(/restored C: to a fresh drive, 2 files; loading ledger: refused: /);
    expect(stdout).toContain('2 methods, each as expected');
    expect(stdout.trimEnd().split('\n').slice(-4)[0]).toBe('next');
  });

  test('not as expected: exit code 1', () => {
    const { status, stdout } = run('run', 'fails.yaml');
    expect(status).toBe(1);
    expect(stdout).toContain('otm: A and B match ! NOT expected');
    expect(stdout).toContain('! 1 of 2 methods NOT as expected');
  });

  test('what to type next is of the same story', () => {
    const set = 'workloads.bank.rate=10/s';
    const args = ['run', 'small.yaml', '--set', set, '--method', 'otm', '--seed', '9007199254740991'];
    const { stdout } = run(...args);
    expect(stdout).toContain(`run small.yaml --set ${set} --method otm --seed 1\n`);
    expect(stdout).toContain(`suite small.yaml --set ${set} --method otm --seeds 1..100\n`);
  });

  test('--json prints one line of the published form, the same every time', () => {
    const first = run('run', 'small.yaml', '--seed', '7', '--json');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout.trimEnd().split('\n')).toHaveLength(1);
    const result = resultSchema.strict().parse(JSON.parse(first.stdout));
    expect(result).toMatchObject({ scenario: 'small', seed: 7, pass: true, source: { path: 'small.yaml' } });
    expect(result.source.text).toBe(smallScenario());
    const command = result.methods[1]!.command;
    expect(command).toBe('otm run small.yaml --seed 7 --method otm');
    const again = JSON.parse(run(...command.split(' ').slice(1), '--json').stdout);
    expect(again.methods).toMatchObject([{ method: 'otm', digest: result.methods[1]!.digest }]);
  });

  test('--set and --method', () => {
    const args = ['run', 'small.yaml', '--set', 'workloads.bank.rate=10/s', '--method', 'otm', '--json'];
    const [result] = jsonLines(run(...args).stdout);
    expect(result).toMatchObject({ source: { overrides: ['workloads.bank.rate=10/s'] }, methods: [{ method: 'otm' }] });
    expect(result!.methods).toHaveLength(1);
  });

  test('a method that no expectation names is shown and not judged', () => {
    const { status, stdout } = run('run', 'open.yaml');
    expect(status).toBe(0);
    expect(stdout).toContain('open-file-agent: A and B do not match, no expectation');
    expect(stdout).toContain('1 method without an expectation');
  });

  test('over a matrix: a line for each variant and one for the whole; one variant alone', () => {
    const { status, stdout } = run('run', 'matrix.yaml', '--json');
    const lines = jsonLines(stdout);
    expect(lines.map(({ schema, variant }) => [schema, variant])).toEqual([
      ['otm/result@1', 'granule=4KiB'],
      ['otm/result@1', 'granule=16KiB'],
      ['otm/suite@1', undefined],
    ]);
    expect(status).toBe(0);
    expect(jsonLines(run('run', 'matrix.yaml', '--variant', 'granule=4KiB', '--json').stdout)).toHaveLength(1);
  });

  test('quiet and silent', () => {
    expect(run('run', 'small.yaml', '-q').stdout).toBe('small seed 1: 2 of 2 as expected\n');
    expect(run('run', 'small.yaml', '--silent')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(run('run', 'fails.yaml', '--silent')).toEqual({ status: 1, stdout: '', stderr: '' });
    expect(run('run', 'fails.yaml', '-q').stdout).toMatch(/fails seed 1, otm: A and B match ! NOT expected\n/);
  });

  test('colours when they are asked for, and never otherwise', () => {
    const paint = '\u001b[';
    const forced = { FORCE_COLOR: '1' };
    expect(run('run', 'small.yaml').stdout).not.toContain(paint);
    expect(otm(['run', 'small.yaml'], { cwd, env: forced }).stdout).toContain(paint);
    expect(otm(['run', 'small.yaml', '--no-color'], { cwd, env: forced }).stdout).not.toContain(paint);
    expect(otm(['run', 'small.yaml', '--json'], { cwd, env: forced }).stdout).not.toContain(paint);
    expect(otm(['run', 'small.yaml'], { cwd, env: { ...forced, FORCE_COLOR: '0' } }).stdout).not.toContain(paint);
    expect(otm(['run', 'small.yaml', '--color'], { cwd, env: { NO_COLOR: '1' } }).stdout).toContain(paint);
  });

  test('--csv and --jsonl, in folders that are made', () => {
    const { status } = run('run', 'small.yaml', '--csv', 'out/run.csv', '--jsonl', 'out/deep/run.jsonl');
    expect(status).toBe(0);
    expect(readFileSync(join(cwd, 'out/run.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(3);
    expect(jsonLines(readFileSync(join(cwd, 'out/deep/run.jsonl'), 'utf8'))).toMatchObject([{ scenario: 'small' }]);
    expect(readdirSync(join(cwd, 'out')).sort()).toEqual(['deep', 'run.csv']);
  });

  test('--keep: drives, files, truth and trace of each method, and how to look at them', () => {
    const kept = run('run', 'small.yaml', '--keep', 'look');
    expect(kept.status).toBe(0);
    expect(kept.stdout).toContain(`  ${join('look', 'open-file-agent', 'README.txt')}`);
    const otmFolder = join(cwd, 'look', 'otm');
    expect(readdirSync(join(cwd, 'look')).sort()).toEqual(['open-file-agent', 'otm']);
    expect(readdirSync(otmFolder).sort()).toEqual([
      'README.txt',
      'live-at-T',
      'live-at-end',
      'restored',
      'snapshots.jsonl',
      'trace.jsonl',
      'truth.jsonl',
    ]);
    const file = (place: string, name: string) => readFileSync(join(otmFolder, place, 'C', name));
    expect(file('restored', 'A.DAT').equals(file('live-at-T', 'A.DAT'))).toBe(true);
    expect(file('restored', 'B.DAT').equals(file('live-at-T', 'B.DAT'))).toBe(true);
    const image = (place: string) => readFileSync(join(otmFolder, place, 'C.img'));
    expect(image('restored')).toHaveLength(6 * 1024 * 1024);
    expect(image('live-at-end').equals(image('live-at-T'))).toBe(false);
    const json = jsonLines(run('run', 'small.yaml', '--method', 'otm', '--json').stdout)[0]!;
    expect(jsonLines(readFileSync(join(otmFolder, 'truth.jsonl'), 'utf8'))[0]).toMatchObject({
      outcome: 'completed',
      T: { seconds: resultSchema.parse(json).methods[0]!.T },
    });
    expect(readFileSync(join(otmFolder, 'trace.jsonl'), 'utf8')).toContain('"what":"enabled"');
    // Again, over what otm made; never over what it did not make.
    expect(run('run', 'small.yaml', '--keep', 'look').status).toBe(0);
    writeFileSync(join(otmFolder, 'README.txt'), 'mine');
    const refused = run('run', 'small.yaml', '--keep', 'look');
    expect(refused.stderr).toContain('it has files that otm did not make');
    expect(refused.status).toBe(2);
  });

  test('a closed pipe ends quietly', async () => {
    const child = spawn(process.execPath, [bin, 'explain', 'keys'], {
      cwd,
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await new Promise(resolve => child.on('close', resolve));
    expect(stderr.replace('otm: building ...\n', '')).toBe('');
  });
});

describe('standard output', () => {
  test('a pipe that is closed ends a suite in good order: its files are whole', async () => {
    const args = ['suite', 'fails.yaml', '--seeds', '1..100000', '--csv', 'pipe/x.csv', '--jsonl', 'pipe/x.jsonl'];
    const child = spawn(process.execPath, [bin, ...args], { cwd, env: cleanEnvironment() });
    child.stdout.once('data', () => child.stdout.destroy());
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const status = await new Promise(resolve => child.on('close', resolve));
    expect({ status, stderr: stderr.replace('otm: building ...\n', '') }).toEqual({ status: 1, stderr: '' });
    expect(readdirSync(join(cwd, 'pipe')).sort()).toEqual(['x.csv', 'x.jsonl']);
    const lines = jsonLines(readFileSync(join(cwd, 'pipe/x.jsonl'), 'utf8'));
    expect(lines.at(-1)).toMatchObject({ schema: 'otm/suite@1', runs: 100_000, failed: lines.length - 1 });
    const rows = readFileSync(join(cwd, 'pipe/x.csv'), 'utf8').trimEnd().split('\n');
    expect(rows).toHaveLength(1 + 2 * (lines.length - 1));
  });

  const full = "Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })";
  test.each([
    ['tells it later', `process.stdout._write = (chunk, encoding, done) => done(${full});`],
    ['throws at once', `process.stdout.write = () => { throw ${full}; };`],
  ])('that is full and %s: one line, exit code 2, the files whole', (_, preload) => {
    writeFileSync(join(cwd, 'full.mjs'), preload);
    const env = { NODE_OPTIONS: `--import=${pathToFileURL(join(cwd, 'full.mjs'))}` };
    const stderr = 'otm: cannot write to standard output: no space left\n';
    for (const args of [['run', 'small.yaml'], ['explain'], ['suite', 'fails.yaml', '--csv', 'full/x.csv']]) {
      expect(otm(args, { cwd, env })).toEqual({ status: 2, stdout: '', stderr });
    }
    expect(readdirSync(join(cwd, 'full'))).toEqual(['x.csv']);
  });
});

describe('suite', () => {
  test('the seeds of the scenario, and a line for each run', () => {
    const { status, stdout } = run('suite', 'small.yaml', '--json');
    expect(status).toBe(0);
    const lines = jsonLines(stdout);
    expect(lines.map(({ seed }) => seed)).toEqual([1, 2, 3, undefined]);
    expect(lines[0]!.source).not.toHaveProperty('text');
    expect(suiteSchema.strict().parse(lines[3])).toMatchObject({ runs: 3, passed: 3, failed: 0, methodRuns: 6 });
  });

  test('what it came to, in the terminal', () => {
    const { status, stdout, stderr } = run('suite', 'small.yaml', '--seeds', '5,7..8');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^3 runs: 3 as expected\n/);
    expect(stdout.replaceAll('\n', ' ')).toMatch(
      /6 method runs \(.* a second\), .* simulated I\/Os \(.*\), .* of memory/,
    );
  });

  test('failures with the commands that show them', () => {
    const { status, stdout } = run('suite', 'small.yaml', 'fails.yaml', '--seeds', '1..2', '--csv', 'suite.csv');
    expect(status).toBe(1);
    expect(stdout).toMatch(/! fails, otm: relational held, expected violated \(2 runs\)/);
    expect(stdout).toContain('otm run fails.yaml --seed 2 --method otm');
    expect(stdout).toContain('! 4 runs: 2 as expected, 2 NOT as expected');
    expect(readFileSync(join(cwd, 'suite.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(9);
  });

  test('--fail-fast', () => {
    const { status, stdout } = run('suite', 'fails.yaml', '--fail-fast');
    expect(status).toBe(1);
    expect(stdout).toContain('ended early: --fail-fast');
    expect(stdout).toContain('2 not run');
  });

  test('fresh seeds are the same for the same salt', () => {
    const seedsOf = (salt: string) => {
      const { stdout } = run('suite', 'small.yaml', '--seeds', 'fresh:2', '--salt', salt, '--method', 'otm', '--json');
      return jsonLines(stdout)
        .slice(0, 2)
        .map(({ seed }) => seed);
    };
    expect(seedsOf('a')).toEqual(seedsOf('a'));
    expect(seedsOf('a')).not.toEqual(seedsOf('b'));
    expect(run('suite', 'small.yaml', '--seeds', 'fresh:1').stderr).toMatch(
      /^fresh seeds: --seeds fresh:1 --salt \w+\n$/,
    );
  });

  test.skipIf(process.platform === 'win32').each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s keeps what is finished', async (signal, code) => {
    const args = ['suite', 'small.yaml', '--seeds', '1..100000', '--json', '--jsonl', `${signal}.jsonl`];
    const { status, stdout } = await interrupted(args, signal);
    expect(status).toBe(code);
    const last = jsonLines(stdout).at(-1)!;
    expect(last).toMatchObject({ schema: 'otm/suite@1', runs: 100_000, failed: 0 });
    expect(last.passed).toBe(jsonLines(stdout).length - 1);
    expect(readFileSync(join(cwd, `${signal}.jsonl`), 'utf8')).toBe(stdout);
  });

  test.skipIf(process.platform === 'win32')('Ctrl-C leaves a run of minutes where it stands', async () => {
    const { status, stdout } = await interrupted(
      ['suite', 'small.yaml', 'days.yaml', '--seeds', '1', '--json'],
      'SIGINT',
    );
    expect(status).toBe(130);
    expect(jsonLines(stdout)).toMatchObject([{ scenario: 'small' }, { runs: 2, passed: 1, notRun: 1 }]);
  });
});

test('demo tells the story in plain lines', () => {
  const { status, stdout, stderr } = otm(['demo']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('A and B do not match.');
  expect(stdout).toContain('A and B match.');
  expect(stdout).toMatch(/Left out, zeroes in the image: 8 MiB of C:\\OTM\\OTM.CACHE \(its\s+cache\)/);
  expect(existsSync(join(cwd, 'reproducers'))).toBe(false);
});
