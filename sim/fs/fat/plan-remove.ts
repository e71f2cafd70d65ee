/** Removing a file or an empty directory. Who has it open, or frozen, still reads it. */
import { type ChangeSet, FsError, type Path } from '../file-system.ts';
import type { Operation, View } from '../operation.ts';
import { loadChain } from './chain.ts';
import { loadIndex } from './directory.ts';
import { Edits } from './edits.ts';
import type { Name } from './names.ts';
import type { FatNode } from './node.ts';
import { planErase } from './plan-entry.ts';
import { setForeign } from './plan-reserve.ts';
import { holdFor } from './plan-write.ts';
import type { FatState } from './state.ts';
import { findPlace, type Place } from './tree.ts';

interface RemovePlan {
  readonly place: Place;
  readonly node: FatNode;
  readonly entryEdits: Edits;
  readonly chainEdits: Edits;
}

export class RemoveOperation implements Operation<RemovePlan, FatNode> {
  readonly path: Path;
  readonly changesPages = true;
  private readonly state: FatState;
  private readonly names: readonly Name[];
  private readonly changes: ChangeSet | null;

  constructor(state: FatState, path: Path, names: readonly Name[], changes: ChangeSet | null) {
    this.state = state;
    this.path = path;
    this.names = names;
    this.changes = changes;
  }

  plan(view: View): RemovePlan | null {
    const { state, names, path } = this;
    if (names.length === 0) throw new FsError('busy', path, 'the root can not be removed');
    const place = findPlace(state, view, names, path);
    if (place === null) return null;
    const { node, directory } = place;
    if (node === null || node.entry === null) throw new FsError('not-found', path);
    if (node.isDirectory) {
      const index = loadIndex(view, state.layout, node);
      if (index === null) return null;
      if (!index.isEmpty) throw new FsError('not-empty', path);
    }
    const entryEdits = new Edits(state);
    const chainEdits = new Edits(state);
    planErase(state, view, directory, node.entry, entryEdits);
    planRelease(state, view, node, chainEdits);
    return view.isMissing ? null : { place, node, entryEdits, chainEdits };
  }

  /** Returns the directory that the file was in. */
  apply({ place, node, entryEdits, chainEdits }: RemovePlan): FatNode {
    entryEdits.apply(place.directory, this.changes);
    place.index.remove(node.entry!);
    applyRelease(this.state, node, chainEdits, this.changes);
    this.state.observer?.removed(node);
    return place.directory;
  }
}

/** Gives up the whole chain of a file, or what of it is in order. */
export function planRelease(state: FatState, view: View, node: FatNode, edits: Edits): void {
  const chain = loadChain(view, state.layout, node, node.firstCluster);
  if (chain !== null) edits.cut(view, 0, chain.slice(0));
}

/** The file is no more: its clusters are free, or held as long as somebody has it open or frozen. */
export function applyRelease(state: FatState, node: FatNode, edits: Edits, changes: ChangeSet | null): void {
  const readers = [...node.handles, ...(node.frozen ?? [])];
  edits.apply(node, changes, readers.length > 0);
  holdFor(state, readers, edits.givenUpClusters);
  node.isRemoved = true;
  if (node.isForeign) setForeign(state, edits.givenUpClusters, false);
  node.parent?.children.delete(node.entry!.key);
  if (node.handles.length > 0) node.chain?.sources.release();
  else node.chain?.die();
  node.index?.die();
}
