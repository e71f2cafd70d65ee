/** Finds what there is to say about a word, and says it in about ten lines. */
import { nearest } from '../../sim/scenario/nearest.ts';
import type { ErrorRegistry } from '../../sim/user-error.ts';
import { paragraph } from '../layout.ts';
import type { Style } from '../style.ts';
import { checkEntries, runCheckEntries } from './checks.ts';
import type { Entry } from './entry.ts';
import { applicationEntries, methodEntries } from './methods.ts';
import { promiseEntries } from './promises.ts';
import { expectationEntries, faultEntries, outcomeEntries, verdictEntries } from './words.ts';

/** What words mean whatever scenario or command they stand in. */
export const wordEntries: readonly Entry[] = [
  ...checkEntries,
  ...runCheckEntries,
  ...promiseEntries,
  ...methodEntries,
  ...faultEntries,
  ...outcomeEntries,
  ...verdictEntries,
  ...expectationEntries,
  ...applicationEntries,
];

export function errorEntries(registries: readonly ErrorRegistry[]): Entry[] {
  return registries.flatMap(registry =>
    Object.entries(registry).map(([word, { meaning, remedy }]): Entry => {
      return { word, kind: 'error', says: meaning, more: [`What to do: ${remedy}`], example: '' };
    }),
  );
}

export type Found =
  | { readonly is: 'found'; readonly entries: readonly Entry[] }
  | { readonly is: 'unknown'; readonly nearest: string | null };

/** One word may mean several things: `quiet` is a check and a key. Case does not matter. */
export function find(word: string, all: readonly Entry[]): Found {
  // `metric:backupSeconds` is one of many.
  const wanted = word.toLowerCase().replace(/^metric:.*/, 'metric');
  const exact = all.filter(entry => entry.word.toLowerCase() === wanted);
  // The last part of a key finds it too: `quiet` of `backups.methods.otm.quiet`.
  const endings = all.filter(({ kind, word: key }) => kind === 'key' && key.toLowerCase().endsWith(`.${wanted}`));
  const [first, ...others] = [...exact, ...endings];
  if (first !== undefined) {
    // One is told, the others are named.
    const see = [...new Set([...(first.see ?? []), ...others.map(entry => entry.word)])];
    return { is: 'found', entries: [see.length === 0 ? first : { ...first, see }] };
  }
  const keys = all.filter(({ kind }) => kind === 'key').map(entry => entry.word);
  const lastWords = keys.map(key => key.slice(key.lastIndexOf('.') + 1));
  return { is: 'unknown', nearest: nearest(word, [...all.map(entry => entry.word), ...lastWords]) };
}

export interface ExplainOptions {
  readonly width: number;
  readonly style: Style;
}

export function entryText(entry: Entry, { width, style }: ExplainOptions): string {
  const most = Math.max(40, Math.min(width, 100)) - 1;
  const example = entry.example === '' ? [] : entry.example.split('\n').flatMap(line => `    ${line}`);
  const see = entry.see === undefined ? [] : paragraph(`see: ${entry.see.join(', ')}`, most, '  ', '       ');
  const lines = [
    `${style.heading(entry.word)} ${style.quiet(`(${entry.kind})`)}`,
    ...[entry.says, ...entry.more].flatMap(text => paragraph(text, most, '  ')),
    ...(example.length === 0 ? [] : [style.quiet('  example:'), ...example.map(line => style.command(line))]),
    ...see.map(line => style.quiet(line)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Without a word: everything there is, by kind. */
export function overview(all: readonly Entry[], { width, style }: ExplainOptions): string {
  const most = Math.max(40, Math.min(width, 100)) - 1;
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  const lines = kinds.flatMap(kind => {
    const words = all.filter(entry => entry.kind === kind).map(({ word }) => word);
    return [style.heading(plural[kind]), ...paragraph(words.join(', '), most, '  ')];
  });
  return `${lines.join('\n')}\n`;
}

const plural: { readonly [kind in Entry['kind']]: string } = {
  check: 'checks',
  promise: 'promises',
  method: 'methods',
  fault: 'faults',
  outcome: 'outcomes',
  verdict: 'verdicts',
  expectation: 'expectations',
  application: 'applications',
  key: 'keys of a scenario',
  error: 'error codes',
};

/** The plural of a kind finds all of it: `otm explain checks`. */
export function ofKind(word: string, all: readonly Entry[]): readonly Entry[] {
  const kind = Object.entries(plural).find(
    ([one, many]) => many.split(' ')[0] === word.toLowerCase() || one === word,
  )?.[0];
  return kind === undefined ? [] : all.filter(entry => entry.kind === kind);
}
