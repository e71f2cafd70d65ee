/** Entries of directories: 32 bytes each, a long name in those before the short one that it belongs to. */
import type { Bytes } from '../../../engine/units.ts';
import type { WallSeconds } from '../file-system.ts';
import { type Cluster, get16, get32, put16, put32 } from './layout.ts';
import {
  decodeLong,
  decodeShort,
  encodeLong,
  encodeShort,
  longEntryCount,
  type Name,
  needsLongEntry,
  type ShortName,
  shortChecksum,
  shortText,
  shortTextWithCase,
  upperCase,
} from './names.ts';
import { fromStamp, type Stamp, toStamp } from './stamps.ts';

export const DIRECTORY = 0x10;
export const ARCHIVE = 0x20;
const VOLUME_LABEL = 0x08;
const LONG_NAME = 0x0f;
export const ERASED = 0xe5;

/** Where an entry stands among the slots of its directory, and what it is called. */
export interface Entry {
  /** The first of its slots. */
  readonly slot: number;
  /** Its long name's slots and the short one. */
  readonly slotCount: number;
  readonly text: string;
  readonly key: string;
  readonly short: ShortName;
  /** The key of the short name. */
  readonly shortKey: string;
}

/** What the short entry says of its file. */
export interface EntryFields {
  readonly attributes: number;
  readonly firstCluster: Cluster;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
}

/** Takes slots in order and gives the entries that they make. Long names that lost their entry are passed over. */
export class EntryParser {
  /** A slot was met that says that all after it are free. */
  isAtEnd = false;
  private long = '';
  private expected = 0;
  private checksum = 0;
  private first = 0;

  push(bytes: Uint8Array, at: number, slot: number): Entry | null {
    const lead = bytes[at]!;
    if (lead === 0) this.isAtEnd = true;
    if (lead === 0 || lead === ERASED) return this.broken();
    const attributes = bytes[at + 11]! & 0x3f;
    if (attributes === LONG_NAME) return this.pushLong(bytes, at, slot);
    if (attributes & VOLUME_LABEL) return this.broken();
    const short = decodeShort(bytes, at);
    const isWhole = this.long !== '' && this.expected === 0 && this.checksum === shortChecksum(bytes, at);
    const first = isWhole ? this.first : slot;
    const text = isWhole ? this.long : shortTextWithCase(short, bytes[at + 12]!);
    this.broken();
    return { slot: first, slotCount: slot - first + 1, text, key: upperCase(text), short, shortKey: shortText(short) };
  }

  private pushLong(bytes: Uint8Array, at: number, slot: number): null {
    const ordinal = bytes[at]! & 0x3f;
    const checksum = bytes[at + 13]!;
    if (bytes[at]! & 0x40) {
      this.long = '';
      this.first = slot;
      this.checksum = checksum;
    } else if (ordinal !== this.expected || checksum !== this.checksum || ordinal === 0) {
      return this.broken();
    }
    this.long = decodeLong(bytes, at) + this.long;
    this.expected = ordinal - 1;
    return null;
  }

  private broken(): null {
    this.long = '';
    this.expected = 0;
    return null;
  }
}

/** `.` and `..` of a directory, which are no entries of the tree. */
export function isDotEntry(entry: Entry): boolean {
  return entry.short.startsWith('. ') || entry.short.startsWith('.. ');
}

export function readFields(bytes: Uint8Array, at: number): EntryFields {
  return {
    attributes: bytes[at + 11]!,
    firstCluster: get16(bytes, at + 20) * 0x10000 + get16(bytes, at + 26),
    sizeBytes: get32(bytes, at + 28),
    modified: fromStamp({ time: get16(bytes, at + 22), date: get16(bytes, at + 24) }),
  };
}

/** Sets what changes in the life of a file; the rest of the entry stays as it is. */
export function writeFields(bytes: Uint8Array, at: number, fields: EntryFields): void {
  const { date, time } = toStamp(fields.modified);
  bytes[at + 11] = fields.attributes;
  writeFirstCluster(bytes, at, fields.firstCluster);
  put16(bytes, at + 22, time);
  put16(bytes, at + 24, date);
  put32(bytes, at + 28, fields.sizeBytes);
}

export function writeFirstCluster(bytes: Uint8Array, at: number, cluster: Cluster): void {
  put16(bytes, at + 20, Math.floor(cluster / 0x10000));
  put16(bytes, at + 26, cluster % 0x10000);
}

/** A short entry of its own, without a name. Access dates are not kept. */
export function newShortEntry(fields: EntryFields, created: WallSeconds): Uint8Array {
  const bytes = new Uint8Array(32);
  writeFields(bytes, 0, fields);
  const stamp: Stamp = toStamp(created);
  put16(bytes, 14, stamp.time);
  put16(bytes, 16, stamp.date);
  return bytes;
}

/** The slots of a name, in order: its long ones and, last, `shortEntry` with the short name put in. */
export function encodeSlots(name: Name, short: ShortName, shortEntry: Uint8Array): Uint8Array {
  const longCount = slotCountOf(name) - 1;
  const bytes = new Uint8Array((longCount + 1) * 32);
  const last = longCount * 32;
  bytes.set(shortEntry, last);
  bytes[last + 12] = 0;
  encodeShort(short, bytes, last);
  const checksum = shortChecksum(bytes, last);
  for (let slot = 0; slot < longCount; slot++) encodeLong(name.text, longCount - slot, checksum, bytes, slot * 32);
  return bytes;
}

export function slotCountOf(name: Name): number {
  return needsLongEntry(name) ? longEntryCount(name.text) + 1 : 1;
}

/** The first two entries of a directory. `parent` is 0 when it is the root. */
export function dotEntries(own: Cluster, parent: Cluster, stamp: WallSeconds): Uint8Array {
  const bytes = new Uint8Array(64);
  const fields = { attributes: DIRECTORY, sizeBytes: 0, modified: stamp };
  bytes.set(newShortEntry({ ...fields, firstCluster: own }, stamp), 0);
  encodeShort('.'.padEnd(11), bytes, 0);
  bytes.set(newShortEntry({ ...fields, firstCluster: parent }, stamp), 32);
  encodeShort('..'.padEnd(11), bytes, 32);
  return bytes;
}
