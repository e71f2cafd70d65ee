/**
 * Space for somebody who goes to the sectors of a file past the page cache, as the snapshot engine does with its cache
 * file. It comes in whole pages, so that no page of the cache holds sectors of it beside those of other files, and only
 * where the cache has nothing that is still to be written.
 */
import { FsError, type Path } from '../file-system.ts';
import type { Operation, View } from '../operation.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { type Chain, loadChain } from './chain.ts';
import { Edits } from './edits.ts';
import type { EntryFields } from './entry.ts';
import { type Cluster, offsetOfCluster } from './layout.ts';
import type { FatNode } from './node.ts';
import { bindChain, FILE_MAX, planFields, setFields } from './plan-write.ts';
import type { FatState } from './state.ts';

interface ReservePlan {
  readonly edits: Edits;
  readonly added: readonly Cluster[];
  readonly fields: EntryFields;
}

/** Grows a file to at least `sizeBytes`, rounded up to pages and clusters, without writing its data. */
export class ReserveOperation implements Operation<ReservePlan, void> {
  readonly path: Path;
  readonly changesPages = true;
  private readonly state: FatState;
  private readonly node: FatNode;
  private readonly sizeBytes: number;
  /** Its data, if it has any, was written past the page cache of an earlier boot. */
  private readonly isLeft: boolean;

  constructor(state: FatState, node: FatNode, sizeBytes: number, isLeft: boolean) {
    this.state = state;
    this.node = node;
    this.path = node.path;
    this.sizeBytes = sizeBytes;
    this.isLeft = isLeft;
  }

  plan(view: View): ReservePlan | null {
    const { state, node, path } = this;
    const { layout } = state;
    if (layout.dataStart % PAGE_BYTES !== 0) throw new FsError('no-space', path, 'clusters do not begin at pages');
    if (!node.isForeign && node.sizeBytes > 0 && !this.isLeft)
      throw new FsError('busy', path, 'it has data in the page cache');
    const chain = loadChain(view, layout, node, node.firstCluster);
    if (chain === null) return null;
    const perGroup = Math.max(1, PAGE_BYTES / layout.clusterBytes);
    const groupBytes = perGroup * layout.clusterBytes;
    if (chain.problem !== null || chain.length % perGroup !== 0)
      throw new FsError('corrupt', path, chain.problem ?? 'it does not end with a page');
    const groups = Math.ceil(this.sizeBytes / groupBytes) - chain.length / perGroup;
    if (groups * groupBytes + node.sizeBytes > FILE_MAX)
      throw new FsError('no-space', path, 'a file ends before 4 GiB');
    const edits = new Edits(state);
    const added = groups <= 0 ? [] : this.choose(view, edits, chain, groups, perGroup);
    const fields: EntryFields = {
      ...node.fields,
      firstCluster: node.firstCluster === 0 && added.length > 0 ? added[0]! : node.firstCluster,
      sizeBytes: (chain.length + added.length) * layout.clusterBytes,
      modified: state.stamp(),
    };
    planFields(state, view, edits, node, fields);
    return view.isMissing ? null : { edits, added, fields };
  }

  apply({ edits, added, fields }: ReservePlan): void {
    const { state, node } = this;
    edits.apply(node, null);
    if (node.chain !== null) for (const cluster of added) node.chain.append(cluster);
    bindChain(state, node, added);
    if (!node.isForeign && node.chain !== null) setForeign(state, node.chain.slice(0), true);
    const hasGrown = fields.sizeBytes !== node.sizeBytes;
    const isStamped = setFields(node, fields);
    node.isForeign = true;
    setForeign(state, added, true);
    if (hasGrown) state.observer?.resized(node, node.sizeBytes);
    if (isStamped) state.observer?.stamped(node, node.modified);
  }

  private choose(view: View, edits: Edits, chain: Chain, groups: number, perGroup: number): Cluster[] {
    const { state } = this;
    const isFit = (first: Cluster) => isQuiet(state, first);
    const firsts = state.free.chooseAligned(groups, perGroup, isFit);
    if (firsts === null) throw new FsError('no-space', this.path, `${groups} pages of free clusters are not there`);
    const added: Cluster[] = [];
    for (const first of firsts) for (let cluster = first; cluster < first + perGroup; cluster++) added.push(cluster);
    edits.take(view, chain.last, added);
    return added;
  }
}

/** Has the page cache nothing to write where this cluster begins, and the page or cluster that begins there ends? */
function isQuiet(state: FatState, first: Cluster): boolean {
  const start = offsetOfCluster(state.layout, first) / PAGE_BYTES;
  const end = start + Math.max(1, state.layout.clusterBytes / PAGE_BYTES);
  for (let number = start; number < end; number++) {
    const page = state.cached.find(number);
    if (page !== null && !page.isDroppable) return false;
    if (state.cached.isDiscarding(number)) return false;
  }
  return true;
}

/** From now on, or no longer, these clusters are written past the page cache. They are whole pages. */
export function setForeign(state: FatState, clusters: Iterable<Cluster>, isForeign: boolean): void {
  const { cached, layout } = state;
  const pages = Math.max(1, layout.clusterBytes / PAGE_BYTES);
  for (const cluster of clusters) {
    const number = Math.floor(offsetOfCluster(layout, cluster) / PAGE_BYTES);
    cached.cache.setForeign(cached, number, pages, isForeign);
  }
}
