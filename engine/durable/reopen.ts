/**
 * What is left of a durable snapshot after a crash (E10): it comes back exact, or it is refused for a reason, and then it
 * is over for good. A power cut or a kill alone never makes it refused.
 *
 * Let s be the counter in the state place. A write goes only when its group's number is durable there, and that number is
 * written only when the group is durable in the log. So every group up to s must be whole: what is missing was lost by a
 * fault. A group behind s may have been let go only if the state place fell back; it is used when it is whole, which it is
 * if it was ever let go, and is right in any case: it holds old data of T. What is not whole behind s is a torn tail.
 *
 * Invariants
 * I1 Either place's end is the last word.
 * I2 A snapshot that is refused is marked as ended in both places, so that it can't come back later, after writes that
 *    were not preserved.
 */
import { HEADER_BYTES } from '../cache-file.ts';
import type { Checksum } from '../checksum.ts';
import { type Device, IoError, IoRequest } from '../device.ts';
import { FileExtents } from '../file-extents.ts';
import { type Task, wait } from '../task.ts';
import type { Bytes, Extent } from '../units.ts';
import {
  type BirthRecord,
  birthLength,
  type HeaderRecord,
  headerRecord,
  type Incarnation,
  readBirth,
  readHeader,
  sealOf,
} from './layout.ts';
import { type LoggedGranule, LogReader, type NoGroup } from './log-reader.ts';
import { type FoundState, readStateSlots, StatePlace, type StateSectors, stateOfSnapshot } from './state-place.ts';

export type RefusalCause =
  /** It was released or lost before. */
  | 'ended'
  /** Its T never became durable, or the file is left over from another snapshot. */
  | 'stale'
  /** No cache file of ours. */
  | 'foreign'
  | 'other-version'
  /** The file is shorter than what was committed to it. */
  | 'truncated'
  /** A checksum is wrong. */
  | 'rotten'
  /** The cache holds less than the state place says: an older state of its drive came back. */
  | 'older'
  | 'unreadable'
  /** A drive of it is not there, or another one. */
  | 'drive-changed';

export interface Refusal {
  readonly because: RefusalCause;
  readonly detail: string;
}

/** The two places in which a snapshot stands. */
export interface DurablePlaces {
  readonly device: Device;
  readonly place: string;
  readonly extents: readonly Extent[];
  readonly state: StateSectors;
  readonly checksum: Checksum;
}

/** A snapshot that comes back. */
export interface Found {
  readonly birth: BirthRecord;
  readonly granules: readonly LoggedGranule[];
  readonly group: number;
  readonly chain: number;
  readonly endOffset: Bytes;
  readonly state: FoundState;
  /** Behind the last group stands one that was not finished. */
  readonly isTorn: boolean;
}

/** Reads what is left; writes nothing. */
export function* readPlaces(places: DurablePlaces): Task<Found | Refusal> {
  const { device, place, extents, checksum } = places;
  const file = new FileExtents(device, place);
  file.add(extents);
  const reader = new LogReader(file, checksum);
  const header = yield* headerOf(reader, checksum);
  if ('because' in header) return header;
  const state = yield* stateOf(places, header.incarnation);
  if ('because' in state) return state;
  if (header.ended !== 'no' || state.ended !== 'no') return refusal('ended', `it was ${endedText(header, state)}`);
  const birth = yield* birthOf(reader, header.incarnation, checksum);
  if ('because' in birth) return birth;
  if (birth.record.id !== header.id) return refusal('rotten', `${place} is of two snapshots`);
  return yield* readLog(reader, birth.record, birth.sealed, birth.endOffset, state);
}

function* readLog(
  reader: LogReader,
  birth: BirthRecord,
  chainAtT: number,
  firstOffset: Bytes,
  state: FoundState,
): Task<Found | Refusal> {
  const { counter, chain: chainAtCounter } = state.newest;
  const granules: LoggedGranule[] = [];
  let chain = chainAtT;
  let endOffset = firstOffset;
  for (let number = 0; ; number++) {
    if (number === counter && chain !== chainAtCounter) {
      return refusal('rotten', 'the log and the state place are of two histories');
    }
    const next = yield* reader.group(birth.incarnation, endOffset, number + 1, chain);
    if (typeof next === 'string' || next instanceof IoError) {
      const detail = `group ${number + 1} of at least ${counter}: ${next instanceof IoError ? next.message : next}`;
      if (number < counter) return refusal(causeOf(next), detail);
      if (next instanceof IoError) return refusal('unreadable', detail);
      const isTorn = next !== 'foreign' && next !== 'truncated';
      return { birth, granules, group: number, chain, endOffset, state, isTorn };
    }
    if (!next.granules.every(each => isPossible(birth, each))) return refusal('rotten', `group ${number + 1}`);
    granules.push(...next.granules);
    chain = next.chain;
    endOffset = next.endOffset;
  }
}

