/**
 * Which clusters are free, made once from the table when a volume is mounted, so that no search ever misses a page.
 * Cluster numbers are below 2^28: bit operators are fine on them.
 *
 * Invariants
 * I1 A cluster is free when its entry in the table is 0.
 * I2 A cluster that was given up while somebody may still read it (a frozen file, an open file that was removed) is free
 *    in the table and held here: nobody gets it until it is let go.
 */
import { invariant } from '../../../engine/invariant.ts';
import { type Cluster, FIRST_CLUSTER } from './layout.ts';

export class FreeClusters {
  /** Free in the table. */
  freeCount = 0;
  /** Where the next search begins. */
  hint: Cluster = FIRST_CLUSTER;
  private readonly end: Cluster;
  /** One bit for each cluster that can not be had: used, or held. */
  private readonly taken: Uint32Array;
  private readonly held = new Set<Cluster>();

  constructor(clusterCount: number) {
    this.end = FIRST_CLUSTER + clusterCount;
    this.taken = new Uint32Array(Math.ceil(this.end / 32)).fill(0xffffffff);
  }

  /** Clusters that can be had. */
  get availableCount(): number {
    return this.freeCount - this.held.size;
  }

  isAvailable(cluster: Cluster): boolean {
    return (this.taken[cluster >>> 5]! & (1 << (cluster & 31))) === 0;
  }

  /** The table says that it is free. */
  setFree(cluster: Cluster): void {
    if (this.isAvailable(cluster) || this.held.has(cluster)) return;
    this.freeCount += 1;
    this.clear(cluster);
  }

  /** The table says that it is used. */
  setUsed(cluster: Cluster): void {
    invariant(this.isAvailable(cluster), `cluster ${cluster} is given to two files`);
    this.freeCount -= 1;
    this.taken[cluster >>> 5]! |= 1 << (cluster & 31);
  }

  /** I2: free in the table, and kept from everybody. */
  hold(cluster: Cluster): void {
    if (this.isAvailable(cluster) || this.held.has(cluster)) return;
    this.freeCount += 1;
    this.held.add(cluster);
  }

  letGo(cluster: Cluster): void {
    if (this.held.delete(cluster)) this.clear(cluster);
  }

  /**
   * Chooses clusters without taking them: `after` the last one of a chain (0: none), else from the hint on, around the
   * end. Those in `chosen` are left out, and the new ones are added to it. Says whether there were enough.
   */
  choose(count: number, after: Cluster, chosen: Cluster[]): boolean {
    if (count > this.availableCount - chosen.length) return false;
    const others = chosen.slice();
    let from = after > 0 ? after + 1 : this.hint;
    for (let left = count; left > 0; ) {
      const cluster = this.next(from);
      if (cluster === null) return false;
      from = cluster + 1;
      if (others.includes(cluster)) continue;
      chosen.push(cluster);
      left -= 1;
    }
    return true;
  }

  /** The first run of `count` clusters that begins at a multiple of `align` from the first one, or null. */
  run(count: number, align: number): Cluster | null {
    for (let first = FIRST_CLUSTER; first + count <= this.end; first += align) {
      let cluster = first;
      while (cluster < first + count && this.isAvailable(cluster)) cluster += 1;
      if (cluster === first + count) return first;
    }
    return null;
  }

  /** The first available cluster from `from` on, around the end; whole words of taken ones are skipped. */
  private next(from: Cluster): Cluster | null {
    return this.search(from, this.end) ?? this.search(FIRST_CLUSTER, Math.min(from, this.end));
  }

  private search(from: Cluster, end: Cluster): Cluster | null {
    for (let cluster = Math.max(from, FIRST_CLUSTER); cluster < end; ) {
      if ((cluster & 31) === 0 && this.taken[cluster >>> 5] === 0xffffffff) cluster += 32;
      else if (this.isAvailable(cluster)) return cluster;
      else cluster += 1;
    }
    return null;
  }

  private clear(cluster: Cluster): void {
    this.taken[cluster >>> 5]! &= ~(1 << (cluster & 31));
  }
}
