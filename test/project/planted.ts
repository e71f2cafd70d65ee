/** A small project in a folder of its own, under the rules of this one, for a violation to be planted in. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Planted {
  readonly folder: string;
  /** Runs a program of node_modules in the folder. */
  run(...command: string[]): { readonly status: number | null; readonly output: string };
}

/** Inside the project, so that packages are found; in a folder that git and the rules don't look into. */
export function withPlanted<T>(files: { readonly [path: string]: string }, use: (planted: Planted) => T): T {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'planted-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return use({ folder, run: (...command) => run(folder, command) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Copies a configuration of the project into the planted one. */
export function copyInto(folder: string, file: string): void {
  copyFileSync(join(root, file), join(folder, file));
}

function run(folder: string, [program, ...args]: string[]) {
  const file = join(root, 'node_modules', program ?? '');
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { cwd: folder, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}
