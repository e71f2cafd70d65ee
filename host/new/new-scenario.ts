/** Makes a scenario to start from: by the kind of an application, or from one of the package. */
import { basename } from 'node:path';
import { nearest } from '../../sim/scenario/nearest.ts';
import { printResolved } from '../../sim/scenario/print.ts';
import { UserError } from '../../sim/user-error.ts';
import { loadScenarios } from '../load-scenarios.ts';
import { readText, type ScenarioFile, shippedScenarios } from '../scenario-files.ts';
import { type TemplateApp, templateText } from './templates.ts';

export type NewFrom =
  | { readonly is: 'app'; readonly app: TemplateApp }
  | { readonly is: 'shipped'; readonly name: string };

/** The text of a new scenario whose file is going to be `path`. */
export function newScenario(path: string, from: NewFrom): string {
  const name = nameOf(path);
  return from.is === 'app' ? templateText(from.app, name) : renamed(shippedText(from.name), name);
}

/** A name that a scenario can have, from that of its file. */
function nameOf(path: string): string {
  const word = basename(path)
    .replace(/\.ya?ml$/i, '')
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/^[^A-Za-z0-9]+|-+$/g, '');
  return word === '' ? 'mine' : word;
}

function shippedText(name: string): string {
  const shipped = shippedScenarios();
  const file = shipped.find(({ argument }) => argument === name);
  if (file !== undefined) return standsAlone(file);
  const guess = nearest(
    name,
    shipped.map(({ argument }) => argument),
  );
  const message = `the package has no scenario \`${name}\`${guess === null ? '' : `, did you mean \`${guess}\`?`}`;
  throw new UserError({ code: 'file-not-found', message, hint: '`otm list` shows them' });
}

/** The text as it is; of one that extends another everything resolved, since the other one stays behind. */
function standsAlone(file: ScenarioFile): string {
  const text = readText(file.path, file.shown);
  if (!/^extends:/m.test(text)) return text;
  const [scenario] = loadScenarios([file], { folder: '.', overrides: [] }).flatMap(({ variants }) => variants);
  return scenario === undefined ? text : printResolved(scenario.scenario);
}

/** Under its new name, and without the line that tells an editor where the schema lies in the package. */
function renamed(text: string, name: string): string {
  return text.replace(/^# yaml-language-server:[^\n]*\n/, '').replace(/^name:[^\n]*$/m, `name: ${name}`);
}
