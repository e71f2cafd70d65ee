/**
 * The header of a backup disk, byte by byte as docs/backup-disk.md has it. It stands twice, and says everything that is
 * needed to find and check the rest: geometry, state, the root of the checksum table, each generation's list, and the
 * transaction that is under way.
 *
 * Invariants
 * I1 A header that decodes is sealed, lies where it says that it lies, and each of its fields is within its bounds.
 * I2 Two copies of one header differ in their place and seal only.
 */
import { sameBytes } from '../bytes.ts';
import { type Checksum, isSealed, seal, setWord, wordAt } from '../checksum.ts';
import type { Consistency } from '../events.ts';
import { invariant } from '../invariant.ts';
import type { Bytes, Extent, Nanoseconds, Sector } from '../units.ts';
import { HEADER_BYTES, isGranule, type SectorSize, type SourceIdentity } from './layout.ts';

export type DiskState =
  /** Initialised; there was no backup yet. */
  | 'empty'
  /** The first full backup is under way. */
  | 'filling'
  | 'complete'
  /** An increment without a journal is under way. */
  | 'in-place';

/** Where a list begins (its last block, from which it is read backwards), and what it must be. */
export interface ListRef {
  readonly lastSlot: number | null;
  readonly blocks: number;
  readonly entries: number;
  /** The seal of the last block, which holds the seal of the one before it, and so on. */
  readonly hash: number;
}

export const EMPTY_LIST: ListRef = { lastSlot: null, blocks: 0, entries: 0, hash: 0 };

/** The picture that a generation holds. */
export interface PictureNote {
  /** The snapshot's id, at most 62 bytes. */
  readonly snapshot: string;
  /** The tracker's generation: what changed since this T is known only while it is still the same. */
  readonly trackingGeneration: number;
  readonly at: Nanoseconds;
  /** Milliseconds since 1970, for people. */
  readonly wallClockMs: number;
  readonly consistency: Consistency;
}

export interface Generation {
  readonly number: number;
  /** What of this generation the next one replaced; the newest one's is empty. */
  readonly list: ListRef;
  readonly picture: PictureNote;
}

/** A committed transaction that is not finished. */
export interface Pending {
  readonly phase: 'saving' | 'applying';
  /** Whether the replaced granules are kept for the generation before. */
  readonly keepsReplaced: boolean;
  readonly list: ListRef;
  /** The root of the table when it is done. */
  readonly root: number;
  readonly picture: PictureNote;
}

export interface Header {
  readonly sequence: number;
  readonly source: SourceIdentity;
  readonly granuleBytes: Bytes;
  readonly catalogue: Extent;
  readonly state: DiskState;
  /** Of `filling` and `in-place`: the image is incomplete since then. */
  readonly sinceMs: number;
  /** Over the geometry and the seals of all table blocks. */
  readonly root: number;
  /** The granule at which the next sample begins. */
  readonly samplePosition: number;
  /** Something was found that only a comparison of everything puts right. */
  readonly needsCompare: boolean;
  readonly nextGeneration: number;
  /** In the order of time; the last one is the image. */
  readonly generations: readonly Generation[];
  readonly pending: Pending | null;
}

export const MOST_GENERATIONS = 255;
const MAGIC = 'OTM BACKUP DISK\0';
const VERSION = 1;
const STATES: readonly DiskState[] = ['empty', 'filling', 'complete', 'in-place'];
const PHASES = ['saving', 'applying'] as const;
const CONSISTENCIES: readonly Consistency[] = ['quiescent', 'crash-consistent'];
const MOST_ID_BYTES = 128;
const MOST_SNAPSHOT_BYTES = 62;
const GENERATION_BYTES = 128;
/** Offsets in bytes stay safe integers below this, and counters have room to go on. */
const MOST_SECTORS = 2_199_023_255_552;
const MOST_COUNTED = 4_503_599_627_370_496;
/** Fixed fields are words of eight bytes at these places. */
const AT = {
  version: 16,
  place: 24,
  sequence: 32,
  sectorSize: 40,
  sectorCount: 48,
  granuleBytes: 56,
  catalogueFirst: 64,
  catalogueCount: 72,
  state: 80,
  since: 88,
  root: 96,
  samplePosition: 104,
  needsCompare: 112,
  nextGeneration: 120,
  generationCount: 128,
  pending: 136,
  keepsReplaced: 144,
  pendingRoot: 152,
  idLength: 160,
  id: 168,
  pendingEntry: 512,
  generations: 4096,
} as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function isSourceIdShort(id: string): boolean {
  return encoder.encode(id).length <= MOST_ID_BYTES;
}

