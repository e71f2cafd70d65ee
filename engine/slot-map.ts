/**
 * Granule -> slot of the cache file: open addressing in one typed array, two words an entry, at most four fifths full and
 * grown by half: 10 to 15 bytes for each entry. Entries are never removed (a snapshot only gains granules).
 */
import { defect, invariant } from './invariant.ts';

const EMPTY = 0xffffffff;
const FIRST_CAPACITY = 64;
const TWO_32 = 4_294_967_296;

export class SlotMap {
  /** So many granules can be told apart. */
  static readonly MOST = EMPTY;
  size = 0;
  private capacity = FIRST_CAPACITY;
  /** Granule and slot side by side. */
  private table = new Uint32Array(2 * FIRST_CAPACITY).fill(EMPTY);

  /** The slot of a granule, or undefined. */
  get(granule: number): number | undefined {
    const at = this.place(granule);
    return this.table[2 * at] === EMPTY ? undefined : this.table[2 * at + 1];
  }

  /** Enters a granule that is not there. */
  set(granule: number, slot: number): void {
    invariant(granule < EMPTY && slot < TWO_32, `granule ${granule} and slot ${slot} are words`);
    if ((this.size + 1) * 5 > this.capacity * 4) this.grow();
    const at = this.place(granule);
    if (this.table[2 * at] !== EMPTY) defect(`granule ${granule} has a slot already`);
    this.table[2 * at] = granule;
    this.table[2 * at + 1] = slot;
    this.size += 1;
  }

  /** The entry of a granule, or the empty one that it would get. */
  private place(granule: number): number {
    const { table, capacity } = this;
    const hash = Math.imul(granule, 0x9e3779b1) >>> 0;
    for (let at = Math.floor((hash / TWO_32) * capacity); ; at = at + 1 === capacity ? 0 : at + 1) {
      const key = table[2 * at];
      if (key === granule || key === EMPTY) return at;
    }
  }

  private grow(): void {
    const before = this.table;
    this.capacity = Math.ceil(this.capacity * 1.5);
    this.table = new Uint32Array(2 * this.capacity).fill(EMPTY);
    for (let at = 0; at < before.length; at += 2) {
      if (before[at] === EMPTY) continue;
      const place = this.place(before[at]!);
      this.table[2 * place] = before[at]!;
      this.table[2 * place + 1] = before[at + 1]!;
    }
  }
}
