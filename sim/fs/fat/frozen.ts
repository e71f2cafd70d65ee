/**
 * A file exactly as it was at one instant, kept beside the file that goes on changing.
 *
 * Invariants
 * I1 A block is copied before its first change after the instant, also when it is overwritten whole; from then on it is
 *    read from the copy, until then from the clusters that the file had.
 * I2 Clusters that the file gives up stay allocated until every frozen reader of that time is closed.
 * I3 A block that lies in another cluster than it did is another block: nothing is copied for it.
 */
import { invariant } from '../../../engine/invariant.ts';
import type { Task } from '../../../engine/task.ts';
import type { Bytes } from '../../../engine/units.ts';
import { type FrozenFile, FsError, type Path, type WallSeconds } from '../file-system.ts';
import { type Operation, PIECE_BYTES, run, type View } from '../operation.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { type Chain, loadChain } from './chain.ts';
import { offsetOfCluster } from './layout.ts';
import type { FatNode } from './node.ts';
import type { FatState, HeldClusters } from './state.ts';

/** The content of a frozen file: which clusters it had, and copies of the blocks that were changed since. */
export class FrozenContent {
  readonly sizeBytes: Bytes;
  /** A block lies in one cluster. */
  readonly blockBytes: Bytes;
  readonly holds: HeldClusters[] = [];
  private readonly state: FatState;
  private readonly clusters: Uint32Array;
  private readonly copies = new Map<number, Uint8Array>();

  constructor(state: FatState, sizeBytes: Bytes, clusters: Uint32Array) {
    this.state = state;
    this.sizeBytes = sizeBytes;
    this.clusters = clusters;
    this.blockBytes = Math.min(state.layout.clusterBytes, PAGE_BYTES);
  }

  copyOf(block: number): Uint8Array | null {
    return this.copies.get(block) ?? null;
  }

  keep(block: number, bytes: Uint8Array): void {
    this.copies.set(block, bytes);
  }

  /** I3. Would a change of the block in the file, as its chain is now, take it from this reader? */
  lacks(block: number, chain: Chain): boolean {
    if (block * this.blockBytes >= this.sizeBytes || this.copies.has(block)) return false;
    const index = Math.floor((block * this.blockBytes) / this.state.layout.clusterBytes);
    return index < chain.length && this.clusters[index] === chain.at(index);
  }

  /** Where the block was, and is as long as there is no copy of it. */
  offsetOf(block: number): Bytes {
    const { clusterBytes } = this.state.layout;
    const index = Math.floor((block * this.blockBytes) / clusterBytes);
    invariant(index < this.clusters.length, `a frozen file has no block ${block}`);
    return offsetOfCluster(this.state.layout, this.clusters[index]!) + block * this.blockBytes - index * clusterBytes;
  }

  /** The bytes of a block that count. */
  lengthOf(block: number): Bytes {
    return Math.min(this.blockBytes, this.sizeBytes - block * this.blockBytes);
  }

  release(): void {
    for (const hold of this.holds) hold.release();
    this.copies.clear();
  }
}

/** Calls `each` for every block that a reader lacks and that a change of [from, to) would take from it. */
function lackingBlocks(
  node: FatNode,
  from: Bytes,
  to: Bytes,
  each: (content: FrozenContent, block: number) => void,
): void {
  if (node.frozen === null || node.chain === null || to <= from) return;
  for (const content of node.frozen) {
    const last = Math.floor((to - 1) / content.blockBytes);
    for (let block = Math.floor(from / content.blockBytes); block <= last; block++) {
      if (content.lacks(block, node.chain)) each(content, block);
    }
  }
}

/** Asks for the pages of blocks that have to be copied before a change of [from, to). */
export function planKeep(view: View, node: FatNode, from: Bytes, to: Bytes): void {
  lackingBlocks(node, from, to, (content, block) => view.range(content.offsetOf(block), content.lengthOf(block)));
}

/** I1: to be called before the change. */
export function applyKeep(state: FatState, node: FatNode, from: Bytes, to: Bytes): void {
  lackingBlocks(node, from, to, (content, block) => {
    const copy = new Uint8Array(content.lengthOf(block));
    state.readPages(content.offsetOf(block), copy);
    content.keep(block, copy);
  });
}

