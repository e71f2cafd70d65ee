/**
 * The pages of one machine: of several volumes on several drives, in one memory of fixed size. Gives file system code
 * pages that are resident and stay so while they are pinned, and takes their changes (write-back.ts).
 *
 * Invariants
 * I1 A page has at most one request in flight; who needs a page that is being read joins that read.
 * I2 Only clean, unpinned pages without a request in flight are dropped; what was derived from them dies with them.
 * I3 Every read that comes back is compared with what the last write left (oracle.ts).
 * I4 Frames in use never exceed the size of the cache.
 */
import { type IoError, IoRequest } from '../../engine/device.ts';
import { defect, invariant } from '../../engine/invariant.ts';
import { Latch, type Owner, type Task, wait } from '../../engine/task.ts';
import type { Bytes, Nanoseconds } from '../../engine/units.ts';
import { BigOperations } from './big-operations.ts';
import { CachedVolume, type VolumePlace } from './cached-volume.ts';
import { Discard } from './discard.ts';
import type { ChangeSet } from './file-system.ts';
import { type Hash, OracleLog } from './oracle.ts';
import { type Changer, Page, type PageNumber } from './page.ts';
import { PAGE_BYTES, PageBuffers } from './page-buffers.ts';
import { WriteBack } from './write-back.ts';

export interface PageCacheOptions {
  /** Owns write-back; null for the times when there is none: filling drives before 0 s, restores. */
  readonly owner: Owner | null;
  readonly sizeBytes: Bytes;
  readonly writeBackNs: Nanoseconds;
  readonly dirtyLimitBytes: Bytes;
  readonly hash: Hash;
  /** A world counts over all its machines. */
  readonly oracleLog?: OracleLog;
  /** A world gives the same ones to one machine after the other, and resets them in between. */
  readonly buffers?: PageBuffers;
}

/** The most that one discard covers. */
const DISCARD_PAGES = 1024;

export class PageCache {
  readonly frameCount: number;
  readonly oracleLog: OracleLog;
  readonly writeBack: WriteBack;
  readonly bigOperations = new BigOperations();
  readonly volumes: CachedVolume[] = [];
  readonly buffers: PageBuffers;
  readsIssued = 0;
  private readonly hash: Hash;
  /** Pages that have a frame; the hand goes round them. */
  private readonly frames: Page[] = [];
  private hand = 0;
  private pinnedPages = 0;
  /** Reads and discards. */
  private requestsInFlight = 0;
  private memory: Latch<void> | null = null;

  constructor(options: PageCacheOptions) {
    const { owner, sizeBytes, writeBackNs, dirtyLimitBytes, hash } = options;
    this.frameCount = Math.floor(sizeBytes / PAGE_BYTES);
    invariant(this.frameCount >= 1, `a page cache of ${sizeBytes} bytes`);
    this.hash = hash;
    this.oracleLog = options.oracleLog ?? new OracleLog();
    this.buffers = options.buffers ?? new PageBuffers();
    this.writeBack = new WriteBack({
      owner,
      writeBackNs,
      dirtyLimitPages: Math.max(1, Math.floor(Math.min(dirtyLimitBytes, sizeBytes) / PAGE_BYTES)),
      hash,
      buffers: this.buffers,
      memoryFreed: () => this.memoryFreed(),
    });
  }

  addVolume(place: VolumePlace): CachedVolume {
    invariant(!this.volumes.some(volume => volume.letter === place.letter), `${place.letter}: is there already`);
    const volume = new CachedVolume(this, place);
    this.volumes.push(volume);
    return volume;
  }

  get usedFrames(): number {
    return this.frames.length;
  }

  /** Is there nothing that could still free memory: nothing in flight, and no pin but those of the one who asks? */
  isHopeless(pinnedByAsker: number): boolean {
    return this.requestsInFlight === 0 && this.writeBack.inFlight === 0 && this.pinnedPages === pinnedByAsker;
  }

  /** The page's object, with a frame; null when there is no memory for it now. */
  frame(volume: CachedVolume, number: PageNumber): Page | null {
    const known = volume.find(number);
    if (known !== null) return known;
    if (this.frames.length >= this.frameCount && !this.dropOne()) return null;
    const page = new Page(volume, number, this.buffers.take());
    page.frame = this.frames.length;
    this.frames.push(page);
    volume.insert(page);
    for (const discard of volume.discards) if (discard.covers(number)) discard.join(page);
    return page;
  }

  pin(page: Page): void {
    if (page.frame < 0) defect(`page ${page.number} is pinned after it was dropped`);
    if (page.pins === 0) this.pinnedPages += 1;
    page.pins += 1;
  }

  unpin(page: Page): void {
    if (page.pins <= 0) defect(`page ${page.number} is unpinned too often`);
    page.pins -= 1;
    if (page.pins > 0) return;
    this.pinnedPages -= 1;
    if (!page.isResident && page.flight === null) this.drop(page);
    this.memoryFreed();
  }

  /** Has the page resident, by joining a read or by reading; returns why it could not be read. */
  *fill(page: Page): Task<IoError | null> {
    if (page.pins === 0) defect(`page ${page.number} is read unpinned`);
    while (!page.isResident) {
      const request = page.flight ?? this.read(page);
      if (!request.isSettled) yield request;
      if (request.op === 'read' && request.value !== null) return request.value;
    }
    return null;
  }

