/**
 * Why writes were held, by the world's own log: a hold for T, an earlier write that they overlap, a copy of a granule that
 * they touch, or a backup read of it (E4). Every moment of a delay needs such a reason, and it ends in the very instant in
 * which one of them does.
 */
import type { Extent, Nanoseconds, Sector } from '../../../engine/units.ts';
import type { HeldWrite } from '../../world/door.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { CopyWindow } from './old-data-reads.ts';
import {
  driveIds,
  extentOf,
  granulesOf,
  overlaps,
  type ProtectedRange,
  protectedRanges,
  withEarlier,
} from './protected-ranges.ts';

/** Something that a write may wait for. */
interface Reason {
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
}

export function unexplainedDelays(
  world: World,
  snapshots: readonly WatchedSnapshot[],
  held: readonly HeldWrite[],
  windows: readonly CopyWindow[],
): string[] {
  const ranges = protectedRanges(world, snapshots);
  const holds = [...holdsOf(world, snapshots), ...endsOf(world, snapshots)];
  const onTheWay = new ReasonsBySector();
  for (const { drive, granule, from, to } of windows) onTheWay.add(drive, granule, { from, to });
  const ends = endsOfCopies(world);
  const backupReads = backupReadsOf(world);
  const violations: string[] = [];
  for (const { write, earlier } of withEarlier(held)) {
    if (write.end !== 'passed') continue;
    const touched = touchedBy(write, ranges);
    const waits = [...earlier, ...holds.filter(hold => hold.covers(write)), ...backupReads.near(write.drive, touched)];
    const ended = ends.has(write.to) || waits.some(({ to }) => to === write.to);
    if (ended && isCovered(write, [...waits, ...onTheWay.near(write.drive, touched)])) continue;
    const { sector, count, from, to } = write;
    violations.push(`a write of sectors ${sector}+${count} waited ${to - from} ns, or the end of it, for nothing`);
  }
  return violations;
}

/** Whether there is a reason for each moment from its coming to its leaving. */
function isCovered({ from, to }: Reason, reasons: readonly Reason[]): boolean {
  let until = from;
  for (const reason of [...reasons].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (reason.from > until) break;
    until = Math.max(until, reason.to);
  }
  return until >= to;
}

/** The write's own sectors and those of the granules that it touches. */
function touchedBy(write: HeldWrite, ranges: readonly ProtectedRange[]): Extent {
  let first = write.sector;
  let end = write.sector + write.count;
  for (const range of ranges) {
    if (range.drive !== write.drive) continue;
    for (const granule of granulesOf(range, write)) {
      first = Math.min(first, granule.first);
      end = Math.max(end, granule.first + granule.count);
    }
  }
  return { first, count: end - first };
}

interface Hold extends Reason {
  readonly covers: (write: HeldWrite) => boolean;
}

/** When writes to the volumes of a snapshot were held for its T that was not quiet. */
function holdsOf({ engineEvents }: World, snapshots: readonly WatchedSnapshot[]): Hold[] {
  return engineEvents.flatMap((event, place) => {
    if (event.kind !== 'holding') return [];
    const { selected } = snapshots.find(({ request }) => request.id === event.snapshot) ?? { selected: [] };
    const end = engineEvents
      .slice(place + 1)
      .find(({ snapshot, kind }) => snapshot === event.snapshot && ENDS_HOLD.has(kind));
    const covers = (write: HeldWrite): boolean =>
      selected.some(({ drive, extent }) => drive === write.drive && overlaps(extent, write));
    return [{ from: event.at, to: end?.at ?? Number.POSITIVE_INFINITY, covers }];
  });
}

const ENDS_HOLD: ReadonlySet<string> = new Set(['enabled', 'hold-limit', 'released']);

/** After the end of a durable snapshot first writes wait until that is durable, or no longer than its limit (E10). */
function endsOf({ engineEvents }: World, snapshots: readonly WatchedSnapshot[]): Hold[] {
  return snapshots.flatMap(({ request, selected }) => {
    if (!request.options.durable) return [];
    const covers = (write: HeldWrite): boolean =>
      selected.some(({ drive, extent }) => drive === write.drive && overlaps(extent, write));
    return engineEvents
      .filter(({ kind, snapshot }) => snapshot === request.id && (kind === 'lost' || kind === 'released'))
      .map(({ at }) => ({ from: at, to: at + request.options.preserveLimitNs, covers }));
  });
}

/** The instants at which a copy may have ended: with its read, with a write to a cache or a state, or with its snapshot. */
function endsOfCopies({ requests, engineEvents }: World): Set<Nanoseconds> {
  const ends = new Set<Nanoseconds>();
  for (const purpose of ['preserve', 'cache', 'state'] as const) {
    for (const { completedAt } of requests.rows(purpose)) ends.add(completedAt);
  }
  for (const { kind, at } of engineEvents) if (kind === 'lost' || kind === 'released') ends.add(at);
  return ends;
}

function backupReadsOf(world: World): ReasonsBySector {
  const idOf = driveIds(world);
  const reads = new ReasonsBySector();
  for (const row of world.requests.rows('virtual')) {
    reads.add(idOf(row.drive), extentOf(row), { from: row.issuedAt, to: row.completedAt });
  }
  return reads;
}

const BUCKET_SECTORS: Sector = 1024;

/** Reasons by where they are, so that one need not be compared with all. */
class ReasonsBySector {
  private readonly buckets = new Map<string, { readonly extent: Extent; readonly reason: Reason }[]>();

  add(drive: string, extent: Extent, reason: Reason): void {
    for (const key of keysOf(drive, extent)) {
      const bucket = this.buckets.get(key);
      if (bucket === undefined) this.buckets.set(key, [{ extent, reason }]);
      else bucket.push({ extent, reason });
    }
  }

  near(drive: string, touched: Extent): Reason[] {
    const found = new Set<Reason>();
    for (const key of keysOf(drive, touched)) {
      for (const { extent, reason } of this.buckets.get(key) ?? []) {
        if (overlaps(extent, { sector: touched.first, count: touched.count })) found.add(reason);
      }
    }
    return [...found];
  }
}

function* keysOf(drive: string, { first, count }: Extent): Generator<string> {
  const last = Math.floor((first + count - 1) / BUCKET_SECTORS);
  for (let bucket = Math.floor(first / BUCKET_SECTORS); bucket <= last; bucket++) yield `${drive}/${bucket}`;
}
