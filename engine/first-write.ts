/**
 * The write path when there is something to do first (white paper, Figure 2): a write to sectors that a snapshot has not
 * preserved is paused, the old data is copied to the cache, and then the write goes to the drive. One path for every
 * destructive operation and whatever flags it has; its range comes from offset and length, never from a payload (E15).
 *
 * Invariants
 * I1 All conditions are tested again in the very step in which the request is passed on, after the last wait.
 * I2 A request is passed on once, or settled with an error once; its place in the order is let go in the same step.
 * I3 Nobody can cancel this task: it belongs to the engine, not to the application that waits.
 */
import { IoError, IoRequest } from './device.ts';
import type { Filter } from './filter.ts';
import { invariant } from './invariant.ts';
import { preserve } from './preserve.ts';
import { type RangeHold, type Task, wait } from './task.ts';
import { type Extent, MIB, type Sector } from './units.ts';

export function* firstWrite(filter: Filter, request: IoRequest, place: RangeHold): Task<void> {
  yield* wait(place.granted);
  const parts = request.op === 'discard' ? yield* undroppedParts(filter, request) : null;
  let error: IoError | null = null;
  for (const part of parts ?? [request]) {
    error = yield* makeReady(filter, part, request);
    if (error !== null) break;
  }
  if (error !== null) {
    filter.held.release(place);
    request.settle(error);
  } else {
    for (const part of parts ?? [request]) invariant(filter.mayPass(part), 'a write passes that may not');
    if (parts === null) filter.pass(request);
    else passParts(filter, request, parts);
    filter.held.release(place);
  }
}

/**
 * Sectors become those of a cache file, which is written past the filter: whoever protects them keeps first what they hold,
 * as before any write, so none of the writes to the file has anything to preserve (E11). It may be written in the step in
 * which this returns null.
 */
export function* takeOver(filter: Filter, { first, count }: Extent): Task<IoError | null> {
  const whole = new IoRequest('zeroes', first, count, null);
  const turn = filter.held.request(first, count);
  try {
    yield* wait(turn.granted);
    return yield* makeReady(filter, whole, whole);
  } finally {
    filter.held.release(turn);
  }
}

/** Waits until a range may be changed; an error means that it may not (`protect: backup`). */
function* makeReady(filter: Filter, part: IoRequest, whole: IoRequest): Task<IoError | null> {
  for (;;) {
    const hold = filter.holdOver(whole);
    if (hold !== null) {
      yield* wait(hold.released);
      continue;
    }
    if (filter.lacks(part.sector, part.count)) {
      const error = yield* preservePieces(filter, part.sector, part.count);
      if (error !== null) return refused(filter, whole, error);
      continue;
    }
    const reader = filter.readers.first(part.sector, part.count);
    if (reader === null) return null;
    reader.volume.snapshot.isWaitedFor(reader);
    const error = yield* wait(reader.ended);
    if (error !== null) return refused(filter, whole, error);
  }
}

function refused(filter: Filter, { op, sector, count }: IoRequest, { failure, message }: IoError): IoError {
  return new IoError(failure, filter.name, op, sector, count, message);
}

/** Preserves a range in pieces of bounded size, however long the request is. */
function* preservePieces(filter: Filter, sector: Sector, count: Sector): Task<IoError | null> {
  const pieceSectors = MIB / filter.sectorSize;
  for (let done = 0; done < count; done += pieceSectors) {
    const piece = Math.min(pieceSectors, count - done);
    const error = yield* preserve(filter, sector + done, piece);
    if (error !== null) return error;
  }
  return null;
}

/**
 * `discards: drop` (E15): the parts of a discard that would have to be preserved are acknowledged and not done. Returns
 * what is left of it, null when that is all of it.
 */
function* undroppedParts(filter: Filter, request: IoRequest): Task<IoRequest[] | null> {
  for (let hold = filter.holdOver(request); hold !== null; hold = filter.holdOver(request)) yield* wait(hold.released);
  const droppers = filter.protectedVolumes.filter(
    ({ snapshot }) => snapshot.isEnabled && snapshot.options.discards === 'drop',
  );
  if (!droppers.some(volume => volume.lacks(request.sector, request.count))) return null;
  const parts: IoRequest[] = [];
  let start = request.sector;
  const end = request.sector + request.count;
  const cut = (to: Sector): void => {
    if (to > start) parts.push(new IoRequest('discard', start, to - start, null, request.fua));
  };
  for (let sector = request.sector; sector < end; ) {
    const next = Math.min(end, ...droppers.map(volume => nextBoundary(volume.grid, sector)));
    if (droppers.some(volume => volume.lacks(sector, next - sector))) {
      cut(sector);
      start = next;
    }
    sector = next;
  }
  cut(end);
  return parts;
}

/** Where the next granule begins behind a sector, or the volume begins or ends. */
function nextBoundary(grid: Filter['protectedVolumes'][number]['grid'], sector: Sector): Sector {
  const { first, count } = grid.volume;
  if (sector < first) return first;
  if (sector >= first + count) return Number.POSITIVE_INFINITY;
  const granule = grid.firstTouched(sector);
  return grid.start(granule) + grid.length(granule);
}

function passParts(filter: Filter, request: IoRequest, parts: readonly IoRequest[]): void {
  let left = parts.length;
  if (left === 0) request.settle(null);
  let first: IoError | null = null;
  for (const part of parts) {
    part.attach({
      settled: () => {
        first ??= part.value;
        left -= 1;
        if (left === 0) request.settle(first);
      },
    });
  }
  for (const part of parts) filter.pass(part);
}
