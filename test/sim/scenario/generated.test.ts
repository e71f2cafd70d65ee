/** Files that are made from the schema are up to date, and the schema says enough of each key. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CHECK_NAMES, METRIC_NAMES } from '../../../sim/scenario/checks.ts';
import { scenarioDocument } from '../../../sim/scenario/document.ts';
import {
  type JsonSchema,
  scenarioJsonSchema,
  scenarioJsonSchemaText,
  wholeSchema,
} from '../../../sim/scenario/json-schema.ts';
import { FLAGSHIP, loadTexts } from './sample.ts';

const file = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** Every key of the format with its path. */
function* keysOf(schema: JsonSchema, path = ''): Generator<readonly [string, JsonSchema]> {
  for (const branch of [schema.anyOf, schema.oneOf].flat())
    if (branch !== undefined) yield* keysOf(branch as JsonSchema, path);
  if (typeof schema.items === 'object') yield* keysOf(schema.items as JsonSchema, `${path}[]`);
  if (typeof schema.additionalProperties === 'object')
    yield* keysOf(schema.additionalProperties as JsonSchema, `${path}.*`);
  for (const [key, property] of Object.entries((schema.properties ?? {}) as { [key: string]: JsonSchema })) {
    yield [`${path}.${key}`, property];
    yield* keysOf(property, `${path}.${key}`);
  }
}

describe('up to date', () => {
  test('schema/scenario.json', () => {
    expect(file('schema/scenario.json') === scenarioJsonSchemaText(), 'run `npm run docs`').toBe(true);
  });

  test('docs/scenario.md', () => {
    expect(file('docs/scenario.md') === scenarioDocument(), 'run `npm run docs`').toBe(true);
  });
});

/** Every list of types, wherever it stands. */
function typeLists(schema: unknown): unknown[][] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'type' in schema && Array.isArray(schema.type) ? [schema.type] : [];
  return [...own, ...Object.values(schema).flatMap(typeLists)];
}

describe('the schema', () => {
  test('names no type twice', () => {
    const lists = typeLists(scenarioJsonSchema());
    expect(lists.length).toBeGreaterThan(0);
    for (const types of lists) expect(new Set(types).size).toBe(types.length);
  });

  const keys = [...keysOf(wholeSchema())];

  test('describes every key with an example', () => {
    expect(keys.length).toBeGreaterThan(150);
    for (const [path, property] of keys) {
      expect(property.description, path).toMatch(/\.( \(E[\d, E]+\))?$/);
      expect(property['x-example'], path).toBeDefined();
      expect(property.examples, path).toHaveLength(1);
    }
  });

  test('has the defaults of the format', () => {
    const defaults = new Map(keys.map(([path, { default: value }]) => [path, value]));
    const otm = '.backups.methods[].otm';
    const ofSnapshots = Object.fromEntries(
      [...defaults].filter(([path]) => (path === otm || path.startsWith(`${otm}.`)) && !path.includes('beside[]')),
    );
    expect(ofSnapshots).toEqual({
      [otm]: undefined,
      [`${otm}.quiet`]: '5 s',
      [`${otm}.waitLimit`]: '300 s',
      [`${otm}.neverQuiet`]: 'fail',
      [`${otm}.holdLimit`]: '10 s',
      [`${otm}.idleLimit`]: '2 h',
      [`${otm}.preserveLimit`]: '10 s',
      [`${otm}.granule`]: '16 KiB',
      [`${otm}.protect`]: 'application',
      [`${otm}.durable`]: false,
      [`${otm}.discards`]: 'preserve',
      [`${otm}.exclude`]: [],
      [`${otm}.cache`]: {},
      [`${otm}.cache.on`]: undefined,
      [`${otm}.cache.min`]: '4 MiB',
      [`${otm}.cache.limit`]: '10%',
      [`${otm}.beside`]: [],
    });
    const incremental = '.backups.methods[].otm-incremental';
    for (const [path, value] of Object.entries(ofSnapshots)) {
      expect(defaults.get(path.replace(otm, incremental)), path).toEqual(value);
    }
    for (const [key, value] of Object.entries({ every: '10 min', times: 6, keep: 3, usedOnly: false, verify: false })) {
      expect(defaults.get(`${incremental}.${key}`), key).toEqual(value);
    }
    for (const [path, value] of [
      ['.world.clock', '2000-01-01T00:00:00Z'],
      ['.world.pageCache.size', '32 MiB'],
      ['.world.pageCache.writeBack', '1 s'],
      ['.world.pageCache.dirtyLimit', '20%'],
      ['.world.drives[].model', 'ssd'],
      ['.world.drives[].sectorSize', '512 B'],
      ['.world.drives[].partitions', 'mbr'],
      ['.backups.start', '10 s'],
      ['.backups.copyRate', '1 MiB/s'],
      ['.backups.count', 1],
      ['.end.after', 'backups'],
      ['.end.limit', '1 h'],
      ['.seed', 1],
      ['.seeds', '1..20'],
    ]) {
      expect(defaults.get(String(path)), String(path)).toEqual(value);
    }
  });

  test('takes the flagship: its patterns and its words', () => {
    expect(problemsOf(wholeSchema(), parse(FLAGSHIP), '')).toEqual([]);
    expect(problemsOf(wholeSchema(), parse(FLAGSHIP.replace('start: 10 s', 'start: 10')), '')).toEqual([
      '.backups.start',
    ]);
  });

  test('requires nothing of a file that extends', () => {
    const { $defs } = scenarioJsonSchema() as { $defs: { whole: JsonSchema; part: JsonSchema } };
    expect(JSON.stringify($defs.part)).not.toContain('"required"');
    expect(problemsOf($defs.part, parse('extends: x\nworkloads: [{ id: bank, pauses: null }]\n'), '')).toEqual([]);
    expect(problemsOf($defs.part, parse('extends: x\nworkload: []\n'), '')).toEqual(['.workload']);
  });

  test('its examples are right where a key can be set by itself', () => {
    for (const [key, property] of Object.entries(wholeSchema().properties as { [key: string]: JsonSchema })) {
      const problems = problemsOf(property, (property.examples as unknown[])[0], key);
      expect(
        problems.filter(path => !/\.(size|methods|\w+)$/.test(path)),
        key,
      ).toEqual([]);
    }
  });
});