export function isSnapshotIdShort(id: string): boolean {
  return encoder.encode(id).length <= MOST_SNAPSHOT_BYTES;
}

/** The bytes of a header that lies at a sector of the catalogue's device. */
export function encodeHeader(header: Header, place: Sector, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const { source, catalogue, pending, generations } = header;
  bytes.set(encoder.encode(MAGIC));
  setWord(bytes, AT.version, VERSION);
  setWord(bytes, AT.place, place);
  setWord(bytes, AT.sequence, header.sequence);
  setWord(bytes, AT.sectorSize, source.sectorSize);
  setWord(bytes, AT.sectorCount, source.sectorCount);
  setWord(bytes, AT.granuleBytes, header.granuleBytes);
  setWord(bytes, AT.catalogueFirst, catalogue.first);
  setWord(bytes, AT.catalogueCount, catalogue.count);
  setWord(bytes, AT.state, STATES.indexOf(header.state));
  setWord(bytes, AT.since, header.sinceMs);
  setWord(bytes, AT.root, header.root);
  setWord(bytes, AT.samplePosition, header.samplePosition);
  setWord(bytes, AT.needsCompare, header.needsCompare ? 1 : 0);
  setWord(bytes, AT.nextGeneration, header.nextGeneration);
  setWord(bytes, AT.generationCount, generations.length);
  setWord(bytes, AT.pending, pending === null ? 0 : 1 + PHASES.indexOf(pending.phase));
  setWord(bytes, AT.keepsReplaced, pending?.keepsReplaced === true ? 1 : 0);
  setWord(bytes, AT.pendingRoot, pending?.root ?? 0);
  setText(bytes, AT.idLength, AT.id, source.id, MOST_ID_BYTES);
  invariant(generations.length <= MOST_GENERATIONS, `${generations.length} generations`);
  if (pending !== null) {
    encodeGeneration(bytes, AT.pendingEntry, { ...pending, number: header.nextGeneration });
  }
  generations.forEach((each, index) => {
    encodeGeneration(bytes, AT.generations + index * GENERATION_BYTES, each);
  });
  seal(bytes, checksum);
  return bytes;
}

function encodeGeneration(bytes: Uint8Array, at: Bytes, { number, list, picture }: Generation): void {
  const words = [
    number,
    list.lastSlot === null ? 0 : 1 + list.lastSlot,
    list.blocks,
    list.entries,
    list.hash,
    picture.at,
    picture.wallClockMs,
    picture.trackingGeneration,
  ];
  words.forEach((word, index) => {
    setWord(bytes, at + 8 * index, word);
  });
  bytes[at + 64] = CONSISTENCIES.indexOf(picture.consistency);
  const text = encoder.encode(picture.snapshot);
  invariant(text.length <= MOST_SNAPSHOT_BYTES, `a snapshot's id of ${text.length} bytes`);
  bytes[at + 65] = text.length;
  bytes.set(text, at + 66);
}

function setText(bytes: Uint8Array, lengthAt: Bytes, at: Bytes, text: string, most: Bytes): void {
  const encoded = encoder.encode(text);
  invariant(encoded.length <= most, `a text of ${encoded.length} bytes`);
  setWord(bytes, lengthAt, encoded.length);
  bytes.set(encoded, at);
}

/** What bytes at a place of a header may be instead of one. */
export type NoHeader = 'foreign' | 'newer-version' | 'damaged';

/** I1. `place` is the sector that the bytes were read from. */
export function decodeHeader(bytes: Uint8Array, place: Sector, checksum: Checksum): Header | NoHeader {
  if (!hasMagic(bytes)) return 'foreign';
  if (!isSealed(bytes, checksum)) return wordAt(bytes, AT.version) > VERSION ? 'newer-version' : 'damaged';
  const version = wordAt(bytes, AT.version);
  if (version !== VERSION) return version > VERSION ? 'newer-version' : 'damaged';
  if (wordAt(bytes, AT.place) !== place) return 'damaged';
  return decodeFields(new Fields(bytes)) ?? 'damaged';
}

/** Whether bytes begin as a header does. */
export function hasMagic(bytes: Uint8Array): boolean {
  return decoder.decode(bytes.subarray(0, MAGIC.length)) === MAGIC;
}

