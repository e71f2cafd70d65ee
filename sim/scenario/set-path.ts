/**
 * Setting one value by its path: what `--set PATH=YAML` and an axis of a matrix do. The path goes through mappings by key,
 * through lists by id or letter, and for methods straight to their options: `backups.methods.otm.quiet`.
 *
 * Keys are not judged here: one that the schema does not know is found when the result is checked, at the path's own spot.
 */
import { type LocatedNode, type MapEntry, type MapNode, mapWith, type NodePath, type Spot } from './located.ts';
import { isMethodList, isNull, memberId, methodEntry } from './members.ts';
import { quoted } from './reading.ts';

/** One word of a path, and where it stands in the text. */
export interface PathWord {
  readonly word: string;
  readonly spot: Spot;
}

export type SetResult =
  | { readonly ok: true; readonly root: LocatedNode }
  /** `at`: which word leads nowhere; `why`: a clause. */
  | { readonly ok: false; readonly at: number; readonly why: string };

/** `a.b.c` with the spot of each word; `start` is where the path stands in its source. */
export function pathWords(path: string, start: Spot): PathWord[] {
  const words: PathWord[] = [];
  let offset = start.offset;
  for (const word of path.split('.')) {
    words.push({ word, spot: { source: start.source, offset } });
    offset += word.length + 1;
  }
  return words;
}

/** `value` null as YAML has it removes what is there. */
export function setPath(root: LocatedNode, words: readonly PathWord[], value: LocatedNode): SetResult {
  try {
    const result = setBelow(root, [], words, value);
    return { ok: true, root: result ?? { ...value, is: 'map', entries: new Map() } };
  } catch (error) {
    if (error instanceof LeadsNowhere) return { ok: false, at: error.at, why: error.why };
    throw error;
  }
}

/** Ends the descent; caught by `setPath`, never seen outside. */
class LeadsNowhere extends Error {
  readonly at: number;
  readonly why: string;

  constructor(at: number, why: string) {
    super(why);
    this.at = at;
    this.why = why;
  }
}

/** What stands in the place of `node` afterwards; null: nothing. `path` leads to it; the rest of `words` is to go. */
function setBelow(
  node: LocatedNode | null,
  path: NodePath,
  words: readonly PathWord[],
  value: LocatedNode,
): LocatedNode | null {
  const [next] = words;
  if (next === undefined) return isNull(value) ? null : value;
  if (node === null || isNull(node)) {
    return setInMap({ is: 'map', entries: new Map(), spot: next.spot }, path, words, value);
  }
  if (node.is === 'map') return setInMap(node, path, words, value);
  if (node.is === 'list') return setInList(node.items, node.spot, path, words, value);
  throw new LeadsNowhere(path.length, `${quoted(path.join('.'))} is no mapping`);
}

function setInMap(map: MapNode, path: NodePath, [next, ...rest]: readonly PathWord[], value: LocatedNode): MapNode {
  const { word, spot } = next!;
  const before = map.entries.get(word);
  const after = setBelow(before?.value ?? null, [...path, word], rest, value);
  const entry: MapEntry | null = after === null ? null : { keySpot: before?.keySpot ?? spot, value: after };
  return mapWith(map, word, entry);
}

function setInList(
  items: readonly LocatedNode[],
  spot: Spot,
  path: NodePath,
  [next, ...rest]: readonly PathWord[],
  value: LocatedNode,
): LocatedNode {
  const { word } = next!;
  const wanted = path.at(-1) === 'volumes' ? word.toUpperCase() : word;
  const index = items.findIndex(item => memberId(path, item) === wanted);
  if (index < 0) throw new LeadsNowhere(path.length, `${quoted(path.join('.'))} has no ${quoted(word)}`);
  const member = items[index]!;
  const after = isMethodList(path)
    ? setInMethod(member, [...path, word], rest, value)
    : setBelow(member, [...path, word], rest, value);
  return {
    is: 'list',
    items: items.flatMap((item, at) => (at !== index ? [item] : after === null ? [] : [after])),
    spot,
  };
}

/** The path of a method goes on with its options: the mapping below its name. */
function setInMethod(
  member: LocatedNode,
  path: NodePath,
  words: readonly PathWord[],
  value: LocatedNode,
): LocatedNode | null {
  if (words.length === 0 && value.is !== 'map') return isNull(value) ? null : value;
  const entry = methodEntry(member);
  if (entry === null) throw new LeadsNowhere(path.length - 1, `${quoted(path.join('.'))} is no method`);
  const options = setBelow(entry.options, path, words, value);
  const map: MapNode = member.is === 'map' ? member : { is: 'map', entries: new Map(), spot: member.spot };
  const keySpot = map.entries.get(entry.kind)?.keySpot ?? member.spot;
  return mapWith(map, entry.kind, { keySpot, value: options ?? { is: 'map', entries: new Map(), spot: member.spot } });
}
