/**
 * The files of the observed volumes at 0 s: what blocks compare with that were never written since. Made once for a
 * scenario from the filled volumes, shared by all methods and seeds, because it depends on neither.
 *
 * Invariants
 * I1 Bytes behind the end of a file are zeroes, up to the end of its last block and beyond.
 * I2 Bytes are read when they are first asked for, and kept.
 */
import { invariant } from '../../engine/invariant.ts';
import type { Bytes } from '../../engine/units.ts';
import type { Hash } from '../disk/drive.ts';
import type { Path, WallSeconds } from '../fs/file-system.ts';

/** The unit of the truth: what a sector of the smaller size holds. */
export const BLOCK_BYTES = 512;

/** How many blocks a file of this size has, the last one included that may be short. */
export function blockCount(sizeBytes: Bytes): number {
  return Math.ceil(sizeBytes / BLOCK_BYTES);
}

/** What base content needs of a file at 0 s. */
export interface BaseSource {
  readonly path: Path;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
  bytes(): Uint8Array;
}

const UNKNOWN = -1;

export class BaseFile {
  readonly path: Path;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
  readonly blockCount: number;
  private readonly source: BaseSource;
  private readonly content: BaseContent;
  private kept: Uint8Array | null = null;
  private hashes: Float64Array | null = null;

  constructor(content: BaseContent, source: BaseSource) {
    this.content = content;
    this.source = source;
    this.path = source.path;
    this.sizeBytes = source.sizeBytes;
    this.modified = source.modified;
    this.blockCount = blockCount(source.sizeBytes);
  }

  /** The whole content, padded to whole blocks (I1), four-byte aligned. Not to be changed. */
  padded(): Uint8Array {
    if (this.kept === null) {
      this.kept = new Uint8Array(this.blockCount * BLOCK_BYTES);
      this.kept.set(this.source.bytes());
    }
    return this.kept;
  }

  /** The hash of a block; that of zeroes behind the end (I1). */
  blockHash(block: number): number {
    if (block >= this.blockCount) return this.content.zeroHash;
    this.hashes ??= new Float64Array(this.blockCount).fill(UNKNOWN);
    const known = this.hashes[block]!;
    if (known !== UNKNOWN) return known;
    const hash = this.content.hash(this.padded().subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
    this.hashes[block] = hash;
    return hash;
  }
}

export class BaseContent {
  readonly hash: Hash;
  /** The hash of a block of zeroes. */
  readonly zeroHash: number;
  /** In the order in which they were given. */
  readonly files: readonly BaseFile[];
  private readonly byPath: ReadonlyMap<Path, BaseFile>;

  constructor(hash: Hash, files: Iterable<BaseSource>) {
    this.hash = hash;
    this.zeroHash = hash(new Uint8Array(BLOCK_BYTES));
    this.files = [...files].map(source => new BaseFile(this, source));
    this.byPath = new Map(this.files.map(file => [file.path, file]));
    invariant(this.byPath.size === this.files.length, 'a path has one file at 0 s');
  }

  /** The file that had a path at 0 s. */
  file(path: Path): BaseFile | null {
    return this.byPath.get(path) ?? null;
  }
}
