/** A defect of the program ends a run with exit code 3 and leaves a file: seen on a copy that a defect is planted in. */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder, removeFolder } from '../host/temporary-folder.ts';
import { root } from '../project/planted.ts';
import { jsonLines, otm } from './otm.ts';
import { smallScenario } from './small-scenario.ts';

let cwd = '';
let bin = '';

beforeAll(() => {
  // The build that is copied is that of the sources.
  otm(['version']);
  cwd = makeFolder({ 'small.yaml': smallScenario() });
  const copy = join(cwd, 'copy');
  for (const part of ['bin', 'dist', 'package.json']) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  bin = join(copy, 'bin', 'otm.mjs');
  plant(join(copy, 'dist'));
});

afterAll(() => removeFolder(cwd));

/** In the one place in which a result is completed: for seed 2 only. */
function plant(dist: string): void {
  const chunks = readdirSync(dist).filter(name => name.endsWith('.js'));
  const texts = chunks.map(name => ({ name, text: readFileSync(join(dist, name), 'utf8') }));
  const place = /function completed\(run\d*, [^\n]*\n/;
  const hits = texts.filter(({ text }) => place.test(text));
  expect(hits.length).toBeGreaterThan(0);
  for (const { name, text } of hits) {
    const planted = text.replace(place, line => `${line}if (arguments[0].seed === 2) throw new Error("planted");\n`);
    writeFileSync(join(dist, name), planted);
  }
}

test('a run: exit code 3, said in a sentence, and a file with all that is needed', () => {
  const { status, stdout, stderr } = otm(['run', 'small.yaml', '--seed', '2'], { cwd, bin });
  expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  expect(stderr).toMatch(
    /^otm: a defect of the program: planted\n {2}report it with the file otm-defect-small-2\.json/,
  );
  const text = readFileSync(join(cwd, 'otm-defect-small-2.json'), 'utf8');
  expect(text).not.toContain(cwd);
  expect(JSON.parse(text)).toMatchObject({
    schema: 'otm/defect@1',
    message: 'Error: planted',
    command: 'otm run small.yaml --seed 2',
    source: { path: 'small.yaml', text: smallScenario() },
  });
});

test('a file that cannot be written hides no defect', () => {
  mkdirSync(join(cwd, 'other'));
  writeFileSync(join(cwd, 'other', 'small.yaml'), smallScenario());
  mkdirSync(join(cwd, 'other', 'otm-defect-small-2.json'));
  const options = { cwd: join(cwd, 'other'), bin };
  const one = otm(['run', 'small.yaml', '--seed', '2'], options);
  expect(one.stderr).toMatch(/^otm: a defect of the program: planted\n {2}report it; .*: it is a folder\n$/);
  expect(one.status).toBe(3);
  const many = otm(['suite', 'small.yaml', '--seeds', '1..3'], options);
  expect(many.stdout).toContain('! defect without a file: cannot write');
  expect(many.stdout).toContain('2 as expected, 1 defect');
  expect(many.status).toBe(3);
});

test('--json: a line of JSON', () => {
  const { status, stdout, stderr } = otm(['run', 'small.yaml', '--seed', '2', '--json'], { cwd, bin });
  expect({ status, stderr }).toEqual({ status: 3, stderr: '' });
  expect(jsonLines(stdout)).toMatchObject([{ schema: 'otm/error@1', code: 'defect', message: 'planted' }]);
});

test('a suite goes on, and the highest exit code wins', () => {
  const { status, stdout } = otm(['suite', 'small.yaml', '--seeds', '1..3', '--json'], { cwd, bin });
  expect(status).toBe(3);
  expect(jsonLines(stdout).at(-1)).toMatchObject({ runs: 3, passed: 2, failed: 0, defects: 1, notRun: 0 });
  const plain = otm(['suite', 'small.yaml', '--seeds', '1..3'], { cwd, bin });
  expect(plain.stdout).toContain('! defect: otm-defect-small-2.json');
});
