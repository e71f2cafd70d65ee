/** Making files and directories. */
import { type ChangeSet, FsError, type Path } from '../file-system.ts';
import type { Operation, View } from '../operation.ts';
import { Edits } from './edits.ts';
import { ARCHIVE, DIRECTORY, dotEntries, type EntryFields, newShortEntry } from './entry.ts';
import { offsetOfCluster } from './layout.ts';
import type { Name } from './names.ts';
import type { FatNode } from './node.ts';
import { applyGrowth, type Placement, planPlacement } from './plan-entry.ts';
import type { FatState } from './state.ts';
import { findPlace } from './tree.ts';

interface CreatePlan {
  readonly edits: Edits;
  readonly placement: Placement;
  readonly fields: EntryFields;
}

/** Makes an empty file, or an empty directory with its two entries of its own. The name must be free. */
export class CreateOperation implements Operation<CreatePlan, FatNode> {
  readonly path: Path;
  readonly changesPages = true;
  private readonly state: FatState;
  private readonly names: readonly Name[];
  private readonly isDirectory: boolean;
  private readonly changes: ChangeSet | null;

  constructor(state: FatState, path: Path, names: readonly Name[], isDirectory: boolean, changes: ChangeSet | null) {
    this.state = state;
    this.path = path;
    this.names = names;
    this.isDirectory = isDirectory;
    this.changes = changes;
  }

  plan(view: View): CreatePlan | null {
    const { state, names, path } = this;
    if (names.length === 0) throw new FsError('exists', path);
    const place = findPlace(state, view, names, path);
    if (place === null) return null;
    if (place.node !== null) throw new FsError('exists', path);
    const edits = new Edits(state);
    const modified = state.stamp();
    const firstCluster = this.isDirectory ? this.planCluster(view, edits, place.directory, modified) : 0;
    const attributes = this.isDirectory ? DIRECTORY : ARCHIVE;
    const fields: EntryFields = { attributes, firstCluster, sizeBytes: 0, modified };
    const shortEntry = newShortEntry(fields, modified);
    const placement = planPlacement(state, view, { ...place, path }, shortEntry, edits);
    return placement === null || view.isMissing ? null : { edits, placement, fields };
  }

  apply({ edits, placement, fields }: CreatePlan): FatNode {
    const { state, changes } = this;
    const { directory, index, entry } = placement;
    applyGrowth(state, placement, changes);
    const node = state.makeNode(directory, entry, fields);
    edits.apply(node, changes);
    index.add(entry);
    state.observer?.created(node);
    return node;
  }

  private planCluster(view: View, edits: Edits, parent: FatNode, stamp: number): number {
    const clusters = edits.extend(view, 0, 1);
    if (clusters === null) throw new FsError('no-space', this.path);
    const cluster = clusters[0]!;
    edits.zeroCluster(view, cluster);
    const above = parent.parent === null ? 0 : parent.firstCluster;
    edits.patchNew(offsetOfCluster(this.state.layout, cluster), dotEntries(cluster, above, stamp));
    return cluster;
  }
}
