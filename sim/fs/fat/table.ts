/**
 * The file allocation table: for each cluster the next one of its chain, or a mark. Entries of 12 bits (two share three
 * bytes, and may lie across a page), 16 bits, or 32 of which the upper 4 are kept as they are.
 */

import { isZeroes } from '../../../engine/bytes.ts';
import { defect } from '../../../engine/invariant.ts';
import type { Bytes } from '../../../engine/units.ts';
import type { CachedVolume } from '../cached-volume.ts';
import type { View } from '../operation.ts';
import type { Page, PageNumber } from '../page.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import type { Cluster, FatKind, FatLayout } from './layout.ts';

export const FREE = 0;

/** Marks, by kind: everything from BAD + 1 on ends a chain. */
export const BAD: Readonly<Record<FatKind, number>> = { fat12: 0xff7, fat16: 0xfff7, fat32: 0x0ffffff7 };
export const END: Readonly<Record<FatKind, number>> = { fat12: 0xfff, fat16: 0xffff, fat32: 0x0fffffff };

/** How many entries have room in so many bytes. */
export function entriesIn(kind: FatKind, bytes: Bytes): number {
  if (kind === 'fat12') return Math.floor((bytes * 2) / 3);
  return Math.floor(bytes / (kind === 'fat16' ? 2 : 4));
}

/** The smallest sector. */
const SECTOR_BYTES: Bytes = 512;

/** Bytes of a table that are looked at at once: a multiple of 3, so that no entry of 12 bits is cut. */
const PIECE_BYTES: Bytes = 3 * 1024;

export function isEnd(kind: FatKind, value: number): boolean {
  return value > BAD[kind];
}

/** Where the entry of a cluster begins, from the start of a table. */
export function entryOffset(kind: FatKind, cluster: Cluster): Bytes {
  if (kind === 'fat32') return cluster * 4;
  if (kind === 'fat16') return cluster * 2;
  return Math.floor((cluster * 3) / 2);
}

/** The entry of a cluster in the bytes of a table, of which `bytes` begins at offset `from`. */
export function decodeEntry(kind: FatKind, bytes: Uint8Array, cluster: Cluster, from: Bytes = 0): number {
  const at = entryOffset(kind, cluster) - from;
  const low = bytes[at]! | (bytes[at + 1]! << 8);
  if (kind === 'fat16') return low;
  if (kind === 'fat32') return low | (bytes[at + 2]! << 16) | ((bytes[at + 3]! & 0x0f) << 24);
  return cluster % 2 === 0 ? low & 0xfff : low >> 4;
}

/** Neighbouring entries of a table. */
export interface TablePiece {
  readonly first: Cluster;
  readonly end: Cluster;
  /** All are zeroes: most of a large table says nothing. */
  readonly isFree: boolean;
  readonly bytes: Uint8Array;
  /** Where `bytes` begins, from the start of the table. */
  readonly from: Bytes;
}

/** Takes bytes of a table to pieces; they begin with the whole entry of `first`, a multiple of 3 bytes from its start. */
export function* tablePieces(kind: FatKind, bytes: Uint8Array, first: Cluster, end: Cluster): Generator<TablePiece> {
  const perPiece = entriesIn(kind, PIECE_BYTES);
  const start = entryOffset(kind, first);
  for (let at = first; at < end; at += perPiece) {
    const from = entryOffset(kind, at);
    const piece = bytes.subarray(from - start, from - start + PIECE_BYTES);
    yield { first: at, end: Math.min(at + perPiece, end), isFree: isZeroes(piece), bytes: piece, from };
  }
}

/** Puts what the bytes of a table, which begin at offset `start` of it, say of its clusters into `entries`, zeroes so far. */
export function decodeTable(kind: FatKind, table: Uint8Array, start: Bytes, entries: Uint32Array): void {
  const last = Math.min(entries.length, entriesIn(kind, start + table.length));
  for (const { first, end, isFree, bytes, from } of tablePieces(kind, table, entriesIn(kind, start), last)) {
    if (isFree) continue;
    for (let cluster = first; cluster < end; cluster++) entries[cluster] = decodeEntry(kind, bytes, cluster, from);
  }
}

/** Sets the entry of a cluster in the bytes of a table, of which `bytes` begins at offset `from`. */
export function encodeEntry(kind: FatKind, bytes: Uint8Array, cluster: Cluster, value: number, from: Bytes = 0): void {
  const at = entryOffset(kind, cluster) - from;
  const length = kind === 'fat32' ? 4 : 2;
  for (let index = 0; index < length; index++) {
    bytes[at + index] = mergedByte(kind, cluster, value, index, bytes[at + index]!);
  }
}

