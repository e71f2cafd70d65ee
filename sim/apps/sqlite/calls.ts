/**
 * The list of what a program asked of its file system, in order, with what it was answered. Made while SQLite runs ahead
 * on shadow files, and asked again of the simulated file system later (replay.ts).
 *
 * Invariants
 * C1 Bytes in a list are never changed afterwards, and may be shared between calls.
 * C2 A list is a function of workload, seed and transaction: nothing of a method or of the simulated world is in it.
 *
 * Most bytes are pages of 4 KiB that were in a list before: a journal holds the page as it was read, a checkpoint copies
 * what the log holds. They are shared when they are equal, which halves what a recording keeps.
 */

import { sameBytes } from '../../../engine/bytes.ts';
import type { Bytes, Nanoseconds } from '../../../engine/units.ts';
import type { Path } from '../../fs/file-system.ts';

/** A file that was opened, numbered within its connection. */
export type Handle = number;

export type Call =
  | { readonly is: 'open'; readonly handle: Handle; readonly path: Path }
  /** Opened for writing, and made because it was not there. */
  | { readonly is: 'create'; readonly handle: Handle; readonly path: Path }
  | { readonly is: 'close'; readonly handle: Handle }
  /** `bytes` is what was got: shorter than `length` at the end of the file. */
  | {
      readonly is: 'read';
      readonly handle: Handle;
      readonly offset: Bytes;
      readonly length: Bytes;
      readonly bytes: Uint8Array;
    }
  | { readonly is: 'write'; readonly handle: Handle; readonly offset: Bytes; readonly bytes: Uint8Array }
  | { readonly is: 'truncate'; readonly handle: Handle; readonly sizeBytes: Bytes }
  | { readonly is: 'sync'; readonly handle: Handle }
  | { readonly is: 'size'; readonly handle: Handle; readonly sizeBytes: Bytes }
  /** Whether there is such a file with something in it: an empty one counts as none, as SQLite's own VFSes have it. */
  | { readonly is: 'exists'; readonly path: Path; readonly answer: boolean }
  | { readonly is: 'delete'; readonly path: Path; readonly syncDirectory: boolean }
  /** The program is busy with something else. */
  | { readonly is: 'think'; readonly forNs: Nanoseconds };

export type Recording = readonly Call[];

/** The page of the databases. */
export const PAGE_BYTES: Bytes = 4096;
const SLAB_BYTES: Bytes = 64 * PAGE_BYTES;

/** Copies of bytes, those of pages on word boundaries. */
class Slabs {
  private slab = new Uint8Array(0);
  private used = 0;

  copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length > SLAB_BYTES) return bytes.slice();
    if (this.used + bytes.length > this.slab.length) {
      this.slab = new Uint8Array(SLAB_BYTES);
      this.used = 0;
    }
    const copy = this.slab.subarray(this.used, this.used + bytes.length);
    copy.set(bytes);
    this.used += (bytes.length + 7) & ~7;
    return copy;
  }
}

/** Keeps bytes once (C1). What it remembers are hints: bytes are compared before they are shared. */
export class SharedBytes {
  private readonly slabs = new Slabs();
  private readonly pages = new Map<Path, Map<Bytes, Uint8Array>>();
  private lastPage: Uint8Array | null = null;
  /** The number that stands before a page in a rollback journal. */
  private pageNumber = 0;

  /** A page at (path, offset), or anything shorter. `database` is the file whose journal this is, else null. */
  keep(path: Path, offset: Bytes, bytes: Uint8Array, database: Path | null): Uint8Array {
    if (bytes.length !== PAGE_BYTES) {
      if (bytes.length === 4) this.pageNumber = bigEndian(bytes);
      return this.slabs.copy(bytes);
    }
    const known = this.pages.get(path) ?? new Map<Bytes, Uint8Array>();
    if (known.size === 0) this.pages.set(path, known);
    const kept = this.find(known.get(offset), bytes, database) ?? this.slabs.copy(bytes);
    known.set(offset, kept);
    this.lastPage = kept;
    return kept;
  }

  forget(path: Path): void {
    this.pages.delete(path);
  }

  private find(here: Uint8Array | undefined, bytes: Uint8Array, database: Path | null): Uint8Array | null {
    if (here !== undefined && sameBytes(here, bytes)) return here;
    if (this.lastPage !== null && sameBytes(this.lastPage, bytes)) return this.lastPage;
    if (database === null) return null;
    const before = this.pages.get(database)?.get((this.pageNumber - 1) * PAGE_BYTES);
    return before !== undefined && sameBytes(before, bytes) ? before : null;
  }
}

function bigEndian(bytes: Uint8Array): number {
  return ((bytes[0]! * 256 + bytes[1]!) * 256 + bytes[2]!) * 256 + bytes[3]!;
}
