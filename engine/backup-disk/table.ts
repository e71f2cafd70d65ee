/**
 * The checksum of each granule of the image, in sealed blocks of 4 KiB that say their number. Only the blocks' seals are
 * kept in memory; their hash, the root, stands in the header, so a block that is older than it should be is found, too.
 *
 * Invariants
 * I1 A block that is read is sealed, has its number, and has the seal that was found when the disk was opened.
 * I2 When the root did not fit, no block is believed.
 */
import { type Checksum, isSealed, SEAL_BYTES, seal, setWord, wordAt } from '../checksum.ts';
import { type Device, IoError } from '../device.ts';
import type { Task } from '../task.ts';
import type { Extent } from '../units.ts';
import { type GranuleSum, setSum, sumAt } from './granule-sum.ts';
import { BLOCK_BYTES, type Layout, SUM_BYTES, SUMS_AT } from './layout.ts';
import { MAX_REQUEST_BYTES, ReadAhead, readSectors } from './transfer.ts';

const SEAL_AT = BLOCK_BYTES - SEAL_BYTES;
const GEOMETRY_WORDS = 3;

/** The block of a table in memory. */
export class TableBlock {
  readonly number: number;
  readonly bytes: Uint8Array;
  private readonly first: number;

  constructor(number: number, firstGranule: number, bytes: Uint8Array = new Uint8Array(BLOCK_BYTES)) {
    this.number = number;
    this.first = firstGranule;
    this.bytes = bytes;
  }

  sum(granule: number): GranuleSum {
    return sumAt(this.bytes, SUMS_AT + (granule - this.first) * SUM_BYTES);
  }

  set(granule: number, sum: GranuleSum): void {
    setSum(this.bytes, SUMS_AT + (granule - this.first) * SUM_BYTES, sum);
  }

  /** Seals it, and tells the seal. */
  seal(checksum: Checksum): number {
    setWord(this.bytes, 0, this.number);
    seal(this.bytes, checksum);
    return wordAt(this.bytes, SEAL_AT);
  }
}

export class ChecksumTable {
  /** Whether the root was the header's when it was read (I2). */
  isTrusted = false;
  /** Blocks that were found damaged although the root fits, or could not be read. */
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

  /** Reads every block once. */
  *load(root: number): Task<void> {
    const reader = new ReadAhead(this.device, this.runs());
    this.damaged.clear();
    for (;;) {
      const piece = yield* reader.next();
      if (piece === null) break;
      for (let at = 0; at < piece.bytes.length; at += BLOCK_BYTES) {
        const bytes = piece.bytes.subarray(at, at + BLOCK_BYTES);
        const number = piece.run.firstBlock + at / BLOCK_BYTES;
        const seal = piece.error === null ? wordAt(bytes, SEAL_AT) : Number.NaN;
        this.seals[number] = seal;
        if (piece.error !== null || !this.isBlock(bytes, number)) this.damaged.add(number);
      }
    }
    this.isTrusted = this.rootOf(this.seals) === root;
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
    const block = yield* this.rawBlock(number);
    const isSame = wordAt(block.bytes, SEAL_AT) === this.seals[number];
    return isSame && this.isBlock(block.bytes, number) ? block : null;
  }

  /** A block as it lies on the disk, whatever is in it; a blank one when it can't be read. */
  *rawBlock(number: number): Task<TableBlock> {
    const count = BLOCK_BYTES / this.device.sectorSize;
    try {
      const bytes = yield* readSectors(this.device, this.layout.tableSector(number), count);
      return new TableBlock(number, this.layout.granulesOf(number).first, bytes);
    } catch (error) {
      if (error instanceof IoError && error.failure === 'read-error') return this.blankBlock(number);
      throw error;
    }
  }

  blankBlock(number: number): TableBlock {
    return new TableBlock(number, this.layout.granulesOf(number).first);
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
