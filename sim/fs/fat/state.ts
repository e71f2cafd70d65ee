/** What is known in memory of a mounted FAT volume, and shared by its operations. */
import type { IoRequest } from '../../../engine/device.ts';
import { IoError } from '../../../engine/device.ts';
import { defect } from '../../../engine/invariant.ts';
import type { Bytes } from '../../../engine/units.ts';
import type { CachedVolume, PageUser } from '../cached-volume.ts';
import type { FsObserver, WallSeconds } from '../file-system.ts';
import type { View } from '../operation.ts';
import type { Changer, Page, PageNumber } from '../page.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { DIRECTORY, type Entry, type EntryFields } from './entry.ts';
import { FreeClusters } from './free-clusters.ts';
import { type Cluster, type FatLayout, FIRST_CLUSTER, offsetOfCluster } from './layout.ts';
import { FatNode } from './node.ts';
import { stampable } from './stamps.ts';
import { entryOffset } from './table.ts';

/** Gives numbers to nodes: one for each machine, for all its volumes and all its boots. */
export interface NodeIds {
  next: number;
}

export interface MountOptions {
  readonly now: () => WallSeconds;
  readonly ids: NodeIds;
}

export class FatState implements PageUser {
  readonly cached: CachedVolume;
  readonly layout: FatLayout;
  readonly free: FreeClusters;
  readonly root: FatNode;
  observer: FsObserver | null = null;
  /** Files with open handles, in the order of opening. */
  readonly openNodes = new Set<FatNode>();
  /** The sector of free counts belongs to no file. */
  readonly infoChanger: Changer = { mark: 0 };
  private readonly clock: () => WallSeconds;
  private readonly ids: NodeIds;
  private lastMark = 0;

  constructor(cached: CachedVolume, layout: FatLayout, options: MountOptions) {
    this.cached = cached;
    this.layout = layout;
    this.free = new FreeClusters(layout.clusterCount);
    this.clock = options.now;
    this.ids = options.ids;
    const fields = { attributes: DIRECTORY, firstCluster: layout.rootCluster, sizeBytes: 0, modified: 0 };
    this.root = new FatNode(this.nextId(), null, null, fields, `${cached.letter}:\\`);
    cached.user = this;
  }

  /** The wall clock as a stamp keeps it. */
  stamp(): WallSeconds {
    return stampable(this.clock());
  }

  /** A node for an entry of a directory, known from now on. */
  makeNode(directory: FatNode, entry: Entry, fields: EntryFields): FatNode {
    const node = new FatNode(this.nextId(), directory, entry, fields, '');
    directory.children.set(entry.key, node);
    return node;
  }

  /** Marks the changers whose pages an fsync of `node` writes: it and the directories above it. */
  markUpwards(from: FatNode): number {
    this.lastMark += 1;
    for (let node: FatNode | null = from; node !== null; node = node.parent) node.mark = this.lastMark;
    return this.lastMark;
  }

  /** May the page be blanked: is every cluster that has a part in it free? */
  isFreePage(number: number): boolean {
    const { layout } = this;
    const start = number * PAGE_BYTES - layout.dataStart;
    if (start < 0) return false;
    const first = FIRST_CLUSTER + Math.floor(start / layout.clusterBytes);
    const end = Math.min(
      FIRST_CLUSTER + Math.ceil((start + PAGE_BYTES) / layout.clusterBytes),
      FIRST_CLUSTER + layout.clusterCount,
    );
    for (let cluster = first; cluster < end; cluster++) if (!this.free.isAvailable(cluster)) return false;
    return first < end;
  }

  /** Reads a range of the volume from resident pages. */
  readPages(offset: Bytes, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const number = Math.floor((offset + done) / PAGE_BYTES);
      const within = offset + done - number * PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - within, into.length - done);
      const page = this.cached.resident(number);
      if (page === null) defect(`page ${number} of ${this.cached.letter}: is absent in the step of its look-up`);
      into.set(page.bytes.subarray(within, within + length), done);
      done += length;
    }
  }

  /** A copy of bytes that lie in one page; null when it is missing. */
  copyResident(view: View, offset: Bytes, length: Bytes): Uint8Array | null {
    const number = Math.floor(offset / PAGE_BYTES);
    const page = view.page(number);
    if (page === null) return null;
    const at = offset - number * PAGE_BYTES;
    return page.bytes.slice(at, at + length);
  }

  /** The resident pages that a cluster has a part in. */
  pagesOf(cluster: Cluster): Page[] {
    const start = offsetOfCluster(this.layout, cluster);
    const pages: Page[] = [];
    const last = Math.floor((start + this.layout.clusterBytes - 1) / PAGE_BYTES);
    for (let number = Math.floor(start / PAGE_BYTES); number <= last; number++) pages.push(this.present(number));
    return pages;
  }

  /** The pages of the table that is read in which the entries of clusters are; neighbours share theirs. */
  tablePages(clusters: readonly Cluster[]): Page[] {
    const { layout } = this;
    const start = layout.fatStart + layout.activeFat * layout.fatBytes;
    const pages: Page[] = [];
    let known = -1;
    for (const cluster of clusters) {
      const offset = start + entryOffset(layout.kind, cluster);
      const last = Math.floor((offset + 1) / PAGE_BYTES);
      for (let number = Math.floor(offset / PAGE_BYTES); number <= last; number++) {
        if (number !== known) pages.push(this.present(number));
        known = number;
      }
    }
    return pages;
  }

  /** The error goes to the next fsync of every handle of each file that has data in the page. */
  writeFailed(page: Page, request: IoRequest): void {
    const error = request.value;
    if (!(error instanceof IoError)) return;
    for (const node of this.openNodes) {
      if (!page.changers.includes(node) && !this.hasDataIn(node, page)) continue;
      for (const handle of node.handles) handle.pendingError = error;
    }
  }

  private present(number: PageNumber): Page {
    const page = this.cached.resident(number);
    if (page === null) defect(`page ${number} of ${this.cached.letter}: is absent in the step of its change`);
    return page;
  }

  private hasDataIn(node: FatNode, page: Page): boolean {
    const { chain, sizeBytes } = node;
    if (chain === null) return false;
    const from = page.number * PAGE_BYTES;
    const used = Math.min(chain.length, Math.ceil(sizeBytes / this.layout.clusterBytes));
    for (let index = 0; index < used; index++) {
      const start = offsetOfCluster(this.layout, chain.at(index));
      if (start < from + PAGE_BYTES && start + this.layout.clusterBytes > from) return true;
    }
    return false;
  }

  private nextId(): number {
    const { next } = this.ids;
    this.ids.next = next + 1;
    return next;
  }
}

/** Clusters that were given up while somebody may still read them; freed for others when the last one is done. */
export class HeldClusters {
  private readonly free: FreeClusters;
  private readonly clusters: readonly Cluster[];
  private readers: number;

  constructor(free: FreeClusters, clusters: readonly Cluster[], readers: number) {
    this.free = free;
    this.clusters = clusters;
    this.readers = readers;
  }

  release(): void {
    this.readers -= 1;
    if (this.readers === 0) for (const cluster of this.clusters) this.free.letGo(cluster);
  }
}