test('the document has a row for each key, check and metric', () => {
  const text = scenarioDocument();
  for (const [path] of keysOf(wholeSchema()))
    expect(text, path).toContain(`\`${path.slice(path.lastIndexOf('.') + 1)}\``);
  for (const name of [...CHECK_NAMES, ...METRIC_NAMES]) expect(text).toContain(`| \`${name}\` |`);
});

test('the example of the document loads', () => {
  const example = /```yaml\n(# yaml-language-server[\s\S]*?)```/.exec(scenarioDocument())?.[1] ?? '';
  const result = loadTexts({ 'a.yaml': example });
  expect(result.ok ? [] : result.errors.map(({ message }) => message)).toEqual([]);
  const matrix = /```yaml\n(matrix:[\s\S]*?)```/.exec(scenarioDocument())?.[1] ?? '';
  const variants = loadTexts({ 'a.yaml': `${example}${matrix}` });
  expect(variants.ok ? variants.scenarios.map(({ variant }) => variant) : variants.errors).toEqual([
    'granule=4KiB,rate=40/s',
    'granule=64KiB,rate=10/s',
    'granule=64KiB,rate=40/s',
    'granule=1MiB',
  ]);
});

/** As much of JSON Schema as ours uses: paths at which a value does not fit. */
function problemsOf(schema: JsonSchema, value: unknown, path: string): string[] {
  const branches = [schema.anyOf, schema.oneOf].flat().filter(branch => branch !== undefined) as JsonSchema[];
  if (branches.length > 0) {
    const all = branches.map(branch => problemsOf(branch, value, path));
    return all.some(problems => problems.length === 0) ? [] : (all.sort((a, b) => a.length - b.length)[0] ?? []);
  }
  const types = [schema.type].flat();
  const type =
    value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
  if (schema.type !== undefined && !types.includes(type)) return [path];
  if (schema.const !== undefined && schema.const !== value) return [path];
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) return [path];
  if (typeof schema.pattern === 'string' && typeof value === 'string' && !new RegExp(schema.pattern).test(value))
    return [path];
  if (Array.isArray(value))
    return typeof schema.items === 'object'
      ? value.flatMap((item, n) => problemsOf(schema.items as JsonSchema, item, `${path}[${n}]`))
      : [];
  if (typeof value !== 'object' || value === null) return [];
  const properties = (schema.properties ?? {}) as { readonly [key: string]: JsonSchema };
  const missing = ((schema.required ?? []) as string[]).filter(key => !(key in value)).map(key => `${path}.${key}`);
  const wrong = Object.entries(value).flatMap(([key, item]) => {
    const below = properties[key] ?? schema.additionalProperties;
    if (below === false) return [`${path}.${key}`];
    return typeof below === 'object' ? problemsOf(below as JsonSchema, item, `${path}.${key}`) : [];
  });
  return [...missing, ...wrong];
}
