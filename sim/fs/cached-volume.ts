/**
 * A volume as the page cache sees it: a run of sectors of a device, cut into pages of 4 KiB (the last may be short).
 * Finds the page of a number; a request of a page goes to the device at the volume's first sector plus the page's.
 */
import { type Device, IoRequest } from '../../engine/device.ts';
import { defect, invariant } from '../../engine/invariant.ts';
import type { Bytes, Sector } from '../../engine/units.ts';
import type { Discard } from './discard.ts';
import { type Expectation, PageOracle } from './oracle.ts';
import type { Page, PageNumber } from './page.ts';
import { PAGE_BYTES } from './page-buffers.ts';
import type { PageCache } from './page-cache.ts';

/** Where a volume lies. */
export interface VolumePlace {
  readonly letter: string;
  readonly device: Device;
  readonly firstSector: Sector;
  readonly sectorCount: Sector;
}

/** Told of failed writes: the file system, which knows whose data is in the page. */
export interface PageUser {
  writeFailed(page: Page, request: IoRequest): void;
}

const CHUNK_PAGES = 1024;

export class CachedVolume implements VolumePlace {
  readonly cache: PageCache;
  readonly letter: string;
  readonly device: Device;
  readonly firstSector: Sector;
  readonly sectorCount: Sector;
  readonly sizeBytes: Bytes;
  readonly pageCount: number;
  readonly oracle: PageOracle;
  user: PageUser | null = null;
  /** Those in flight. */
  readonly discards: Discard[] = [];
  private readonly sectorsPerPage: Sector;
  private readonly chunks: ((Page | null)[] | null)[];

  constructor(cache: PageCache, place: VolumePlace) {
    const { letter, device, firstSector, sectorCount } = place;
    invariant(sectorCount > 0 && firstSector >= 0, `${letter}: ${sectorCount} sectors at ${firstSector}`);
    invariant(firstSector + sectorCount <= device.sectorCount, `${letter}: is larger than ${device.name}`);
    this.cache = cache;
    this.letter = letter;
    this.device = device;
    this.firstSector = firstSector;
    this.sectorCount = sectorCount;
    this.sizeBytes = sectorCount * device.sectorSize;
    this.pageCount = Math.ceil(this.sizeBytes / PAGE_BYTES);
    this.sectorsPerPage = PAGE_BYTES / device.sectorSize;
    this.oracle = new PageOracle(letter, cache.oracleLog);
    this.chunks = new Array(Math.ceil(this.pageCount / CHUNK_PAGES)).fill(null);
  }

  /** The page in memory, resident or not; null when there is none. Hot path. */
  find(number: PageNumber): Page | null {
    const at = Math.floor(number / CHUNK_PAGES);
    const chunk = this.chunks[at];
    if (chunk === undefined) defect(`${this.letter}: has no page ${number}`);
    return chunk === null ? null : chunk[number - at * CHUNK_PAGES]!;
  }

  /** The page with its bytes, or null when it is not resident. */
  resident(number: PageNumber): Page | null {
    const page = this.find(number);
    return page?.isResident ? page : null;
  }

  insert(page: Page): void {
    const at = Math.floor(page.number / CHUNK_PAGES);
    let chunk = this.chunks[at];
    if (chunk === undefined) defect(`${this.letter}: has no page ${page.number}`);
    if (chunk === null) {
      chunk = new Array<Page | null>(CHUNK_PAGES).fill(null);
      this.chunks[at] = chunk;
    }
    chunk[page.number - at * CHUNK_PAGES] = page;
  }

  remove(page: Page): void {
    const at = Math.floor(page.number / CHUNK_PAGES);
    const chunk = this.chunks[at];
    if (chunk === undefined || chunk === null) defect(`${this.letter}: page ${page.number} is not there`);
    chunk[page.number - at * CHUNK_PAGES] = null;
  }

  isDiscarding(number: PageNumber): boolean {
    for (const discard of this.discards) if (discard.covers(number)) return true;
    return false;
  }

  /** How many bytes of a page lie on the volume. */
  lengthOf(number: PageNumber): Bytes {
    return Math.min(PAGE_BYTES, this.sizeBytes - number * PAGE_BYTES);
  }

  request(op: 'read' | 'write', number: PageNumber, bytes: Uint8Array): IoRequest {
    const length = this.lengthOf(number);
    const data = length === PAGE_BYTES ? bytes : bytes.subarray(0, length);
    return new IoRequest(op, this.sectorOf(number), length / this.device.sectorSize, data);
  }

  discardRequest(first: PageNumber, count: number): IoRequest {
    const end = Math.min((first + count) * PAGE_BYTES, this.sizeBytes);
    const length = end - first * PAGE_BYTES;
    return new IoRequest('discard', this.sectorOf(first), length / this.device.sectorSize, null);
  }

  /** What the drive should hold, page by page; a page with a request in flight may hold either, and is left out. */
  *expectations(): Generator<Expectation> {
    for (const expectation of this.oracle.expectations()) {
      const page = this.find(expectation.page);
      if (page === null || page.flight === null) yield expectation;
    }
  }

  private sectorOf(number: PageNumber): Sector {
    return this.firstSector + number * this.sectorsPerPage;
  }
}
