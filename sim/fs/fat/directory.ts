/**
 * The slots of a directory, and an index over them by name: derived from the directory's pages, and dead when one of
 * them is dropped. While it lives no lookup misses a page.
 *
 * Invariants
 * I1 `slots` says for each slot whether it is in use; slots from `end` on are free and were never used.
 * I2 An entry is found by its long and by its short name; of two with one name the first counts.
 */
import type { Bytes } from '../../../engine/units.ts';
import { Sources } from '../derived.ts';
import { FsError } from '../file-system.ts';
import type { View } from '../operation.ts';
import type { Derived } from '../page.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { loadChain } from './chain.ts';
import { type Entry, EntryParser, ERASED, isDotEntry } from './entry.ts';
import { ENTRY_BYTES, type FatLayout, offsetOfCluster } from './layout.ts';
import { type ShortName, shortText } from './names.ts';
import type { FatNode } from './node.ts';

/** FAT ends a directory at 2 MiB. */
const SLOTS_MAX = 65_536;

export class DirectoryIndex implements Derived {
  slotCount: number;
  end = 0;
  readonly sources = new Sources(this);
  private readonly owner: FatNode;
  private readonly slots: boolean[] = [];
  private readonly byLong = new Map<string, Entry>();
  private readonly byShort = new Map<string, Entry>();
  private readonly bySlot: (Entry | undefined)[] = [];

  constructor(owner: FatNode, slotCount: number) {
    this.owner = owner;
    this.slotCount = slotCount;
  }

  find(key: string): Entry | null {
    return this.byLong.get(key) ?? this.byShort.get(key) ?? null;
  }

  hasShort(short: ShortName): boolean {
    return this.byShort.has(shortText(short));
  }

  /** In the order in which they stand on disk. */
  entries(): Entry[] {
    return this.bySlot.filter(entry => entry !== undefined);
  }

  get isEmpty(): boolean {
    return this.byShort.size === 0;
  }

  /** A slot that is in use, by an entry or by something else. */
  use(slot: number): void {
    this.slots[slot] = true;
    this.end = Math.max(this.end, slot + 1);
  }

  add(entry: Entry): void {
    for (let slot = entry.slot; slot < entry.slot + entry.slotCount; slot++) this.use(slot);
    this.bySlot[entry.slot] = entry;
    if (!this.byLong.has(entry.key)) this.byLong.set(entry.key, entry);
    if (!this.byShort.has(entry.shortKey)) this.byShort.set(entry.shortKey, entry);
  }

  remove(entry: Entry): void {
    for (let slot = entry.slot; slot < entry.slot + entry.slotCount; slot++) this.slots[slot] = false;
    this.bySlot[entry.slot] = undefined;
    if (this.byLong.get(entry.key) === entry) this.byLong.delete(entry.key);
    if (this.byShort.get(entry.shortKey) === entry) this.byShort.delete(entry.shortKey);
  }

  grow(slotCount: number): void {
    this.slotCount += slotCount;
  }

  /** The first of `count` free slots in a row; they may reach past the last slot of a directory that can grow. */
  freeRun(count: number, canGrow: boolean): number | null {
    let first = 0;
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (this.slots[slot]) first = slot + 1;
      else if (slot - first + 1 === count) return first;
    }
    return canGrow && first + count <= SLOTS_MAX ? first : null;
  }

  die(): void {
    this.sources.release();
    if (this.owner.index === this) this.owner.index = null;
  }
}

/** The offset of a slot on the volume; null when the chain of the directory misses pages. */
export function slotOffset(view: View, layout: FatLayout, directory: FatNode, slot: number): Bytes | null {
  if (!directory.isFixedRoot) loadChain(view, layout, directory, directory.firstCluster);
  return knownSlotOffset(layout, directory, slot);
}

/** The same without a look at pages: null when the chain of the directory is not known. */
export function knownSlotOffset(layout: FatLayout, directory: FatNode, slot: number): Bytes | null {
  if (directory.isFixedRoot) return layout.rootStart + slot * ENTRY_BYTES;
  const { chain } = directory;
  if (chain === null) return null;
  const perCluster = layout.clusterBytes / ENTRY_BYTES;
  const index = Math.floor(slot / perCluster);
  if (index >= chain.length) throw new FsError('corrupt', directory.path, `it has no slot ${slot}`);
  return offsetOfCluster(layout, chain.at(index)) + (slot - index * perCluster) * ENTRY_BYTES;
}

/** The index of a directory, or null when pages are missing. */
export function loadIndex(view: View, layout: FatLayout, directory: FatNode): DirectoryIndex | null {
  if (directory.index !== null) {
    directory.index.sources.touch();
    return directory.index;
  }
  const slotCount = countSlots(view, layout, directory);
  if (slotCount === null || !hasPages(view, layout, directory, slotCount)) return null;
  const index = new DirectoryIndex(directory, slotCount);
  const parser = new EntryParser();
  for (let slot = 0; slot < slotCount; slot++) {
    const offset = slotOffset(view, layout, directory, slot);
    if (offset === null) return null;
    const number = Math.floor(offset / PAGE_BYTES);
    const page = view.page(number);
    if (page === null) return null;
    index.sources.add(page);
    if (parser.isAtEnd) continue;
    const at = offset - number * PAGE_BYTES;
    const entry = parser.push(page.bytes, at, slot);
    if (page.bytes[at] !== 0 && page.bytes[at] !== ERASED) index.use(slot);
    if (entry !== null && !isDotEntry(entry)) index.add(entry);
  }
  directory.index = index;
  return index;
}

function countSlots(view: View, layout: FatLayout, directory: FatNode): number | null {
  if (directory.isFixedRoot) return layout.rootEntries;
  const chain = loadChain(view, layout, directory, directory.firstCluster);
  if (chain === null) return null;
  if (chain.problem !== null || chain.length === 0) {
    throw new FsError('corrupt', directory.path, chain.problem ?? 'a directory without clusters');
  }
  return (chain.length * layout.clusterBytes) / ENTRY_BYTES;
}

/** Asks for all pages at once. */
function hasPages(view: View, layout: FatLayout, directory: FatNode, slotCount: number): boolean {
  const step = Math.min(layout.clusterBytes, PAGE_BYTES) / ENTRY_BYTES;
  for (let slot = 0; slot < slotCount; slot += step) {
    const offset = slotOffset(view, layout, directory, slot);
    if (offset === null) return false;
    view.range(offset, Math.min(step, slotCount - slot) * ENTRY_BYTES);
  }
  return !view.isMissing;
}
