/** Formatter, linter, type check and unused-code check are seen to fail, each on a violation that is planted. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyInto, type Planted, withPlanted } from './planted.ts';

const right = 'export function double(x: number): number {\n  return 2 * x;\n}\n\nconsole.log(double(2));\n';

const manifest = JSON.stringify({ name: 'planted', type: 'module', dependencies: { yaml: '*' }, bin: 'bin/otm.mjs' });

function planted<T>(text: string, use: (planted: Planted) => T): T {
  const files = {
    'package.json': `${manifest}\n`,
    'bin/otm.mjs': "import '../cli/main.ts';\n",
    'cli/main.ts': "import './planted.ts';\nimport 'yaml';\n",
    'cli/planted.ts': text,
    'tsconfig.json': '{ "extends": "../../tsconfig.json", "include": ["cli"] }\n',
    'biome.json': '{ "root": true, "extends": ["../../biome.json"], "vcs": { "enabled": false } }\n',
  };
  return withPlanted(files, use);
}

const biome = (text: string) =>
  planted(text, ({ run }) => run('@biomejs/biome/bin/biome', 'ci', '--colors=off', 'cli'));
const types = (text: string) => planted(text, ({ run }) => run('typescript/bin/tsc', '-p', '.', '--pretty', 'false'));
const unused = (text: string) =>
  planted(text, ({ folder, run }) => {
    copyInto(folder, 'knip.json');
    return run('knip/bin/knip.js', '--no-progress', '--no-config-hints');
  });

describe('formatter and linter', () => {
  test('pass what is right', () => {
    expect(biome(right)).toMatchObject({ status: 0 });
  });

  test.each([
    ['format', 'export const x = {a: 1}\n'],
    ['noExplicitAny', 'export const x: any = 1;\n'],
    ['noExplicitAny', 'export const x = 1 as any;\n'],
    ['useConst', 'let x = 1;\nconsole.log(x);\n'],
    ['noUnusedVariables', 'const x = 1;\n'],
  ])('%s', (rule, text) => {
    const { status, output } = biome(text);
    expect(output).toContain(rule);
    expect(status).toBe(1);
  });
});

describe('type check', () => {
  test('passes what is right', () => {
    expect(types(right)).toMatchObject({ status: 0, output: '' });
  });

  test('refuses a wrong type, an unchecked index, an enum, undefined for what is optional', () => {
    const { status, output } = types(
      [
        'export const x: number = "a";',
        'export const f = (list: number[]) => list[0].toFixed();',
        'export enum Colour { Red }',
        'export const y: { a?: number } = { a: undefined };',
      ].join('\n'),
    );
    for (const code of ['TS2322', 'TS2532', 'TS1294', 'TS2375']) expect(output).toContain(code);
    expect(status).not.toBe(0);
  });
});

describe('unused code', () => {
  test('passes what is right', () => {
    expect(unused("import { parse } from 'yaml';\n\nconsole.log(parse('a'));\n")).toMatchObject({ status: 0 });
  });

  test.each([
    ['an export', 'dead', 'export const dead = 1;\nexport const live = 2;\n'],
    ['a package that is not listed', 'zod', "import 'zod';\n"],
  ])('%s', (_, name, text) => {
    const { status, output } = unused(text);
    expect(output).toContain(name);
    expect(status).toBe(1);
  });

  test('a file that nobody imports', () => {
    planted(right, ({ folder, run }) => {
      copyInto(folder, 'knip.json');
      writeFileSync(join(folder, 'cli', 'orphan.ts'), right);
      const { status, output } = run('knip/bin/knip.js', '--no-progress', '--no-config-hints');
      expect(output).toContain('cli/orphan.ts');
      expect(status).toBe(1);
    });
  });
});