  /** Begins to read a page unless something is in flight for it already. */
  startRead(page: Page): void {
    if (!page.isResident && page.flight === null) this.read(page);
  }

  /** Has a page that is about to be overwritten whole resident without reading it. Nothing may be reading it. */
  blank(page: Page): void {
    if (page.isResident) return;
    if (page.flight?.op === 'read') defect(`page ${page.number} is blanked while it is being read`);
    page.bytes.fill(0);
    page.isResident = true;
  }

  /** Before a page is changed. `changer` is the file or directory whose change it is. */
  change(page: Page, changer: Changer, changes: ChangeSet | null): void {
    this.writeBack.change(page, changer, changes);
  }

  /** Waits until a page may have become droppable. */
  *memoryWait(): Task<void> {
    if (this.memory === null) this.memory = new Latch<void>('memory for a page');
    yield this.memory;
  }

  *flush(volume: CachedVolume): Task<IoError | null> {
    return yield* wait(volume.device.submit(new IoRequest('flush', 0, 0, null)));
  }

  /**
   * Tells the device that these pages hold nothing of use. Those that are dirty, pinned or in flight are left out, in the
   * step of the call. Waits for the device and returns how many pages it has discarded.
   */
  *discard(volume: CachedVolume, first: PageNumber, count: number): Task<number> {
    const discards: Discard[] = [];
    for (let number = first; number < first + count; ) {
      let end = number;
      while (end < first + count && end - number < DISCARD_PAGES && isDiscardable(volume, end)) end += 1;
      if (end > number) discards.push(this.startDiscard(volume, number, end - number));
      number = Math.max(end, number + 1);
    }
    let pages = 0;
    for (const { request, count: discarded } of discards) {
      yield request;
      if (request.value === null) pages += discarded;
    }
    return pages;
  }

  /** From now on, or no longer, the pages are written past the cache: it forgets and no longer compares them. */
  setForeign(volume: CachedVolume, first: PageNumber, count: number, isForeign: boolean): void {
    for (let number = first; number < first + count; number++) {
      volume.oracle.setForeign(number, isForeign);
      const page = volume.find(number);
      if (page?.isDroppable) this.drop(page);
    }
  }

  /** Drops every page that may be dropped, as when memory is wanted for something else. */
  dropAll(): void {
    for (const page of [...this.frames]) if (page.isDroppable) this.drop(page);
  }

  /** The request in flight of a page came back. */
  settled(page: Page): void {
    const request = page.flight;
    if (request === null) defect(`page ${page.number}: an answer without a question`);
    page.flight = null;
    if (request.op === 'write') this.writeBack.completed(page, request);
    else this.readCompleted(page, request);
  }

  /** A discard came back. */
  discarded(discard: Discard): void {
    this.requestsInFlight -= 1;
    for (const page of discard.pages) {
      page.flight = null;
      this.writeBack.discarded(page);
      if (!page.isResident && page.pins === 0) this.drop(page);
    }
    this.memoryFreed();
  }

  private read(page: Page): IoRequest {
    const request = page.volume.request('read', page.number, page.bytes);
    page.flight = request;
    this.readsIssued += 1;
    this.requestsInFlight += 1;
    request.attach(page);
    page.volume.device.submit(request);
    return request;
  }

  private readCompleted(page: Page, request: IoRequest): void {
    this.requestsInFlight -= 1;
    if (request.value === null) {
      page.volume.oracle.read(page.number, this.hash(request.data!));
      page.isResident = true;
      page.isReferenced = true;
    } else if (page.pins === 0) {
      this.drop(page);
    }
    this.memoryFreed();
  }

  private startDiscard(volume: CachedVolume, first: PageNumber, count: number): Discard {
    for (let number = first; number < first + count; number++) {
      volume.oracle.lost(number);
      const page = volume.find(number);
      if (page !== null) this.drop(page);
    }
    const discard = new Discard(volume, first, count);
    this.requestsInFlight += 1;
    discard.submit();
    return discard;
  }

  /** Gives the frame of the first page that the hand finds droppable and not used since it last passed. */
  private dropOne(): boolean {
    for (let steps = this.frames.length * 2; steps > 0; steps--) {
      if (this.hand >= this.frames.length) this.hand = 0;
      const page = this.frames[this.hand]!;
      if (page.isDroppable && !page.isReferenced) {
        this.drop(page);
        return true;
      }
      page.isReferenced = false;
      this.hand += 1;
    }
    return false;
  }

  /** I2. The last frame takes the place of the one that is given up. */
  private drop(page: Page): void {
    if (!page.isDroppable) defect(`page ${page.number} of ${page.volume.letter} is dropped while ${page.state}`);
    const last = this.frames.pop()!;
    if (last !== page) {
      this.frames[page.frame] = last;
      last.frame = page.frame;
    }
    page.frame = -1;
    page.isResident = false;
    page.volume.remove(page);
    this.buffers.give(page.bytes);
    page.forget();
  }

  private memoryFreed(): void {
    if (this.memory === null) return;
    const latch = this.memory;
    this.memory = null;
    latch.settle();
  }
}

function isDiscardable(volume: CachedVolume, number: PageNumber): boolean {
  const page = volume.find(number);
  return (page === null || page.isDroppable) && !volume.isDiscarding(number);
}
