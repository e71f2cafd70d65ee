/**
 * What one file or directory changes on a volume in an operation: entries of the table, bytes of pages, clusters taken
 * and given up. Collected while the operation is planned, which asks for every page that it will touch; applied in one
 * step, which meets no absent page (operation.ts, I1).
 */
import { defect } from '../../../engine/invariant.ts';
import type { Bytes } from '../../../engine/units.ts';
import type { ChangeSet } from '../file-system.ts';
import type { View } from '../operation.ts';
import type { Changer, Page, PageNumber } from '../page.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { type Cluster, offsetOfCluster, put32 } from './layout.ts';
import type { FatState } from './state.ts';
import { END, FREE, isKept, needEntry, shareEntryPages, TableWriter } from './table.ts';

const INFO_BYTES = 512;
const INFO_FREE_COUNT = 488;
const INFO_NEXT_FREE = 492;

/** Bytes for a place on the volume; `null` stands for zeroes. */
interface Patch {
  readonly offset: Bytes;
  readonly length: Bytes;
  readonly bytes: Uint8Array | null;
}

export class Edits {
  /** Clusters that the operation takes, in order. Shared by the edits of one operation, so that none is taken twice. */
  readonly chosen: Cluster[];
  private readonly state: FatState;
  private readonly linked: Cluster[] = [];
  private readonly links: number[] = [];
  private readonly taken: Cluster[] = [];
  private readonly givenUp: Cluster[] = [];
  private readonly patches: Patch[] = [];
  private blanks: Set<PageNumber> | null = null;

  constructor(state: FatState, chosen: Cluster[] = []) {
    this.state = state;
    this.chosen = chosen;
  }

  /** Chooses clusters, links them behind `after` (0: a new chain) and ends the chain; null when there are too few. */
  extend(view: View, after: Cluster, count: number): Cluster[] | null {
    const from = this.chosen.length;
    if (!this.state.free.choose(count, after, this.chosen)) return null;
    const clusters = this.chosen.slice(from);
    this.take(view, after, clusters);
    return clusters;
  }

  /** The same with clusters that were chosen elsewhere. */
  take(view: View, after: Cluster, clusters: readonly Cluster[]): void {
    if (clusters.length === 0) return;
    let last = after;
    for (const cluster of clusters) {
      if (last > 0) this.link(view, last, cluster);
      this.taken.push(cluster);
      last = cluster;
    }
    this.link(view, last, END[this.state.layout.kind]);
    this.needInfo(view);
  }

  /** Ends a chain behind `last` (0: it becomes empty) and gives up what followed. */
  cut(view: View, last: Cluster, rest: Iterable<Cluster>): void {
    if (last > 0) this.link(view, last, END[this.state.layout.kind]);
    for (const cluster of rest) {
      this.link(view, cluster, FREE);
      this.givenUp.push(cluster);
    }
    if (this.givenUp.length > 0) this.needInfo(view);
  }

  link(view: View, cluster: Cluster, value: number): void {
    const { layout } = this.state;
    const before = this.linked[this.linked.length - 1];
    if (before === undefined || !shareEntryPages(layout.kind, before, cluster)) needEntry(view, layout, cluster);
    this.linked.push(cluster);
    this.links.push(value);
  }

  /** Changes bytes of pages whose other bytes stay. */
  patch(view: View, offset: Bytes, bytes: Uint8Array): void {
    view.range(offset, bytes.length);
    this.patches.push({ offset, length: bytes.length, bytes });
  }

  /** Changes bytes of a cluster that edits which are applied before these set to zero. */
  patchNew(offset: Bytes, bytes: Uint8Array): void {
    this.patches.push({ offset, length: bytes.length, bytes });
  }

  /** Sets a cluster that was just chosen to zero. */
  zeroCluster(view: View, cluster: Cluster): void {
    const { layout } = this.state;
    const isFree = (page: PageNumber) => this.state.isFreePage(page);
    this.cover(view, offsetOfCluster(layout, cluster), layout.clusterBytes, null, isFree);
  }

