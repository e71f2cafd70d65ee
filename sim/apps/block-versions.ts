/**
 * Every content that a 512-byte block of a file had since 0 s, as columns: (event, hash, version before). A block that
 * was touched has a slot, which holds its newest version and a copy of its bytes, so that a write of 64 bytes needs
 * nothing from the file system to give the hash of the whole block.
 *
 * Invariants
 * I1 A list of versions ends in one of event 0: what the block held before anything happened.
 * I2 Events of a list fall from the newest version to the oldest, without a repetition.
 * I3 Memory is recycled over methods and seeds: after `reset` slots and versions of before are void.
 *
 * Hot path: `slot`, `add`; one view for each slot that was ever used, nothing for a write.
 */
import { defect } from '../../engine/invariant.ts';
import { BLOCK_BYTES } from './base-content.ts';

const SLAB_BLOCKS = 256;
const FIRST_CAPACITY = 4096;
export const NO_VERSION = -1;

export class BlockVersions {
  /** By version. */
  events = new Int32Array(FIRST_CAPACITY);
  hashes = new Float64Array(FIRST_CAPACITY);
  previous = new Int32Array(FIRST_CAPACITY);
  versionCount = 0;
  /** By slot: the newest version. */
  heads = new Int32Array(FIRST_CAPACITY);
  /** By slot: the number of the block in its file. */
  blocks = new Int32Array(FIRST_CAPACITY);
  slotCount = 0;
  private readonly bytes: Uint8Array[] = [];

  reset(): void {
    this.versionCount = 0;
    this.slotCount = 0;
  }

  /** A new slot for a block whose first content has this hash; the caller fills its bytes. */
  slot(block: number, firstHash: number): number {
    const slot = this.slotCount++;
    if (slot === this.heads.length) {
      this.heads = grown(this.heads, new Int32Array(slot * 2));
      this.blocks = grown(this.blocks, new Int32Array(slot * 2));
    }
    if (slot === this.bytes.length) this.growBytes();
    this.blocks[slot] = block;
    this.heads[slot] = this.append(0, firstHash, NO_VERSION);
    return slot;
  }

  /** The bytes that a block has now. */
  bytesOf(slot: number): Uint8Array {
    const bytes = this.bytes[slot];
    if (bytes === undefined || slot >= this.slotCount) defect(`block slot ${slot} of ${this.slotCount}`);
    return bytes;
  }

  newestHash(slot: number): number {
    return this.hashes[this.heads[slot]!]!;
  }

  /** The block has a new content from this event on; a second one in the same event replaces the first (I2). */
  add(slot: number, event: number, hash: number): void {
    const head = this.heads[slot]!;
    const last = this.events[head]!;
    if (event < last) defect(`event ${event} after event ${last}`);
    if (event === last) this.hashes[head] = hash;
    else if (this.hashes[head] !== hash) this.heads[slot] = this.append(event, hash, head);
  }

  /** The version that a list had at an event. */
  at(slot: number, event: number): number {
    let version = this.heads[slot]!;
    while (this.events[version]! > event) version = this.previous[version]!;
    return version;
  }

  private append(event: number, hash: number, previous: number): number {
    const version = this.versionCount++;
    if (version === this.events.length) {
      this.events = grown(this.events, new Int32Array(version * 2));
      this.hashes = grown(this.hashes, new Float64Array(version * 2));
      this.previous = grown(this.previous, new Int32Array(version * 2));
    }
    this.events[version] = event;
    this.hashes[version] = hash;
    this.previous[version] = previous;
    return version;
  }

  private growBytes(): void {
    const slab = new Uint8Array(SLAB_BLOCKS * BLOCK_BYTES);
    for (let at = 0; at < SLAB_BLOCKS; at++) this.bytes.push(slab.subarray(at * BLOCK_BYTES, (at + 1) * BLOCK_BYTES));
  }
}

function grown<T extends Int32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
