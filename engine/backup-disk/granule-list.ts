/**
 * Lists of granules that a backup changed, in ascending order, in sealed blocks of one slot each. Until the transaction is
 * done a list says where the new data lies (the journal) and where the old is saved; afterwards it is the list of what the
 * generation before lost to the next one.
 *
 * Invariants
 * I1 A block holds its own place, its number, and place and seal of the block before it: the seal of the last block, kept
 *    in the header, vouches for the whole list.
 * I2 Granules ascend strictly from block to block.
 */
import { type Checksum, isSealed, SEAL_BYTES, seal, setWord, wordAt } from '../checksum.ts';
import { type Device, IoError } from '../device.ts';
import { invariant } from '../invariant.ts';
import type { Task } from '../task.ts';
import type { Bytes } from '../units.ts';
import { type GranuleSum, setSum, sumAt } from './granule-sum.ts';
import { EMPTY_LIST, type ListRef } from './header.ts';
import type { Layout } from './layout.ts';
import { readSectors, type WriteBehind } from './transfer.ts';

export interface ListEntry {
  readonly granule: number;
  /** The slot of the new data; null for zeroes, and once it is in the image. */
  readonly journal: number | null;
  /** The slot of the old data; null for zeroes, for what is unknown, and when nobody keeps it. */
  readonly saved: number | null;
  readonly fresh: GranuleSum;
  readonly old: GranuleSum;
}

const MAGIC = 0x4c4d544f;
const ENTRIES_AT: Bytes = 64;
const ENTRY_BYTES: Bytes = 40;
const AT = { magic: 0, slot: 8, index: 16, before: 24, beforeSeal: 32, entries: 40 } as const;

export function entriesPerBlock(slotBytes: Bytes): number {
  return Math.floor((slotBytes - ENTRIES_AT - SEAL_BYTES) / ENTRY_BYTES);
}

interface BlockRef {
  readonly slot: number;
  readonly seal: number;
  readonly firstGranule: number;
}

/** A whole list: its reference, and where its blocks are, in ascending order. */
export interface ListIndex {
  readonly ref: ListRef;
  readonly blocks: readonly BlockRef[];
}

/** A block in memory, whole and sealed. */
class ListBlock {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get count(): number {
    return wordAt(this.bytes, AT.entries);
  }

  get seal(): number {
    return wordAt(this.bytes, this.bytes.length - SEAL_BYTES);
  }

  granule(at: number): number {
    return wordAt(this.bytes, ENTRIES_AT + at * ENTRY_BYTES);
  }

  entry(at: number): ListEntry {
    const from = ENTRIES_AT + at * ENTRY_BYTES;
    return {
      granule: wordAt(this.bytes, from),
      journal: slotAt(this.bytes, from + 8),
      saved: slotAt(this.bytes, from + 16),
      fresh: sumAt(this.bytes, from + 24),
      old: sumAt(this.bytes, from + 32),
    };
  }
}

function slotAt(bytes: Uint8Array, at: Bytes): number | null {
  const word = wordAt(bytes, at);
  return word === 0 ? null : word - 1;
}

/** Writes a list to slots that it is given, in ascending order. */
export class ListWriter {
  private readonly layout: Layout;
  private readonly checksum: Checksum;
  private readonly out: WriteBehind;
  private readonly blocks: BlockRef[] = [];
  private bytes: Uint8Array | null = null;
  private slot = 0;
  private inBlock = 0;
  private entries = 0;
  private lastGranule = -1;

  constructor(layout: Layout, checksum: Checksum, out: WriteBehind) {
    this.layout = layout;
    this.checksum = checksum;
    this.out = out;
  }

  /** Whether the next entry needs a slot for a new block. */
  get needsSlot(): boolean {
    return this.bytes === null || this.inBlock === entriesPerBlock(this.layout.granuleBytes);
  }

  /** Adds an entry; `slot` is one for its block when `needsSlot`. */
  *add(entry: ListEntry, slot: number | null): Task<void> {
    invariant(this.needsSlot === (slot !== null), 'a slot for each new block, and only then');
    invariant(entry.granule > this.lastGranule, `granule ${entry.granule} after ${this.lastGranule}`);
    if (slot !== null) {
      yield* this.endBlock();
      this.begin(slot);
    }
    const bytes = this.bytes!;
    const at = ENTRIES_AT + this.inBlock * ENTRY_BYTES;
    setWord(bytes, at, entry.granule);
    setWord(bytes, at + 8, entry.journal === null ? 0 : entry.journal + 1);
    setWord(bytes, at + 16, entry.saved === null ? 0 : entry.saved + 1);
    setSum(bytes, at + 24, entry.fresh);
    setSum(bytes, at + 32, entry.old);
    this.inBlock += 1;
    this.entries += 1;
    this.lastGranule = entry.granule;
  }

  /** Writes the last block; all is durable after a flush. */
  *finish(): Task<ListIndex> {
    yield* this.endBlock();
    yield* this.out.drain();
    const last = this.blocks.at(-1);
    if (last === undefined) return { ref: EMPTY_LIST, blocks: [] };
    const ref = { lastSlot: last.slot, blocks: this.blocks.length, entries: this.entries, hash: last.seal };
    return { ref, blocks: this.blocks };
  }