  /**
   * Sets all bytes of a range, null: to zero. A page that is covered whole, or of which `isJunk` says that its other bytes
   * mean nothing, needs memory but is not read.
   */
  cover(
    view: View,
    offset: Bytes,
    length: Bytes,
    bytes: Uint8Array | null,
    isJunk: (page: PageNumber) => boolean,
  ): void {
    const last = Math.floor((offset + length - 1) / PAGE_BYTES);
    for (let number = Math.floor(offset / PAGE_BYTES); number <= last; number++) {
      if (view.volume.resident(number) !== null) view.page(number);
      else if (coversPage(view, number, offset, length) || isJunk(number)) this.blank(view, number);
      else view.page(number);
    }
    this.patches.push({ offset, length, bytes });
  }

  /** Changes pages and the map of free clusters. With `hold`, what is given up may still be read by somebody. */
  apply(changer: Changer, changes: ChangeSet | null, hold = false): void {
    for (const patch of this.patches) this.applyPatch(patch, changer, changes);
    this.applyLinks(changer, changes);
    const { free } = this.state;
    for (const cluster of this.taken) free.setUsed(cluster);
    for (const cluster of this.givenUp) {
      if (hold) free.hold(cluster);
      else free.setFree(cluster);
    }
    if (this.taken.length > 0) free.hint = this.taken[this.taken.length - 1]! + 1;
    if (this.taken.length + this.givenUp.length > 0) this.applyInfo();
  }

  get givenUpClusters(): readonly Cluster[] {
    return this.givenUp;
  }

  private blank(view: View, number: PageNumber): void {
    view.blank(number);
    if (this.blanks === null) this.blanks = new Set();
    this.blanks.add(number);
  }

  private applyPatch(patch: Patch, changer: Changer, changes: ChangeSet | null): void {
    const { cache } = this.state.cached;
    for (let done = 0; done < patch.length; ) {
      const number = Math.floor((patch.offset + done) / PAGE_BYTES);
      const within = patch.offset + done - number * PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - within, patch.length - done);
      const page = this.page(number);
      cache.change(page, changer, changes);
      if (patch.bytes === null) page.bytes.fill(0, within, within + length);
      else page.bytes.set(patch.bytes.subarray(done, done + length), within);
      done += length;
    }
  }

  private page(number: PageNumber): Page {
    const { cached } = this.state;
    const page = cached.find(number);
    if (page === null) defect(`page ${number} of ${cached.letter}: is absent after the first change`);
    if (page.isResident) return page;
    if (!this.blanks?.has(number))
      defect(`page ${number} of ${cached.letter}: is ${page.state} after the first change`);
    cached.cache.blank(page);
    return page;
  }

  private applyLinks(changer: Changer, changes: ChangeSet | null): void {
    if (this.linked.length === 0) return;
    const { cached, layout } = this.state;
    const changing = (page: Page) => cached.cache.change(page, changer, changes);
    for (let copy = 0; copy < layout.fatCount; copy++) {
      if (!isKept(layout, copy)) continue;
      const writer = new TableWriter(cached, layout, copy, changing);
      for (let at = 0; at < this.linked.length; at++) writer.set(this.linked[at]!, this.links[at]!);
    }
  }

  private needInfo(view: View): void {
    const { infoStart } = this.state.layout;
    if (infoStart !== null) view.range(infoStart, INFO_BYTES);
  }

  private applyInfo(): void {
    const { cached, layout, free, infoChanger } = this.state;
    if (layout.infoStart === null) return;
    const number = Math.floor(layout.infoStart / PAGE_BYTES);
    const page = this.page(number);
    cached.cache.change(page, infoChanger, null);
    const at = layout.infoStart - number * PAGE_BYTES;
    put32(page.bytes, at + INFO_FREE_COUNT, free.freeCount);
    put32(page.bytes, at + INFO_NEXT_FREE, free.hint);
  }
}

function coversPage(view: View, number: PageNumber, offset: Bytes, length: Bytes): boolean {
  const start = number * PAGE_BYTES;
  return offset <= start && offset + length >= start + view.volume.lengthOf(number);
}
