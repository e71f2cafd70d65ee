/** Finding files by their path, on resident pages. */
import { FsError, type Path } from '../file-system.ts';
import type { View } from '../operation.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { type DirectoryIndex, loadIndex, slotOffset } from './directory.ts';
import { type Entry, type EntryFields, readFields } from './entry.ts';
import type { Name } from './names.ts';
import type { FatNode } from './node.ts';
import type { FatState } from './state.ts';

/** A name in a directory, and what has it, if anything. */
export interface Place {
  readonly directory: FatNode;
  readonly index: DirectoryIndex;
  readonly name: Name;
  readonly node: FatNode | null;
}

/** The node of an entry; null when pages are missing. */
function nodeOf(state: FatState, view: View, directory: FatNode, entry: Entry): FatNode | null {
  const known = directory.children.get(entry.key);
  if (known !== undefined) {
    known.entry = entry;
    return known;
  }
  const fields = entryFields(state, view, directory, entry);
  return fields === null ? null : state.makeNode(directory, entry, fields);
}

export function entryFields(state: FatState, view: View, directory: FatNode, entry: Entry): EntryFields | null {
  const offset = slotOffset(view, state.layout, directory, entry.slot + entry.slotCount - 1);
  if (offset === null) return null;
  const number = Math.floor(offset / PAGE_BYTES);
  const page = view.page(number);
  return page === null ? null : readFields(page.bytes, offset - number * PAGE_BYTES);
}

/** The directory of these names; null when pages are missing. */
export function findDirectory(state: FatState, view: View, names: readonly Name[], path: Path): FatNode | null {
  let node = state.root;
  for (const name of names) {
    const index = loadIndex(view, state.layout, node);
    if (index === null) return null;
    const entry = index.find(name.key);
    if (entry === null) throw new FsError('not-found', path, `no ${name.text} in ${node.path}`);
    const next = nodeOf(state, view, node, entry);
    if (next === null) return null;
    if (!next.isDirectory) throw new FsError('not-a-directory', path, next.path);
    node = next;
  }
  return node;
}

/** The place of the last name; null when pages are missing. `names` is not empty. */
export function findPlace(state: FatState, view: View, names: readonly Name[], path: Path): Place | null {
  const directory = findDirectory(state, view, names.slice(0, -1), path);
  if (directory === null) return null;
  const index = loadIndex(view, state.layout, directory);
  if (index === null) return null;
  const name = names[names.length - 1]!;
  const entry = index.find(name.key);
  if (entry === null) return { directory, index, name, node: null };
  const node = nodeOf(state, view, directory, entry);
  return node === null ? null : { directory, index, name, node };
}

/** The file or directory of a path; null when pages are missing. The root is the empty list of names. */
export function findNode(state: FatState, view: View, names: readonly Name[], path: Path): FatNode | null {
  if (names.length === 0) return state.root;
  const place = findPlace(state, view, names, path);
  if (place === null) return null;
  if (place.node === null) throw new FsError('not-found', path);
  return place.node;
}

export function findFile(state: FatState, view: View, names: readonly Name[], path: Path): FatNode | null {
  const node = findNode(state, view, names, path);
  if (node?.isDirectory) throw new FsError('is-a-directory', path);
  return node;
}
