/**
 * Granule -> slot of the cache file: open addressing in one typed array, two doubles an entry, at most two thirds full.
 * Grows by doubling; entries are never removed (a snapshot only gains granules).
 */
import { defect } from './invariant.ts';

const EMPTY = -1;

export class SlotMap {
  size = 0;
  private table = new Float64Array(2 * 64).fill(EMPTY);

  /** The slot of a granule, or undefined. */
  get(granule: number): number | undefined {
    const at = this.place(granule);
    return this.table[2 * at] === EMPTY ? undefined : this.table[2 * at + 1];
  }

  /** Enters a granule that is not there. */
  set(granule: number, slot: number): void {
    if ((this.size + 1) * 3 > this.table.length) this.grow();
    const at = this.place(granule);
    if (this.table[2 * at] !== EMPTY) defect(`granule ${granule} has a slot already`);
    this.table[2 * at] = granule;
    this.table[2 * at + 1] = slot;
    this.size += 1;
  }

  private place(granule: number): number {
    const capacity = this.table.length / 2;
    let at = Math.imul(granule % 4_294_967_296, 0x9e3779b1) >>> 0;
    for (at %= capacity; ; at = (at + 1) % capacity) {
      const key = this.table[2 * at];
      if (key === granule || key === EMPTY) return at;
    }
  }

  private grow(): void {
    const before = this.table;
    this.table = new Float64Array(before.length * 2).fill(EMPTY);
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] === EMPTY) continue;
      const place = this.place(before[at]!);
      this.table[2 * place] = before[at]!;
      this.table[2 * place + 1] = before[at + 1]!;
    }
  }
}
