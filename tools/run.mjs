// Runs a TypeScript file of tools/: `node tools/run.mjs tools/docs.ts`.
import { mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { install, root } from './install.mjs';

install(line => console.error(line));
const { build } = await import('esbuild');
const [file = '', ...args] = process.argv.slice(2);
const folder = join(root, '.cache');
mkdirSync(folder, { recursive: true });
const made = join(folder, `${basename(file, '.ts')}.${process.pid}.mjs`);
try {
  await build({
    absWorkingDir: root,
    entryPoints: [file],
    outfile: made,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  process.argv.splice(1, process.argv.length - 1, file, ...args);
  await import(pathToFileURL(made).href);
} finally {
  rmSync(made, { force: true });
}
