/**
 * All errors at once: a scenario with a wrong form is patched until the schema takes it, so that its sense can be checked
 * as well. What a patch may have caused is not told.
 *
 * Patches are simple: what is wrong is taken out, what lacks is put in as the example of the documentation has it.
 */
import type { z } from 'zod';
import type { UserError } from '../user-error.ts';
import { isMissing, type PlainIssue, plainIssues } from './issues.ts';
import { type JsonSchema, wholeSchema } from './json-schema.ts';
import { EXAMPLE_FIELD } from './leaves.ts';
import {
  childOf,
  type LocatedNode,
  type MapEntry,
  type NodePath,
  nodeAt,
  plain,
  type Spot,
  sourceText,
} from './located.ts';
import { isMethodList } from './members.ts';
import { nearest } from './nearest.ts';
import { readYaml } from './read-yaml.ts';
import { type ParsedScenario, scenario } from './schema.ts';

export interface Salvaged {
  readonly parsed: ParsedScenario;
  readonly root: LocatedNode;
  /** Whether an error is the user's, and not one of a patch. */
  isTrusted(error: UserError): boolean;
}

const ROUNDS_MAX = 8;
/** What has more is not worth the time. */
const ISSUES_MAX = 100;

/** By path: null takes out, a node puts in. */
type Edits = ReadonlyMap<string, LocatedNode | null>;

export function salvage(root: LocatedNode, issues: readonly z.core.$ZodIssue[]): Salvaged | null {
  if (issues.length > ISSUES_MAX) return null;
  const patched: string[] = [];
  const schema = wholeSchema();
  let tree = root;
  let wrong = issues;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const edits = new Map<string, LocatedNode | null>();
    for (const issue of plainIssues(tree, wrong)) {
      for (const [path, node, isHarmless] of editsFor(tree, schema, issue)) {
        edits.set(path.join('.'), node);
        if (!isHarmless) patched.push(`${node === null ? '-' : '+'}${path.join('.')}`);
      }
    }
    const next = edited(tree, edits, '');
    if (next === null) return null;
    tree = next;
    const parsed = scenario.safeParse(plain(tree));
    if (parsed.success)
      return { parsed: parsed.data, root: tree, isTrusted: error => !isDoubtful(error.code, patched) };
    wrong = parsed.error.issues;
  }
  return null;
}

type Edit = readonly [path: NodePath, node: LocatedNode | null, isHarmless: boolean];

function editsFor(root: LocatedNode, schema: JsonSchema, plainIssue: PlainIssue): Edit[] {
  const { issue, path } = plainIssue;
  const parent = path.slice(0, -1);
  if (issue.code === 'unrecognized_keys') {
    if (isMethodList(parent)) return [[path, null, false]];
    return issue.keys.map((key): Edit => [[...path, key], null, true]);
  }
  if (isMissing(root, plainIssue)) {
    const example = exampleAt(root, schema, path);
    return example === null ? [[parent, null, false]] : [[path, example, false]];
  }
  const word = meantWord(root, plainIssue);
  if (word !== null) return [[path, word, true]];
  if (issue.code === 'invalid_union' && issue.errors.length === 0) return [[parent, null, false]];
  return [[path, null, false]];
}

/** The word that a misspelt one was meant to be. */
function meantWord(root: LocatedNode, { issue, path }: PlainIssue): LocatedNode | null {
  const { node } = nodeAt(root, path);
  const words = wordsOf(issue);
  const guess = node.is === 'scalar' && words.length > 0 ? nearest(String(node.value), words) : null;
  return guess === null ? null : { is: 'scalar', value: guess, text: guess, spot: node.spot };
}

function wordsOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code !== 'invalid_union' || issue.errors.length > 0) return [];
  return ((issue as { readonly options?: readonly unknown[] }).options ?? []).map(String);
}

/** The tree with the edits made; null when nothing is left. */
function edited(node: LocatedNode, edits: Edits, path: string): LocatedNode | null {
  const edit = edits.get(path);
  if (edit !== undefined) return edit;
  const below = (step: string | number): string => (path === '' ? `${step}` : `${path}.${step}`);
  if (node.is === 'scalar') return node;
  if (node.is === 'list') {
    return { ...node, items: node.items.flatMap((item, index) => edited(item, edits, below(index)) ?? []) };
  }
  const entries = new Map<string, MapEntry>();
  for (const [key, entry] of node.entries) {
    const value = edited(entry.value, edits, below(key));
    if (value !== null) entries.set(key, { ...entry, value });
  }
  for (const [at, added] of edits) {
    const key = at.slice(path === '' ? 0 : path.length + 1);
    const isHere = added !== null && (path === '' || at.startsWith(`${path}.`)) && !key.includes('.');
    if (isHere && !entries.has(key)) entries.set(key, { keySpot: node.spot, value: added });
  }
  return { ...node, entries };
}

