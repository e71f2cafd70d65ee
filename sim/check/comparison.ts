/**
 * One restored path against the truth: the spans of instants at which something about it differs. The lists are: which
 * file had the path, and of that file its size and each of its blocks.
 *
 * Invariants
 * I1 At each instant at which no file had the path, a restored file differs by as much as it has lists.
 * I2 At each instant at which a file had the path, a restored set without it differs by 1.
 * I3 A file that can't be read back to its end differs at every instant.
 */
import { invariant } from '../../engine/invariant.ts';
import type { RestoredFile, RestoredTree } from '../apps/application.ts';
import { type BaseFile, blockCount } from '../apps/base-content.ts';
import { NO_VERSION } from '../apps/block-versions.ts';
import type { Changes } from '../apps/changes.ts';
import type { RestoredBlocks } from '../apps/restored-blocks.ts';
import type { EventNumber, Truth } from '../apps/truth.ts';
import { NO_SLOT, type TruthFile } from '../apps/truth-file.ts';
import type { Path } from '../fs/file-system.ts';
import { type Found, Instants, Spans } from './instants.ts';

/** Names of lists that are no block. */
export const PATH_LIST = -1;
export const SIZE_LIST = -2;
export const DAMAGE_LIST = -3;

/** What differs about one path, instant by instant. */
export interface Comparison {
  readonly path: Path;
  /** Null: it was not restored. */
  readonly restored: RestoredFile | null;
  readonly spans: Spans;
}

/** Compares paths with the truth, and keeps what it found. */
export class Comparer {
  readonly truth: Truth;
  private readonly tree: RestoredTree;
  private readonly end: EventNumber;
  private readonly scratch = new Spans();
  private readonly kept = new Map<Path, Comparison>();

  constructor(truth: Truth, tree: RestoredTree) {
    this.truth = truth;
    this.tree = tree;
    this.end = truth.now() + 1;
  }

  compare(path: Path): Comparison {
    const kept = this.kept.get(path);
    if (kept !== undefined) return kept;
    const restored = this.tree.file(path);
    const spans = this.scratch;
    spans.clear();
    const occupants = this.truth.occupantsOf(path);
    if (occupants !== null) this.compareOccupants(occupants, restored, spans);
    else if (restored !== null) spans.add(0, this.end, weightOf(restored), PATH_LIST);
    if (restored !== null && restored.damage !== null) spans.add(0, this.end, 1, DAMAGE_LIST);
    const comparison: Comparison = { path, restored, spans: spans.compact() };
    this.kept.set(path, comparison);
    return comparison;
  }

  /** Where every one of these paths is as it was restored. */
  solve(comparisons: readonly Comparison[], excluded: Spans | null): Found {
    const instants = new Instants(this.end - 1);
    for (const { spans } of comparisons) instants.addAll(spans);
    return instants.solve(excluded);
  }

  /** The restored blocks of a file against those that a file had at 0 s. */
  blocksOf(restored: RestoredFile, base: BaseFile | null): RestoredBlocks {
    return this.tree.blocks(restored, base);
  }

  private compareOccupants(occupants: Changes<TruthFile | null>, restored: RestoredFile | null, spans: Spans): void {
    const { events, values } = occupants;
    const absence = restored === null ? 0 : weightOf(restored);
    spans.add(0, events[0]!, absence, PATH_LIST);
    for (let at = 0; at < events.length; at++) {
      const from = events[at]!;
      const to = at + 1 < events.length ? events[at + 1]! : this.end;
      const file = values[at]!;
      if (file === null) spans.add(from, to, absence, PATH_LIST);
      else if (restored === null) spans.add(from, to, 1, PATH_LIST);
      else this.compareFile(file, restored, from, to, spans);
    }
  }

  private compareFile(file: TruthFile, restored: RestoredFile, from: EventNumber, to: EventNumber, spans: Spans): void {
    const { sizes } = file;
    for (let at = 0; at < sizes.events.length; at++) {
      if (sizes.values[at] === restored.sizeBytes) continue;
      const last = at + 1 < sizes.events.length ? sizes.events[at + 1]! : to;
      spans.add(Math.max(from, sizes.events[at]!), Math.min(to, last), 1, SIZE_LIST);
    }
    const blocks = this.blocksOf(restored, file.base);
    for (const slot of file.slots) {
      const block = this.truth.blocks.blocks[slot]!;
      if (block < blocks.count) this.compareBlock(slot, block, blocks.hash(block), from, to, spans);
    }
    for (const block of blocks.changed) if (file.slotOf(block) === NO_SLOT) spans.add(from, to, 1, block);
  }

  /** From the newest version back; neighbours that differ make one span. */
  private compareBlock(
    slot: number,
    block: number,
    hash: number,
    from: EventNumber,
    to: EventNumber,
    spans: Spans,
  ): void {
    const { events, hashes, previous, heads } = this.truth.blocks;
    let end = to;
    let differsTo = 0;
    for (let version = heads[slot]!; version !== NO_VERSION; version = previous[version]!) {
      const event = events[version]!;
      if (event >= end) continue;
      const begin = event > from ? event : from;
      if (hashes[version] !== hash) {
        if (differsTo === 0) differsTo = end;
      } else if (differsTo > 0) {
        spans.add(end, differsTo, 1, block);
        differsTo = 0;
      }
      end = begin;
      if (event <= from) break;
    }
    invariant(end === from, 'a list of versions reaches back to event 0');
    if (differsTo > 0) spans.add(from, differsTo, 1, block);
  }
}

/** How many lists a restored file has: its path, its size, its blocks. */
function weightOf(restored: RestoredFile): number {
  return 2 + blockCount(restored.sizeBytes);
}
