/** All paths that a `--set` could take in a scenario, for the nearest right one. */
import { type JsonSchema, wholeSchema } from './json-schema.ts';
import { childOf, type LocatedNode, type NodePath } from './located.ts';
import { isMethodList, memberId, methodEntry } from './members.ts';
import { nearest } from './nearest.ts';

/** Keys that say what a file is, not what a scenario is. */
export const UNSETTABLE = ['schema', 'extends', 'template', 'matrix'];

const PATHS_MAX = 20_000;

/** The path that was meant: one that ends with the words that were given, or the nearest one; null when none is near. */
export function nearestPath(path: string, root: LocatedNode): string | null {
  const paths: string[] = [];
  for (const candidate of pathsBelow(wholeSchema(), root, [], '')) {
    if (!UNSETTABLE.includes(candidate.split('.')[0]!)) paths.push(candidate);
    if (paths.length >= PATHS_MAX) break;
  }
  const ending = paths.filter(candidate => candidate.endsWith(`.${path}`)).sort(shortestFirst);
  const lastWord = path.slice(path.lastIndexOf('.') + 1);
  const sameWord = paths.filter(candidate => candidate.endsWith(`.${lastWord}`)).sort(shortestFirst);
  return ending[0] ?? nearest(path, paths) ?? sameWord[0] ?? null;
}

/** What is expected has words of everything, and is hardly meant. */
function shortestFirst(a: string, b: string): number {
  const isExpect = (path: string): number => (path.startsWith('expect.') ? 1 : 0);
  return isExpect(a) - isExpect(b) || a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

function* pathsBelow(schema: JsonSchema, node: LocatedNode | null, at: NodePath, name: string): Generator<string> {
  const dot = name === '' ? '' : `${name}.`;
  for (const branch of branchesOf(schema)) yield* pathsBelow(branch, node, at, name);
  for (const [key, property] of Object.entries((schema.properties ?? {}) as { [key: string]: JsonSchema })) {
    yield `${dot}${key}`;
    yield* pathsBelow(property, node === null ? null : childOf(node, key), [...at, key], `${dot}${key}`);
  }
  if (typeof schema.items === 'object' && node?.is === 'list') {
    yield* pathsOfMembers(schema.items as JsonSchema, node.items, at, dot);
  }
  if (typeof schema.additionalProperties === 'object' && node?.is === 'map') {
    for (const [key, { value }] of node.entries) {
      yield `${dot}${key}`;
      yield* pathsBelow(schema.additionalProperties as JsonSchema, value, [...at, key], `${dot}${key}`);
    }
  }
}

function* pathsOfMembers(
  schema: JsonSchema,
  members: readonly LocatedNode[],
  at: NodePath,
  dot: string,
): Generator<string> {
  for (const [index, member] of members.entries()) {
    const id = memberId(at, member);
    if (id === null) continue;
    yield `${dot}${id}`;
    if (!isMethodList(at)) {
      yield* pathsBelow(schema, member, [...at, index], `${dot}${id}`);
      continue;
    }
    const entry = methodEntry(member);
    const options = entry === null ? null : optionsSchema(schema, entry.kind);
    if (options !== null) yield* pathsBelow(options, entry?.options ?? null, [...at, index], `${dot}${id}`);
  }
}

function optionsSchema(schema: JsonSchema, kind: string): JsonSchema | null {
  for (const branch of branchesOf(schema)) {
    const { properties } = branch as { readonly properties?: { readonly [key: string]: JsonSchema } };
    if (properties !== undefined && Object.hasOwn(properties, kind)) return properties[kind]!;
  }
  return null;
}

function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  return [...((schema.anyOf ?? []) as JsonSchema[]), ...((schema.oneOf ?? []) as JsonSchema[])];
}
