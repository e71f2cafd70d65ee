/**
 * A GUID partition table on a larger drive: its second header moves to the new end, both say where the other one is and how
 * far partitions may reach; partitions, names and GUIDs stay (UEFI Specification 2.10, 5.3). What stood at the old end is
 * made zeroes, so that no tool finds an older table there.
 */
import crc32 from 'crc-32';
import type { Replacement } from '../../engine/backup-disk/restore.ts';
import type { Task } from '../../engine/task.ts';
import type { Bytes, Sector } from '../../engine/units.ts';
import type { DriveShape, ReadTask } from './partitions.ts';

const SIGNATURE = 'EFI PART';
const PROTECTIVE = 0xee;
const LARGEST_IN_MBR = 0xffff_ffff;
const TWO_32 = 4_294_967_296;
const MOST_ENTRIES_BYTES: Bytes = 1024 * 1024;
const AT = { bytes: 12, crc: 16, own: 24, other: 32, lastUsable: 48, entries: 72, count: 80, entryBytes: 84 } as const;

interface Found {
  readonly header: Uint8Array;
  readonly entries: Uint8Array;
}

/** What the larger drive gets instead of what the image has; nothing when the image has no whole table. */
export function* largerGpt(read: ReadTask, shape: DriveShape, targetSectors: Sector): Task<Replacement[]> {
  const { sectorSize, sectorCount } = shape;
  const found = (yield* readCopy(read, shape, 1)) ?? (yield* readCopy(read, shape, sectorCount - 1));
  if (found === null) return [];
  const entrySectors = found.entries.length / sectorSize;
  const entriesAt = getWord(found.header, AT.own) === 1 ? getWord(found.header, AT.entries) : 2;
  const last = targetSectors - 1;
  const secondEntries = last - entrySectors;
  const lastUsable = secondEntries - 1;
  const header = (own: Sector, other: Sector, entries: Sector): Uint8Array => {
    const bytes = found.header.slice();
    putWord(bytes, AT.own, own);
    putWord(bytes, AT.other, other);
    putWord(bytes, AT.lastUsable, lastUsable);
    putWord(bytes, AT.entries, entries);
    sealHeader(bytes);
    return bytes;
  };
  const oldTail = 1 + entrySectors;
  return [
    { first: 0, bytes: protectiveRecord(yield* read(0, 1), targetSectors) },
    { first: 1, bytes: header(1, last, entriesAt) },
    { first: entriesAt, bytes: found.entries },
    // Behind the zeroes, so that it wins where both are.
    { first: sectorCount - oldTail, bytes: new Uint8Array(oldTail * sectorSize) },
    { first: secondEntries, bytes: found.entries },
    { first: last, bytes: header(last, 1, secondEntries) },
  ];
}

function* readCopy(read: ReadTask, { sectorSize, sectorCount }: DriveShape, at: Sector): Task<Found | null> {
  if (at >= sectorCount || at < 1) return null;
  const header = (yield* read(at, 1)).slice();
  const view = new DataView(header.buffer);
  for (let letter = 0; letter < SIGNATURE.length; letter++) {
    if (header[letter] !== SIGNATURE.charCodeAt(letter)) return null;
  }
  const length = view.getUint32(AT.bytes, true);
  if (length < AT.entryBytes + 8 || length > sectorSize || getWord(header, AT.own) !== at) return null;
  const sealed = header.slice();
  sealHeader(sealed);
  if (new DataView(sealed.buffer).getUint32(AT.crc, true) !== view.getUint32(AT.crc, true)) return null;
  const entryBytes = view.getUint32(AT.count, true) * view.getUint32(AT.entryBytes, true);
  const first = getWord(header, AT.entries);
  const count = Math.ceil(entryBytes / sectorSize);
  if (entryBytes > MOST_ENTRIES_BYTES || first + count > sectorCount) return null;
  const entries = yield* read(first, count);
  const crc = view.getUint32(AT.entryBytes + 4, true);
  return crcOf(entries.subarray(0, entryBytes)) === crc ? { header, entries } : null;
}

/** The CRC of a header is over itself with zeroes where it stands. */
function sealHeader(header: Uint8Array): void {
  const view = new DataView(header.buffer, header.byteOffset);
  const length = view.getUint32(AT.bytes, true);
  view.setUint32(AT.crc, 0, true);
  view.setUint32(AT.crc, crcOf(header.subarray(0, length)), true);
}

/** The partition that keeps others off covers the whole drive, as far as its field goes. */
function protectiveRecord(record: Uint8Array, sectorCount: Sector): Uint8Array {
  const bytes = record.slice();
  const view = new DataView(bytes.buffer);
  for (let entry = 446; entry < 510; entry += 16) {
    if (bytes[entry + 4] !== PROTECTIVE || view.getUint32(entry + 8, true) !== 1) continue;
    view.setUint32(entry + 12, Math.min(sectorCount - 1, LARGEST_IN_MBR), true);
  }
  return bytes;
}

function getWord(bytes: Uint8Array, at: number): Sector {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;
}

function putWord(bytes: Uint8Array, at: number, value: Sector): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(at, value % TWO_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
}

function crcOf(bytes: Uint8Array): number {
  return crc32.buf(bytes) >>> 0;
}