/** Byte `index` of an entry with a new value, where `old` keeps the bits that are not the entry's. */
function mergedByte(kind: FatKind, cluster: Cluster, value: number, index: number, old: number): number {
  if (kind === 'fat32') return index < 3 ? (value >> (8 * index)) & 0xff : (old & 0xf0) | (value >> 24);
  if (kind === 'fat16') return (value >> (8 * index)) & 0xff;
  if (cluster % 2 === 0) return index === 0 ? value & 0xff : (old & 0xf0) | (value >> 8);
  return index === 0 ? (old & 0x0f) | ((value & 0x0f) << 4) : value >> 4;
}

/** Reads entries of a mounted volume through a view; remembers the page that it read last. */
export class TableReader {
  private readonly view: View;
  private readonly layout: FatLayout;
  private readonly start: Bytes;
  /** Those that it has read from. */
  readonly pages: Page[] = [];
  private page: Page | null = null;
  private number: PageNumber = -1;

  constructor(view: View, layout: FatLayout) {
    this.view = view;
    this.layout = layout;
    this.start = layout.fatStart + layout.activeFat * layout.fatBytes;
  }

  /** The entry of a cluster, or -1 when its page is missing. Only an entry of 12 bits may lie in two pages. */
  get(cluster: Cluster): number {
    const { kind } = this.layout;
    const offset = this.start + entryOffset(kind, cluster);
    if (kind !== 'fat12') {
      const page = this.pageAt(offset);
      return page === null ? -1 : decodeEntry(kind, page.bytes, cluster, this.number * PAGE_BYTES - this.start);
    }
    const first = this.byte(offset);
    const second = this.byte(offset + 1);
    if (first < 0 || second < 0) return -1;
    const low = first | (second << 8);
    return cluster % 2 === 0 ? low & 0xfff : low >> 4;
  }

  private byte(offset: Bytes): number {
    const page = this.pageAt(offset);
    return page === null ? -1 : page.bytes[offset - this.number * PAGE_BYTES]!;
  }

  private pageAt(offset: Bytes): Page | null {
    const number = Math.floor(offset / PAGE_BYTES);
    if (number !== this.number) {
      this.page = this.view.page(number);
      this.number = number;
      if (this.page !== null) this.pages.push(this.page);
    }
    return this.page;
  }
}

/** Asks for the pages of an entry in every copy that is kept equal. */
export function needEntry(view: View, layout: FatLayout, cluster: Cluster): void {
  const within = entryOffset(layout.kind, cluster);
  const length = layout.kind === 'fat12' ? 2 : 1;
  for (let copy = 0; copy < layout.fatCount; copy++) {
    if (isKept(layout, copy)) view.range(layout.fatStart + copy * layout.fatBytes + within, length);
  }
}

/** Do the entries of two clusters lie in the same pages, in every copy? A copy begins with a sector. */
export function shareEntryPages(kind: FatKind, a: Cluster, b: Cluster): boolean {
  if (kind === 'fat12') return false;
  return Math.floor(entryOffset(kind, a) / SECTOR_BYTES) === Math.floor(entryOffset(kind, b) / SECTOR_BYTES);
}

/** Is this copy of the table written? */
export function isKept(layout: FatLayout, copy: number): boolean {
  return layout.mirrored || copy === layout.activeFat;
}

/** Told of each page before it is changed. */
export type Changing = (page: Page) => void;

/** Sets entries of resident pages in one copy of the table. Clusters that come in order make it walk the pages once. */
export class TableWriter {
  private readonly volume: CachedVolume;
  private readonly kind: FatKind;
  private readonly start: Bytes;
  private readonly changing: Changing;
  private page: Page | null = null;
  private number: PageNumber = -1;

  constructor(volume: CachedVolume, layout: FatLayout, copy: number, changing: Changing) {
    this.volume = volume;
    this.kind = layout.kind;
    this.start = layout.fatStart + copy * layout.fatBytes;
    this.changing = changing;
  }

  set(cluster: Cluster, value: number): void {
    const offset = this.start + entryOffset(this.kind, cluster);
    if (this.kind !== 'fat12') {
      const { bytes } = this.pageAt(offset);
      encodeEntry(this.kind, bytes, cluster, value, this.number * PAGE_BYTES - this.start);
      return;
    }
    for (let index = 0; index < 2; index++) {
      const page = this.pageAt(offset + index);
      const at = offset + index - this.number * PAGE_BYTES;
      page.bytes[at] = mergedByte(this.kind, cluster, value, index, page.bytes[at]!);
    }
  }

  private pageAt(offset: Bytes): Page {
    const number = Math.floor(offset / PAGE_BYTES);
    if (this.page !== null && number === this.number) return this.page;
    const page = this.volume.resident(number);
    if (page === null) defect(`page ${number} of the FAT is absent after the first change`);
    this.changing(page);
    this.page = page;
    this.number = number;
    return page;
  }
}
