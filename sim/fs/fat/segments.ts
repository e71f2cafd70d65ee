/** Where a range of a file lies on its volume: runs of clusters that follow one another, as one segment each. */
import type { Bytes, Extent } from '../../../engine/units.ts';
import type { View } from '../operation.ts';
import { type Chain, loadChain } from './chain.ts';
import { type Cluster, type FatLayout, offsetOfCluster, sectorsOf } from './layout.ts';
import type { FatNode } from './node.ts';
import type { FatState } from './state.ts';

export interface Segment {
  readonly fileOffset: Bytes;
  readonly volumeOffset: Bytes;
  readonly length: Bytes;
}

/** The cluster of a file's `index`-th place: of its chain or, behind it, of those that are being added. */
export function clusterAt(chain: Chain, added: readonly Cluster[], index: number): Cluster {
  return index < chain.length ? chain.at(index) : added[index - chain.length]!;
}

export function segments(layout: FatLayout, cluster: (index: number) => Cluster, from: Bytes, to: Bytes): Segment[] {
  const { clusterBytes } = layout;
  const found: Segment[] = [];
  let start = from;
  let volumeOffset = -1;
  let end = -1;
  for (let at = from; at < to; ) {
    const index = Math.floor(at / clusterBytes);
    const within = at - index * clusterBytes;
    const offset = offsetOfCluster(layout, cluster(index)) + within;
    if (offset !== end) {
      if (volumeOffset >= 0) found.push({ fileOffset: start, volumeOffset, length: at - start });
      start = at;
      volumeOffset = offset;
    }
    const length = Math.min(clusterBytes - within, to - at);
    end = offset + length;
    at += length;
  }
  if (to > from) found.push({ fileOffset: start, volumeOffset, length: to - start });
  return found;
}

/** The sectors of a file's whole chain, from the start of the volume; null when pages are missing. */
export function extentsOf(state: FatState, view: View, node: FatNode): Extent[] | null {
  const { layout } = state;
  const chain = loadChain(view, layout, node, node.firstCluster);
  return chain === null ? null : extentsOfChain(layout, chain);
}

/** The same in this very step; null when its chain is not in memory, which it is in the step of its change. */
export function knownExtents({ layout }: FatState, node: FatNode): Extent[] | null {
  if (node.firstCluster === 0) return [];
  return node.chain === null ? null : extentsOfChain(layout, node.chain);
}

function extentsOfChain(layout: FatLayout, chain: Chain): Extent[] {
  const found = segments(layout, index => chain.at(index), 0, chain.length * layout.clusterBytes);
  return found.map(({ volumeOffset, length }) => sectorsOf(layout, volumeOffset, length));
}
