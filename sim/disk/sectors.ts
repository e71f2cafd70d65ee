/**
 * A sparse store of bytes, as large as a drive, that is forked at the cost of what is written since: a tree of 4 KiB
 * pages (512 pages a leaf, 512 leaves a branch) that forks share until one of them writes.
 *
 * Invariants
 * I1 A node or page is changed in place only by the store whose token it carries; a fork gives both sides new tokens.
 * I2 What was never written, or was zeroed whole, is a hole: no page, reads as zeroes.
 * I3 The same page object means the same bytes, as long as both stores live.
 */
import { defect, invariant } from '../../engine/invariant.ts';
import type { Bytes } from '../../engine/units.ts';
import { type Arena, PAGE_BYTES, type Page } from './arena.ts';

const FANOUT = 512;

interface Leaf {
  owner: object;
  readonly pages: (Page | null)[];
}

interface Branch {
  owner: object;
  readonly leaves: (Leaf | null)[];
}

/** A page number: its offset in bytes divided by 4096. */
export type PageNumber = number;

export class Sectors {
  readonly sizeBytes: Bytes;
  private readonly arena: Arena;
  private readonly generation: number;
  private token: object = {};
  private branches: (Branch | null)[];

  constructor(sizeBytes: Bytes, arena: Arena, branches: (Branch | null)[] = []) {
    invariant(sizeBytes > 0 && sizeBytes % 512 === 0, `a store of ${sizeBytes} bytes`);
    this.sizeBytes = sizeBytes;
    this.arena = arena;
    this.generation = arena.generation;
    this.branches = branches;
  }

  /** A copy that shares all pages; its own are taken from `arena`. */
  fork(arena: Arena = this.arena): Sectors {
    this.check(0, 0);
    this.token = {};
    return new Sectors(this.sizeBytes, arena, this.branches.slice());
  }

