/**
 * Which transactions a restored set of files holds, from its bytes and the truth: for every list (which file had a path,
 * the file's size, each block) the restored value names the versions that it can be; what a transaction changed up to
 * the earliest of them is in, what was changed after the latest is not. Positions, sizes, overlaps and renames do not
 * matter, so it serves every application whose files have no recovery of their own.
 *
 * A picture holds nothing younger than itself, so versions after it (after the end of the copy, where there is no one
 * instant) are no answer while an older one fits: a name that comes back later does not tell of what was to come.
 *
 * Invariants
 * I1 A transaction is whole when no list lacks it and one shows it, torn when lists contradict each other.
 * I2 A list whose restored value it never had says that its newest transaction is torn.
 * I3 A transaction that no list tells about is untold: later ones covered it all, or it put back what there was.
 * I4 A version after the picture counts only when the restored value had no version up to it.
 */
import type { HeldTransactions } from '../apps/application.ts';
import { NO_VERSION } from '../apps/block-versions.ts';
import type { Changes } from '../apps/changes.ts';
import type { RestoredBlocks } from '../apps/restored-blocks.ts';
import type { EventNumber, Truth } from '../apps/truth.ts';
import type { TruthFile } from '../apps/truth-file.ts';
import { NEVER, type WorkloadTruth } from '../apps/workload-truth.ts';
import type { Comparer, Comparison } from './comparison.ts';
import type { Span } from './instants.ts';
import { Fitting, Sightings } from './sightings.ts';

/** The transactions of a workload that are in its restored files, which were taken at `until` or before. */
export function heldTransactions(
  workload: WorkloadTruth,
  comparer: Comparer,
  comparisons: readonly Comparison[],
  until: EventNumber,
): HeldTransactions {
  return sightingsOf(workload, comparer, comparisons, until).held();
}

/**
 * The transactions of which something is as it was before them: what they left there has gone, and nothing later has come
 * in its place. One that a later one was about to undo is none of them.
 */
export function undoneTransactions(
  workload: WorkloadTruth,
  comparer: Comparer,
  comparisons: readonly Comparison[],
  until: EventNumber,
): ReadonlySet<number> {
  const { lacking } = sightingsOf(workload, comparer, comparisons, until);
  return new Set(workload.transactions.map(({ number }) => number).filter(number => lacking[number] === 1));
}

function sightingsOf(
  workload: WorkloadTruth,
  comparer: Comparer,
  comparisons: readonly Comparison[],
  until: EventNumber,
): Sightings {
  const sightings = new Sightings(workload, until);
  for (const { path, restored } of comparisons) {
    const occupants = comparer.truth.occupantsOf(path);
    if (occupants === null) continue;
    if (restored === null) {
      seeList(sightings, occupants, value => value === null, until);
      continue;
    }
    const match = bestMatch(candidates(occupants, until), comparer, restored);
    if (match === null) continue;
    const { file, blocks } = match;
    seeList(sightings, occupants, value => value === file, until);
    seeList(sightings, file.sizes, value => value === restored.sizeBytes, until);
    for (const slot of file.slots) seeBlock(sightings, comparer.truth, slot, blocks, until);
  }
  return sightings;
}

/** Files that had a path, in the order of time: those up to the picture, later ones only when there was none (I4). */
function candidates({ events, values }: Changes<TruthFile | null>, until: EventNumber): TruthFile[] {
  const early = values.filter((file, at): file is TruthFile => file !== null && events[at]! <= until);
  return [...new Set(early.length > 0 ? early : values.filter(file => file !== null))];
}

interface Match {
  readonly file: TruthFile;
  readonly blocks: RestoredBlocks;
}

/** Of the files that had the path, the one with the fewest blocks that it never held; the latest of equals. */
function bestMatch(files: readonly TruthFile[], comparer: Comparer, restored: Comparison['restored']): Match | null {
  let best: Match | null = null;
  let least = Number.POSITIVE_INFINITY;
  if (restored === null) return null;
  const only = files.length === 1 ? files[0] : undefined;
  if (only !== undefined) return { file: only, blocks: comparer.blocksOf(restored, only.base) };
  for (const file of files) {
    const blocks = comparer.blocksOf(restored, file.base);
    let foreign = file.sizes.values.includes(restored.sizeBytes) ? 0 : 1;
    for (const block of blocks.changed) {
      const slot = file.slotOf(block);
      if (slot < 0 || !hasVersion(comparer.truth, slot, blocks.hash(block))) foreign += 1;
    }
    for (const slot of file.slots) {
      const block = comparer.truth.blocks.blocks[slot]!;
      if (block < blocks.count && !hasVersion(comparer.truth, slot, blocks.hash(block))) foreign += 1;
    }
    if (foreign <= least) {
      least = foreign;
      best = { file, blocks };
    }
  }
  return best;
}

function hasVersion({ blocks }: Truth, slot: number, hash: number): boolean {
  let version = blocks.heads[slot]!;
  while (version !== NO_VERSION && blocks.hashes[version] !== hash) version = blocks.previous[version]!;
  return version !== NO_VERSION;
}

/** Before its first event a path had no file. */
function seeList<T>(
  sightings: Sightings,
  { events, values }: Changes<T>,
  fits: (value: T | null) => boolean,
  until: EventNumber,
): void {
  const fitting = new Fitting(until);
  const spans: Span[] = [];
  const add = (from: EventNumber, to: EventNumber): void => {
    fitting.add(from);
    spans.push({ from, to });
  };
  if (events[0] !== 0 && fits(null)) add(0, events[0]!);
  for (let at = 0; at < events.length; at++) if (fits(values[at] as T)) add(events[at]!, events[at + 1] ?? NEVER);
  sightings.seeSpans(spans);
  if (fitting.isNone) sightings.seeDamage(damagedAt(events, until));
  else for (const event of events) sightings.see(event, fitting);
}

/** The newest change that the picture can have; when there was none before it, the newest of all. */
function damagedAt(events: readonly EventNumber[], until: EventNumber): EventNumber {
  const newest = events[events.length - 1]!;
  const early = events.findLast(event => event <= until);
  return early === undefined || early === 0 ? newest : early;
}

/** A block behind the restored end is one that nobody has written yet. */
function seeBlock(
  sightings: Sightings,
  { blocks }: Truth,
  slot: number,
  restored: RestoredBlocks,
  until: EventNumber,
): void {
  const hash = restored.hash(blocks.blocks[slot]!);
  const { events, hashes, previous, heads } = blocks;
  const fitting = new Fitting(until);
  let damaged: EventNumber = 0;
  for (let version = heads[slot]!; version !== NO_VERSION; version = previous[version]!) {
    const event = events[version]!;
    if (hashes[version] === hash) fitting.add(event);
    if (event <= until && damaged === 0) damaged = event;
  }
  if (fitting.isNone) {
    sightings.seeDamage(damaged === 0 ? events[heads[slot]!]! : damaged);
    return;
  }
  for (let version = heads[slot]!; version !== NO_VERSION; version = previous[version]!) {
    sightings.see(events[version]!, fitting);
  }
}
