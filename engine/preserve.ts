/**
 * Copies old data to the caches before it is changed. A granule is claimed in the step in which it is found clean; the
 * old data is read once for all snapshots that lack it, and each keeps its own copy (E16).
 *
 * Invariants
 * I1 The whole granule is copied, however little of it is written, and the last one to the volume's end (E6).
 * I2 The buffers of old data live until every snapshot has stored its copy.
 */
import { isZeroes } from './bytes.ts';
import { waitAll } from './cache-file.ts';
import type { OldGranule } from './copies.ts';
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
  const leaving: Latch<void>[] = [];
  for (const volume of filter.protectedVolumes) {
    if (!volume.snapshot.isEnabled) {
      // Its end is not durable yet: only when it is may a write go unpreserved.
      if (volume.lacks(sector, count)) leaving.push(volume.snapshot.detached);
      continue;
    }
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
  for (const left of leaving) yield* wait(left);
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
  const stores = claims.map(({ volume, granules }) => {
    const pieces = granules.map(({ granule, copying }) => oldGranule(volume, granule, copying, old));
    return volume.snapshot.cache.store(volume, pieces);
  });
  if (stores.length === 1) yield* stores[0]!;
  else yield* all(filter.owner, 'store', stores);
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

/** What was read of a granule. */
function oldGranule(volume: ProtectedVolume, granule: Granule, copying: Copying, old: readonly OldData[]): OldGranule {
  const { grid, filter } = volume;
  const start = grid.start(granule);
  const end = start + grid.length(granule);
  for (const { extent, bytes, parts } of old) {
    if (start < extent.first || start >= extent.first + extent.count) continue;
    const offset = (start - extent.first) * filter.sectorSize;
    const length = (end - start) * filter.sectorSize;
    const mine = parts.filter(({ sector, count }) => sector < end && start < sector + count);
    const error = mine.find(({ value }) => value !== null)?.value ?? null;
    // Zeroes need no place, whether they were never written or lie in a hole beside data.
    const isHole = error === null && isZeroes(bytes.subarray(offset, offset + length));
    return { granule, copying, from: bytes, offset, length, isHole, error };
  }
  return defect(`granule ${granule} of ${volume.name} was not read`);
}
