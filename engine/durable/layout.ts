/**
 * What a durable cache file and its state place hold, byte by byte (`docs/durable-cache.md`). All records are whole
 * sectors of their device and end in a seal; each begins with a magic word, the incarnation of its snapshot and, where it
 * has one, its place in the file.
 *
 *   header | record of T | group 1 | group 2 | ...           a group: (member header, data)* , commit
 *
 * Invariants
 * I1 A record is whole when its seal, magic, incarnation and place are right; of a member also its data.
 * I2 The chain of a group is the checksum of the chain before it and the seals of its members, so that no record can be
 *    another one than that which was committed; the chain of group 0 is the seal of the record of T.
 */
import { type Checksum, isSealed, SEAL_BYTES, seal, setWord, wordAt } from '../checksum.ts';
import type { Consistency } from '../events.ts';
import { FieldReader, FieldWriter, SpoiledRecord } from '../fields.ts';
import type { Granule } from '../granules.ts';
import type { Bytes, Extent, Nanoseconds } from '../units.ts';

export const FORMAT_VERSION = 1;

/** Eight letters, read as a little-endian word of seven bytes and a zero. */
function magic(text: string): number {
  let word = 0;
  for (let at = text.length - 1; at >= 0; at--) word = word * 256 + text.charCodeAt(at);
  return word;
}

const HEADER = magic('OTMCAC');
const BIRTH = magic('OTMTIM');
const MEMBER = magic('OTMGRA');
const COMMIT = magic('OTMCOM');
const STATE = magic('OTMSTA');

/** Which of the snapshots that a host ever took, told apart for ever: no two have the same. */
export type Incarnation = number;

/** Alive, or why not. */
export type Ended = 'no' | 'released' | 'lost';
const ENDED: readonly Ended[] = ['no', 'released', 'lost'];

export interface HeaderRecord {
  readonly version: number;
  readonly incarnation: Incarnation;
  readonly id: string;
  readonly ended: Ended;
}

/** A volume as it was selected; a drive is known again by its fingerprint. */
export interface BirthVolume {
  readonly name: string;
  readonly drive: string;
  readonly fingerprint: string;
  readonly sectorSize: Bytes;
  readonly extent: Extent;
  readonly excluded: readonly Extent[];
}

/** What a snapshot is: written at T, and never again. */
export interface BirthRecord {
  readonly incarnation: Incarnation;
  readonly id: string;
  readonly T: Nanoseconds;
  readonly consistency: Consistency;
  readonly granuleBytes: Bytes;
  readonly volumes: readonly BirthVolume[];
}

export interface MemberRecord {
  readonly group: number;
  readonly index: number;
  readonly count: number;
  readonly volume: number;
  readonly granule: Granule;
  /** 0: the granule is zeroes. */
  readonly dataBytes: Bytes;
  readonly dataChecksum: number;
}

export interface StateRecord {
  readonly incarnation: Incarnation;
  readonly sequence: number;
  readonly counter: number;
  readonly chain: number;
  readonly ended: Ended;
}

/** What reading a record comes to. */
export type Read<T> = { readonly is: 'whole'; readonly record: T } | { readonly is: Spoil };
/** Other bytes than any record of ours; another version of one; one that is damaged; one of another snapshot or place. */
export type Spoil = 'foreign' | 'other-version' | 'rotten' | 'stale';

export function headerRecord({ incarnation, id, ended, version }: HeaderRecord, sectorSize: Bytes, sum: Checksum) {
  const record = new Uint8Array(sectorSize);
  new FieldWriter().word(HEADER).word(version).word(incarnation).word(ENDED.indexOf(ended)).text(id).into(record);
  seal(record, sum);
  return record;
}

export function readHeader(record: Uint8Array, sum: Checksum): Read<HeaderRecord> {
  if (wordAt(record, 0) !== HEADER) return { is: 'foreign' };
  if (!isSealed(record, sum)) return { is: 'rotten' };
  return reading(record, fields => {
    fields.word();
    const version = fields.word();
    if (version !== FORMAT_VERSION) return { is: 'other-version' };
    const incarnation = fields.word();
    const ended = oneOf(ENDED, fields.word());
    return { is: 'whole', record: { version, incarnation, ended, id: fields.text() } };
  });
}

export function birthRecord(birth: BirthRecord, place: Bytes, sectorSize: Bytes, sum: Checksum): Uint8Array {
  const { incarnation, id, T, consistency, granuleBytes, volumes } = birth;
  const size = encodeBirth(0).record(sectorSize).length;
  const record = encodeBirth(size).record(sectorSize);
  seal(record, sum);
  return record;

  function encodeBirth(length: Bytes): FieldWriter {
    const fields = new FieldWriter().word(BIRTH).word(incarnation).word(place).word(length).text(id);
    fields
      .word(T)
      .word(consistency === 'quiescent' ? 0 : 1)
      .word(granuleBytes)
      .word(volumes.length);
    for (const { name, drive, fingerprint, sectorSize: size, extent, excluded } of volumes) {
      fields.text(name).text(drive).text(fingerprint).word(size).word(extent.first).word(extent.count);
      fields.word(excluded.length);
      for (const { first, count } of excluded) fields.word(first).word(count);
    }
    return fields;
  }
}

/** How long a record of T says that it is; to be asked of its first sector. */
export function birthLength(sector: Uint8Array): Bytes {
  return wordAt(sector, 24);
}

