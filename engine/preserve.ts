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
import { isZeroes } from './bytes.ts';
import { HOLE, type Slot, waitAll } from './cache-file.ts';
import { IoError, IoRequest } from './device.ts';
import type { Filter } from './filter.ts';
import type { Granule } from './granules.ts';
import { defect } from './invariant.ts';
import type { Copying, CopyResult, ProtectedVolume, Unpreserved } from './snapshot.ts';
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
  /** One for the whole run or, when that failed, one for each part that no granule ends within. */
  parts: readonly IoRequest[];
}

/**
 * Preserves every granule that a range touches, in every snapshot that lacks it. An error: one of them refuses, and none
 * is lost, because nothing changes (E16).
 */
export function* preserve(filter: Filter, sector: Sector, count: Sector): Task<IoError | null> {
  const results: Latch<CopyResult>[] = [];
  const claims: Claim[] = [];
  for (const volume of filter.protectedVolumes) {
    for (const part of volume.excluded.isEmpty ? [{ first: sector, count }] : volume.excluded.outside(sector, count)) {
      if (volume.grid.overlaps(part.first, part.count)) claim(volume, part.first, part.count, claims, results);
    }
  }
  if (claims.length > 0) filter.owner.spawn('preserve', copyOut(filter, claims));
  let refused: IoError | null = null;
  const unpreserved: Unpreserved[] = [];
  for (const result of results) {
    const copied = yield* wait(result);
    if (copied instanceof IoError) refused ??= copied;
    else if (typeof copied === 'object') unpreserved.push(copied);
  }
  if (refused === null) for (const { snapshot, cause, detail } of unpreserved) snapshot.lose(cause, detail);
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
  for (const source of old) {
    const error = yield* waitAll(source.parts);
    if (error !== null) yield* readInParts(filter, claims, source);
  }
  if (claims.length === 1) yield* store(claims[0]!, old);
  else {
    const stores = claims.map(each => store(each, old));
    yield* all(filter.owner, 'store', stores);
  }
  for (const { bytes } of old) claims[0]!.volume.snapshot.buffers.give(bytes);
}

/** Reads the union of all claimed granules, each sector once, in requests of at most 1 MiB. */
function readOld(filter: Filter, claims: readonly Claim[]): OldData[] {
  const { buffers } = claims[0]!.volume.snapshot;
  return merge(claims.flatMap(extentsOf), MIB / filter.sectorSize).map(extent => {
    const bytes = buffers.take(extent.count * filter.sectorSize);
    return { extent, bytes, parts: [read(filter, claims, extent.first, bytes)] };
  });
}

/** A sector that can't be read spoils the granules that hold it, and no other: each is read again by itself. */
function* readInParts(filter: Filter, claims: readonly Claim[], source: OldData): Task<void> {
  const { first, count } = source.extent;
  const ends = claims.flatMap(extentsOf).flatMap(extent => [extent.first, extent.first + extent.count]);
  const within = ends.filter(sector => sector > first && sector < first + count);
  const cuts = [first, ...new Set(within.sort((a, b) => a - b)), first + count];
  if (cuts.length === 2) return;
  source.parts = cuts.slice(0, -1).map((sector, at) => {
    const bytes = source.bytes.subarray(
      (sector - first) * filter.sectorSize,
      (cuts[at + 1]! - first) * filter.sectorSize,
    );
    return read(filter, claims, sector, bytes);
  });
  yield* waitAll(source.parts);
}

function read(filter: Filter, claims: readonly Claim[], sector: Sector, bytes: Uint8Array): IoRequest {
  const request = new IoRequest('read', sector, bytes.length / filter.sectorSize, bytes);
  for (const { volume } of claims) volume.snapshot.atDrives.track(request);
  filter.ports.preserve.submit(request);
  return request;
}

