/**
 * What a drive's volatile write cache may still lose. The store holds the newest bytes; this log holds, for each page of
 * each write that is not durable yet, the page as it was before: so a cut can go back to any version in between.
 *
 * Fault model: after a power cut a sector holds its durable version or any later one that it was given, whole requests at
 * a time. A flush makes durable what had completed when it was issued; a FUA write makes itself durable.
 *
 * Invariants
 * I1 Entries stand in the order of completion, those of one request together.
 * I2 `before` of an entry is what the page held after the previous entry of that page.
 * I3 Never more than `capacityBytes` are kept: the oldest become durable by themselves.
 */
import { invariant } from '../../engine/invariant.ts';
import type { Bytes } from '../../engine/units.ts';
import type { Chooser } from '../kernel/random.ts';
import { PAGE_BYTES, type Page } from './arena.ts';
import type { PageNumber, Sectors } from './sectors.ts';

/** Bytes are told apart in units of the smallest sector. */
const UNIT_BYTES = 512;
const UNITS = PAGE_BYTES / UNIT_BYTES;

interface Entry {
  readonly page: PageNumber;
  readonly before: Page | null;
  /** One bit for each 512 bytes that were written. */
  readonly units: number;
  readonly request: number;
  readonly fua: boolean;
}

export class WriteCache {
  private entries: Entry[] = [];
  private start = 0;
  /** Entries that were dropped so far, so that a mark is absolute. */
  private dropped = 0;
  private requests = 0;
  private readonly sectors: Sectors;
  private readonly capacityBytes: Bytes;

  constructor(sectors: Sectors, capacityBytes: Bytes) {
    this.sectors = sectors;
    this.capacityBytes = capacityBytes;
  }

  /** What has completed up to now; `flushed` takes it. */
  get mark(): number {
    return this.dropped + this.entries.length - this.start;
  }

  get backlogBytes(): Bytes {
    return (this.entries.length - this.start) * PAGE_BYTES;
  }

  /** Writes, or zeroes when `from` is null, and remembers what was there. */
  write(offset: Bytes, length: Bytes, from: Uint8Array | null, fua: boolean): void {
    invariant(length % UNIT_BYTES === 0 && offset % UNIT_BYTES === 0, 'a write of whole sectors');
    const request = this.requests++;
    for (let done = 0; done < length; ) {
      const number = Math.floor((offset + done) / PAGE_BYTES);
      const within = (offset + done) % PAGE_BYTES;
      const piece = Math.min(PAGE_BYTES - within, length - done);
      const before = this.replace(number, within, piece, from === null ? null : from.subarray(done, done + piece));
      this.entries.push({ page: number, before, units: unitMask(within, piece), request, fua });
      done += piece;
    }
    while (this.backlogBytes > this.capacityBytes) this.dropOldest();
  }

  /** What had completed at `mark` is durable. */
  flushed(mark: number): void {
    while (this.dropped < mark && this.start < this.entries.length) this.dropOldest();
  }

  /**
   * Power cut: for each request that is not durable, in the order of completion, the chooser says whether it is lost
   * (1) or has reached the medium (0). The log is empty afterwards.
   */
  cut(chooser: Chooser): void {
    const alive = this.entries.slice(this.start);
    const survivors = new Set<number>();
    let last = -1;
    for (const { request, fua } of alive) {
      if (request === last) continue;
      last = request;
      if (fua || chooser.choose(2) === 0) survivors.add(request);
    }
    const byPage = new Map<PageNumber, Entry[]>();
    for (const entry of alive) {
      const list = byPage.get(entry.page);
      if (list === undefined) byPage.set(entry.page, [entry]);
      else list.push(entry);
    }
    for (const [page, list] of byPage) this.settlePage(page, list, survivors);
    this.entries = [];
    this.start = 0;
    this.dropped = 0;
  }

  private settlePage(number: PageNumber, list: readonly Entry[], survivors: ReadonlySet<number>): void {
    const result = this.sectors.takePage();
    copyPage(list[0]!.before, result.bytes);
    const after = new Uint8Array(PAGE_BYTES);
    list.forEach((entry, index) => {
      if (!survivors.has(entry.request)) return;
      const next = list[index + 1];
      copyPage(next === undefined ? this.sectors.page(number) : next.before, after);
      for (let unit = 0; unit < UNITS; unit++) {
        if ((entry.units & (1 << unit)) === 0) continue;
        result.bytes.set(after.subarray(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES), unit * UNIT_BYTES);
      }
    });
    this.sectors.setPage(number, result);
  }

  private replace(number: PageNumber, within: Bytes, length: Bytes, from: Uint8Array | null): Page | null {
    if (from === null && length === PAGE_BYTES) return this.sectors.setPage(number, null);
    const fresh = this.sectors.takePage();
    if (length < PAGE_BYTES) copyPage(this.sectors.page(number), fresh.bytes);
    if (from === null) fresh.bytes.fill(0, within, within + length);
    else fresh.bytes.set(from, within);
    return this.sectors.setPage(number, fresh);
  }

  private dropOldest(): void {
    const entry = this.entries[this.start]!;
    this.start += 1;
    this.dropped += 1;
    this.sectors.recycle(entry.before);
    if (this.start === this.entries.length) {
      this.entries.length = 0;
      this.start = 0;
    } else if (this.start > 1024 && this.start * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.start);
      this.start = 0;
    }
  }
}

function unitMask(within: Bytes, length: Bytes): number {
  let mask = 0;
  for (let at = within; at < within + length; at += UNIT_BYTES) mask |= 1 << (at / UNIT_BYTES);
  return mask;
}

function copyPage(page: Page | null, into: Uint8Array): void {
  if (page === null) into.fill(0);
  else into.set(page.bytes);
}
