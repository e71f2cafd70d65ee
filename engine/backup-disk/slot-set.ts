/**
 * Which slots are taken, one bit each. It is not on the disk: it follows from the lists that the header names. Journal slots
 * are taken from the low end, saved granules and list blocks from the high one, so that runs of either are written together.
 */
import { invariant } from '../invariant.ts';

export class SlotSet {
  readonly size: number;
  taken = 0;
  private readonly words: Uint32Array;
  /** Nothing below the first, and nothing above the second, is free. */
  private low = 0;
  private high: number;

  constructor(size: number) {
    this.size = size;
    this.words = new Uint32Array(Math.ceil(size / 32));
    this.high = size - 1;
  }

  get free(): number {
    return this.size - this.taken;
  }

  isTaken(slot: number): boolean {
    invariant(slot >= 0 && slot < this.size, `slot ${slot} of ${this.size}`);
    return ((this.words[Math.floor(slot / 32)]! >>> (slot % 32)) & 1) === 1;
  }

  /** Takes a slot that the disk says is in use; false when it was taken already. */
  mark(slot: number): boolean {
    if (this.isTaken(slot)) return false;
    const at = Math.floor(slot / 32);
    this.words[at] = this.words[at]! | (1 << (slot % 32));
    this.taken += 1;
    return true;
  }

  give(slot: number): void {
    invariant(this.isTaken(slot), `slot ${slot} is given back twice`);
    const at = Math.floor(slot / 32);
    this.words[at] = this.words[at]! & ~(1 << (slot % 32));
    this.taken -= 1;
    this.low = Math.min(this.low, slot);
    this.high = Math.max(this.high, slot);
  }

  takeLow(): number | null {
    for (; this.low < this.size; this.low++) if (this.mark(this.low)) return this.low;
    return null;
  }

  takeHigh(): number | null {
    for (; this.high >= 0; this.high--) if (this.mark(this.high)) return this.high;
    return null;
  }
}