  /** Fills `into` from `offset` on. Says whether there was nothing but holes. */
  read(offset: Bytes, into: Uint8Array): boolean {
    this.check(offset, into.length);
    let hole = true;
    for (let done = 0; done < into.length; ) {
      const page = this.page(Math.floor((offset + done) / PAGE_BYTES));
      const within = (offset + done) % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - within, into.length - done);
      if (page === null) {
        into.fill(0, done, done + length);
      } else {
        hole = false;
        into.set(length === PAGE_BYTES ? page.bytes : page.bytes.subarray(within, within + length), done);
      }
      done += length;
    }
    return hole;
  }

  write(offset: Bytes, from: Uint8Array): void {
    this.check(offset, from.length);
    for (let done = 0; done < from.length; ) {
      const number = Math.floor((offset + done) / PAGE_BYTES);
      const within = (offset + done) % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - within, from.length - done);
      const whole = length === PAGE_BYTES;
      const bytes = this.writable(number, whole).bytes;
      if (whole && from.length === PAGE_BYTES) bytes.set(from);
      else bytes.set(from.subarray(done, done + length), within);
      done += length;
    }
  }

  /** Makes a range read as zeroes; whole pages become holes. */
  zero(offset: Bytes, length: Bytes): void {
    this.check(offset, length);
    for (let done = 0; done < length; ) {
      const number = Math.floor((offset + done) / PAGE_BYTES);
      const within = (offset + done) % PAGE_BYTES;
      const piece = Math.min(PAGE_BYTES - within, length - done);
      if (this.page(number) !== null) {
        if (piece === PAGE_BYTES) this.setPage(number, null);
        else this.writable(number, false).bytes.fill(0, within, within + piece);
      }
      done += piece;
    }
  }

  /** Is there nothing but holes? */
  isHole(offset: Bytes, length: Bytes): boolean {
    this.check(offset, length);
    const end = Math.ceil((offset + length) / PAGE_BYTES);
    for (let number = Math.floor(offset / PAGE_BYTES); number < end; number++) {
      if (this.page(number) !== null) return false;
    }
    return true;
  }

  /** The page at a number, null for a hole. Its bytes are not to be changed. */
  page(number: PageNumber): Page | null {
    const leafNumber = Math.floor(number / FANOUT);
    const branch = this.branches[Math.floor(leafNumber / FANOUT)];
    if (branch === undefined || branch === null) return null;
    const leaf = branch.leaves[leafNumber % FANOUT];
    return leaf === undefined || leaf === null ? null : (leaf.pages[number % FANOUT] ?? null);
  }

  /** Puts a page (of this store's arena, or shared) in its place and returns the one that was there. */
  setPage(number: PageNumber, page: Page | null): Page | null {
    const leaf = this.ownLeaf(number);
    const before = leaf.pages[number % FANOUT] ?? null;
    leaf.pages[number % FANOUT] = page;
    return before;
  }

  /** A page for a whole new content, not yet in its place; its bytes are arbitrary. */
  takePage(): Page {
    return this.arena.take(this.token);
  }

  /** Gives back a page that was replaced, if no fork can refer to it. */
  recycle(page: Page | null): void {
    if (page !== null && page.owner === this.token) this.arena.give(page);
  }

  /** The numbers of all pages that are no holes, ascending. */
  *pageNumbers(): Generator<PageNumber> {
    for (let b = 0; b < this.branches.length; b++) {
      const branch = this.branches[b];
      if (branch === undefined || branch === null) continue;
      for (let l = 0; l < FANOUT; l++) {
        const leaf = branch.leaves[l];
        if (leaf === undefined || leaf === null) continue;
        for (let p = 0; p < FANOUT; p++) if (leaf.pages[p] != null) yield (b * FANOUT + l) * FANOUT + p;
      }
    }
  }

  /** The numbers of pages that may differ from those of another store with a common ancestor, ascending. */
  *pagesUnlike(other: Sectors): Generator<PageNumber> {
    const branchCount = Math.max(this.branches.length, other.branches.length);
    for (let b = 0; b < branchCount; b++) {
      const mine = this.branches[b] ?? null;
      const theirs = other.branches[b] ?? null;
      if (mine === theirs) continue;
      for (let l = 0; l < FANOUT; l++) {
        const myLeaf = mine?.leaves[l] ?? null;
        const theirLeaf = theirs?.leaves[l] ?? null;
        if (myLeaf === theirLeaf) continue;
        for (let p = 0; p < FANOUT; p++) {
          if ((myLeaf?.pages[p] ?? null) !== (theirLeaf?.pages[p] ?? null)) yield (b * FANOUT + l) * FANOUT + p;
        }
      }
    }
  }

  private writable(number: PageNumber, whole: boolean): Page {
    const leaf = this.ownLeaf(number);
    const page = leaf.pages[number % FANOUT] ?? null;
    if (page !== null && page.owner === this.token) return page;
    const fresh = this.arena.take(this.token);
    if (!whole) {
      if (page === null) fresh.bytes.fill(0);
      else fresh.bytes.set(page.bytes);
    }
    leaf.pages[number % FANOUT] = fresh;
    return fresh;
  }

  private ownLeaf(number: PageNumber): Leaf {
    const leafNumber = Math.floor(number / FANOUT);
    const branchNumber = Math.floor(leafNumber / FANOUT);
    let branch = this.branches[branchNumber] ?? null;
    if (branch === null || branch.owner !== this.token) {
      branch = { owner: this.token, leaves: branch === null ? emptyNode<Leaf>() : branch.leaves.slice() };
      while (this.branches.length < branchNumber) this.branches.push(null);
      this.branches[branchNumber] = branch;
    }
    let leaf = branch.leaves[leafNumber % FANOUT] ?? null;
    if (leaf === null || leaf.owner !== this.token) {
      leaf = { owner: this.token, pages: leaf === null ? emptyNode<Page>() : leaf.pages.slice() };
      branch.leaves[leafNumber % FANOUT] = leaf;
    }
    return leaf;
  }

  private check(offset: Bytes, length: Bytes): void {
    if (this.generation !== this.arena.generation) defect('a store outlived its arena');
    if (!(offset >= 0 && offset + length <= this.sizeBytes)) defect(`bytes ${offset}+${length} of ${this.sizeBytes}`);
  }
}

function emptyNode<T>(): (T | null)[] {
  return new Array<T | null>(FANOUT).fill(null);
}
