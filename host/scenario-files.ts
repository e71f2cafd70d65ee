/** Where scenarios are: files, folders and patterns of the command line, and those of the package by name. */
import { existsSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { nearest } from '../sim/scenario/nearest.ts';
import { UserError } from '../sim/user-error.ts';
import { hostError, systemReason } from './error-codes.ts';
import { expandPattern, isPattern } from './glob.ts';
import { packageRoot } from './package.ts';
import { UserErrors } from './user-errors.ts';

export interface ScenarioFile {
  /** For messages and results, with `/`; of a shipped one from the root of the package. */
  readonly shown: string;
  /** Where it lies on this machine. */
  readonly path: string;
  /** What a command names it by: the name of a shipped scenario, else `shown`. */
  readonly argument: string;
  readonly isShipped: boolean;
}

/** The scenarios of the package, by name. */
export function shippedScenarios(): ScenarioFile[] {
  const folder = join(packageRoot, 'scenarios');
  if (!existsSync(folder)) return [];
  return yamlBelow(folder).map(path =>
    shipped(
      path
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    ),
  );
}

function shipped(below: string): ScenarioFile {
  return {
    shown: `scenarios/${below}`,
    path: join(packageRoot, 'scenarios', below),
    argument: below.replace(/\.ya?ml$/, ''),
    isShipped: true,
  };
}

export interface FoundScenarios {
  readonly files: readonly ScenarioFile[];
  /** Of each word that stands for nothing. */
  readonly errors: readonly UserError[];
}

/** What the words of a command line stand for, each file once. */
export function lookForScenarios(words: readonly string[], folder: string): FoundScenarios {
  const found = new Map<string, ScenarioFile>();
  const errors: UserError[] = [];
  for (const word of words) {
    try {
      for (const file of findOne(word, folder)) if (!found.has(file.path)) found.set(file.path, file);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      errors.push(error);
    }
  }
  return { files: [...found.values()], errors };
}

/** A word that stands for nothing is an error. */
export function findScenarios(words: readonly string[], folder: string): readonly ScenarioFile[] {
  const { files, errors } = lookForScenarios(words, folder);
  if (errors.length > 0) throw new UserErrors(errors);
  return files;
}

function findOne(word: string, folder: string): ScenarioFile[] {
  const path = resolve(folder, word);
  const stat = statOf(path, word);
  if (stat?.isDirectory() === true) {
    const files = readable(word, () => yamlBelow(path));
    if (files.length === 0) throw hostError('no-scenario', `there is no \`*.yaml\` or \`*.yml\` below \`${word}\``);
    const start = word.replace(/[/\\]+$/, '');
    return files.map(file =>
      local(start === '' ? file : `${start}${file.slice(path.replace(/[/\\]$/, '').length)}`, folder),
    );
  }
  if (stat !== undefined) return [local(word, folder)];
  const named = shippedScenarios().find(({ argument }) => argument === word);
  if (named !== undefined) return [named];
  if (isPattern(word)) {
    const files = expandPattern(word, folder).filter(file => /\.ya?ml$/i.test(file));
    if (files.length === 0) throw hostError('no-scenario', `no \`*.yaml\` or \`*.yml\` file fits \`${word}\``);
    return files.map(file => local(file, folder));
  }
  throw notThere(word);
}

/** Undefined when nothing has that name, or can have it. */
function statOf(path: string, word: string): Stats | undefined {
  return readable(word, () => {
    try {
      return statSync(path);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
      throw error;
    }
  });
}

function local(word: string, folder: string): ScenarioFile {
  const shown = word.split(sep).join('/').replace(/^\.\//, '');
  return { shown, path: resolve(folder, word), argument: shown, isShipped: false };
}

function notThere(word: string): UserError {
  const names = shippedScenarios().map(({ argument }) => argument);
  const guess = nearest(word.replace(/\.ya?ml$/, ''), names);
  const message = `there is no file or scenario \`${word}\`${guess === null ? '' : `, did you mean \`${guess}\`?`}`;
  return new UserError({ code: 'file-not-found', message, hint: '`otm list` shows all scenarios' });
}

/** Every `*.yaml` and `*.yml` below a folder, but in hidden folders and packages. */
function yamlBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap(entry => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return yamlBelow(path);
    return /\.ya?ml$/i.test(entry.name) ? [path] : [];
  });
}

/** The text of a file that a user named. */
export function readText(path: string, shown: string): string {
  return readable(shown, () => readFileSync(path, 'utf8'));
}

function readable<T>(shown: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UserError({ code: 'file-not-found', message: `cannot read \`${shown}\`: ${systemReason(error)}` });
  }
}
