/**
 * Recycled buffers of one page each: for the pages of a cache and for the copies that writes carry. A fresh one costs
 * more than the I/O that it is for; a world resets its buffers between methods and seeds instead of letting go of them.
 *
 * Invariants
 * I1 A buffer has one holder; after `reset` nobody holds any.
 * I2 `take` gives arbitrary bytes: who takes fills.
 */
import type { Bytes } from '../../engine/units.ts';

/** The unit of the page cache: 4 KiB of a volume. */
export const PAGE_BYTES: Bytes = 4096;

const SLAB_PAGES = 64;

export class PageBuffers {
  private readonly all: Uint8Array[] = [];
  private free: Uint8Array[] = [];

  take(): Uint8Array {
    const buffer = this.free.pop();
    return buffer === undefined ? this.grow() : buffer;
  }

  give(buffer: Uint8Array): void {
    this.free.push(buffer);
  }

  /** Takes every buffer back, as when a machine is gone with all that it held. */
  reset(): void {
    this.free = this.all.slice();
  }

  get allocatedBytes(): Bytes {
    return this.all.length * PAGE_BYTES;
  }

  /** Adds a slab, and takes its first buffer. */
  private grow(): Uint8Array {
    const slab = new Uint8Array(SLAB_PAGES * PAGE_BYTES);
    for (let at = SLAB_PAGES - 1; at > 0; at--) this.free.push(this.part(slab, at));
    return this.part(slab, 0);
  }

  private part(slab: Uint8Array, at: number): Uint8Array {
    const buffer = slab.subarray(at * PAGE_BYTES, (at + 1) * PAGE_BYTES);
    this.all.push(buffer);
    return buffer;
  }
}
