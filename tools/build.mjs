// Bundles the sources into dist/: the entry, and chunks that are loaded when a command needs them. Everything is bundled
// but SQLite, which brings a WebAssembly file of its own.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sourceFolders = ['engine', 'sim', 'host', 'reports', 'cli'];
const sourceFiles = ['package.json', 'package-lock.json', 'tools/build.mjs'];
const external = ['@sqlite.org/sqlite-wasm'];

/** Names, sizes and times of all that goes into the bundle: another stamp means that it has to be built. */
export function sourceStamp() {
  const hash = createHash('sha256');
  const add = (/** @type {string} */ file) => {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${relative(root, file)}\0${mtimeMs}\0${size}\n`);
  };
  for (const folder of sourceFolders) for (const file of filesBelow(join(root, folder))) add(file);
  for (const file of sourceFiles) add(join(root, file));
  return hash.digest('hex');
}

export function isBuilt() {
  const stamp = join(root, 'dist', 'stamp');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceStamp();
}

/**
 * Builds `dist/`; what was there stays usable until the new entry takes its place, and for a while after it.
 * @param {{ keepMs?: number }} [options]
 */
export async function build({ keepMs = 600_000 } = {}) {
  const { build: bundle } = await import('esbuild');
  const stamp = sourceStamp();
  const result = await bundle({
    absWorkingDir: root,
    entryPoints: [{ in: 'cli/main.ts', out: 'otm' }],
    outdir: 'dist',
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    // What is wrong is thrown, and told once.
    logLevel: 'silent',
    metafile: true,
    write: false,
    external,
    // Bundled CommonJS asks for Node's own modules.
    banner: {
      js: "import { createRequire as otmRequire } from 'node:module'; const require = otmRequire(import.meta.url);",
    },
  });
  const dist = join(root, 'dist');
  mkdirSync(dist, { recursive: true });
  const entryLast = [...result.outputFiles].sort((a, b) => Number(isEntry(a.path)) - Number(isEntry(b.path)));
  for (const file of entryLast) writeBeside(file.path, file.contents);
  writeBeside(join(dist, 'LICENSES.txt'), licences(Object.keys(result.metafile.inputs)));
  writeBeside(join(dist, 'stamp'), stamp);
  const made = new Set([...result.outputFiles.map(file => basename(file.path)), 'LICENSES.txt', 'stamp']);
  for (const name of readdirSync(dist)) if (!made.has(name)) dropOld(join(dist, name), keepMs);
}

/** @param {string} path */
function isEntry(path) {
  return basename(path) === 'otm.js';
}

/**
 * Another process may be loading the former chunks: they go when they are some minutes old.
 * @param {string} path
 * @param {number} keepMs
 */
function dropOld(path, keepMs) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && Date.now() - stat.mtimeMs >= keepMs) rmSync(path, { recursive: true, force: true });
}

/**
 * @param {string} path
 * @param {string | Uint8Array} contents
 */
function writeBeside(path, contents) {
  const beside = `${path}.${process.pid}.tmp`;
  writeFileSync(beside, contents);
  renameSync(beside, path);
}

/**
 * Licences of the packages whose code is in the bundle.
 * @param {string[]} inputs
 */
function licences(inputs) {
  const names = new Set();
  for (const input of inputs) {
    const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (inPackage !== null) names.add(inPackage[1]);
  }
  const parts = [...names].sort().map(name => {
    const folder = join(root, 'node_modules', name);
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `Licence: ${about.license}` : readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${about.version}\n\n${text}\n`;
  });
  return `The bundle contains code of these packages.\n\n${parts.join('\n---\n\n')}`;
}

/**
 * @param {string} folder
 * @returns {Generator<string>}
 */
function* filesBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.name.endsWith('.ts')) yield path;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await build(process.argv.includes('--clean') ? { keepMs: 0 } : {});
  console.error('built dist/');
}
