/**
 * A YAML value that knows where each part of it stands, also after files were merged: a node keeps the source that it
 * came from. Nodes are never changed; merging makes new ones.
 *
 * Invariants
 * I1 It is a tree: aliases have been expanded, within a bound.
 * I2 Keys are strings, each once in its mapping.
 */
import type { Place } from '../user-error.ts';

/** A text that nodes point into: a file, or one `--set`. */
export interface SourceText {
  /** As the user gave it; `--set PATH=YAML` for the command line. */
  readonly path: string;
  readonly text: string;
  /** The path of a `--set`, as it was given; null for a file. */
  readonly setPath: string | null;
  /** Offsets at which lines begin. */
  readonly lineStarts: readonly number[];
}

export function sourceText(path: string, text: string, setPath: string | null = null): SourceText {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { path, text, setPath, lineStarts };
}

export interface Spot {
  readonly source: SourceText;
  readonly offset: number;
}

export interface ScalarNode {
  readonly is: 'scalar';
  readonly value: string | number | boolean | null;
  /** As it stands in the source, without its quotes: `4 KiB`. */
  readonly text: string;
  readonly spot: Spot;
}

export interface ListNode {
  readonly is: 'list';
  readonly items: readonly LocatedNode[];
  readonly spot: Spot;
}

export interface MapEntry {
  readonly keySpot: Spot;
  readonly value: LocatedNode;
}

export interface MapNode {
  readonly is: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly spot: Spot;
}

export type LocatedNode = ScalarNode | ListNode | MapNode;

/** Keys and indexes from the root down. */
export type NodePath = readonly (string | number)[];

export function placeOf({ source, offset }: Spot): Place {
  const { lineStarts } = source;
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (lineStarts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { file: source.path, line: low + 1, column: offset - lineStarts[low]! + 1 };
}

/** The node at a path, or the last one on the way to it. */
export function nodeAt(root: LocatedNode, path: NodePath): { node: LocatedNode; isThere: boolean } {
  let node = root;
  for (const step of path) {
    const next = childOf(node, step);
    if (next === null) return { node, isThere: false };
    node = next;
  }
  return { node, isThere: true };
}

/** Where the value at a path stands, or the mapping that lacks it. */
export function valueSpot(root: LocatedNode, path: NodePath): Spot {
  return nodeAt(root, path).node.spot;
}

/** Where the key stands by which the last step of the path goes. */
export function keySpot(root: LocatedNode, path: NodePath): Spot {
  const { node } = nodeAt(root, path.slice(0, -1));
  const key = path.at(-1);
  const entry = node.is === 'map' && typeof key === 'string' ? node.entries.get(key) : undefined;
  return entry?.keySpot ?? valueSpot(root, path);
}

export function childOf(node: LocatedNode, step: string | number): LocatedNode | null {
  if (node.is === 'map') return node.entries.get(String(step))?.value ?? null;
  if (node.is === 'list' && typeof step === 'number') return node.items[step] ?? null;
  return null;
}

/** As plain data. Objects have no prototype, so that a key `__proto__` is a key like any other. */
export function plain(node: LocatedNode): unknown {
  switch (node.is) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plain);
    case 'map': {
      const object: { [key: string]: unknown } = Object.create(null);
      for (const [key, { value }] of node.entries) object[key] = plain(value);
      return object;
    }
  }
}

export function mapWith(map: MapNode, key: string, entry: MapEntry | null): MapNode {
  const entries = new Map(map.entries);
  if (entry === null) entries.delete(key);
  else entries.set(key, entry);
  return { ...map, entries };
}