export class FatFrozenFile implements FrozenFile {
  readonly node: FatNode;
  readonly path: Path;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
  private readonly state: FatState;
  private readonly content: FrozenContent;
  private isClosed = false;

  constructor(state: FatState, node: FatNode, content: FrozenContent) {
    this.state = state;
    this.node = node;
    this.path = node.path;
    this.sizeBytes = content.sizeBytes;
    this.modified = node.modified;
    this.content = content;
    if (node.frozen === null) node.frozen = [];
    node.frozen.push(content);
  }

  *read(offset: Bytes, into: Uint8Array): Task<Bytes> {
    invariant(!this.isClosed, `${this.path}: read after close`);
    const total = Math.max(0, Math.min(into.length, this.sizeBytes - offset));
    for (let done = 0; done < total; done += PIECE_BYTES) {
      const piece = into.subarray(done, Math.min(total, done + PIECE_BYTES));
      yield* run(this.state.cached, new ReadFrozen(this.state, this.path, this.content, offset + done, piece));
    }
    return total;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const left = this.node.frozen?.filter(content => content !== this.content) ?? [];
    this.node.frozen = left.length === 0 ? null : left;
    this.content.release();
  }
}

class ReadFrozen implements Operation<true, void> {
  readonly path: Path;
  readonly changesPages = false;
  private readonly state: FatState;
  private readonly content: FrozenContent;
  private readonly offset: Bytes;
  private readonly into: Uint8Array;

  constructor(state: FatState, path: Path, content: FrozenContent, offset: Bytes, into: Uint8Array) {
    this.state = state;
    this.path = path;
    this.content = content;
    this.offset = offset;
    this.into = into;
  }

  plan(view: View): true | null {
    this.eachPart((block, within, _done, length) => {
      if (this.content.copyOf(block) === null) view.range(this.content.offsetOf(block) + within, length);
    });
    return view.isMissing ? null : true;
  }

  apply(): void {
    this.eachPart((block, within, done, length) => {
      const copy = this.content.copyOf(block);
      const into = this.into.subarray(done, done + length);
      if (copy !== null) into.set(copy.subarray(within, within + length));
      else this.state.readPages(this.content.offsetOf(block) + within, into);
    });
  }

  private eachPart(each: (block: number, within: Bytes, done: Bytes, length: Bytes) => void): void {
    const { blockBytes } = this.content;
    for (let done = 0; done < this.into.length; ) {
      const block = Math.floor((this.offset + done) / blockBytes);
      const within = this.offset + done - block * blockBytes;
      const length = Math.min(blockBytes - within, this.into.length - done);
      each(block, within, done, length);
      done += length;
    }
  }
}

/** One operation for the whole list: all files at one instant. */
export class Freeze implements Operation<FatNode[], FatFrozenFile[]> {
  readonly path: Path;
  readonly changesPages = false;
  private readonly state: FatState;
  private readonly find: (view: View) => FatNode[] | null;

  constructor(state: FatState, path: Path, find: (view: View) => FatNode[] | null) {
    this.state = state;
    this.path = path;
    this.find = find;
  }

  plan(view: View): FatNode[] | null {
    const nodes = this.find(view);
    if (nodes === null) return null;
    const { layout } = this.state;
    for (const node of nodes) {
      const chain = loadChain(view, layout, node, node.firstCluster);
      if (chain !== null && chain.length * layout.clusterBytes < node.sizeBytes) {
        throw new FsError('corrupt', node.path, chain.problem ?? 'its chain is shorter than its size');
      }
    }
    return view.isMissing ? null : nodes;
  }

  apply(nodes: FatNode[]): FatFrozenFile[] {
    const { clusterBytes } = this.state.layout;
    return nodes.map(node => {
      const { chain, sizeBytes } = node;
      invariant(chain !== null, `${node.path}: is frozen without its chain`);
      const clusters = chain.slice(0, Math.ceil(sizeBytes / clusterBytes));
      return new FatFrozenFile(this.state, node, new FrozenContent(this.state, sizeBytes, clusters));
    });
  }
}
