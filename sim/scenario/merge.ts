/**
 * What `extends` means: the file that extends, laid over the one that it extends.
 *
 * Invariants
 * I1 Mappings merge; `null` removes the key.
 * I2 Lists whose members all have an id (or a letter, or a method's name) merge by it, those of the base first; any other
 *    list replaces.
 * I3 `expect` merges by method; what it says of a method, and the entry of a method in its list, replaces.
 * I4 Scalars replace. Where the two differ in form, the one laid over replaces.
 */
import type { LocatedNode, MapEntry, MapNode, NodePath } from './located.ts';
import { isMethodList, isNull, memberId, methodEntry } from './members.ts';

export function merge(base: LocatedNode, over: LocatedNode, path: NodePath = []): LocatedNode {
  if (base.is === 'map' && over.is === 'map') return mergeMaps(base, over, path);
  if (base.is === 'list' && over.is === 'list') {
    const items = mergeLists(base.items, over.items, path);
    return { ...over, items };
  }
  return over;
}

function mergeMaps(base: MapNode, over: MapNode, path: NodePath): MapNode {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const before = entries.get(key);
    if (isNull(entry.value)) entries.delete(key);
    else if (before === undefined || isExpect(path)) entries.set(key, entry);
    else entries.set(key, { ...entry, value: merge(before.value, entry.value, [...path, key]) });
  }
  return { ...over, entries };
}

function isExpect(path: NodePath): boolean {
  return path.length === 1 && path[0] === 'expect';
}

function mergeLists(
  base: readonly LocatedNode[],
  over: readonly LocatedNode[],
  path: NodePath,
): readonly LocatedNode[] {
  const hasIds = [...base, ...over].every(member => memberId(path, member) !== null);
  if (over.length === 0 || !hasIds) return over;
  const places = new Map<string, number>();
  const merged: (LocatedNode | null)[] = [...base];
  base.forEach((member, index) => {
    places.set(memberId(path, member)!, index);
  });
  for (const member of over) {
    const id = memberId(path, member)!;
    const place = places.get(id);
    // A second member of the same id stays beside the first, so that it is found to be one too many.
    places.delete(id);
    if (place === undefined) merged.push(member);
    else if (isMethodList(path)) merged[place] = isRemoval(member) ? null : member;
    else merged[place] = merge(merged[place]!, member, [...path, place]);
  }
  return merged.filter(member => member !== null);
}

/** `{ naive-copy: null }` takes a method out of the list that it extends. */
function isRemoval(member: LocatedNode): boolean {
  return member.is === 'map' && methodEntry(member)?.options === null;
}

/** Takes away what is `null` because there was nothing to remove. A method without options stays. */
export function withoutNulls(node: LocatedNode, path: NodePath = []): LocatedNode {
  if (node.is === 'scalar') return node;
  if (node.is === 'list') {
    return { ...node, items: node.items.map((item, index) => withoutNulls(item, [...path, index])) };
  }
  const isMethod = isMethodList(path.slice(0, -1));
  const entries = new Map<string, MapEntry>();
  for (const [key, entry] of node.entries) {
    if (isNull(entry.value) && !isMethod) continue;
    entries.set(key, { ...entry, value: withoutNulls(entry.value, [...path, key]) });
  }
  return { ...node, entries };
}
