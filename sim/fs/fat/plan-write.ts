/**
 * Writing and cutting a file. One operation covers at most 64 KiB: what lies between the end of the file and the place
 * of the write is zeroed by operations of its own, as far as it does not fit into the first one.
 */
import type { Bytes } from '../../../engine/units.ts';
import { type ChangeSet, FsError, type Path, type WallSeconds } from '../file-system.ts';
import { type Operation, PIECE_BYTES, type View } from '../operation.ts';
import type { PageNumber } from '../page.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { type Chain, loadChain } from './chain.ts';
import { slotOffset } from './directory.ts';
import { Edits } from './edits.ts';
import { ARCHIVE, type EntryFields, writeFields } from './entry.ts';
import { applyKeep, planKeep } from './frozen.ts';
import { type Cluster, ENTRY_BYTES } from './layout.ts';
import type { Name } from './names.ts';
import type { FatNode } from './node.ts';
import { clusterAt, type Segment, segments } from './segments.ts';
import { stampable } from './stamps.ts';
import { type FatState, HeldClusters } from './state.ts';
import { findNode } from './tree.ts';

export const FILE_MAX: Bytes = 0xffffffff;

const NOTHING = new Uint8Array(0);

/** The file is zeroed from `from` to `at`, and has `bytes` there. */
export interface WritePlan {
  readonly from: Bytes;
  readonly at: Bytes;
  readonly bytes: Uint8Array;
  readonly edits: Edits;
  readonly added: readonly Cluster[];
  readonly fields: EntryFields;
}

/** Writes the next piece of `bytes`, or zeroes the next piece of the gap before them; says how far it got. */
export class WriteOperation implements Operation<WritePlan, void> {
  readonly path: Path;
  readonly changesPages = true;
  /** Where the bytes go; for an append, settled by the first piece that is applied. */
  offset: Bytes;
  /** Bytes that are written. */
  done = 0;
  protected readonly node: FatNode;
  private readonly state: FatState;
  private readonly bytes: Uint8Array;
  private readonly changes: ChangeSet | null;

  constructor(state: FatState, node: FatNode, offset: Bytes, bytes: Uint8Array, changes: ChangeSet | null) {
    this.state = state;
    this.node = node;
    this.path = node.path;
    this.offset = offset;
    this.bytes = bytes;
    this.changes = changes;
  }

  get isDone(): boolean {
    if (this.bytes.length === 0) return this.node.sizeBytes >= this.offset;
    return this.done === this.bytes.length;
  }

  plan(view: View): WritePlan | null {
    return this.planAt(view, this.offset);
  }

  /** From the end of the file, if that is before the next byte, at most one piece far. */
  protected planAt(view: View, offset: Bytes): WritePlan | null {
    const { node, bytes, done } = this;
    const next = offset + done;
    const from = Math.min(node.sizeBytes, next);
    const end = Math.min(from + PIECE_BYTES, offset + bytes.length);
    const at = Math.min(next, end);
    const piece = end > next ? bytes.subarray(done, done + end - next) : NOTHING;
    return planWrite(this.state, view, node, { from, at, bytes: piece, total: offset + bytes.length });
  }

  apply(plan: WritePlan): void {
    applyWrite(this.state, this.node, plan, this.changes);
    this.done += plan.bytes.length;
  }
}

/** Each piece goes behind the end as it is in its step. */
export class AppendOperation extends WriteOperation {
  constructor(state: FatState, node: FatNode, bytes: Uint8Array, changes: ChangeSet | null) {
    super(state, node, node.sizeBytes, bytes, changes);
  }

  override plan(view: View): WritePlan | null {
    return this.planAt(view, this.node.sizeBytes - this.done);
  }

  override apply(plan: WritePlan): void {
    if (this.done === 0) this.offset = plan.at;
    super.apply(plan);
  }
}

interface Wanted {
  readonly from: Bytes;
  readonly at: Bytes;
  readonly bytes: Uint8Array;
  /** Where the file will end when all pieces are written: no piece is written when there is no room for all. */
  readonly total: Bytes;
}