/** Reads fields and remembers whether one of them was out of its bounds. */
class Fields {
  readonly bytes: Uint8Array;
  areValid = true;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  word(at: Bytes, least = 0, most = Number.MAX_SAFE_INTEGER): number {
    const value = wordAt(this.bytes, at);
    if (value >= least && value <= most) return value;
    this.areValid = false;
    return least;
  }

  text(at: Bytes, length: Bytes): string {
    return decoder.decode(this.bytes.subarray(at, at + length));
  }
}

function decodeFields(fields: Fields): Header | null {
  const sectorSize = fields.word(AT.sectorSize);
  const granuleBytes = fields.word(AT.granuleBytes);
  if ((sectorSize !== 512 && sectorSize !== 4096) || !isGranule(granuleBytes)) return null;
  const source: SourceIdentity = {
    id: fields.text(AT.id, fields.word(AT.idLength, 0, MOST_ID_BYTES)),
    sectorCount: fields.word(AT.sectorCount, 1, MOST_SECTORS),
    sectorSize: sectorSize as SectorSize,
  };
  const nextGeneration = fields.word(AT.nextGeneration, 1, MOST_COUNTED);
  const count = fields.word(AT.generationCount, 0, MOST_GENERATIONS);
  const generations: Generation[] = [];
  for (let index = 0; index < count; index++) {
    generations.push(decodeGeneration(fields, AT.generations + index * GENERATION_BYTES));
  }
  const state = STATES[fields.word(AT.state, 0, STATES.length - 1)]!;
  const header: Header = {
    sequence: fields.word(AT.sequence, 1, MOST_COUNTED),
    source,
    granuleBytes,
    catalogue: {
      first: fields.word(AT.catalogueFirst, 0, MOST_SECTORS),
      count: fields.word(AT.catalogueCount, 1, MOST_SECTORS),
    },
    state,
    sinceMs: fields.word(AT.since),
    root: fields.word(AT.root),
    samplePosition: fields.word(AT.samplePosition),
    needsCompare: fields.word(AT.needsCompare, 0, 1) === 1,
    nextGeneration,
    generations,
    pending: decodePending(fields),
  };
  return fields.areValid && isConsistent(header) ? header : null;
}

function decodePending(fields: Fields): Pending | null {
  const phase = PHASES[fields.word(AT.pending, 0, PHASES.length) - 1];
  if (phase === undefined) return null;
  const { list, picture } = decodeGeneration(fields, AT.pendingEntry);
  const keepsReplaced = fields.word(AT.keepsReplaced, 0, 1) === 1;
  return { phase, keepsReplaced, list, picture, root: fields.word(AT.pendingRoot) };
}

function decodeGeneration(fields: Fields, at: Bytes): Generation {
  const slot = fields.word(at + 8);
  const list: ListRef = {
    lastSlot: slot === 0 ? null : slot - 1,
    blocks: fields.word(at + 16),
    entries: fields.word(at + 24),
    hash: fields.word(at + 32),
  };
  if ((list.lastSlot === null) !== (list.blocks === 0) || list.entries < list.blocks) fields.areValid = false;
  const consistency = CONSISTENCIES[fields.bytes[at + 64]!];
  const length = fields.bytes[at + 65]!;
  if (consistency === undefined || length > MOST_SNAPSHOT_BYTES) fields.areValid = false;
  const picture: PictureNote = {
    at: fields.word(at + 40),
    wallClockMs: fields.word(at + 48),
    trackingGeneration: fields.word(at + 56),
    consistency: consistency ?? 'quiescent',
    snapshot: fields.text(at + 66, Math.min(length, MOST_SNAPSHOT_BYTES)),
  };
  return { number: fields.word(at), list, picture };
}

/** What holds of every header that we write. */
function isConsistent({ state, generations, nextGeneration, pending }: Header): boolean {
  const hasImage = state === 'complete';
  if (hasImage !== generations.length > 0 || (pending !== null && !hasImage)) return false;
  const isAscending = generations.every(
    ({ number }, index) => number > (generations[index - 1]?.number ?? 0) && number < nextGeneration,
  );
  return isAscending && (generations.at(-1)?.list.entries ?? 0) === 0;
}

/** I2: the same but for place and seal. */
export function isSameHeader(a: Header, b: Header, checksum: Checksum): boolean {
  return sameBytes(encodeHeader(a, 0, checksum), encodeHeader(b, 0, checksum));
}
