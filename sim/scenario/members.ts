/** By which word a member of a list is addressed: in merging, in `--set` paths, in the axes of a matrix. */
import { upperCase } from '../fs/fat/names.ts';
import type { LocatedNode, MapNode, NodePath } from './located.ts';

/** The id of a member, its letter, or for methods its name; null when it has none. */
export function memberId(list: NodePath, member: LocatedNode): string | null {
  if (isMethodList(list)) return methodEntry(member)?.id ?? null;
  if (member.is !== 'map') return null;
  const id = scalarText(member, 'id');
  if (id !== null) return id;
  const letter = scalarText(member, 'letter');
  return letter === null ? null : upperCase(letter);
}

export function isMethodList(path: NodePath): boolean {
  return path.length === 2 && path[0] === 'backups' && path[1] === 'methods';
}

/** An entry of `backups.methods`: a name, or one name with options, optionally with an id. */
export interface MethodEntry {
  readonly id: string;
  readonly kind: string;
  /** Null when there are none. */
  readonly options: LocatedNode | null;
}

export function methodEntry(member: LocatedNode): MethodEntry | null {
  if (member.is === 'list') return null;
  if (member.is === 'scalar') {
    return typeof member.value === 'string' ? { id: member.value, kind: member.value, options: null } : null;
  }
  const kinds = [...member.entries.keys()].filter(key => key !== 'id');
  const kind = kinds[0];
  if (kinds.length !== 1 || kind === undefined) return null;
  const options = member.entries.get(kind)!.value;
  return { id: scalarText(member, 'id') ?? kind, kind, options: isNull(options) ? null : options };
}

export function isNull(node: LocatedNode): boolean {
  return node.is === 'scalar' && node.value === null;
}

function scalarText(map: MapNode, key: string): string | null {
  const value = map.entries.get(key)?.value;
  return value?.is === 'scalar' && value.value !== null ? String(value.value) : null;
}
