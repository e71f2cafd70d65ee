/**
 * How file system code runs: it looks first and changes last. `plan` looks at resident pages through a view and either
 * says what is to be changed, or fails, or has met pages that are absent. Then, and only here, the task waits: it reads
 * those pages, pins them and plans again from the start. `apply` changes everything in one step.
 *
 * Invariants
 * I1 `plan` has no effect on pages, nor on what the file system says; `apply` meets no absent page and does not fail.
 * I2 Each rerun has at least one page more than the one before, so reruns are bounded by the pages that are needed.
 * I3 One operation at a time pins more than a quarter of the cache; who wants to, or finds no memory, lets go of its
 *    pages and gets in line. Only the one at the head waits for memory while it has pages pinned, so none waits for ever.
 */
import type { IoError } from '../../engine/device.ts';
import { defect } from '../../engine/invariant.ts';
import type { Task } from '../../engine/task.ts';
import type { Bytes } from '../../engine/units.ts';
import type { CachedVolume } from './cached-volume.ts';
import { FsError, type Path } from './file-system.ts';
import type { Page, PageNumber } from './page.ts';
import { PAGE_BYTES } from './page-buffers.ts';

/** The most that one operation reads or writes of a file. */
export const PIECE_BYTES: Bytes = 65_536;

/** What to do, from a look at resident pages; null when pages are missing (the view knows which). */
export interface Operation<P, R> {
  /** For messages: the path as it was asked for. */
  readonly path: Path;
  /** An operation that makes pages dirty waits at the dirty limit before it starts. */
  readonly changesPages: boolean;
  plan(view: View): P | null;
  apply(plan: P): R;
}

/** What `plan` sees of a volume: pages that are resident, and a list of those that it misses. */
export class View {
  readonly volume: CachedVolume;
  /** Pages that this operation keeps in memory; most operations never miss one. */
  private pinned: Set<Page> | null = null;
  private toRead: Set<PageNumber> | null = null;
  private toBlank: Set<PageNumber> | null = null;

  constructor(volume: CachedVolume) {
    this.volume = volume;
  }

  /** The page, or null: then it is missing, and `plan` goes on only to find out what else is. */
  page(number: PageNumber): Page | null {
    const page = this.volume.resident(number);
    if (page !== null) {
      page.isReferenced = true;
      return page;
    }
    if (this.toRead === null) this.toRead = new Set();
    this.toRead.add(number);
    return null;
  }

  /** Asks for memory for a page that will be overwritten whole. */
  blank(number: PageNumber): void {
    const page = this.volume.find(number);
    if (page !== null && (page.isResident || (page.pins > 0 && page.flight?.op !== 'read'))) return;
    if (this.toBlank === null) this.toBlank = new Set();
    this.toBlank.add(number);
  }

  /** Asks for all pages of a range of bytes of the volume. */
  range(offset: Bytes, length: Bytes): void {
    const last = Math.floor((offset + length - 1) / PAGE_BYTES);
    for (let number = Math.floor(offset / PAGE_BYTES); number <= last; number++) this.page(number);
  }

  get isMissing(): boolean {
    return this.toRead !== null || this.toBlank !== null;
  }

  /** Hands over what was found missing, pages to be read first; the next plan starts afresh. */
  takeMissing(): { pages: PageNumber[]; readCount: number } {
    const { toRead, toBlank } = this;
    this.toRead = null;
    this.toBlank = null;
    const pages = toRead === null ? [] : [...toRead];
    const readCount = pages.length;
    if (toBlank !== null) for (const number of toBlank) if (toRead === null || !toRead.has(number)) pages.push(number);
    return { pages, readCount };
  }

  get pinnedCount(): number {
    return this.pinned === null ? 0 : this.pinned.size;
  }

  pin(page: Page): void {
    if (this.pinned === null) this.pinned = new Set();
    if (this.pinned.has(page)) return;
    this.pinned.add(page);
    this.volume.cache.pin(page);
  }

  unpinAll(): void {
    if (this.pinned === null) return;
    for (const page of this.pinned) this.volume.cache.unpin(page);
    this.pinned.clear();
  }
}

/** Runs an operation; the only place where one waits. */
export function* run<P, R>(volume: CachedVolume, operation: Operation<P, R>): Task<R> {
  const { cache } = volume;
  if (operation.changesPages && cache.writeBack.isAboveLimit) yield* cache.writeBack.room();
  const view = new View(volume);
  try {
    for (let runs = 0; ; runs++) {
      if (runs > cache.frameCount + volume.pageCount) defect(`${operation.path}: planned ${runs} times`);
      const plan = operation.plan(view);
      if (!view.isMissing) {
        if (plan === null) defect(`${operation.path}: no plan, and nothing is missing`);
        return operation.apply(plan);
      }
      yield* fetch(view, operation.path);
    }
  } finally {
    view.unpinAll();
    cache.bigOperations.leave(view);
  }
}

/** Reads and pins what a plan missed, or lets go of everything and gets in line first (I3). */
function* fetch(view: View, path: Path): Task<void> {
  const { volume } = view;
  const { cache } = volume;
  const { pages, readCount } = view.takeMissing();
  const isHead = cache.bigOperations.isHead(view);
  if (!isHead && view.pinnedCount + pages.length > cache.frameCount / 4) return yield* getInLine(view);
  const arriving: Page[] = [];
  for (const number of pages) {
    let page = cache.frame(volume, number);
    if (page === null && !isHead) return yield* getInLine(view);
    while (page === null) {
      cache.writeBack.writeOldest(Math.max(pages.length - arriving.length, cache.frameCount / 16));
      page = cache.frame(volume, number);
      if (page === null) yield* memory(view, path);
    }
    view.pin(page);
    if (arriving.length < readCount) cache.startRead(page);
    arriving.push(page);
  }
  for (let at = 0; at < arriving.length; at++) yield* arrival(arriving[at]!, at < readCount, path);
}

function* getInLine(view: View): Task<void> {
  view.unpinAll();
  yield* view.volume.cache.bigOperations.enter(view);
}

/** The head of the line waits for memory; all others let go of theirs in time. */
function* memory(view: View, path: Path): Task<void> {
  const { cache } = view.volume;
  if (!cache.isHopeless(view.pinnedCount)) return yield* cache.memoryWait();
  const cause = cache.writeBack.failure;
  if (cause === null) throw new FsError('no-memory', path, `the page cache has ${cache.frameCount} pages`);
  throw new FsError('io', path, 'no memory, and dirty pages can not be written', cause);
}

function* arrival(page: Page, isRead: boolean, path: Path): Task<void> {
  if (isRead) {
    const error: IoError | null = yield* page.volume.cache.fill(page);
    if (error !== null) throw new FsError('io', path, '', error);
  } else if (page.flight?.op === 'read') {
    yield page.flight;
  }
}
