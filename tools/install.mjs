// Installs the packages of the lock when they are missing or older than it; does nothing when they are there.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** What npm says first is what is wrong. */
const mostLines = 8;

/** An error that is not ours: it is told as a sentence, without a stack. */
export class Told extends Error {
  told = true;
}

/** @param {string} folder */
export function isInstalled(folder) {
  const mark = statSync(join(folder, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  const lock = statSync(join(folder, 'package-lock.json'), { throwIfNoEntry: false });
  return mark !== undefined && (lock === undefined || mark.mtimeMs >= lock.mtimeMs);
}

/**
 * `npm ci` empties the folder before it fills it: through a link that would be the packages of another checkout.
 * @param {string} folder
 */
export function refuseLink(folder) {
  const modules = join(folder, 'node_modules');
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  throw new Told(
    'node_modules is a symbolic link, and what it leads to is missing or older than package-lock.json: ' +
      'npm ci would empty the folder behind it. Remove the link, or run npm ci where it leads to',
  );
}

/** @param {(line: string) => void} say */
export function install(say) {
  if (isInstalled(root)) return;
  refuseLink(root);
  say('otm: installing packages (npm ci) ...');
  const [command, ...args] = npm();
  const run = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (run.status === 0) return;
  const said = run.error?.message ?? `${run.stdout}${run.stderr}`.trim();
  throw new Told(`npm ci failed:\n${said.split('\n').slice(0, mostLines).join('\n')}`);
}

/**
 * npm without a shell: on Windows the command is a script that only a shell can start, so Node runs npm's own file.
 * @returns {[string, ...string[]]}
 */
export function npm() {
  const beside = dirname(process.execPath);
  const files = [
    process.env.npm_execpath ?? '',
    join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  const file = files.find(path => path.endsWith('npm-cli.js') && existsSync(path));
  return file === undefined ? ['npm'] : [process.execPath, file];
}
