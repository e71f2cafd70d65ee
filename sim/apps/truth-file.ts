/** A file that existed at some instant, whatever its path: its sizes, stamps and the blocks that were written. */
import type { Bytes } from '../../engine/units.ts';
import type { WallSeconds } from '../fs/file-system.ts';
import { type BaseFile, blockCount } from './base-content.ts';
import { Changes } from './changes.ts';

export const NO_SLOT = -1;
const FIRST_BLOCKS = 16;

export class TruthFile {
  /** The order in which the truth came to know it. */
  readonly number: number;
  /** What it held at 0 s; null when it was made later. */
  readonly base: BaseFile | null;
  readonly sizes: Changes<Bytes>;
  readonly stamps: Changes<WallSeconds>;
  /** Slots of the blocks that were written since 0 s, in the order of their first write. */
  readonly slots: number[] = [];
  private slotOfBlock: Int32Array = new Int32Array(0);

  constructor(number: number, base: BaseFile | null, event: number, modified: WallSeconds) {
    this.number = number;
    this.base = base;
    this.sizes = new Changes<Bytes>(event, base === null ? 0 : base.sizeBytes);
    this.stamps = new Changes<WallSeconds>(event, base === null ? modified : base.modified);
  }

  /** Its size now. */
  get sizeBytes(): Bytes {
    return this.sizes.last;
  }

  /** The slot of a block that was written since 0 s, or `NO_SLOT`. */
  slotOf(block: number): number {
    return block < this.slotOfBlock.length ? this.slotOfBlock[block]! : NO_SLOT;
  }

  setSlot(block: number, slot: number): void {
    if (block >= this.slotOfBlock.length) {
      const doubled = Math.max(FIRST_BLOCKS, this.slotOfBlock.length * 2);
      const larger = new Int32Array(Math.max(block + 1, blockCount(this.sizeBytes), doubled)).fill(NO_SLOT);
      larger.set(this.slotOfBlock);
      this.slotOfBlock = larger;
    }
    this.slotOfBlock[block] = slot;
    this.slots.push(slot);
  }
}
