/**
 * Giving a file or directory another name, or another directory. A file that has the new name is replaced; its slots, or
 * those of the old name, are used again where they fit, so that a rename in one page is one change of it.
 */
import { type ChangeSet, FsError, type Path } from '../file-system.ts';
import type { Operation, View } from '../operation.ts';
import { loadChain } from './chain.ts';
import { Edits } from './edits.ts';
import { type Entry, writeFirstCluster } from './entry.ts';
import { ENTRY_BYTES, offsetOfCluster } from './layout.ts';
import type { Name } from './names.ts';
import type { FatNode } from './node.ts';
import { applyGrowth, type Placement, planErase, planPlacement } from './plan-entry.ts';
import { applyRelease, planRelease } from './plan-remove.ts';
import { readShortEntry } from './plan-write.ts';
import type { FatState } from './state.ts';
import { findPlace, type Place } from './tree.ts';

interface RenamePlan {
  readonly from: Place;
  readonly node: FatNode;
  readonly replaced: FatNode | null;
  readonly placement: Placement;
  readonly edits: Edits;
  readonly chainEdits: Edits;
}

export class RenameOperation implements Operation<RenamePlan, FatNode> {
  readonly path: Path;
  readonly changesPages = true;
  private readonly state: FatState;
  private readonly from: readonly Name[];
  private readonly to: readonly Name[];
  private readonly toPath: Path;
  private readonly changes: ChangeSet | null;

  constructor(
    state: FatState,
    paths: readonly [Path, Path],
    names: readonly [readonly Name[], readonly Name[]],
    changes: ChangeSet | null,
  ) {
    this.state = state;
    this.path = paths[0];
    this.toPath = paths[1];
    this.from = names[0];
    this.to = names[1];
    this.changes = changes;
  }

  plan(view: View): RenamePlan | null {
    const { state, path, toPath } = this;
    if (this.from.length === 0) throw new FsError('busy', path, 'the root has no name');
    if (this.to.length === 0) throw new FsError('exists', toPath);
    const from = findPlace(state, view, this.from, path);
    const to = from === null ? null : findPlace(state, view, this.to, toPath);
    if (from === null || to === null) return null;
    const { node } = from;
    if (node === null || node.entry === null) throw new FsError('not-found', path);
    const replaced = to.node === node ? null : to.node;
    if (replaced !== null && (replaced.isDirectory || node.isDirectory)) throw new FsError('exists', toPath);
    if (to.directory.isWithin(node)) throw new FsError('bad-name', toPath, `it is inside of ${path}`);
    const shortEntry = readShortEntry(state, view, node);
    if (shortEntry === null) return null;
    const edits = new Edits(state);
    const chainEdits = new Edits(state);
    const freed = reusable(node, replaced, to.directory);
    const placement = planPlacement(state, view, { ...to, path: toPath }, shortEntry.copy, edits, freed);
    if (placement === null) return null;
    if (!usesSlotsOf(placement, from.directory, node.entry)) planErase(state, view, from.directory, node.entry, edits);
    if (replaced !== null) this.planReplace(view, to.directory, replaced, placement, edits, chainEdits);
    if (node.isDirectory && from.directory !== to.directory) this.planParent(view, node, to.directory, edits);
    return view.isMissing ? null : { from, node, replaced, placement, edits, chainEdits };
  }

  apply({ from, node, replaced, placement, edits, chainEdits }: RenamePlan): FatNode {
    const { state, changes } = this;
    const oldPath = node.path;
    applyGrowth(state, placement, changes);
    edits.apply(node, changes);
    from.index.remove(node.entry!);
    from.directory.children.delete(node.entry!.key);
    if (replaced !== null) {
      placement.index.remove(replaced.entry!);
      applyRelease(state, replaced, chainEdits, changes);
    }
    placement.index.add(placement.entry);
    node.parent = placement.directory;
    node.entry = placement.entry;
    placement.directory.children.set(placement.entry.key, node);
    node.pathChanged();
    if (replaced !== null) state.observer?.removed(replaced);
    if (node.path !== oldPath) state.observer?.renamed(node, oldPath);
    return node;
  }

  private planReplace(
    view: View,
    directory: FatNode,
    replaced: FatNode,
    placement: Placement,
    edits: Edits,
    chainEdits: Edits,
  ): void {
    const entry = replaced.entry!;
    if (!usesSlotsOf(placement, directory, entry)) planErase(this.state, view, directory, entry, edits);
    planRelease(this.state, view, replaced, chainEdits);
  }

  /** The entry `..` of a directory that moves. */
  private planParent(view: View, node: FatNode, parent: FatNode, edits: Edits): void {
    const { layout } = this.state;
    const chain = loadChain(view, layout, node, node.firstCluster);
    if (chain === null) return;
    if (chain.length === 0) throw new FsError('corrupt', node.path, 'a directory without clusters');
    const offset = offsetOfCluster(layout, chain.at(0)) + ENTRY_BYTES;
    const entry = this.state.copyResident(view, offset, ENTRY_BYTES);
    if (entry === null) return;
    writeFirstCluster(entry, 0, parent.parent === null ? 0 : parent.firstCluster);
    edits.patch(view, offset, entry);
  }
}

/** The entry whose slots, and short name, the new one may have. */
function reusable(node: FatNode, replaced: FatNode | null, directory: FatNode): Entry | null {
  if (replaced !== null) return replaced.entry;
  return node.parent === directory ? node.entry : null;
}

function usesSlotsOf(placement: Placement, directory: FatNode, entry: Entry): boolean {
  return placement.directory === directory && placement.entry.slot === entry.slot;
}
