/** `--set PATH=YAML`: read once, laid over every variant, last of all. */
import type { UserError } from '../user-error.ts';
import { badInput } from './error-codes.ts';
import { type LocatedNode, type MapNode, placeOf, type SourceText, sourceText } from './located.ts';
import { readYaml } from './read-yaml.ts';
import { quoted } from './reading.ts';
import { pathWords, type SetResult, setPath } from './set-path.ts';
import { nearestPath, UNSETTABLE } from './settable-paths.ts';

export interface Setting {
  readonly path: string;
  readonly source: SourceText;
  readonly value: LocatedNode;
}

/** A path has a handful of words. */
const WORDS_MAX = 32;

export function readSettings(texts: readonly string[], errors: UserError[]): Setting[] {
  return texts.flatMap((text, index): Setting[] => {
    const name = texts.length === 1 ? '--set' : `--set ${index + 1}`;
    const equals = text.indexOf('=');
    const path = text.slice(0, Math.max(0, equals)).trim();
    const isPath = /^[^.\s]+(\.[^.\s]+)*$/.test(path) && path.split('.').length <= WORDS_MAX;
    if (equals < 0 || !isPath) {
      const place = placeOf({ source: sourceText(name, text), offset: 0 });
      errors.push(
        badInput(
          'set-syntax',
          place,
          `${quoted(text)} is not of the form PATH=YAML`,
          'write `--set backups.copyRate=unlimited`',
        ),
      );
      return [];
    }
    const source = sourceText(name, text, path);
    const value = readYaml(source, equals + 1);
    errors.push(...value.errors);
    return value.root === null ? [] : [{ path, source, value: value.root }];
  });
}

export function withSettings(root: MapNode, settings: readonly Setting[], errors: UserError[]): MapNode {
  let result: LocatedNode = root;
  for (const { path, source, value } of settings) {
    const offset = source.text.indexOf(path);
    const words = pathWords(path, { source, offset });
    const first = words[0]!.word;
    const next: SetResult = UNSETTABLE.includes(first)
      ? { ok: false, at: 0, why: `\`${first}\` cannot be set` }
      : setPath(result, words, value);
    if (next.ok) {
      result = next.root;
      continue;
    }
    const guess = nearestPath(path, root);
    const meant = guess === null ? '' : `, did you mean \`${guess}\`?`;
    const { spot } = words[Math.min(next.at, words.length - 1)]!;
    errors.push(badInput('set-path', placeOf(spot), `${quoted(path)} leads nowhere: ${next.why}${meant}`));
  }
  return result.is === 'map' ? result : root;
}
