/**
 * Copies old data to the caches before it is changed. A granule is claimed in the step in which it is found clean; the
 * old data is read once for all snapshots that lack it, and each keeps its own copy (E16).
 *
 * Invariants
 * I1 A granule's bit is set only after its cache write has completed (E5).
 * I2 The whole granule is copied, however little of it is written, and the last one to the volume's end (E6).
 * I3 A copy that nobody waits for any more (the snapshot has ended, the watchdog has refused it) changes no map; its
 *    buffer and slot stay owned until its requests have ended (E9).
 */
import { HOLE, type Slot, waitAll } from './cache-file.ts';
import { IoError, IoRequest } from './device.ts';
import type { Filter } from './filter.ts';
import type { Granule } from './granules.ts';
import { defect } from './invariant.ts';
import type { Copying, CopyResult, ProtectedVolume } from './snapshot.ts';
import { all, type Latch, type Task, wait } from './task.ts';
import { type Extent, MIB, type Sector } from './units.ts';

/** Granules of one volume that this copy has claimed, ascending. */
interface Claim {
  readonly volume: ProtectedVolume;
  readonly granules: readonly { readonly granule: Granule; readonly copying: Copying }[];
}

/** Old data of a run of sectors of the drive. */
interface OldData {
  readonly extent: Extent;
  readonly bytes: Uint8Array;
  readonly request: IoRequest;
}

/** Preserves every granule that a range touches, in every snapshot that lacks it. An error: one of them refuses. */
export function* preserve(filter: Filter, sector: Sector, count: Sector): Task<IoError | null> {
  const results: Latch<CopyResult>[] = [];
  const claims: Claim[] = [];
  for (const volume of filter.protectedVolumes) {
    if (volume.grid.overlaps(sector, count)) claim(volume, sector, count, claims, results);
  }
  if (claims.length > 0) filter.owner.spawn('preserve', copyOut(filter, claims));
  let refused: IoError | null = null;
  for (const result of results) {
    const copied = yield* wait(result);
    if (copied instanceof IoError) refused ??= copied;
  }
  return refused;
}

function claim(
  volume: ProtectedVolume,
  sector: Sector,
  count: Sector,
  claims: Claim[],
  results: Latch<CopyResult>[],
): void {
  const { grid, preserved, copying, snapshot } = volume;
  const granules: { granule: Granule; copying: Copying }[] = [];
  const last = grid.lastTouched(sector, count);
  for (let granule = grid.firstTouched(sector); granule <= last; granule++) {
    if (preserved.get(granule)) continue;
    let copy = copying.get(granule);
    if (copy === undefined) {
      copy = snapshot.beginCopy(volume, granule);
      granules.push({ granule, copying: copy });
    }
    results.push(copy.result);
  }
  if (granules.length > 0) claims.push({ volume, granules });
}

function* copyOut(filter: Filter, claims: readonly Claim[]): Task<void> {
  const old = readOld(filter, claims);
  for (const { request } of old) yield* wait(request);
  if (claims.length === 1) yield* store(claims[0]!, old);
  else {
    const stores = claims.map(each => store(each, old));
    yield* all(filter.owner, 'store', stores);
  }
  for (const { bytes } of old) claims[0]!.volume.snapshot.buffers.give(bytes);
}

/** Reads the union of all claimed granules, each sector once, in requests of at most 1 MiB. */
function readOld(filter: Filter, claims: readonly Claim[]): OldData[] {
  const wanted = claims.flatMap(({ volume, granules }) =>
    granules.map(({ granule }) => ({ first: volume.grid.start(granule), count: volume.grid.length(granule) })),
  );
  const { buffers } = claims[0]!.volume.snapshot;
  return merge(wanted, MIB / filter.sectorSize).map(extent => {
    const bytes = buffers.take(extent.count * filter.sectorSize);
    const request = filter.ports.preserve.submit(new IoRequest('read', extent.first, extent.count, bytes));
    return { extent, bytes, request };
  });
}

/** Joins extents that touch or overlap; none of the result is longer than `most` unless one of the given is. */
function merge(extents: readonly Extent[], most: Sector): Extent[] {
  const sorted = [...extents].sort((a, b) => a.first - b.first || a.count - b.count);
  const merged: { first: Sector; count: Sector }[] = [];
  for (const { first, count } of sorted) {
    const last = merged.at(-1);
    const end = last === undefined ? 0 : last.first + last.count;
    if (last !== undefined && first < end && first + count <= end) continue;
    if (last !== undefined && (first < end || (first === end && last.count + count <= most))) {
      last.count = first + count - last.first;
    } else merged.push({ first, count });
  }
  return merged;
}

