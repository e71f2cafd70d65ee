/** The small file behind both names of the command. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { isInstalled, npm, refuseLink } from '../../tools/install.mjs';
import { inFolder } from '../host/temporary-folder.ts';
import { root } from './planted.ts';

const bin = readFileSync(join(root, 'bin', 'otm.mjs'), 'utf8');
const installer = readFileSync(join(root, 'tools', 'install.mjs'), 'utf8');

describe('bin/otm.mjs', () => {
  test('can be read by a Node that is too old, which is told so in a sentence', async () => {
    const asIs = await transform(bin, { target: 'esnext' });
    const forOld = await transform(bin, { target: ['node13.2'], supported: { 'dynamic-import': true } });
    expect(forOld.code).toBe(asIs.code);
    await inFolder({ 'otm.mjs': bin.replace('process.versions.node.split', "'18.20.4'.split") }, folder => {
      const run = spawnSync(process.execPath, [join(folder, 'otm.mjs')], { encoding: 'utf8' });
      expect(run.stderr).toMatch(/^otm needs Node 20\.19 or newer, and this is Node .*: install a newer one/);
      expect(run.status).toBe(2);
    });
  });

  test('asks for the Node that the package asks for', () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const [major, minor] = engines.node.match(/\d+/g);
    expect(bin).toContain(`[${major}, ${minor}]`);
  });
});

describe('installing', () => {
  test('is needed when packages are missing, or older than the lock', () =>
    inFolder({ 'package-lock.json': '{}' }, folder => {
      expect(isInstalled(folder)).toBe(false);
      mkdirSync(join(folder, 'node_modules'));
      const mark = join(folder, 'node_modules', '.package-lock.json');
      writeFileSync(mark, '{}');
      expect(isInstalled(folder)).toBe(true);
      utimesSync(mark, 1, 1);
      expect(isInstalled(folder)).toBe(false);
    }));

  test('is refused through a link: npm would empty the folder behind it', () =>
    inFolder({ 'package-lock.json': '{}', 'tools/install.mjs': installer }, folder => {
      const behind = join(folder, 'other');
      mkdirSync(behind);
      writeFileSync(join(behind, 'kept'), '');
      symlinkSync(behind, join(folder, 'node_modules'), 'junction');
      const call =
        "import('./tools/install.mjs').then(m => m.install(console.log)).catch(e => console.error(e.told, e.message))";
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', call], { cwd: folder, encoding: 'utf8' });
      expect(stderr).toMatch(
        /^true node_modules is a symbolic link, .*Remove the link, or run npm ci where it leads to$/m,
      );
      expect(stdout).toBe('');
      expect(readdirSync(behind)).toEqual(['kept']);
      // What is complete behind it is taken as it is.
      writeFileSync(join(behind, '.package-lock.json'), '{}');
      expect(spawnSync(process.execPath, ['-e', call], { cwd: folder, encoding: 'utf8' }).stderr).toBe('');
      expect(() => refuseLink(behind)).not.toThrow();
    }));

  test('starts npm without a shell', () => {
    const [command, ...args] = npm();
    const run = spawnSync(command, [...args, '--version'], { encoding: 'utf8' });
    expect(run.stdout).toMatch(/^\d+\./);
  });
});
