/** What `otm list` shows: the scenarios of the package and those here, each with its story. Nothing is judged: a file with a mistake in it is listed all the same. */
import { readdirSync } from 'node:fs';
import { parseDocument } from 'yaml';
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
  return files.flatMap(file => {
    const entry = entryOf(file);
    // A folder has other YAML than ours in it; what was named is shown whatever it is.
    return entry === null ? [] : [entry];
  });
}

function scenariosIn(folder: string): ScenarioFile[] {
  const shippedPaths = new Set(shippedScenarios().map(({ path }) => path));
  const names = readdirSync(folder).filter(name => /\.ya?ml$/i.test(name));
  return findScenarios(names.sort(), folder).filter(({ path }) => !shippedPaths.has(path));
}

function entryOf(file: ScenarioFile): CatalogueEntry | null {
  const text = readText(file.path, file.shown);
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
