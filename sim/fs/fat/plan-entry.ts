/** Putting a name into a directory, which may have to grow for it, and taking one out. */
import type { Bytes } from '../../../engine/units.ts';
import { type ChangeSet, FsError, type Path } from '../file-system.ts';
import type { View } from '../operation.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { loadChain } from './chain.ts';
import { type DirectoryIndex, slotOffset } from './directory.ts';
import { Edits } from './edits.ts';
import { type Entry, ERASED, encodeSlots, slotCountOf } from './entry.ts';
import { type Cluster, ENTRY_BYTES, offsetOfCluster } from './layout.ts';
import { chooseShortName, type Name, shortText } from './names.ts';
import type { FatNode } from './node.ts';
import { bindChain } from './plan-write.ts';
import type { FatState } from './state.ts';

const ERASED_BYTE = new Uint8Array([ERASED]);
const END_BYTE = new Uint8Array([0]);

/** A new entry, where it goes, and by how many clusters the directory grows for it. */
export interface Placement {
  readonly directory: FatNode;
  readonly index: DirectoryIndex;
  readonly entry: Entry;
  readonly growth: Edits;
  readonly added: readonly Cluster[];
}

/** A directory that is to have a name. */
export interface Target {
  readonly path: Path;
  readonly directory: FatNode;
  readonly index: DirectoryIndex;
  readonly name: Name;
}

/**
 * Places a name. The bytes of its slots are put into `edits`, the growth of the directory into edits of its own.
 * `freed`: an entry of this directory that the operation takes out, whose slots serve if the new one needs as many.
 * Null when pages are missing.
 */
export function planPlacement(
  state: FatState,
  view: View,
  target: Target,
  shortEntry: Uint8Array,
  edits: Edits,
  freed: Entry | null = null,
): Placement | null {
  const { directory, index, name, path } = target;
  const short = chooseShortName(name, candidate => index.hasShort(candidate) && candidate !== freed?.short);
  if (short === null) throw new FsError('no-space', path, 'no short name is left');
  const slotCount = slotCountOf(name);
  const slot = freed?.slotCount === slotCount ? freed.slot : index.freeRun(slotCount, !directory.isFixedRoot);
  if (slot === null) throw new FsError('no-space', path, `${directory.path} is full`);
  const entry: Entry = { slot, slotCount, text: name.text, key: name.key, short, shortKey: shortText(short) };
  const growth = new Edits(state, edits.chosen);
  const added = planGrowth(state, view, target, slot + slotCount, growth);
  if (added === null) return null;
  const bytes = encodeSlots(name, short, shortEntry);
  for (let at = 0; at < slotCount; at++) {
    const part = bytes.subarray(at * ENTRY_BYTES, (at + 1) * ENTRY_BYTES);
    const within = (slot + at - index.slotCount) * ENTRY_BYTES;
    if (within >= 0) {
      edits.patchNew(offsetInAdded(state, added, within), part);
      continue;
    }
    const offset = slotOffset(view, state.layout, directory, slot + at);
    if (offset === null) return null;
    edits.patch(view, offset, part);
  }
  planEnd(state, view, target, slot + slotCount, edits);
  return { directory, index, entry, growth, added };
}

/** Adds zeroed clusters for slots up to `slotEnd`; an empty list when there is room. */
function planGrowth(state: FatState, view: View, target: Target, slotEnd: number, growth: Edits): Cluster[] | null {
  const { directory, index, path } = target;
  if (slotEnd <= index.slotCount) return [];
  const { layout } = state;
  const chain = loadChain(view, layout, directory, directory.firstCluster);
  if (chain === null) return null;
  const count = Math.ceil(((slotEnd - index.slotCount) * ENTRY_BYTES) / layout.clusterBytes);
  const added = growth.extend(view, chain.last, count);
  if (added === null) throw new FsError('no-space', path, `${directory.path} can not grow`);
  for (const cluster of added) growth.zeroCluster(view, cluster);
  return added;
}

function offsetInAdded(state: FatState, added: readonly Cluster[], within: Bytes): Bytes {
  const { layout } = state;
  const number = Math.floor(within / layout.clusterBytes);
  return offsetOfCluster(layout, added[number]!) + within - number * layout.clusterBytes;
}

/** A slot behind the last one that was ever used may hold anything: it has to say that the directory ends there. */
function planEnd(state: FatState, view: View, target: Target, slotEnd: number, edits: Edits): void {
  const { directory, index } = target;
  if (slotEnd <= index.end || slotEnd >= index.slotCount) return;
  const offset = slotOffset(view, state.layout, directory, slotEnd);
  if (offset === null) return;
  const number = Math.floor(offset / PAGE_BYTES);
  const page = view.page(number);
  if (page !== null && page.bytes[offset - number * PAGE_BYTES] !== 0) edits.patch(view, offset, END_BYTE);
}

/** Marks the slots of an entry as free. */
export function planErase(state: FatState, view: View, directory: FatNode, entry: Entry, edits: Edits): void {
  for (let slot = entry.slot; slot < entry.slot + entry.slotCount; slot++) {
    const offset = slotOffset(view, state.layout, directory, slot);
    if (offset !== null) edits.patch(view, offset, ERASED_BYTE);
  }
}

/** What a placement changes besides the slots themselves: the growth of the directory, and its index. */
export function applyGrowth(state: FatState, placement: Placement, changes: ChangeSet | null): void {
  const { directory, index, growth, added } = placement;
  growth.apply(directory, changes);
  if (added.length === 0) return;
  if (directory.chain !== null) for (const cluster of added) directory.chain.append(cluster);
  bindChain(state, directory, added);
  index.grow((added.length * state.layout.clusterBytes) / ENTRY_BYTES);
  for (const cluster of added) for (const page of state.pagesOf(cluster)) index.sources.add(page);
}
