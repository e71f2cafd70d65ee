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

  /** The numbers of set bits, ascending. */
  *ones(): Generator<number> {
    for (const [at, words] of this.chunks.entries()) {
      if (words === null) continue;
      for (let within = 0; within < CHUNK_BITS; within++) {
        if (words[within >> 5] === 0) within += 31 - (within & 31);
        else if (((words[within >> 5]! >>> (within & 31)) & 1) === 1) yield at * CHUNK_BITS + within;
      }
    }
  }

  /** So many words hold the bits from a multiple of `CHUNK_BITS` on. */
  static readonly CHUNK_WORDS = CHUNK_WORDS;

  /** The words of chunks in which a bit is set, by number; not to be changed. */
  *filledChunks(): Generator<readonly [number, Uint32Array]> {
    for (const [at, words] of this.chunks.entries()) if (words !== null) yield [at, words];
  }

  /** Puts words in the place of a chunk that is empty; false when a bit of them is beyond the end. */
  fillChunk(at: number, words: Uint32Array): boolean {
    if (!(at >= 0 && at < this.chunks.length) || this.chunks[at] !== null) return false;
    const mine = words.slice();
    let count = 0;
    for (const word of mine) count += ones(word);
    this.chunks[at] = mine;
    for (let bit = this.size; bit < (at + 1) * CHUNK_BITS; bit++) {
      const within = bit % CHUNK_BITS;
      if (((mine[within >> 5]! >>> (within & 31)) & 1) === 1) return false;
    }
    this.count += count;
    return true;
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
