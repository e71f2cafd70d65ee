// `npm test`: every check of the project, then one line for each and a closing count. Installs what a fresh clone lacks.
// `npm test -- test/cli` runs only the tests whose path matches.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, Told } from './install.mjs';
import { prepare } from './prepare.mjs';

const filters = process.argv.slice(2);
const report = join(root, '.cache', 'vitest.json');

/** @typedef {{ passed: number, failed: number, skipped: number }} Count */
/** @typedef {{ name: string, count: Count, output: string }} Outcome */

/**
 * @param {string[]} command
 * @param {'show' | 'keep'} output
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function node(command, output) {
  return new Promise(resolve => {
    const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let kept = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        kept += text;
        if (output === 'show') process.stdout.write(text);
      });
    }
    child.on('error', error => resolve({ ok: false, output: error.message }));
    child.on('close', code => resolve({ ok: code === 0, output: kept }));
  });
}

/**
 * @param {string} name
 * @param {string[]} command
 * @returns {Promise<Outcome>}
 */
async function check(name, command) {
  const { ok, output } = await node(command, 'keep');
  return { name, count: { passed: Number(ok), failed: Number(!ok), skipped: 0 }, output: ok ? '' : output };
}

/** @returns {Promise<Outcome>} */
async function builds() {
  try {
    await prepare(line => console.log(line));
    return { name: 'build', count: { passed: 1, failed: 0, skipped: 0 }, output: '' };
  } catch (error) {
    return { name: 'build', count: { passed: 0, failed: 1, skipped: 0 }, output: String(error) };
  }
}

/** @returns {Promise<Outcome>} */
async function tests() {
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { ok } = await node(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...filters], 'show');
  const count = { passed: 0, failed: 0, skipped: 0 };
  try {
    const found = JSON.parse(readFileSync(report, 'utf8'));
    count.passed = found.numPassedTests;
    count.failed = found.numFailedTests;
    count.skipped = found.numPendingTests + found.numTodoTests;
  } catch {
    // No report: it ended before it ran a test.
  }
  // A file that can't be loaded, an error outside a test, no test at all: red without a failed test.
  if (count.failed === 0 && (!ok || count.passed === 0)) count.failed = 1;
  return { name: 'tests', count, output: '' };
}

/** @param {Outcome} outcome */
function tell({ name, count, output }) {
  console.log(`${count.failed === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  if (output !== '') console.log(output.trimEnd().replaceAll(/^/gm, '       '));
}

async function main() {
  const outcomes = [await builds()];
  if (filters.length === 0) {
    const checks = await Promise.all([
      check('format and lint', [
        'node_modules/@biomejs/biome/bin/biome',
        'ci',
        '--colors=off',
        '--max-diagnostics=50',
        '.',
      ]),
      check('types', ['node_modules/typescript/bin/tsc', '-p', '.', '--pretty', 'false']),
      check('unused code', ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints']),
    ]);
    outcomes.push(...checks);
  }
  outcomes.push(await tests());
  console.log();
  for (const outcome of outcomes) tell(outcome);
  const sum = (/** @type {keyof Count} */ key) => outcomes.reduce((total, { count }) => total + count[key], 0);
  const skipped = sum('skipped') === 0 ? '' : `, ${sum('skipped')} skipped`;
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
  process.exitCode = sum('failed') === 0 ? 0 : 1;
}

main().catch(error => {
  console.error(error instanceof Told ? error.message : error);
  process.exitCode = 2;
});