export function readBirth(record: Uint8Array, of: Incarnation, place: Bytes, sum: Checksum): Read<BirthRecord> {
  const spoil = spoilOf(record, BIRTH, of, place, sum);
  if (spoil !== null) return { is: spoil };
  return reading(record, fields => {
    for (let skipped = 0; skipped < 4; skipped++) fields.word();
    const id = fields.text();
    const T = fields.word();
    const consistency = oneOf<Consistency>(['quiescent', 'crash-consistent'], fields.word());
    const granuleBytes = fields.word();
    const volumes = times(fields.count(56), () => birthVolume(fields));
    return { is: 'whole', record: { incarnation: of, id, T, consistency, granuleBytes, volumes } };
  });
}

function birthVolume(fields: FieldReader): BirthVolume {
  const name = fields.text();
  const drive = fields.text();
  const fingerprint = fields.text();
  const sectorSize = fields.word();
  const extent = extentOf(fields);
  return { name, drive, fingerprint, sectorSize, extent, excluded: times(fields.count(16), () => extentOf(fields)) };
}

function extentOf(fields: FieldReader): Extent {
  const first = fields.word();
  const count = fields.word();
  if (count === 0 || !Number.isSafeInteger(first + count)) throw new SpoiledRecord('an extent that can not be');
  return { first, count };
}

/** Writes a member's header to the sector before its data. */
export function writeMember(sector: Uint8Array, of: Incarnation, place: Bytes, member: MemberRecord, sum: Checksum) {
  sector.fill(0);
  const { group, index, count, volume, granule, dataBytes, dataChecksum } = member;
  const words = [MEMBER, of, place, group, index, count, volume, granule, dataBytes, dataChecksum];
  words.forEach((word, at) => {
    setWord(sector, 8 * at, word);
  });
  seal(sector, sum);
}

export function readMember(sector: Uint8Array, of: Incarnation, place: Bytes, sum: Checksum): Read<MemberRecord> {
  const spoil = spoilOf(sector, MEMBER, of, place, sum);
  if (spoil !== null) return { is: spoil };
  const word = (at: number): number => wordAt(sector, 8 * at);
  const record = {
    group: word(3),
    index: word(4),
    count: word(5),
    volume: word(6),
    granule: word(7),
    dataBytes: word(8),
    dataChecksum: word(9),
  };
  return Object.values(record).some(Number.isNaN) ? { is: 'rotten' } : { is: 'whole', record };
}

/** The end of a group: its number, and the chain up to it. */
export function writeCommit(
  sector: Uint8Array,
  of: Incarnation,
  place: Bytes,
  group: number,
  chain: number,
  sum: Checksum,
) {
  sector.fill(0);
  [COMMIT, of, place, group, chain].forEach((word, at) => {
    setWord(sector, 8 * at, word);
  });
  seal(sector, sum);
}

export function isCommit(
  sector: Uint8Array,
  of: Incarnation,
  place: Bytes,
  group: number,
  chain: number,
  sum: Checksum,
) {
  if (spoilOf(sector, COMMIT, of, place, sum) !== null) return false;
  return wordAt(sector, 24) === group && wordAt(sector, 32) === chain;
}

export function stateRecord(state: StateRecord, slot: number, sectorSize: Bytes, sum: Checksum): Uint8Array {
  const record = new Uint8Array(sectorSize);
  const { incarnation, sequence, counter, chain, ended } = state;
  const fields = new FieldWriter().word(STATE).word(FORMAT_VERSION).word(incarnation).word(slot);
  fields.word(sequence).word(counter).word(chain).word(ENDED.indexOf(ended)).into(record);
  seal(record, sum);
  return record;
}

export function readState(record: Uint8Array, slot: number, sum: Checksum): Read<StateRecord> {
  if (wordAt(record, 0) !== STATE) return { is: 'foreign' };
  if (!isSealed(record, sum)) return { is: 'rotten' };
  return reading(record, fields => {
    fields.word();
    if (fields.word() !== FORMAT_VERSION) return { is: 'other-version' };
    const incarnation = fields.word();
    if (fields.word() !== slot) return { is: 'stale' };
    const [sequence, counter, chain] = [fields.word(), fields.word(), fields.word()];
    const ended = oneOf(ENDED, fields.word());
    return { is: 'whole', record: { incarnation, sequence, counter, chain, ended } };
  });
}

/** I2. */
export function chainOf(before: number, seals: readonly number[], sum: Checksum): number {
  const words = new Uint8Array(8 * (seals.length + 1));
  setWord(words, 0, before);
  seals.forEach((each, at) => {
    setWord(words, 8 * (at + 1), each);
  });
  return sum(words);
}

export function sealOf(record: Uint8Array): number {
  return wordAt(record, record.length - SEAL_BYTES);
}

/** I1, but for the data. */
function spoilOf(record: Uint8Array, kind: number, of: Incarnation, place: Bytes, sum: Checksum): Spoil | null {
  if (wordAt(record, 0) !== kind) return 'foreign';
  if (!isSealed(record, sum)) return 'rotten';
  return wordAt(record, 8) === of && wordAt(record, 16) === place ? null : 'stale';
}

function reading<T>(record: Uint8Array, read: (fields: FieldReader) => Read<T>): Read<T> {
  try {
    return read(new FieldReader(record));
  } catch (error) {
    if (!(error instanceof SpoiledRecord)) throw error;
    return { is: 'rotten' };
  }
}

function oneOf<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new SpoiledRecord(`${index} stands for nothing`);
  return value;
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
