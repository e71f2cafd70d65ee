/**
 * What a drive's volatile write cache may still lose. The store holds the newest bytes; this log holds, for each page of
 * each write that is not durable yet, the page as it was before: so a cut can go back to any version in between.
 *
 * Fault model: power-cut.ts. A flush makes durable what had completed when it was issued; a FUA write makes itself
 * durable, and nothing older comes back over it.
 *
 * Invariants
 * I1 Entries stand in the order of completion, those of one request together.
 * I2 `before` of an entry is what the page held after the previous entry of that page.
 * I3 Never more than `capacityBytes` are kept: the oldest become durable by themselves, whole requests at a time.
 */
import { isZeroes } from '../../engine/bytes.ts';
import { invariant } from '../../engine/invariant.ts';
import type { Bytes } from '../../engine/units.ts';
import { PAGE_BYTES, type Page } from './arena.ts';
import type { Reach } from './power-cut.ts';
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

/** A request that a power cut may lose; its bytes lie side by side. */
interface VolatileRequest {
  readonly request: number;
  readonly startBytes: Bytes;
  lengthBytes: Bytes;
}

export class WriteCache {
  private entries: Entry[] = [];
  private start = 0;
  /** Entries that were dropped so far, so that a mark is absolute. */
  private dropped = 0;
  private requests = 0;
  /** The last request of which a part became durable for want of room. */
  private evictedRequest = -1;
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
    while (this.backlogBytes > this.capacityBytes) {
      this.evictedRequest = this.entries[this.start]!.request;
      this.dropOldest();
    }
  }

  /** What had completed at `mark` is durable. */
  flushed(mark: number): void {
    while (this.dropped < mark && this.start < this.entries.length) this.dropOldest();
  }

  /** How long the requests are that a power cut may lose, in the order of completion. */
  volatileLengths(): Bytes[] {
    return this.volatileRequests().map(({ lengthBytes }) => lengthBytes);
  }

  /** Power cut: of each of `volatileLengths` so much has reached the medium. The log is empty afterwards. */
  cut(reaches: readonly Reach[]): void {
    const volatile = this.volatileRequests();
    invariant(reaches.length === volatile.length, `${reaches.length} fates of ${volatile.length} requests`);
    const fates = new Map(volatile.map(({ request, startBytes }, at) => [request, { startBytes, ...reaches[at]! }]));
    const byPage = new Map<PageNumber, Entry[]>();
    for (const entry of this.entries.slice(this.start)) {
      const list = byPage.get(entry.page);
      if (list === undefined) byPage.set(entry.page, [entry]);
      else list.push(entry);
    }
    for (const [page, list] of byPage) {
      const masks = list.map(entry => {
        const fate = fates.get(entry.request);
        return fate === undefined ? entry.units : entry.units & reachedUnits(page, fate);
      });
      this.settlePage(page, list, masks);
    }
    this.dropped += this.entries.length - this.start;
    this.entries = [];
    this.start = 0;
  }

  /** FUA writes are durable, and so is a request of which the drive has had to write back a part (I3). */
  private volatileRequests(): VolatileRequest[] {
    const found: VolatileRequest[] = [];
    for (let at = this.start; at < this.entries.length; at++) {
      const { page, units, request, fua } = this.entries[at]!;
      if (fua || request <= this.evictedRequest) continue;
      const lengthBytes = unitCount(units) * UNIT_BYTES;
      const last = found[found.length - 1];
      if (last?.request === request) last.lengthBytes += lengthBytes;
      else found.push({ request, startBytes: page * PAGE_BYTES + firstUnit(units) * UNIT_BYTES, lengthBytes });
    }
    return found;
  }

  /** `masks`: of each entry the units that are on the medium. */
  private settlePage(number: PageNumber, list: readonly Entry[], masks: readonly number[]): void {
    const newest = this.sectors.page(number);
    const result = this.sectors.takePage();
    copyPage(list[0]!.before, result.bytes);
    const after = new Uint8Array(PAGE_BYTES);
    list.forEach((_entry, index) => {
      const mask = masks[index]!;
      if (mask === 0) return;
      const next = list[index + 1];
      copyPage(next === undefined ? newest : next.before, after);
      for (let unit = 0; unit < UNITS; unit++) {
        if ((mask & (1 << unit)) === 0) continue;
        result.bytes.set(after.subarray(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES), unit * UNIT_BYTES);
      }
    });
    this.sectors.setPage(number, isZeroes(result.bytes) ? null : result);
    this.sectors.recycle(newest);
    for (const { before } of list) this.sectors.recycle(before);
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

/** The units of a page that lie in the reached part of a request. */
function reachedUnits(page: PageNumber, { startBytes, from, to }: { readonly startBytes: Bytes } & Reach): number {
  const first = Math.max(0, startBytes + from - page * PAGE_BYTES);
  const end = Math.min(PAGE_BYTES, startBytes + to - page * PAGE_BYTES);
  return end > first ? unitMask(first, end - first) : 0;
}

function unitCount(units: number): number {
  let count = 0;
  for (let unit = 0; unit < UNITS; unit++) if ((units & (1 << unit)) !== 0) count += 1;
  return count;
}

function firstUnit(units: number): number {
  let unit = 0;
  while ((units & (1 << unit)) === 0) unit += 1;
  return unit;
}

function copyPage(page: Page | null, into: Uint8Array): void {
  if (page === null) into.fill(0);
  else into.set(page.bytes);
}