function causeOf(missing: NoGroup | IoError): RefusalCause {
  if (missing instanceof IoError) return 'unreadable';
  return missing === 'stale' || missing === 'foreign' ? 'older' : missing;
}

function isPossible({ volumes, granuleBytes }: BirthRecord, { volume, granule, dataBytes }: LoggedGranule): boolean {
  const of = volumes[volume];
  if (of === undefined) return false;
  const volumeBytes = of.extent.count * of.sectorSize;
  const length = Math.min(granuleBytes, volumeBytes - granule * granuleBytes);
  return length > 0 && (dataBytes === 0 || dataBytes === length);
}

function* headerOf(reader: LogReader, checksum: Checksum): Task<HeaderRecord | Refusal> {
  const { device, place } = reader.file;
  const bytes = yield* reader.bytes(0, device.sectorSize);
  if (bytes === 'truncated') return refusal('truncated', `${place} is empty`);
  if (bytes instanceof IoError) return refusal('unreadable', bytes.message);
  const read = readHeader(bytes, checksum);
  return read.is === 'whole' ? read.record : refusal(read.is, `the header of ${place}`);
}

function* stateOf({ state, checksum }: DurablePlaces, of: Incarnation): Task<FoundState | Refusal> {
  const found = stateOfSnapshot(yield* readStateSlots(state, checksum), of);
  if (found instanceof IoError) return refusal('unreadable', found.message);
  if (found === 'stale') return refusal('stale', 'its T never became durable');
  return found === 'rotten' ? refusal('rotten', 'the state place') : found;
}

function* birthOf(
  reader: LogReader,
  of: Incarnation,
  checksum: Checksum,
): Task<{ record: BirthRecord; sealed: number; endOffset: Bytes } | Refusal> {
  const { device, place } = reader.file;
  const first = yield* reader.bytes(HEADER_BYTES, device.sectorSize);
  if (first instanceof IoError) return refusal('unreadable', first.message);
  if (first === 'truncated') return refusal('truncated', `the record of T in ${place}`);
  const length = birthLength(first);
  if (!(length > 0 && length % device.sectorSize === 0)) return refusal('rotten', `the record of T in ${place}`);
  const bytes = yield* reader.bytes(HEADER_BYTES, length);
  if (bytes instanceof IoError) return refusal('unreadable', bytes.message);
  if (bytes === 'truncated') return refusal('truncated', `the record of T in ${place}`);
  const read = readBirth(bytes, of, HEADER_BYTES, checksum);
  if (read.is !== 'whole') return refusal(read.is === 'stale' ? 'older' : read.is, `the record of T in ${place}`);
  return { record: read.record, sealed: sealOf(bytes), endOffset: HEADER_BYTES + length };
}

function endedText(header: HeaderRecord, state: FoundState): string {
  return header.ended === 'no' ? state.ended : header.ended;
}

function refusal(because: RefusalCause, detail: string): Refusal {
  return { because, detail };
}

/**
 * I2. Marks as ended whatever stands in the two places and could come back. Says whether nothing can come back any more:
 * not so only when neither place could be written.
 */
export function* markRefused(places: DurablePlaces): Task<boolean> {
  const { device, place, extents, state, checksum } = places;
  const file = new FileExtents(device, place);
  file.add(extents);
  const bytes = yield* new LogReader(file, checksum).bytes(0, device.sectorSize);
  const read = bytes instanceof Uint8Array ? readHeader(bytes, checksum) : null;
  const header = read?.is === 'whole' ? read.record : null;
  const slots = yield* readStateSlots(state, checksum);
  const of = slots.records[0]?.record.incarnation ?? header?.incarnation;
  if (of === undefined) return read !== null || slots.error === null;
  const found = stateOfSnapshot(slots, of);
  const standing = typeof found === 'string' || found instanceof IoError ? null : found;
  let isOver = (yield* new StatePlace(state, checksum, of, standing).end('lost')) === null;
  if (header !== null) {
    const record = headerRecord({ ...header, ended: 'lost' }, device.sectorSize, checksum);
    isOver = (yield* writeThrough(file, record)) || isOver;
  }
  return isOver;
}

function* writeThrough(file: FileExtents, record: Uint8Array): Task<boolean> {
  if ((yield* file.transfer('write', 0, record)) !== null) return false;
  return (yield* wait(file.device.submit(new IoRequest('flush', 0, 0, null)))) === null;
}