function planWrite(state: FatState, view: View, node: FatNode, wanted: Wanted): WritePlan | null {
  const { from, at, bytes, total } = wanted;
  const { layout, free } = state;
  checkWritable(node);
  if (total > FILE_MAX) throw new FsError('no-space', node.path, 'a file of a FAT volume ends before 4 GiB');
  const chain = loadChain(view, layout, node, node.firstCluster);
  if (chain === null) return null;
  const end = at + bytes.length;
  if (end > chain.length * layout.clusterBytes) checkWhole(node, chain, layout.clusterBytes);
  if (Math.ceil(total / layout.clusterBytes) - chain.length > free.availableCount) {
    throw new FsError('no-space', node.path, `${free.availableCount} clusters are free`);
  }
  const edits = new Edits(state);
  const count = Math.max(0, Math.ceil(end / layout.clusterBytes) - chain.length);
  const added = edits.extend(view, chain.last, count);
  if (added === null) throw new FsError('no-space', node.path);
  planKeep(view, node, from, end);
  const cluster = (index: number) => clusterAt(chain, added, index);
  for (const segment of segments(layout, cluster, from, at)) cover(state, view, edits, node, segment, null);
  for (const segment of segments(layout, cluster, at, end)) {
    const start = segment.fileOffset - at;
    cover(state, view, edits, node, segment, bytes.subarray(start, start + segment.length));
  }
  const fields: EntryFields = {
    attributes: node.attributes | ARCHIVE,
    firstCluster: node.firstCluster === 0 && added.length > 0 ? added[0]! : node.firstCluster,
    sizeBytes: Math.max(node.sizeBytes, end),
    modified: state.stamp(),
  };
  planFields(state, view, edits, node, fields);
  return view.isMissing ? null : { from, at, bytes, edits, added, fields };
}

function checkWritable(node: FatNode): void {
  if (node.isRemoved) throw new FsError('not-found', node.path, 'it was removed');
  if (node.isForeign) throw new FsError('busy', node.path, 'its sectors are written past the page cache');
}

function checkWhole(node: FatNode, chain: Chain, clusterBytes: Bytes): void {
  if (chain.problem !== null) throw new FsError('corrupt', node.path, chain.problem);
  if (chain.length < Math.ceil(node.sizeBytes / clusterBytes)) {
    throw new FsError('corrupt', node.path, 'its chain is shorter than its size');
  }
}

function cover(
  state: FatState,
  view: View,
  edits: Edits,
  node: FatNode,
  segment: Segment,
  bytes: Uint8Array | null,
): void {
  const isJunk = (page: PageNumber) => state.isFreePage(page) || isBehindEnd(state, node, segment, page);
  edits.cover(view, segment.volumeOffset, segment.length, bytes, isJunk);
}

/** Does the page lie in one cluster of the file, behind the file's end? Then nobody reads what it holds. */
function isBehindEnd(state: FatState, node: FatNode, segment: Segment, page: PageNumber): boolean {
  const { clusterBytes } = state.layout;
  if (node.frozen !== null || clusterBytes < PAGE_BYTES) return false;
  const offset = segment.fileOffset + page * PAGE_BYTES - segment.volumeOffset;
  if (offset < node.sizeBytes) return false;
  return offset + PAGE_BYTES <= (Math.floor(offset / clusterBytes) + 1) * clusterBytes;
}

/** Changes what the short entry of a node says; nothing is missed or changed when it says that already. */
export function planFields(state: FatState, view: View, edits: Edits, node: FatNode, fields: EntryFields): void {
  const same =
    fields.attributes === node.attributes &&
    fields.firstCluster === node.firstCluster &&
    fields.sizeBytes === node.sizeBytes &&
    fields.modified === node.modified;
  if (same) return;
  const bytes = readShortEntry(state, view, node);
  if (bytes === null) return;
  writeFields(bytes.copy, 0, fields);
  edits.patch(view, bytes.offset, bytes.copy);
}

/** A copy of the short entry of a node, or null when pages are missing. */
export function readShortEntry(state: FatState, view: View, node: FatNode): { copy: Uint8Array; offset: Bytes } | null {
  const { parent, entry } = node;
  if (parent === null || entry === null) throw new FsError('busy', node.path, 'the root has no entry');
  const offset = slotOffset(view, state.layout, parent, entry.slot + entry.slotCount - 1);
  if (offset === null) return null;
  const copy = state.copyResident(view, offset, ENTRY_BYTES);
  return copy === null ? null : { copy, offset };
}

function applyWrite(state: FatState, node: FatNode, plan: WritePlan, changes: ChangeSet | null): void {
  const { from, at, bytes, edits, added, fields } = plan;
  applyKeep(state, node, from, at + bytes.length);
  edits.apply(node, changes);
  if (node.chain !== null) for (const cluster of added) node.chain.append(cluster);
  bindChain(state, node, added);
  const hasGrown = fields.sizeBytes > node.sizeBytes;
  const isStamped = setFields(node, fields);
  const { observer } = state;
  if (observer === null) return;
  if (hasGrown) observer.resized(node, node.sizeBytes);
  if (bytes.length > 0) observer.wrote(node, at, bytes);
  if (isStamped) observer.stamped(node, node.modified);
}

