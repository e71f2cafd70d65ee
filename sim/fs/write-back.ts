/**
 * Brings changed pages to their drives. A page is written `writeBackNs` after its first change since it was clean, or
 * since its last write was issued; sooner when it is synced, when too many pages are unwritten, or when memory is short.
 *
 * Invariants
 * I1 A write carries a copy of the bytes as they were when it was issued, in a recycled buffer.
 * I2 Pages become dirty in the order of time, so the list of dirty pages is in the order of their age, and one process
 *    with one timer serves all; it ends when nothing is dirty.
 * I3 A page has at most one write in flight; one that falls due meanwhile is issued when that one completes.
 * I4 A failed write leaves its page dirty, to be tried again when it has aged once more. Such pages do not count towards
 *    the dirty limit and are not written for want of memory: a drive that is gone must not stop the others.
 */
import { IoError, type IoRequest } from '../../engine/device.ts';
import { defect, invariant } from '../../engine/invariant.ts';
import { Latch, type Owner, type Task } from '../../engine/task.ts';
import type { Nanoseconds } from '../../engine/units.ts';
import type { CachedVolume } from './cached-volume.ts';
import type { ChangeSet } from './file-system.ts';
import type { Hash } from './oracle.ts';
import type { Changer, Page } from './page.ts';
import type { PageBuffers } from './page-buffers.ts';

export interface WriteBackOptions {
  /** Owns the process; null when there is no time: then pages are written when they are synced, or for want of room. */
  readonly owner: Owner | null;
  readonly writeBackNs: Nanoseconds;
  readonly dirtyLimitPages: number;
  readonly hash: Hash;
  readonly buffers: PageBuffers;
  /** Called whenever a page may have become droppable. */
  readonly memoryFreed: () => void;
}

export class WriteBack {
  /** Pages that are dirty or being written, but for those whose last write failed (I4). */
  unwrittenPages = 0;
  writesIssued = 0;
  inFlight = 0;
  private lastFailure: IoError | null = null;
  private readonly options: WriteBackOptions;
  private oldest: Page | null = null;
  private newest: Page | null = null;
  /** Pages with a write in flight, or with one that is due and waits for another request; in that order. */
  private readonly writing = new Set<Page>();
  private isRunning = false;
  private belowLimit: Latch<void> | null = null;

  constructor(options: WriteBackOptions) {
    invariant(options.dirtyLimitPages > 0, 'a dirty limit below one page');
    this.options = options;
  }

  get isAboveLimit(): boolean {
    return this.unwrittenPages >= this.options.dirtyLimitPages;
  }

  /** Why there are pages that can not be written, if there are. */
  get failure(): IoError | null {
    for (let page = this.oldest; page !== null; page = page.newer) if (page.hasFailed) return this.lastFailure;
    return null;
  }

  /** Before each change of a page. Hot path: a page that is dirty already only learns whose change it is. */
  change(page: Page, changer: Changer, changes: ChangeSet | null): void {
    if (!page.isDirty) this.becomeDirty(page);
    page.changedBy(changer, changes);
  }

  /** Waits, before an operation starts, until fewer pages than the dirty limit are unwritten. */
  *room(): Task<void> {
    while (this.isAboveLimit) {
      this.writeOldest(this.unwrittenPages - this.options.dirtyLimitPages + 1);
      if (!this.isAboveLimit) return;
      if (this.belowLimit === null) this.belowLimit = new Latch<void>('the dirty limit');
      yield this.belowLimit;
    }
  }

  /** Issues writes of the oldest pages that are neither in flight nor failed. */
  writeOldest(count: number): void {
    let left = count - this.inFlight;
    for (let page = this.oldest; page !== null && left > 0; ) {
      const next: Page | null = page.newer;
      if (page.flight === null && !page.hasFailed) {
        this.issue(page);
        left -= 1;
      }
      page = next;
    }
  }

  /**
   * Writes what is dirty now in the pages of a volume, of those whose changers have this mark (null: of all), and waits
   * for it. Returns the failure of the last write of a page, if any. Changes made meanwhile are not waited for.
   */
  *sync(volume: CachedVolume, mark: number | null): Task<IoError | null> {
    const pages = this.unwritten(volume, mark);
    const targets = pages.map(page => (page.isDirty ? page.issued + 1 : page.issued));
    for (const page of pages) if (page.isDirty) this.writeSoon(page);
    let failure: IoError | null = null;
    for (let at = 0; at < pages.length; at++) {
      const error = yield* this.written(pages[at]!, targets[at]!);
      failure = failure ?? error;
    }
    return failure;
  }

