/** The package as a stranger gets it: packed, installed in an empty folder, used there. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { npm } from '../../tools/install.mjs';
import { makeFolder, removeFolder } from '../host/temporary-folder.ts';
import { root } from '../project/planted.ts';
import { jsonLines, otm } from './otm.ts';

let cwd = '';
let bin = '';

function runNpm(folder: string, ...args: string[]): string {
  const [command, ...first] = npm();
  const { status, stdout, stderr } = spawnSync(command, [...first, ...args], { cwd: folder, encoding: 'utf8' });
  expect(status, `${stdout}${stderr}`).toBe(0);
  return `${stdout}${stderr}`;
}

beforeAll(() => {
  cwd = makeFolder({ 'package.json': '{ "private": true }\n' });
  runNpm(root, 'pack', '--pack-destination', cwd, '--loglevel=error');
  const tarball = readdirSync(cwd).find(name => name.endsWith('.tgz')) ?? '';
  const said = runNpm(cwd, 'install', join(cwd, tarball), '--no-audit', '--no-fund');
  expect(said).not.toMatch(/warn|deprecated|EBADENGINE/i);
  bin = join(cwd, 'node_modules', 'otm-sim', 'bin', 'otm.mjs');
});

afterAll(() => removeFolder(cwd));

const run = (...args: string[]) => otm(args, { cwd, bin });

describe('the package', () => {
  test('has two names for one command, and no sources', () => {
    const commands = readdirSync(join(cwd, 'node_modules', '.bin')).map(name => name.replace(/\.(cmd|ps1)$/, ''));
    expect(commands).toEqual(expect.arrayContaining(['otm', 'otm-sim']));
    const parts = readdirSync(join(cwd, 'node_modules', 'otm-sim')).sort();
    expect(parts).toEqual(['LICENSE', 'README.md', 'bin', 'dist', 'package.json', 'scenarios', 'schema']);
    expect(existsSync(join(cwd, 'node_modules', 'otm-sim', 'dist', 'LICENSES.txt'))).toBe(true);
  });

  test('list shows its scenarios', () => {
    const { status, stdout, stderr } = run('list');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('timestamp-problem');
  });

  test('run timestamp-problem', () => {
    const { status, stdout, stderr } = run('run', 'timestamp-problem');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('6 methods, each as expected');
    expect(stdout).toContain('  otm run timestamp-problem --seed 2');
  });

  test('a scenario with SQLite', () => {
    const [result] = jsonLines(run('run', 'timestamp-problem-sqlite', '--method', 'otm', '--json').stdout);
    expect(result).toMatchObject({ pass: true, source: { path: 'scenarios/timestamp-problem-sqlite.yaml' } });
  });

  test('new, validate and run', () => {
    expect(run('new', 'mine.yaml')).toMatchObject({ status: 0, stderr: '' });
    expect(run('validate', 'mine.yaml')).toMatchObject({ status: 0, stderr: '' });
    const { status, stdout } = run('run', 'mine.yaml');
    expect(status).toBe(0);
    expect(stdout).toContain('otm: A and B match, as expected');
  });
});
