/**
 * The maps of one volume's changes over a clean stop (E13): written when the host stops, read when it starts, and trusted
 * only when nothing can have changed between.
 *
 *   one sector: whose maps, their generation, whether they are clean, checksum of the body; behind it the body
 *
 * Invariants
 * I1 The clean mark is taken off, durably, before the first write after a start: `openMaps` returns after it.
 * I2 Maps are marked clean when all of them are durable, and not before.
 * I3 What is not clean, damaged, of another version, volume, granule or backing begins a new generation. No fault here
 *    makes more of it than a comparison where trust would have done.
 */
import { Bitmap } from './bitmap.ts';
import { type Checksum, isSealed, seal } from './checksum.ts';
import { type Device, type IoError, IoRequest } from './device.ts';
import { ExtentSet } from './extent-set.ts';
import { FieldReader, FieldWriter, SpoiledRecord } from './fields.ts';
import { FileExtents } from './file-extents.ts';
import { type Task, wait } from './task.ts';
import type { ChangeTracker, Interval, TrackedMaps, TrackingGeneration } from './tracking.ts';
import type { Bytes, Extent } from './units.ts';

export interface MapsPlace {
  readonly device: Device;
  readonly extent: Extent;
  readonly checksum: Checksum;
  /** What the volume lies on, as the host knows it again: identity, size, time of the last change. */
  readonly backing: string;
}

/** Why the maps that stand there are not gone on with. */
export type NewGeneration =
  | 'none'
  | 'unclean'
  | 'rotten'
  | 'other-version'
  | 'other-volume'
  | 'other-backing'
  | 'unreadable';

const MAGIC = 0x50414d4d544f;
const FORMAT_VERSION = 1;

/**
 * Goes on with the maps that a clean stop left, or begins the generation that the tracker has; says why. Throws the error
 * of a device that can't take the clean mark off: then nothing may be trusted at a later start, and tracking must not be.
 */
export function* openMaps(tracker: ChangeTracker, place: MapsPlace): Task<NewGeneration | null> {
  const found = yield* readMaps(tracker, place);
  if (typeof found !== 'string') tracker.resume(found);
  yield* mark(tracker, place, null);
  return typeof found === 'string' ? found : null;
}

/** Begins a new generation, durably, before something is written past the tracker, as by a restore. */
export function* renewMaps(tracker: ChangeTracker, place: MapsPlace, generation: TrackingGeneration): Task<void> {
  tracker.renew(generation);
  yield* mark(tracker, place, null);
}

/** A clean stop: no write follows. Throws the error of the device; then the next start begins a new generation. */
export function* closeMaps(tracker: ChangeTracker, place: MapsPlace): Task<void> {
  const body = encodeMaps(tracker, place.device.sectorSize);
  const file = bodyOf(place);
  if (body.length > file.sizeBytes) return;
  const error = yield* file.transfer('write', 0, body);
  if (error !== null) throw error;
  yield* done(place.device, new IoRequest('flush', 0, 0, null));
  yield* mark(tracker, place, body);
}

/** So much room the maps of a volume need, unless its pictures leave out thousands of extents. */
export function mapsBytes(granuleCount: number, intervals: number, sectorSize: Bytes): Bytes {
  const chunks = Math.ceil(granuleCount / (32 * Bitmap.CHUNK_WORDS));
  const each = 1024 + chunks * (8 + 4 * Bitmap.CHUNK_WORDS);
  return sectorSize + Math.ceil((intervals * each + sectorSize) / sectorSize) * sectorSize;
}

function bodyOf({ device, extent }: MapsPlace): FileExtents {
  const file = new FileExtents(device, device.name);
  file.add([{ first: extent.first + 1, count: extent.count - 1 }]);
  return file;
}

