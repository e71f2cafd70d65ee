/** Recycled buffers, by their exact length: a fresh one costs more than the I/O that it is for. */
import { type Bytes, MIB } from './units.ts';

/** So many of one length are kept, and so much of all lengths: backups read in few lengths, but may read in any. */
const KEPT = 16;
const KEPT_BYTES: Bytes = 32 * MIB;

export class BufferPool {
  private readonly spare = new Map<Bytes, Uint8Array[]>();
  private keptBytes: Bytes = 0;

  /** A buffer with arbitrary content. */
  take(length: Bytes): Uint8Array {
    const buffer = this.spare.get(length)?.pop();
    if (buffer === undefined) return new Uint8Array(length);
    this.keptBytes -= length;
    return buffer;
  }

  give(buffer: Uint8Array): void {
    if (this.keptBytes + buffer.length > KEPT_BYTES) {
      this.spare.clear();
      this.keptBytes = 0;
    }
    const list = this.spare.get(buffer.length);
    if (list === undefined) this.spare.set(buffer.length, [buffer]);
    else if (list.length < KEPT) list.push(buffer);
    else return;
    this.keptBytes += buffer.length;
  }
}
