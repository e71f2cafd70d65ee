/** Each rule is seen to fail on a violation that is planted, and to pass on the same place done right. */
import { describe, expect, test } from 'vitest';
import { checkImports } from '../../tools/rules/imports.ts';
import { checkPurity } from '../../tools/rules/purity.ts';
import { checkScenarios } from '../../tools/rules/scenarios.ts';
import { checkLengths, checkNames } from '../../tools/rules/shape.ts';
import { readSources, told } from '../../tools/rules/source-tree.ts';
import { withPlanted } from './planted.ts';

type Files = { readonly [path: string]: string };

const imports = (files: Files) =>
  withPlanted(files, ({ folder }) => told(checkImports(readSources(folder)).violations));
const impurities = (text: string) =>
  withPlanted({ 'sim/planted.ts': text }, ({ folder }) => told(checkPurity(readSources(folder))));

describe('imports', () => {
  test('a checker that sees no module fails', () => {
    expect(imports({})).toEqual(['.:1 no module was checked']);
  });

  test.each([
    ['engine', "import { a } from '../sim/a.ts';", 'engine/ may not import sim/'],
    ['engine', "import seedrandom from 'seedrandom';", "engine/ may not import 'seedrandom'"],
    ['engine', "import { readFileSync } from 'node:fs';", "engine/ may not import 'node:fs'"],
    ['sim', "import { readFileSync } from 'fs';", "sim/ may not import 'fs'"],
    ['sim', "import chalk from 'chalk';", "sim/ may not import 'chalk'"],
    ['sim', "export * from '../host/a.ts';", 'sim/ may not import host/'],
    ['sim', "type A = import('../cli/a.ts').A;", 'sim/ may not import cli/'],
    ['sim', "const a = await import('node:os');", "sim/ may not import 'node:os'"],
    ['host', "import { a } from '../reports/a.ts';", 'host/ may not import reports/'],
    ['reports', "import { a } from '../engine/a.ts';", 'reports/ may not import engine/'],
    ['reports', "import { a } from 'node:fs';", "reports/ may not import 'node:fs'"],
    ['cli', "import { a } from '../tools/a.ts';", 'cli/ may not import tools/'],
    ['cli', "import { a } from '../sim/gone.ts';", "there is no 'sim/gone.ts'"],
    ['cli', "import { a } from '../sim/a';", "there is no 'sim/a'"],
  ])('%s: %s', (room, line, message) => {
    const there = Object.fromEntries(['engine', 'sim', 'host', 'reports', 'cli', 'tools'].map(r => [`${r}/a.ts`, '']));
    expect(imports({ ...there, [`${room}/planted.ts`]: `${line}\n` })).toEqual([`${room}/planted.ts:1 ${message}`]);
  });

  test('a cycle', () => {
    const files = { 'sim/a.ts': "import { b } from './b.ts';\n", 'sim/b.ts': "export { a } from './a.ts';\n" };
    expect(imports(files)).toEqual(['sim/a.ts:1 imports itself: sim/a.ts -> sim/b.ts -> sim/a.ts']);
    const types = { 'sim/a.ts': "import type { B } from './b.ts';\n", 'sim/b.ts': "export { a } from './a.ts';\n" };
    expect(imports(types)).toEqual([]);
  });
});

describe('purity', () => {
  test.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const now = performance.now();',
    'setTimeout(() => {}, 1);',
    'queueMicrotask(() => {});',
    'const later = Promise.resolve();',
    'async function wait() {}',
    'const x = async () => {};',
    'await 1;',
    'const x = Math.random();',
    'const x = Math.pow(2, 3);',
    'const x = Math.sin(1);',
    "const x = Math['random']();",
    'const { random } = Math;',
    'const x = 2 ** 3;',
    'let x = 2; x **= 3;',
    "const x = 'a'.localeCompare('b');",
    'const x = (1).toLocaleString();',
    'const x = new Intl.NumberFormat();',
    'const x = new WeakRef({});',
    'const x = process.hrtime();',
    'const x = globalThis.Date;',
    'const x = { Date };',
    'declare const process: unknown; const x = process;',
    'function f(process: number) { return process; } const x = process;',
  ])('refused: %s', line => {
    expect(impurities(line).length).toBeGreaterThan(0);
  });

  test.each([
    'const x = Math.floor(Math.sqrt(2)) * Math.imul(3, 4);',
    'const x = clock.Date + { Date: 1 }.Date;',
    'function step(process: { run(): void }) { process.run(); }',
    'for (const process of processes) process.step();',
    '// Date.now() and Math.random()',
    "const x = 'Promise';",
  ])('allowed: %s', line => {
    expect(impurities(line)).toEqual([]);
  });

  test('only in engine/ and sim/', () => {
    const files = { 'host/a.ts': 'const now = Date.now();', 'engine/a.ts': 'const now = Date.now();' };
    withPlanted(files, ({ folder }) => {
      expect(told(checkPurity(readSources(folder)))).toEqual(['engine/a.ts:1 Date: the clock of the host']);
    });
  });
});

describe('shape', () => {
  const lengths = (files: Files) => withPlanted(files, ({ folder }) => told(checkLengths(readSources(folder))));
  const names = (path: string) => withPlanted({ [path]: '' }, ({ folder }) => told(checkNames(readSources(folder))));
  const body = (lines: number) => `function f() {\n${'  f();\n'.repeat(lines - 2)}}\n`;

  test('a function of 71 lines, a file of 501', () => {
    expect(lengths({ 'cli/a.ts': body(71) })).toEqual(['cli/a.ts:1 a function of 71 lines, at most 70']);
    expect(lengths({ 'cli/a.ts': body(70) })).toEqual([]);
    expect(lengths({ 'cli/a.ts': '//\n'.repeat(501) })).toEqual(['cli/a.ts:1 501 lines, at most 500']);
    expect(lengths({ 'cli/a.ts': '//\n'.repeat(500) })).toEqual([]);
  });

  test('names', () => {
    expect(names('sim/string-utils.ts')).toEqual(["sim/string-utils.ts:1 'utils' says nothing"]);
    expect(names('sim/helpers/a.ts')).toEqual(["sim/helpers/a.ts:1 'helpers' says nothing"]);
    expect(names('sim/pageCache.ts')).toEqual(["sim/pageCache.ts:1 'pageCache' is not kebab-case"]);
    expect(names('sim/page-cache.test.ts')).toEqual([]);
  });
});

describe('scenarios', () => {
  const scenario = (text: string) =>
    withPlanted({ 'scenarios/a.yaml': text }, ({ folder }) => checkScenarios(folder).violations.map(v => v.message));

  test('a story and an expectation', () => {
    expect(scenario('# A story.\nname: a\nexpect: { otm: held }\n')).toEqual([]);
    expect(scenario('name: a\nexpect: { otm: held }\n')).toEqual(['its first comment must tell its story']);
    expect(scenario('# yaml-language-server: $schema=x\nname: a\nexpect: { otm: held }\n')).toEqual([
      'its first comment must tell its story',
    ]);
    expect(scenario('# A story.\nname: a\n')).toEqual(['it expects nothing']);
    expect(scenario('# A story.\nname: a\nexpect: {}\n')).toEqual(['it expects nothing']);
    expect(scenario('# A story.\nname: a\ntemplate: true\n')).toEqual([]);
    expect(scenario('# A story.\nname: b\nexpect: { otm: held }\n')).toEqual(["its name 'b' is not that of its file"]);
  });
});
