/** Recycled buffers, by their exact length: a fresh one costs more than the I/O that it is for. */
import type { Bytes } from './units.ts';

/** So many of one length are kept. */
const KEPT = 16;

export class BufferPool {
  private readonly spare = new Map<Bytes, Uint8Array[]>();

  /** A buffer with arbitrary content. */
  take(length: Bytes): Uint8Array {
    return this.spare.get(length)?.pop() ?? new Uint8Array(length);
  }

  give(buffer: Uint8Array): void {
    const list = this.spare.get(buffer.length);
    if (list === undefined) this.spare.set(buffer.length, [buffer]);
    else if (list.length < KEPT) list.push(buffer);
  }
}