  /** A write that was issued by `issue` came back. */
  completed(page: Page, request: IoRequest): void {
    const error = request.value;
    page.completed += 1;
    this.inFlight -= 1;
    this.writing.delete(page);
    this.options.buffers.give(page.copy!);
    page.copy = null;
    if (error === null) page.changesWritten();
    else this.failed(page, request);
    if (page.writeNext && page.isDirty) {
      this.issue(page);
      return;
    }
    page.writeNext = false;
    if (!page.isDirty) this.count(page, false);
    this.options.memoryFreed();
  }

  /** A discard of the page came back; a write of it may have fallen due. */
  discarded(page: Page): void {
    this.writing.delete(page);
    if (page.writeNext && page.isDirty) this.issue(page);
    page.writeNext = false;
  }

  /** Pages of the volume that are dirty or have a write in flight; both: twice. */
  private unwritten(volume: CachedVolume, mark: number | null): Page[] {
    const isWanted = (page: Page) => page.volume === volume && (mark === null || page.hasMarkedChange(mark));
    const pages: Page[] = [];
    for (const page of this.writing) if (isWanted(page)) pages.push(page);
    for (let page = this.oldest; page !== null; page = page.newer) {
      if (isWanted(page)) pages.push(page);
    }
    return pages;
  }

  private *written(page: Page, target: number): Task<IoError | null> {
    let error: IoError | null = null;
    while (page.completed < target) {
      const { flight } = page;
      if (flight === null) defect(`page ${page.number}: a write that is waited for was not issued`);
      yield flight;
      if (flight.op === 'write') error = flight.value;
    }
    return error;
  }

  private becomeDirty(page: Page): void {
    if (!page.isResident) defect(`page ${page.number} of ${page.volume.letter} is changed while ${page.state}`);
    page.isDirty = true;
    page.dirtySince = this.now();
    this.append(page);
    this.count(page, true);
    if (!this.isRunning) this.start();
  }

  private writeSoon(page: Page): void {
    if (page.flight === null) this.issue(page);
    else page.writeNext = true;
  }

  /** I1. The page is clean from here on, until it is changed again. */
  private issue(page: Page): void {
    const { volume, number } = page;
    if (!page.isDirty || page.flight !== null)
      defect(`page ${number} of ${volume.letter} is written while ${page.state}`);
    const copy = this.options.buffers.take();
    copy.set(page.bytes);
    const request = volume.request('write', number, copy);
    this.unlist(page);
    page.isDirty = false;
    page.writeNext = false;
    page.hasFailed = false;
    page.issued += 1;
    page.flight = request;
    page.copy = copy;
    page.changesIssued();
    request.dataHash = this.options.hash(request.data!);
    volume.oracle.wrote(number, request.dataHash);
    this.count(page, true);
    this.inFlight += 1;
    this.writesIssued += 1;
    this.writing.add(page);
    request.attach(page);
    volume.device.submit(request);
  }

  private failed(page: Page, request: IoRequest): void {
    const error = request.value;
    if (!(error instanceof IoError)) defect('a failed write has no error');
    this.lastFailure = error;
    page.volume.oracle.lost(page.number);
    page.changesFailed();
    if (page.isDirty) this.unlist(page);
    page.isDirty = true;
    page.hasFailed = true;
    page.dirtySince = this.now();
    this.append(page);
    this.count(page, false);
    page.volume.user?.writeFailed(page, request);
    if (!this.isRunning) this.start();
  }

  private count(page: Page, isUnwritten: boolean): void {
    if (page.isUnwritten === isUnwritten) return;
    page.isUnwritten = isUnwritten;
    this.unwrittenPages += isUnwritten ? 1 : -1;
    if (this.belowLimit === null || this.isAboveLimit) return;
    const latch = this.belowLimit;
    this.belowLimit = null;
    latch.settle();
  }

  private start(): void {
    const { owner } = this.options;
    if (owner === null) return;
    this.isRunning = true;
    owner.spawn('write-back', this.run());
  }

  /** I2. */
  private *run(): Task<void> {
    try {
      for (let page = this.oldest; page !== null; page = this.oldest) {
        const left = page.dirtySince + this.options.writeBackNs - this.now();
        if (left > 0) yield left;
        else this.writeAged(page);
      }
    } finally {
      this.isRunning = false;
    }
  }

  private writeAged(page: Page): void {
    if (page.flight === null) {
      this.issue(page);
      return;
    }
    this.unlist(page);
    page.writeNext = true;
    this.writing.add(page);
  }

  private now(): Nanoseconds {
    return this.options.owner === null ? 0 : this.options.owner.scheduler.now();
  }

  private append(page: Page): void {
    page.isListed = true;
    page.older = this.newest;
    if (this.newest === null) this.oldest = page;
    else this.newest.newer = page;
    this.newest = page;
  }

  private unlist(page: Page): void {
    if (!page.isListed) return;
    const { older, newer } = page;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.newest = older;
    else newer.older = older;
    page.older = null;
    page.newer = null;
    page.isListed = false;
  }
}
