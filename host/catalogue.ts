/** What `otm list` shows: the scenarios of the package and those here, each with its story. Nothing is judged: a file with a mistake in it is listed all the same. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { hostError } from './error-codes.ts';
import { loadScenarios } from './load-scenarios.ts';
import { findScenarios, readText, type ScenarioFile, shippedScenarios } from './scenario-files.ts';

export interface CatalogueEntry {
  readonly name: string;
  readonly file: ScenarioFile;
  /** The first comment of the file, in one line. */
  readonly story: string;
  /** Only extended, never run. */
  readonly isTemplate: boolean;
}

/** With words: what they name. Without: what the package has, and the scenarios in this folder. */
export function catalogue(words: readonly string[], folder: string): CatalogueEntry[] {
  const files = words.length > 0 ? findScenarios(words, folder) : [...shippedScenarios(), ...scenariosIn(folder)];
  const entries = files.map(file => ({ file, entry: entryOf(file) }));
  // A folder has other YAML than ours in it; of what was named it is told why it can't be shown.
  const named = new Set(words.map(word => resolve(folder, word)));
  const refused = entries.flatMap(({ file, entry }) => (entry === null && named.has(file.path) ? [file] : []));
  if (refused.length > 0) refuse(refused, folder);
  return entries.flatMap(({ entry }) => (entry === null ? [] : [entry]));
}

function refuse(files: readonly ScenarioFile[], folder: string): never {
  loadScenarios(files, { folder, overrides: [] });
  throw hostError('no-scenario', `${files.map(({ shown }) => `\`${shown}\``).join(', ')}: no scenario`);
}

function scenariosIn(folder: string): ScenarioFile[] {
  const shippedPaths = new Set(shippedScenarios().map(({ path }) => path));
  const names = readdirSync(folder).filter(name => /\.ya?ml$/i.test(name) && isFile(join(folder, name)));
  return findScenarios(names.sort(), folder).filter(({ path }) => !shippedPaths.has(path));
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // a link that leads nowhere
  }
}

function entryOf(file: ScenarioFile): CatalogueEntry | null {
  const text = readText(file.path, file.shown).replace(/^\uFEFF/, '');
  const document = parseDocument(text, { logLevel: 'silent' });
  const schema = document.errors.length > 0 ? null : document.get('schema');
  const isOurs =
    typeof schema === 'string' ? schema.startsWith('otm/scenario@') : /^schema: *otm\/scenario@/m.test(text);
  if (!isOurs && !/^extends:/m.test(text)) return null;
  const name = /^name: *([^#\n]+)/m.exec(text)?.[1]?.trim() ?? file.argument;
  return { name, file, story: storyOf(text), isTemplate: /^template: *true/m.test(text) };
}

/** The lines of the first comment, but what editors read. */
export function storyOf(text: string): string {
  const comment = /^(?:#[^\n]*(?:\n|$))+/.exec(text.replaceAll('\r\n', '\n'))?.[0] ?? '';
  const lines = comment.split('\n').filter(line => !line.startsWith('# yaml-language-server:'));
  return lines
    .map(line => line.replace(/^#\s?/, '').trim())
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
