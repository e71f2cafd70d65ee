/**
 * The read-only picture of a volume at T, and the backup's read path (white paper, Figure 4): what is in the cache is
 * read from there, all else from the drive. Sectors are counted from the volume's first.
 *
 * Invariants
 * I1 A read registers at the drive's filter in the same step in which it looks a granule up, so a first write waits for
 *    it; it lets go as soon as the drive has answered, in pieces of at most 1 MiB (E5).
 * I2 A read is answered once: by its bytes, by an error, or by the end of the snapshot, whichever is first; after its
 *    last wait it checks that the snapshot still lives (E8).
 * I3 Devices fill the engine's own buffers: the caller's may be gone once the end of the snapshot has answered.
 */
import { waitAll } from './cache-file.ts';
import { checkRequest, type Device, IoError, IoRequest } from './device.ts';
import type { RangeReader } from './filter.ts';
import { defect } from './invariant.ts';
import { HOLE } from './slot-cache.ts';
import type { CacheRead, CacheRun, ProtectedVolume } from './snapshot.ts';
import type { Task } from './task.ts';
import { type Bytes, MIB, type Sector } from './units.ts';

export class VirtualVolume implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard = false;
  private readonly volume: ProtectedVolume;

  constructor(volume: ProtectedVolume, name: string) {
    this.volume = volume;
    this.name = name;
    this.sectorSize = volume.filter.sectorSize;
    this.sectorCount = volume.grid.volume.count;
  }

  submit(request: IoRequest): IoRequest {
    checkRequest(this, request);
    const { snapshot } = this.volume;
    if (request.op !== 'read') {
      request.settle(new IoError('read-only', this.name, request.op, request.sector, request.count));
    } else if (!snapshot.isEnabled) {
      request.settle(snapshot.endError(this.name, request));
    } else {
      snapshot.readBegins(request);
      snapshot.owner.spawn(`read of ${this.name}`, virtualRead(this.volume, request));
    }
    return request;
  }
}

/** What one lookup found: sectors that lie side by side, in the cache, on the drive, or in no need of data. */
interface Run extends CacheRun {
  readonly from: 'cache' | 'drive' | 'hole';
  count: Sector;
}

function* virtualRead(volume: ProtectedVolume, request: IoRequest): Task<void> {
  const { snapshot, filter, grid } = volume;
  const pieceSectors = MIB / filter.sectorSize;
  let isHole = true;
  // The end of the snapshot may have answered it in the step in which it came.
  if (!snapshot.isUnanswered(request)) return;
  for (let done = 0; done < request.count; ) {
    const count = Math.min(pieceSectors, request.count - done);
    const into = request.data!.subarray(done * filter.sectorSize, (done + count) * filter.sectorSize);
    const result = yield* readPiece(volume, request, grid.volume.first + request.sector + done, count, into);
    if (result === 'answered') return;
    if (result instanceof IoError) {
      const { failure, message } = result;
      snapshot.answer(request, new IoError(failure, volume.name, 'read', request.sector, request.count, message));
      return;
    }
    isHole &&= result === 'hole';
    done += count;
  }
  request.readAsHole = isHole;
  snapshot.answer(request, null);
}

/** Reads a piece into the caller's buffer, unless the end of the snapshot has answered the request meanwhile (I2). */
function* readPiece(
  volume: ProtectedVolume,
  request: IoRequest,
  sector: Sector,
  count: Sector,
  into: Uint8Array,
): Task<'hole' | 'data' | 'answered' | IoError> {
  const { snapshot, filter } = volume;
  const runs = lookUp(volume, sector, count);
  const fetches = runs.map(run => fetch(volume, run));
  let error: IoError | null = null;
  let isHole = true;
  for (const { requests, check } of fetches) {
    const failed = yield* waitAll(requests);
    const wrong = failed === null && check !== null ? check() : null;
    error ??= failed;
    if (wrong !== null) error ??= new IoError('read-error', volume.name, 'read', sector, count, wrong);
  }
  const isAnswered = !snapshot.isUnanswered(request);
  runs.forEach((run, index) => {
    const { bytes, skip, requests } = fetches[index]!;
    const offset = (run.sector - sector) * filter.sectorSize;
    const length = run.count * filter.sectorSize;
    const isRunHole = requests.every(({ readAsHole }) => run.from !== 'cache' && readAsHole);
    isHole &&= isRunHole;
    if (!isAnswered && error === null) {
      if (bytes === null || isRunHole) into.fill(0, offset, offset + length);
      else into.set(bytes.subarray(skip, skip + length), offset);
    }
    if (bytes !== null) snapshot.buffers.give(bytes);
  });
  if (isAnswered) return 'answered';
  if (error !== null) return error;
  return isHole ? 'hole' : 'data';
}

/** Which granules of a range are where, in this step. */
function lookUp(volume: ProtectedVolume, sector: Sector, count: Sector): Run[] {
  const { grid, preserved, slots, snapshot, filter, excluded } = volume;
  const runs: Run[] = [];
  const end = sector + count;
  for (let at = sector; at < end; ) {
    const granule = grid.firstTouched(at);
    const start = grid.start(granule);
    const length = excluded.runAt(at, Math.min(end, start + grid.length(granule))) - at;
    if (excluded.isInside(at)) {
      runs.push({ from: 'hole', sector: at, count: length, slot: HOLE, within: 0 });
      at += length;
      continue;
    }
    const slot = preserved.get(granule) ? slots.get(granule) : undefined;
    if (preserved.get(granule) && slot === undefined) defect(`granule ${granule} is preserved nowhere`);
    const from = slot === undefined ? 'drive' : slot === HOLE ? 'hole' : 'cache';
    const within = (at - start) * filter.sectorSize;
    const last = runs.at(-1);
    if (last !== undefined && last.from === from && (from !== 'cache' || snapshot.cache.follows(volume, last, slot!))) {
      last.count += length;
    } else runs.push({ from, sector: at, count: length, slot: slot ?? HOLE, within });
    at += length;
  }
  return runs;
}

interface Fetch {
  readonly requests: readonly IoRequest[];
  /** The engine's buffer; null for a hole. The run begins `skip` bytes into it. */
  readonly bytes: Uint8Array | null;
  readonly skip: Bytes;
  readonly check: CacheRead['check'];
}

/** Sends the requests for a run, in the step of its lookup. */
function fetch(volume: ProtectedVolume, run: Run): Fetch {
  const { snapshot, filter } = volume;
  const { buffers, cache } = snapshot;
  const length = run.count * filter.sectorSize;
  if (run.from === 'hole') return { requests: [], bytes: null, skip: 0, check: null };
  if (run.from === 'drive') {
    const bytes = buffers.take(length);
    const request = new IoRequest('read', run.sector, run.count, bytes);
    letGoWhenDone(volume, request, filter.readers.begin(volume, run.sector, run.count));
    filter.ports.virtual.submit(request);
    return { requests: [request], bytes, skip: 0, check: null };
  }
  return cache.read(volume, run);
}

/** I1: the reader lets go when the drive has answered, or when its result is no longer wanted. */
function letGoWhenDone(volume: ProtectedVolume, request: IoRequest, reader: RangeReader): void {
  const { ended, atDrives } = volume.snapshot;
  const end = {
    settled: (): void => {
      ended.detach(end);
      volume.filter.readers.end(reader);
    },
  };
  request.attach(end);
  ended.attach(end);
  atDrives.track(request);
}
