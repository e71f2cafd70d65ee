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
  /** While a volume is trimmed: one bit for each cluster that was free when that began, and was not used since. */
  private unused: Uint32Array | null = null;

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

  /** While a volume is mounted: the table says that all from `first` to before `end` are free. */
  setFreeRun(first: Cluster, end: Cluster): void {
    for (let cluster = first; cluster < end; ) {
      if ((cluster & 31) === 0 && cluster + 32 <= end && this.taken[cluster >>> 5] === 0xffffffff) {
        this.taken[cluster >>> 5] = 0;
        this.freeCount += 32;
        cluster += 32;
      } else {
        this.setFree(cluster);
        cluster += 1;
      }
    }
  }

  /** The table says that it is used. */
  setUsed(cluster: Cluster): void {
    invariant(this.isAvailable(cluster), `cluster ${cluster} is given to two files`);
    this.freeCount -= 1;
    this.taken[cluster >>> 5]! |= 1 << (cluster & 31);
    if (this.unused !== null) this.unused[cluster >>> 5]! &= ~(1 << (cluster & 31));
  }

  /** From here on remembers which clusters stay free; false when somebody else has it do so. */
  beginTrim(): boolean {
    if (this.unused !== null) return false;
    this.unused = this.taken.map(word => ~word);
    return true;
  }

  isUnused(cluster: Cluster): boolean {
    return this.unused !== null && (this.unused[cluster >>> 5]! & (1 << (cluster & 31))) !== 0;
  }

  endTrim(): void {
    this.unused = null;
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

  /**
   * Chooses `count` groups of `align` clusters each, which begin at multiples of `align` from the first cluster: the first
   * that follow one another without a gap or, where there are none, the first ones. Null when there are too few.
   */
  chooseAligned(count: number, align: number, isFit: (first: Cluster) => boolean): Cluster[] | null {
    const found: Cluster[] = [];
    let run = 0;
    for (let first = FIRST_CLUSTER; first + align <= this.end; first += align) {
      if (!this.isGroupAvailable(first, align) || !isFit(first)) {
        run = 0;
        continue;
      }
      found.push(first);
      run += 1;
      if (run === count) return found.slice(-count);
    }
    return found.length < count ? null : found.slice(0, count);
  }

  private isGroupAvailable(first: Cluster, count: number): boolean {
    for (let cluster = first; cluster < first + count; cluster++) if (!this.isAvailable(cluster)) return false;
    return true;
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
