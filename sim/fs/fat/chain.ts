/**
 * The clusters of a file or directory in order, as its entries in the table say. Derived from pages of the table, and
 * dies with them: then it is walked again.
 *
 * Invariants
 * I1 While a chain is alive, the pages of the table that it was read from are resident.
 * I2 Every member is a data cluster, and there are at most as many as the volume has.
 */
import { defect } from '../../../engine/invariant.ts';
import { Sources } from '../derived.ts';
import type { View } from '../operation.ts';
import type { Derived } from '../page.ts';
import { type Cluster, type FatLayout, isDataCluster } from './layout.ts';
import { FREE, isEnd, TableReader } from './table.ts';

/** What owns a chain, and is told that it died. */
export interface ChainOwner {
  chain: Chain | null;
}

export class Chain implements Derived {
  length = 0;
  /** Why it stops before its end, or null. Clusters before that are usable. */
  problem: string | null = null;
  private readonly owner: ChainOwner;
  private clusters: Uint32Array;
  readonly sources = new Sources(this);

  constructor(owner: ChainOwner, clusters: Uint32Array = new Uint32Array(8)) {
    this.owner = owner;
    this.clusters = clusters;
  }

  /** Hot path. */
  at(index: number): Cluster {
    if (index >= this.length) defect(`a chain of ${this.length} clusters has no number ${index}`);
    return this.clusters[index]!;
  }

  get last(): Cluster {
    return this.length === 0 ? 0 : this.at(this.length - 1);
  }

  slice(from: number, to: number = this.length): Uint32Array {
    return this.clusters.slice(from, Math.min(to, this.length));
  }

  append(cluster: Cluster): void {
    if (this.length === this.clusters.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.clusters);
      this.clusters = larger;
    }
    this.clusters[this.length] = cluster;
    this.length += 1;
  }

  cut(length: number): void {
    this.length = Math.min(this.length, length);
  }

  die(): void {
    this.sources.release();
    if (this.owner.chain === this) this.owner.chain = null;
  }
}

/** The chain that begins with `first` (0: an empty one), or null when pages of the table are missing. */
export function loadChain(view: View, layout: FatLayout, owner: ChainOwner, first: Cluster): Chain | null {
  if (owner.chain !== null) {
    owner.chain.sources.touch();
    return owner.chain;
  }
  const reader = new TableReader(view, layout);
  const chain = new Chain(owner);
  for (let cluster = first; cluster !== 0; ) {
    if (!isDataCluster(layout, cluster)) chain.problem = `it goes on to cluster ${cluster}, which is none`;
    else if (chain.length >= layout.clusterCount) chain.problem = 'it never ends';
    if (chain.problem !== null) break;
    const value = reader.get(cluster);
    if (value < 0) return null;
    if (value === FREE) {
      chain.problem = `cluster ${cluster} is free`;
      break;
    }
    chain.append(cluster);
    cluster = isEnd(layout.kind, value) ? 0 : value;
  }
  for (const page of reader.pages) chain.sources.add(page);
  owner.chain = chain;
  return chain;
}