function extentsOf({ volume: { grid }, granules }: Claim): Extent[] {
  return granules.map(({ granule }) => ({ first: grid.start(granule), count: grid.length(granule) }));
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

/** Writes one snapshot's granules to its cache, those that lie side by side in one request, and all of them at once. */
function* store(claim: Claim, old: readonly OldData[]): Task<void> {
  const { volume, granules } = claim;
  const { snapshot } = volume;
  const { cache } = snapshot;
  let run: Run | null = null;
  let writes: RunWrite[] = [];
  for (const { granule, copying } of granules) {
    if (!isAwaited(volume, granule, copying)) continue;
    const piece = oldDataOf(volume, granule, old);
    if (piece.error !== null) {
      refuse(volume, [{ granule, copying }], 'source-read-error', piece.error.message);
      continue;
    }
    if (piece.isHole) {
      snapshot.endCopy(volume, granule, copying, HOLE);
      report(volume, granule, 1);
      continue;
    }
    let slot = cache.slotNow();
    if (slot === null) {
      // What has its place is not to wait for growth.
      if (run !== null) writes.push(beginRun(claim, run));
      run = null;
      for (const write of writes) yield* endRun(claim, write);
      writes = [];
      slot = yield* cache.takeSlot();
    }
    if (slot === null) {
      const detail = `${cache.space.place} has ${cache.usedBytes} of ${cache.limitBytes} bytes in use`;
      refuse(volume, granules, 'cache-full', detail);
      break;
    }
    if (run !== null && !continues(run, granule, slot, piece, cache.slotBytes)) {
      writes.push(beginRun(claim, run));
      run = null;
    }
    run ??= { granule, slot, source: piece.source, offset: piece.offset, members: [], length: 0 };
    run.members.push(copying);
    run.length += piece.length;
  }
  if (run !== null) writes.push(beginRun(claim, run));
  for (const write of writes) yield* endRun(claim, write);
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
  const end = start + grid.length(granule);
  for (const source of old) {
    const { extent, bytes, parts } = source;
    if (start < extent.first || start >= extent.first + extent.count) continue;
    const offset = (start - extent.first) * filter.sectorSize;
    const length = (end - start) * filter.sectorSize;
    const mine = parts.filter(({ sector, count }) => sector < end && start < sector + count);
    const error = mine.find(({ value }) => value !== null)?.value ?? null;
    // Zeroes need no place, whether they were never written or lie in a hole beside data.
    return { source, offset, length, isHole: isZeroes(bytes.subarray(offset, offset + length)), error };
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

/** A run on its way to the cache. */
interface RunWrite {
  readonly run: Run;
  /** None when nobody waits for it any more. */
  readonly requests: readonly IoRequest[];
  /** A copy that ends on a sector of the cache's device. */
  readonly padded: Uint8Array | null;
}

function beginRun({ volume }: Claim, run: Run): RunWrite {
  const { cache, buffers } = volume.snapshot;
  if (!run.members.some((copying, index) => isAwaited(volume, run.granule + index, copying))) {
    return { run, requests: [], padded: null };
  }
  const bytes = run.source.bytes.subarray(run.offset, run.offset + run.length);
  const whole = Math.ceil(run.length / cache.space.device.sectorSize) * cache.space.device.sectorSize;
  const padded = whole === run.length ? null : buffers.take(whole);
  padded?.fill(0, run.length);
  padded?.set(bytes);
  return { run, requests: cache.submit('write', run.slot, 0, padded ?? bytes), padded };
}

function* endRun({ volume }: Claim, { run, requests, padded }: RunWrite): Task<void> {
  const { snapshot } = volume;
  const { granule, slot, members } = run;
  const error = yield* waitAll(requests);
  if (padded !== null) snapshot.buffers.give(padded);
  const of = members.map((copying, index) => ({ granule: granule + index, copying }));
  if (error !== null) refuse(volume, of, 'cache-error', error.message);
  let kept = 0;
  of.forEach(({ granule: member, copying }, index) => {
    if (requests.length > 0 && error === null && isAwaited(volume, member, copying)) {
      snapshot.endCopy(volume, member, copying, slot + index);
      kept += 1;
    } else snapshot.cache.giveSlot(slot + index);
  });
  if (kept > 0) report(volume, granule, kept);
}

/** I3. */
function isAwaited(volume: ProtectedVolume, granule: Granule, copying: Copying): boolean {
  return volume.copying.get(granule) === copying;
}

/** These granules can't be preserved. */
function refuse(
  volume: ProtectedVolume,
  granules: Claim['granules'],
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
