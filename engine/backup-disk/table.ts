/**
 * The checksum of each granule of the image, in sealed blocks of 4 KiB that say their number. Only the blocks' seals are
 * kept in memory; their hash, the root, stands in the header, so a block that is older than it should be is found, too. The
 * seals stand behind the table once more, so that a damaged block is told from the others.
 *
 * Invariants
 * I1 A block that is read is sealed, has its number, and has the seal that the root vouches for.
 * I2 When neither the seals behind the table nor those in it fit the root, no block is believed.
 */
import { type Checksum, isSealed, SEAL_BYTES, seal, setWord, wordAt } from '../checksum.ts';
import { type Device, IoError } from '../device.ts';
import type { Task } from '../task.ts';
import type { Extent } from '../units.ts';
import { type GranuleSum, setSum, sumAt } from './granule-sum.ts';
import { BLOCK_BYTES, type Layout, SUM_BYTES, SUMS_AT } from './layout.ts';
import { MAX_REQUEST_BYTES, ReadAhead, readSectors, type WriteBehind } from './transfer.ts';

const SEAL_AT = BLOCK_BYTES - SEAL_BYTES;
const GEOMETRY_WORDS = 3;

/** The block of a table in memory. */
export class TableBlock {
  readonly number: number;
  readonly bytes: Uint8Array;
  private readonly first: number;
  private readonly end: number;

  constructor(layout: Layout, number: number, bytes: Uint8Array = new Uint8Array(BLOCK_BYTES)) {
    const { first, end } = layout.granulesOf(number);
    this.number = number;
    this.first = first;
    this.end = end;
    this.bytes = bytes;
  }

  sum(granule: number): GranuleSum {
    return sumAt(this.bytes, SUMS_AT + (granule - this.first) * SUM_BYTES);
  }

  set(granule: number, sum: GranuleSum): void {
    setSum(this.bytes, SUMS_AT + (granule - this.first) * SUM_BYTES, sum);
  }

  /** Seals it, and tells the seal: it follows from the number and the sums alone. */
  seal(checksum: Checksum): number {
    setWord(this.bytes, 0, this.number);
    this.bytes.fill(0, SUMS_AT + (this.end - this.first) * SUM_BYTES, SEAL_AT);
    seal(this.bytes, checksum);
    return wordAt(this.bytes, SEAL_AT);
  }
}

export class ChecksumTable {
  /** I2 */
  isTrusted = false;
  /** Blocks that are not what the root vouches for, or can't be read. */
  readonly damaged = new Set<number>();
  seals: Float64Array;
  private readonly layout: Layout;
  private readonly device: Device;
  private readonly checksum: Checksum;

  constructor(layout: Layout, device: Device, checksum: Checksum) {
    this.layout = layout;
    this.device = device;
    this.checksum = checksum;
    this.seals = new Float64Array(layout.tableBlocks);
  }

  /** Whether every checksum of the table may be believed. */
  get isWhole(): boolean {
    return this.isTrusted && this.damaged.size === 0;
  }

  /** Reads every block once, and finds out which are what the header's root vouches for. */
  *load(root: number): Task<void> {
    const { tableBlocks } = this.layout;
    const own = new Float64Array(tableBlocks);
    const broken = new Set<number>();
    const reader = new ReadAhead(this.device, this.runs());
    for (;;) {
      const piece = yield* reader.next();
      if (piece === null) break;
      for (let at = 0; at < piece.run.count * this.device.sectorSize; at += BLOCK_BYTES) {
        const number = piece.run.firstBlock + at / BLOCK_BYTES;
        // A bad sector spoils the block that holds it, and no other.
        const isRead = piece.error === null;
        const bytes = isRead ? piece.bytes.subarray(at, at + BLOCK_BYTES) : (yield* this.rawBlock(number)).bytes;
        own[number] = wordAt(bytes, SEAL_AT);
        if (!this.isBlock(bytes, number)) broken.add(number);
      }
    }
    const stored = yield* this.storedSeals();
    const isStoredRight = this.rootOf(stored) === root;
    this.seals = isStoredRight ? stored : own;
    this.isTrusted = isStoredRight || this.rootOf(own) === root;
    this.damaged.clear();
    for (let number = 0; number < tableBlocks; number++) {
      if (broken.has(number) || own[number] !== this.seals[number]) this.damaged.add(number);
    }
  }

