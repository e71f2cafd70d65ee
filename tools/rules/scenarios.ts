/** What every scenario of the package has: a story in its first comment, and an expectation. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isMap, parseDocument } from 'yaml';
import { pathsBelow, type Violation } from './source-tree.ts';

export interface ScenarioReport {
  readonly scenariosChecked: number;
  readonly violations: readonly Violation[];
}

export function checkScenarios(root: string): ScenarioReport {
  const paths = existsSync(join(root, 'scenarios'))
    ? pathsBelow(root, 'scenarios').filter(path => /\.ya?ml$/.test(path))
    : [];
  return { scenariosChecked: paths.length, violations: paths.flatMap(path => checkScenario(root, path)) };
}

function checkScenario(root: string, path: string): Violation[] {
  const text = readFileSync(join(root, path), 'utf8');
  const found: Violation[] = [];
  const say = (message: string) => found.push({ file: path, line: 1, message });
  const story = /^(#[^\n]*\n)+/.exec(text)?.[0] ?? '';
  const told = story.split('\n').filter(line => line !== '' && !line.startsWith('# yaml-language-server:'));
  if (told.length === 0) say('its first comment must tell its story');
  const document = parseDocument(text);
  if (document.errors.length > 0) say(document.errors[0]!.message);
  const name = document.get('name');
  if (name !== basename(path).replace(/\.ya?ml$/, '')) say(`its name '${String(name)}' is not that of its file`);
  const expect = document.get('expect');
  const hasExpectation = isMap(expect) && expect.items.length > 0;
  if (!hasExpectation && document.get('template') !== true && !document.has('extends')) say('it expects nothing');
  return found;
}