/** A chain that grew rests on the pages of the table that its new entries are in, too. */
export function bindChain(state: FatState, node: FatNode, added: readonly Cluster[]): void {
  if (node.chain === null || added.length === 0) return;
  for (const page of state.tablePages(added)) node.chain.sources.add(page);
}

/** Takes over what the entry says now; says whether the stamp is another one. */
export function setFields(node: FatNode, fields: EntryFields): boolean {
  const isStamped = node.modified !== fields.modified;
  node.attributes = fields.attributes;
  node.firstCluster = fields.firstCluster;
  node.sizeBytes = fields.sizeBytes;
  node.modified = fields.modified;
  return isStamped;
}

interface CutPlan {
  readonly edits: Edits;
  readonly fields: EntryFields;
  readonly keptClusters: number;
}

/** Makes a file shorter. */
export class CutOperation implements Operation<CutPlan, void> {
  readonly path: Path;
  readonly changesPages = true;
  private readonly state: FatState;
  private readonly node: FatNode;
  private readonly sizeBytes: Bytes;
  private readonly changes: ChangeSet | null;

  constructor(state: FatState, node: FatNode, sizeBytes: Bytes, changes: ChangeSet | null) {
    this.state = state;
    this.node = node;
    this.path = node.path;
    this.sizeBytes = sizeBytes;
    this.changes = changes;
  }

  plan(view: View): CutPlan | null {
    const { state, node } = this;
    checkWritable(node);
    const sizeBytes = Math.min(this.sizeBytes, node.sizeBytes);
    const chain = loadChain(view, state.layout, node, node.firstCluster);
    if (chain === null) return null;
    const keptClusters = Math.ceil(sizeBytes / state.layout.clusterBytes);
    if (chain.length < keptClusters) checkWhole(node, chain, state.layout.clusterBytes);
    const edits = new Edits(state);
    if (chain.length > keptClusters) {
      edits.cut(view, keptClusters === 0 ? 0 : chain.at(keptClusters - 1), chain.slice(keptClusters));
    }
    const firstCluster = keptClusters === 0 ? 0 : node.firstCluster;
    const fields = { attributes: node.attributes | ARCHIVE, firstCluster, sizeBytes, modified: state.stamp() };
    planFields(state, view, edits, node, fields);
    return view.isMissing ? null : { edits, fields, keptClusters };
  }

  apply({ edits, fields, keptClusters }: CutPlan): void {
    const { state, node } = this;
    const readers = node.frozen ?? [];
    edits.apply(node, this.changes, readers.length > 0);
    holdFor(state, readers, edits.givenUpClusters);
    if (keptClusters === 0) node.chain?.die();
    else node.chain?.cut(keptClusters);
    const isResized = fields.sizeBytes !== node.sizeBytes;
    const isStamped = setFields(node, fields);
    if (isResized) state.observer?.resized(node, node.sizeBytes);
    if (isStamped) state.observer?.stamped(node, node.modified);
  }
}

interface StampPlan {
  readonly node: FatNode;
  readonly edits: Edits;
  readonly fields: EntryFields;
}

/** Sets the stamp of last modification. */
export class StampOperation implements Operation<StampPlan, void> {
  readonly path: Path;
  readonly changesPages = true;
  private readonly state: FatState;
  private readonly names: readonly Name[];
  private readonly modified: WallSeconds;

  constructor(state: FatState, path: Path, names: readonly Name[], modified: WallSeconds) {
    this.state = state;
    this.path = path;
    this.names = names;
    this.modified = stampable(modified);
  }

  plan(view: View): StampPlan | null {
    const node = findNode(this.state, view, this.names, this.path);
    if (node === null) return null;
    const edits = new Edits(this.state);
    const fields = { ...node.fields, modified: this.modified };
    planFields(this.state, view, edits, node, fields);
    return view.isMissing ? null : { node, edits, fields };
  }

  apply({ node, edits, fields }: StampPlan): void {
    edits.apply(node, null);
    if (setFields(node, fields)) this.state.observer?.stamped(node, node.modified);
  }
}

/** Keeps clusters that were given up until all these readers are closed. */
export function holdFor(
  state: FatState,
  readers: readonly { readonly holds: HeldClusters[] }[],
  clusters: readonly Cluster[],
): void {
  if (readers.length === 0 || clusters.length === 0) return;
  const held = new HeldClusters(state.free, clusters, readers.length);
  for (const reader of readers) reader.holds.push(held);
}