  /** The seals as they stand behind the table; no numbers where they can't be read. */
  private *storedSeals(): Task<Float64Array> {
    const { tableBlocks, sealBlocks, sealsSector } = this.layout;
    try {
      const count = (sealBlocks * BLOCK_BYTES) / this.device.sectorSize;
      const bytes = yield* readSectors(this.device, sealsSector, count);
      return Float64Array.from({ length: tableBlocks }, (_, number) => wordAt(bytes, number * SUM_BYTES));
    } catch (error) {
      if (error instanceof IoError && error.failure === 'read-error')
        return new Float64Array(tableBlocks).fill(Number.NaN);
      throw error;
    }
  }

  /** Takes new seals over, and writes them behind the table, too. */
  *writeSeals(seals: Float64Array, out: WriteBehind): Task<void> {
    const bytes = new Uint8Array(this.layout.sealBlocks * BLOCK_BYTES);
    for (const [number, each] of seals.entries()) {
      if (!Number.isNaN(each)) setWord(bytes, number * SUM_BYTES, each);
    }
    for (let at = 0; at < bytes.length; at += MAX_REQUEST_BYTES) {
      const first = this.layout.sealsSector + at / this.device.sectorSize;
      yield* out.write(first, bytes.subarray(at, at + MAX_REQUEST_BYTES));
    }
    this.seals = seals;
  }

  private *runs(): Generator<Extent & { readonly firstBlock: number }, void> {
    const perBlock = BLOCK_BYTES / this.device.sectorSize;
    const most = MAX_REQUEST_BYTES / BLOCK_BYTES;
    for (let firstBlock = 0; firstBlock < this.layout.tableBlocks; firstBlock += most) {
      const blocks = Math.min(most, this.layout.tableBlocks - firstBlock);
      yield { first: this.layout.tableSector(firstBlock), count: blocks * perBlock, firstBlock };
    }
  }

  private isBlock(bytes: Uint8Array, number: number): boolean {
    return wordAt(bytes, 0) === number && isSealed(bytes, this.checksum);
  }

  /** A block that may be believed (I1, I2), or null. */
  *block(number: number): Task<TableBlock | null> {
    if (!this.isTrusted || this.damaged.has(number)) return null;
    // One that can't be read is blank, and has another seal.
    const block = yield* this.rawBlock(number);
    const isSame = wordAt(block.bytes, SEAL_AT) === this.seals[number];
    return isSame && this.isBlock(block.bytes, number) ? block : null;
  }

  /** A block to put sums over: one that is known to be damaged is blank, because all of its sums will be put over it. */
  *baseBlock(number: number): Task<TableBlock> {
    if (!this.isTrusted || this.damaged.has(number)) return this.blankBlock(number);
    const block = yield* this.block(number);
    if (block !== null) return block;
    const [first, count] = [this.layout.tableSector(number), BLOCK_BYTES / this.device.sectorSize];
    throw new IoError('read-error', this.device.name, 'read', first, count, 'checksums are not what they were');
  }

  /** A block as it lies on the disk, old, new or torn; a blank one when it can't be read. */
  *rawBlock(number: number): Task<TableBlock> {
    const count = BLOCK_BYTES / this.device.sectorSize;
    try {
      const bytes = yield* readSectors(this.device, this.layout.tableSector(number), count);
      return new TableBlock(this.layout, number, bytes);
    } catch (error) {
      if (error instanceof IoError && error.failure === 'read-error') return this.blankBlock(number);
      throw error;
    }
  }

  blankBlock(number: number): TableBlock {
    return new TableBlock(this.layout, number);
  }

  /** The hash of the geometry and all seals; a seal that is no number fits nothing. */
  rootOf(seals: Float64Array): number {
    const { source, granuleBytes } = this.layout.geometry;
    const bytes = new Uint8Array((GEOMETRY_WORDS + seals.length) * 8);
    [source.sectorCount, source.sectorSize, granuleBytes].forEach((word, index) => {
      setWord(bytes, index * 8, word);
    });
    for (const [index, each] of seals.entries()) {
      if (Number.isNaN(each)) return Number.NaN;
      setWord(bytes, (GEOMETRY_WORDS + index) * 8, each);
    }
    return this.checksum(bytes);
  }
}
