/** The keys of a scenario, from its schema: what each means, its default, an example. Made when somebody asks. */
import { wholeSchema } from '../../sim/scenario/json-schema.ts';
import type { Entry } from './entry.ts';

interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: { readonly [key: string]: Schema };
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

interface Key {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
  /** The kinds of application or fault that have it; empty when all have. */
  readonly of: readonly string[];
}

export function keyEntries(): Entry[] {
  const byPath = new Map<string, Key[]>();
  for (const key of keysBelow(wholeSchema() as Schema, '', [])) {
    byPath.set(key.path, [...(byPath.get(key.path) ?? []), key]);
  }
  return [...byPath].map(([path, keys]) => entryOf(path, keys));
}

function* keysBelow(schema: Schema, path: string, of: readonly string[]): Generator<Key> {
  const kind = kindOf(schema);
  const within = kind === null ? of : [...of, kind];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const below = path === '' ? name : `${path}.${name}`;
    yield { path: below, schema: property, isRequired: schema.required?.includes(name) === true, of: within };
    yield* keysBelow(property, below, within);
  }
  if (schema.items !== undefined) yield* keysBelow(schema.items, path, of);
  if (typeof schema.additionalProperties === 'object') yield* keysBelow(schema.additionalProperties, path, of);
  for (const branch of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) yield* keysBelow(branch, path, of);
}

/** The word by which one of several forms is told: `app: ledger`, `kind: latency`. */
function kindOf({ properties }: Schema): string | null {
  const word = properties?.app?.const ?? properties?.kind?.const;
  return typeof word === 'string' ? word : null;
}

function entryOf(path: string, keys: readonly Key[]): Entry {
  const [first] = keys;
  const { schema, isRequired } = first!;
  const kinds = [...new Set(keys.flatMap(({ of }) => of))];
  const words = [...new Set(keys.flatMap(key => wordsOf(key.schema)))];
  const facts = [
    kinds.length === 0 ? '' : `Of: ${kinds.join(', ')}.`,
    words.length === 0 ? '' : `One of: ${words.join(', ')}.`,
    isRequired ? 'It must be given.' : defaultText(schema),
  ].filter(fact => fact !== '');
  const descriptions = [...new Set(keys.map(key => key.schema.description ?? '').filter(text => text !== ''))];
  return {
    word: path,
    kind: 'key',
    says: descriptions.join(' Or: ') || 'What stands below it says what it is.',
    more: facts.length === 0 ? [] : [facts.join(' ')],
    example: `${lastWord(path)}: ${exampleText(schema)}`,
  };
}

function wordsOf({ enum: words, const: word }: Schema): string[] {
  if (word !== undefined) return [String(word)];
  return (words ?? []).map(String);
}

function defaultText({ default: value }: Schema): string {
  if (value === undefined) return '';
  return `Default: ${plain(value)}.`;
}

function exampleText({ examples, default: value, enum: words, const: word }: Schema): string {
  const example = examples?.[0] ?? word ?? words?.[0] ?? value ?? '...';
  return plain(example);
}

/** Lists and mappings are written in the flow of the line, as scenarios have them. */
function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, below]) => `${key}: ${plain(below)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

function lastWord(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