  private begin(slot: number): void {
    const bytes = new Uint8Array(this.layout.granuleBytes);
    const before = this.blocks.at(-1);
    setWord(bytes, AT.magic, MAGIC);
    setWord(bytes, AT.slot, slot);
    setWord(bytes, AT.index, this.blocks.length);
    setWord(bytes, AT.before, before === undefined ? 0 : before.slot + 1);
    setWord(bytes, AT.beforeSeal, before?.seal ?? 0);
    this.bytes = bytes;
    this.slot = slot;
    this.inBlock = 0;
  }

  private *endBlock(): Task<void> {
    const { bytes, slot } = this;
    if (bytes === null) return;
    this.bytes = null;
    setWord(bytes, AT.entries, this.inBlock);
    seal(bytes, this.checksum);
    const block = new ListBlock(bytes);
    this.blocks.push({ slot, seal: block.seal, firstGranule: block.granule(0) });
    yield* this.out.write(this.layout.slotSector(slot), bytes);
  }
}

/** What it takes to read lists. */
export interface ListPlace {
  readonly layout: Layout;
  readonly device: Device;
  readonly checksum: Checksum;
}

/** Reads a whole list backwards and checks it; null when it is damaged or can't be read. `see` gets each entry. */
export function* loadList(place: ListPlace, ref: ListRef, see: (entry: ListEntry) => void): Task<ListIndex | null> {
  const { slotCount, granuleCount } = place.layout;
  const blocks: BlockRef[] = [];
  let slot = ref.lastSlot;
  let seal = ref.hash;
  let below = granuleCount;
  let left = ref.entries;
  if (ref.blocks > slotCount || ref.entries > granuleCount) return null;
  for (let index = ref.blocks - 1; index >= 0; index--) {
    if (slot === null || !(slot < slotCount)) return null;
    const block = yield* readBlock(place, slot, seal);
    if (block === null || wordAt(block.bytes, AT.index) !== index) return null;
    for (let at = block.count - 1; at >= 0; at--) {
      const entry = block.entry(at);
      if (!(entry.granule < below) || !isWithin(entry, slotCount)) return null;
      below = entry.granule;
      see(entry);
    }
    left -= block.count;
    blocks.push({ slot, seal, firstGranule: below });
    slot = slotAt(block.bytes, AT.before);
    seal = wordAt(block.bytes, AT.beforeSeal);
  }
  return slot === null && left === 0 ? { ref, blocks: blocks.reverse() } : null;
}

function isWithin({ journal, saved }: ListEntry, slotCount: number): boolean {
  return (journal === null || journal < slotCount) && (saved === null || saved < slotCount);
}

/** A block with this seal; null when there is none at that slot, or it can't be read. */
function* readBlock({ layout, device, checksum }: ListPlace, slot: number, seal: number): Task<ListBlock | null> {
  const count = layout.granuleBytes / device.sectorSize;
  let bytes: Uint8Array;
  try {
    bytes = yield* readSectors(device, layout.slotSector(slot), count);
  } catch (error) {
    if (error instanceof IoError && error.failure === 'read-error') return null;
    throw error;
  }
  const block = new ListBlock(bytes);
  const isOurs = wordAt(bytes, AT.magic) === MAGIC && wordAt(bytes, AT.slot) === slot && block.seal === seal;
  if (!isOurs || !isSealed(bytes, checksum)) return null;
  return block.count > 0 && block.count <= entriesPerBlock(layout.granuleBytes) ? block : null;
}

/** Reads a list forwards, or looks entries up; keeps one block in memory. */
export class ListReader {
  private readonly place: ListPlace;
  private readonly list: ListIndex;
  private block: ListBlock | null = null;
  private blockAt = -1;
  private nextBlock = 0;

  constructor(place: ListPlace, list: ListIndex) {
    this.place = place;
    this.list = list;
  }

  /** The entries of the next block; null at the end. */
  *nextEntries(): Task<readonly ListEntry[] | null> {
    if (this.nextBlock === this.list.blocks.length) return null;
    const block = yield* this.load(this.nextBlock++);
    return Array.from({ length: block.count }, (_, at) => block.entry(at));
  }

  /** The entry of a granule, or null. */
  *find(granule: number): Task<ListEntry | null> {
    const { blocks } = this.list;
    const at = lastAtMost(blocks.length, index => blocks[index]!.firstGranule <= granule);
    if (at < 0) return null;
    const block = yield* this.load(at);
    const entry = lastAtMost(block.count, index => block.granule(index) <= granule);
    return entry >= 0 && block.granule(entry) === granule ? block.entry(entry) : null;
  }

  private *load(at: number): Task<ListBlock> {
    if (this.block !== null && this.blockAt === at) return this.block;
    const { slot, seal } = this.list.blocks[at]!;
    const block = yield* readBlock(this.place, slot, seal);
    if (block === null) throw listError(this.place, slot);
    this.block = block;
    this.blockAt = at;
    return block;
  }
}

/** The last index for which a condition holds that holds for the first ones; -1 when for none. */
function lastAtMost(count: number, holds: (index: number) => boolean): number {
  let low = -1;
  let high = count - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

function listError({ layout, device }: ListPlace, slot: number): IoError {
  const count = layout.granuleBytes / device.sectorSize;
  return new IoError('read-error', device.name, 'read', layout.slotSector(slot), count, 'a list is damaged');
}