/** Writes one snapshot's granules to its cache, those that lie side by side in one request. */
function* store(claim: Claim, old: readonly OldData[]): Task<void> {
  const { volume, granules } = claim;
  const { snapshot } = volume;
  const { cache } = snapshot;
  let run: Run | null = null;
  for (const { granule, copying } of granules) {
    if (!isAwaited(volume, granule, copying)) continue;
    const piece = oldDataOf(volume, granule, old);
    if (piece.error !== null) {
      refuse(claim, 'source-read-error', piece.error.message);
      break;
    }
    if (piece.isHole) {
      snapshot.endCopy(volume, granule, copying, HOLE);
      report(volume, granule, 1);
      continue;
    }
    const slot = yield* cache.takeSlot();
    if (slot === null) {
      refuse(claim, 'cache-full', `${cache.space.place} has ${cache.usedBytes} of ${cache.limitBytes} bytes in use`);
      break;
    }
    if (run !== null && !continues(run, granule, slot, piece, cache.slotBytes)) {
      yield* writeRun(claim, run);
      run = null;
    }
    run ??= { granule, slot, source: piece.source, offset: piece.offset, members: [], length: 0 };
    run.members.push(copying);
    run.length += piece.length;
  }
  if (run !== null) yield* writeRun(claim, run);
}

/** Granules that follow one another on the volume, in the buffer and in the cache. */
interface Run {
  readonly granule: Granule;
  readonly slot: Slot;
  readonly source: OldData;
  readonly offset: number;
  readonly members: Copying[];
  length: number;
}

interface Piece {
  readonly source: OldData;
  readonly offset: number;
  readonly length: number;
  readonly isHole: boolean;
  readonly error: IoError | null;
}

function oldDataOf(volume: ProtectedVolume, granule: Granule, old: readonly OldData[]): Piece {
  const { grid, filter } = volume;
  const start = grid.start(granule);
  for (const source of old) {
    const { extent, request } = source;
    if (start < extent.first || start >= extent.first + extent.count) continue;
    return {
      source,
      offset: (start - extent.first) * filter.sectorSize,
      length: grid.length(granule) * filter.sectorSize,
      isHole: request.readAsHole,
      error: request.value,
    };
  }
  return defect(`granule ${granule} of ${volume.name} was not read`);
}

function continues(run: Run, granule: Granule, slot: Slot, piece: Piece, slotBytes: number): boolean {
  const count = run.members.length;
  return (
    granule === run.granule + count &&
    slot === run.slot + count &&
    run.length === count * slotBytes &&
    piece.source === run.source &&
    piece.offset === run.offset + run.length
  );
}

function* writeRun(claim: Claim, run: Run): Task<void> {
  const { volume } = claim;
  const { cache, buffers } = volume.snapshot;
  const isNeeded = run.members.some((copying, index) => isAwaited(volume, run.granule + index, copying));
  let error: IoError | null = null;
  if (isNeeded) {
    const bytes = run.source.bytes.subarray(run.offset, run.offset + run.length);
    const whole = Math.ceil(run.length / cache.space.device.sectorSize) * cache.space.device.sectorSize;
    const padded = whole === run.length ? null : buffers.take(whole);
    padded?.fill(0, run.length);
    padded?.set(bytes);
    error = yield* waitAll(cache.submit('write', run.slot, 0, padded ?? bytes));
    if (padded !== null) buffers.give(padded);
    if (error !== null) refuse(claim, 'cache-error', error.message);
  }
  let kept = 0;
  run.members.forEach((copying, index) => {
    const granule = run.granule + index;
    if (isNeeded && error === null && isAwaited(volume, granule, copying)) {
      volume.snapshot.endCopy(volume, granule, copying, run.slot + index);
      kept += 1;
    } else cache.giveSlot(run.slot + index);
  });
  if (kept > 0) report(volume, run.granule, kept);
}

/** I3. */
function isAwaited(volume: ProtectedVolume, granule: Granule, copying: Copying): boolean {
  return volume.copying.get(granule) === copying;
}

/** Nothing more of this claim can be preserved. */
function refuse(
  { volume, granules }: Claim,
  cause: 'source-read-error' | 'cache-full' | 'cache-error',
  detail: string,
): void {
  const left = granules.filter(({ granule, copying }) => isAwaited(volume, granule, copying));
  if (left.length === 0) return;
  volume.snapshot.cannotPreserve(
    volume,
    left.map(({ granule }) => granule),
    cause,
    detail,
  );
}

function report(volume: ProtectedVolume, granule: Granule, count: number): void {
  const { snapshot } = volume;
  snapshot.emit({ kind: 'preserved', ...snapshot.stamp(), volume: volume.name, granule, count });
}