/** The example of the documentation, as a node that stands where the key lacks. */
function exampleAt(root: LocatedNode, schema: JsonSchema, path: NodePath): LocatedNode | null {
  let schemas: readonly JsonSchema[] = [schema];
  let node: LocatedNode | null = root;
  for (const step of path) {
    const current: LocatedNode | null = node;
    schemas = schemas.flatMap(one => stepInto(one, step, current));
    node = node === null ? null : childOf(node, step);
  }
  for (const { [EXAMPLE_FIELD]: text, const: only } of schemas) {
    const example = only ?? text;
    if (example !== undefined) return exampleNode(String(example), nodeAt(root, path).node.spot);
  }
  return null;
}

function stepInto(schema: JsonSchema, step: string | number, node: LocatedNode | null): readonly JsonSchema[] {
  const branches = [...((schema.anyOf ?? []) as JsonSchema[]), ...((schema.oneOf ?? []) as JsonSchema[])];
  const inBranches = branches.filter(branch => isMeant(branch, node)).flatMap(branch => stepInto(branch, step, node));
  if (typeof step === 'number')
    return [...inBranches, ...(typeof schema.items === 'object' ? [schema.items as JsonSchema] : [])];
  const properties = (schema.properties ?? {}) as { readonly [key: string]: JsonSchema };
  if (Object.hasOwn(properties, step)) return [...inBranches, properties[step]!];
  return [
    ...inBranches,
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties as JsonSchema] : []),
  ];
}

/** Of the kinds of workloads and faults only the one that the node is. */
function isMeant({ properties }: JsonSchema, node: LocatedNode | null): boolean {
  for (const [key, { const: only }] of Object.entries((properties ?? {}) as { readonly [key: string]: JsonSchema })) {
    const value = node === null ? null : childOf(node, key);
    if (only !== undefined && value?.is === 'scalar' && value.value !== only) return false;
  }
  return true;
}

function exampleNode(example: string, spot: Spot): LocatedNode | null {
  const { root } = readYaml(sourceText('example', example));
  return root === null ? null : moved(root, spot);
}

function moved(node: LocatedNode, spot: Spot): LocatedNode {
  if (node.is === 'scalar') return { ...node, spot };
  if (node.is === 'list') return { ...node, spot, items: node.items.map(item => moved(item, spot)) };
  const entries = [...node.entries].map(
    ([key, { value }]) => [key, { keySpot: spot, value: moved(value, spot) }] as const,
  );
  return { ...node, spot, entries: new Map(entries) };
}

// --- doubt -----------------------------------------------------------------------------------------------------------

/** A patch is its path behind `-` (taken out) or `+` (put in). */
const WORLD_NAMES = /^.world($|\.drives($|\.\d+($|\.(id|volumes($|\.\d+($|\.(letter|fs)))))))/;
const FILES = /^.workloads($|\.\d+($|\.(id|app|files|at|transaction)))/;
const SELECTION = /^.backups($|\.(volumes|drives))/;
const METHODS = /^.backups($|\.methods($|\.\d+($|\.id)))/;
const NEW_FILES = /^\+workloads.*\.(files|A|B|at)/;

/** Which patches may have caused an error of a code; of a code that is not here, any. */
const CAUSES: { readonly [code: string]: readonly RegExp[] } = {
  'not-there-yet': [],
  'keys-exclude': [],
  'fault-trigger': [],
  'promise-broken': [],
  'id-twice': [/\.id$/, METHODS],
  'letter-twice': [WORLD_NAMES, SELECTION],
  'unknown-drive': [WORLD_NAMES],
  'unknown-volume': [WORLD_NAMES, NEW_FILES],
  'no-file-system': [WORLD_NAMES, SELECTION, NEW_FILES],
  'not-selected': [WORLD_NAMES, SELECTION],
  'unknown-file': [FILES],
  'path-twice': [NEW_FILES],
  'workload-split': [WORLD_NAMES, SELECTION, FILES, /^.expect/],
  'fault-aim': [WORLD_NAMES, METHODS, /^\+faults/],
  'unknown-method': [METHODS],
  'unknown-workload': [FILES],
};

function isDoubtful(code: string, patched: readonly string[]): boolean {
  const causes = CAUSES[code];
  return causes === undefined ? patched.length > 0 : patched.some(path => causes.some(cause => cause.test(path)));
}
