/**
 * One bit for each granule, in chunks that come to be when a bit of them is set. Numbers may be beyond 2^32: no bit
 * operator is used on them, only on the position within a word.
 *
 * Hot path: `get` and `allSet` run for every write while a snapshot lives.
 */
import { defect, invariant } from './invariant.ts';

const CHUNK_BITS = 32_768;
const CHUNK_WORDS = CHUNK_BITS / 32;

export class Bitmap {
  readonly size: number;
  /** How many bits are set. */
  count = 0;
  private readonly chunks: (Uint32Array | null)[];

  constructor(size: number) {
    invariant(Number.isSafeInteger(size) && size > 0, `a bitmap of ${size} bits`);
    this.size = size;
    this.chunks = new Array<Uint32Array | null>(Math.ceil(size / CHUNK_BITS)).fill(null);
  }

  get(bit: number): boolean {
    if (!(bit >= 0 && bit < this.size)) defect(`bit ${bit} of ${this.size}`);
    const chunk = this.chunks[Math.floor(bit / CHUNK_BITS)];
    if (chunk === null || chunk === undefined) return false;
    const within = bit % CHUNK_BITS;
    return ((chunk[within >> 5]! >>> (within & 31)) & 1) === 1;
  }

  /** Sets a bit that was clear. */
  set(bit: number): void {
    if (this.get(bit)) defect(`bit ${bit} is set twice`);
    const at = Math.floor(bit / CHUNK_BITS);
    let chunk = this.chunks[at] ?? null;
    if (chunk === null) {
      chunk = new Uint32Array(CHUNK_WORDS);
      this.chunks[at] = chunk;
    }
    const within = bit % CHUNK_BITS;
    chunk[within >> 5] = chunk[within >> 5]! | (1 << (within & 31));
    this.count += 1;
  }

  /** Sets every bit that is set in a bitmap of the same size. */
  add(other: Bitmap): void {
    if (other.size !== this.size) defect(`bitmaps of ${this.size} and ${other.size} bits`);
    for (const [at, words] of other.chunks.entries()) {
      if (words === null) continue;
      const mine = this.chunks[at] ?? new Uint32Array(CHUNK_WORDS);
      this.chunks[at] = mine;
      for (let word = 0; word < CHUNK_WORDS; word++) {
        this.count += ones(words[word]! & ~mine[word]!);
        mine[word] = mine[word]! | words[word]!;
      }
    }
  }

  /** Whether every bit from `first` to `last`, both included, is set. */
  allSet(first: number, last: number): boolean {
    for (let bit = first; bit <= last; bit++) if (!this.get(bit)) return false;
    return true;
  }
}

/** How many bits of a word are set. */
function ones(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count += 1;
  return count;
}