/** Clean with a body that is durable; without one what stands there is not trusted. */
function* mark({ grid, generation }: ChangeTracker, place: MapsPlace, body: Uint8Array | null): Task<void> {
  const { device, extent, checksum, backing } = place;
  const { volume, granuleSectors } = grid;
  const [bodyBytes, bodyChecksum] = body === null ? [0, 0] : [body.length, checksum(body)];
  const fields = new FieldWriter()
    .word(MAGIC)
    .word(FORMAT_VERSION)
    .word(generation)
    .word(body === null ? 0 : 1);
  fields.word(volume.first).word(volume.count).word(granuleSectors).word(bodyBytes).word(bodyChecksum).text(backing);
  const record = new Uint8Array(device.sectorSize);
  fields.into(record);
  seal(record, checksum);
  yield* done(device, new IoRequest('write', extent.first, 1, record, true));
}

function* readMaps({ grid }: ChangeTracker, place: MapsPlace): Task<TrackedMaps | NewGeneration> {
  const { device, extent, checksum } = place;
  const sector = new Uint8Array(device.sectorSize);
  const error: IoError | null = yield* wait(device.submit(new IoRequest('read', extent.first, 1, sector)));
  if (error !== null) return 'unreadable';
  const fields = new FieldReader(sector);
  try {
    if (fields.word() !== MAGIC) return 'none';
    if (!isSealed(sector, checksum)) return 'rotten';
    if (fields.word() !== FORMAT_VERSION) return 'other-version';
    const generation = fields.word();
    if (fields.word() !== 1) return 'unclean';
    const isSame =
      fields.word() === grid.volume.first &&
      fields.word() === grid.volume.count &&
      fields.word() === grid.granuleSectors;
    if (!isSame) return 'other-volume';
    const bodyBytes = fields.word();
    const bodyChecksum = fields.word();
    if (fields.text() !== place.backing) return 'other-backing';
    const body = yield* readBody(place, bodyBytes);
    if (body === null) return 'unreadable';
    if (checksum(body) !== bodyChecksum) return 'rotten';
    return { generation, ...decodeMaps(body, grid.granuleCount) };
  } catch (error) {
    if (!(error instanceof SpoiledRecord)) throw error;
    return 'rotten';
  }
}

function* readBody(place: MapsPlace, bodyBytes: Bytes): Task<Uint8Array | null> {
  const file = bodyOf(place);
  if (bodyBytes === 0 || bodyBytes > file.sizeBytes || bodyBytes % place.device.sectorSize !== 0) return null;
  const body = new Uint8Array(bodyBytes);
  return (yield* file.transfer('read', 0, body)) === null ? body : null;
}

function encodeMaps({ known, leftOut }: ChangeTracker, sectorSize: Bytes): Uint8Array {
  const fields = new FieldWriter().word(leftOut.extents.length);
  for (const { first, count } of leftOut.extents) fields.word(first).word(count);
  fields.word(known.length);
  for (const { since, changed } of known) {
    const chunks = [...changed.filledChunks()];
    fields
      .word(since === null ? 0 : 1)
      .text(since ?? '')
      .word(chunks.length);
    for (const [at, words] of chunks) fields.word(at).words(words);
  }
  return fields.record(sectorSize);
}

function decodeMaps(body: Uint8Array, granuleCount: number): Pick<TrackedMaps, 'intervals' | 'leftOut'> {
  const fields = new FieldReader(body);
  const leftOut: Extent[] = [];
  for (let left = fields.count(16); left > 0; left--) {
    const extent = { first: fields.word(), count: fields.word() };
    if (extent.count === 0) throw new SpoiledRecord('an extent of no sectors');
    leftOut.push(extent);
  }
  const intervals: Interval[] = [];
  for (let left = fields.count(24); left > 0; left--) {
    const hasSince = fields.word() === 1;
    const since = fields.text();
    const changed = new Bitmap(granuleCount);
    for (let chunks = fields.count(8 + 4 * Bitmap.CHUNK_WORDS); chunks > 0; chunks--) {
      const at = fields.word();
      if (!changed.fillChunk(at, fields.words(Bitmap.CHUNK_WORDS))) throw new SpoiledRecord(`chunk ${at}`);
    }
    intervals.push({ since: hasSince ? since : null, changed });
  }
  if (intervals.length === 0) throw new SpoiledRecord('no interval');
  return { intervals, leftOut: new ExtentSet(leftOut) };
}

function* done(device: Device, request: IoRequest): Task<void> {
  const error = yield* wait(device.submit(request));
  if (error !== null) throw error;
}
