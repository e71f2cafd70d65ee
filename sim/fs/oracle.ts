/**
 * What each page of a volume should hold on its drive, as the page cache knows it: the hash of what the last completed
 * write left or, where nothing was ever written, of what the first read found. One half of the check `transparent`.
 *
 * Invariants
 * I1 It is kept for the whole run, whatever is dropped from memory.
 * I2 A page whose last write failed, or that was discarded, is unknown until the next write or read of it.
 * I3 A page that is written past the cache (the engine's cache file) is neither noted nor compared.
 */
import type { PageNumber } from './page.ts';

/** An integer below 2^52 that stands for bytes. */
export type Hash = (bytes: Uint8Array) => number;

export interface Mismatch {
  readonly volume: string;
  readonly page: PageNumber;
  readonly expected: number;
  readonly got: number;
}

/** What a page of a live volume should hold when the run ends. */
export interface Expectation {
  readonly volume: string;
  readonly page: PageNumber;
  readonly expected: number;
}

const UNKNOWN = -1;
const FOREIGN = -2;
const CHUNK_PAGES = 1024;
const KEPT_MISMATCHES = 100;

/** Counts over all volumes of a cache. */
export class OracleLog {
  comparisons = 0;
  mismatchCount = 0;
  /** The first ones. */
  readonly mismatches: Mismatch[] = [];

  compare(volume: string, page: PageNumber, expected: number, got: number): void {
    this.comparisons += 1;
    if (expected === got) return;
    this.mismatchCount += 1;
    if (this.mismatches.length < KEPT_MISMATCHES) this.mismatches.push({ volume, page, expected, got });
  }
}

export class PageOracle {
  private readonly volume: string;
  private readonly log: OracleLog;
  private readonly chunks: (Float64Array | undefined)[] = [];

  constructor(volume: string, log: OracleLog) {
    this.volume = volume;
    this.log = log;
  }

  wrote(page: PageNumber, hash: number): void {
    this.put(page, hash);
  }

  lost(page: PageNumber): void {
    this.put(page, UNKNOWN);
  }

  /** A read came back from the device. */
  read(page: PageNumber, hash: number): void {
    const expected = this.get(page);
    if (expected >= 0) this.log.compare(this.volume, page, expected, hash);
    else if (expected === UNKNOWN) this.put(page, hash);
  }

  /** From now on the page is written past the cache, or no longer. */
  setForeign(page: PageNumber, isForeign: boolean): void {
    const chunk = this.chunk(page);
    chunk[page % CHUNK_PAGES] = isForeign ? FOREIGN : UNKNOWN;
  }

  /** Every page that is known, in order. */
  *expectations(): Generator<Expectation> {
    for (let at = 0; at < this.chunks.length; at++) {
      const chunk = this.chunks[at];
      if (chunk === undefined) continue;
      for (let within = 0; within < CHUNK_PAGES; within++) {
        const expected = chunk[within]!;
        if (expected >= 0) yield { volume: this.volume, page: at * CHUNK_PAGES + within, expected };
      }
    }
  }

  private get(page: PageNumber): number {
    const chunk = this.chunks[Math.floor(page / CHUNK_PAGES)];
    return chunk === undefined ? UNKNOWN : chunk[page % CHUNK_PAGES]!;
  }

  private put(page: PageNumber, hash: number): void {
    const chunk = this.chunk(page);
    if (chunk[page % CHUNK_PAGES] !== FOREIGN) chunk[page % CHUNK_PAGES] = hash;
  }

  private chunk(page: PageNumber): Float64Array {
    const at = Math.floor(page / CHUNK_PAGES);
    const known = this.chunks[at];
    if (known !== undefined) return known;
    const made = new Float64Array(CHUNK_PAGES).fill(UNKNOWN);
    this.chunks[at] = made;
    return made;
  }
}
