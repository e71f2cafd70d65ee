/**
 * A GUID partition table: a protective MBR, a header and up to 128 entries at the start of a drive, the same once more at
 * its end. UEFI Specification 2.10, chapter 5.
 *
 * Invariants
 * I1 The two headers name each other; entries and headers carry a CRC-32 each, that of a header over itself with zeroes
 *    where the CRC stands.
 * I2 GUIDs are made from the drive's number and the partition's place, so a scenario's drives are the same each time.
 */
import crc32 from 'crc-32';
import { defect, invariant } from '../../engine/invariant.ts';
import type { Bytes, Extent, Sector } from '../../engine/units.ts';
import type { Partition } from './mbr.ts';

const GPT_ENTRIES = 128;
const ENTRY_BYTES: Bytes = 128;
const HEADER_BYTES: Bytes = 92;
const NAME_LETTERS = 36;
const SIGNATURE = 'EFI PART';
const REVISION = 0x10000;
const PROTECTIVE = 0xee;
const LARGEST_IN_MBR = 0xffff_ffff;

/** Microsoft's basic data for FAT; Linux's reserved, which nobody mounts, for what has no file system. */
const BASIC_DATA = 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7';
const RESERVED = '8DA63339-0007-60C0-C436-083AC8230908';

/** Bytes for a place on a drive. */
export interface SectorWrite {
  readonly first: Sector;
  readonly bytes: Uint8Array;
}

export interface NamedPartition extends Partition {
  /** Up to 36 letters. */
  readonly name: string;
}

/** What a table says of a partition. */
export interface GptPartition {
  readonly typeGuid: string;
  readonly guid: string;
  readonly name: string;
  readonly extent: Extent;
}

export interface GptTable {
  /** The header that was read: the one behind the MBR, or that in the last sector, where the first is damaged. */
  readonly from: 'first' | 'last';
  readonly diskGuid: string;
  /** Where partitions may lie. */
  readonly usable: Extent;
  readonly partitions: readonly GptPartition[];
}

function entrySectors(sectorSize: number): Sector {
  return Math.ceil((GPT_ENTRIES * ENTRY_BYTES) / sectorSize);
}

/** Sectors at the beginning of a drive that belong to its table, the protective MBR included. */
export function gptHeadSectors(sectorSize: 512 | 4096): Sector {
  return 2 + entrySectors(sectorSize);
}

/** Sectors at the end of a drive that belong to its table. */
export function gptTailSectors(sectorSize: 512 | 4096): Sector {
  return 1 + entrySectors(sectorSize);
}

/** All sectors of the table of a drive of `sectorCount` sectors. */
export function guidPartitionTable(
  sectorSize: 512 | 4096,
  sectorCount: Sector,
  partitions: readonly NamedPartition[],
  diskId: number,
): SectorWrite[] {
  const entries = encodeEntries(sectorSize, partitions, diskId);
  const first = 2 + entrySectors(sectorSize);
  const usable = { first, count: sectorCount - gptTailSectors(sectorSize) - first };
  for (const { extent } of partitions) {
    const isInside = extent.first >= usable.first && extent.first + extent.count <= usable.first + usable.count;
    invariant(isInside, `sectors ${extent.first}+${extent.count} are not all usable`);
  }
  const lastEntries = sectorCount - gptTailSectors(sectorSize);
  const header = (own: Sector, other: Sector, at: Sector): Uint8Array =>
    encodeHeader(sectorSize, { own, other, usable, entriesAt: at, diskId, entriesCrc: crcOf(entries) });
  return [
    { first: 0, bytes: protectiveRecord(sectorSize, sectorCount) },
    { first: 1, bytes: header(1, sectorCount - 1, 2) },
    { first: 2, bytes: entries },
    { first: lastEntries, bytes: entries },
    { first: sectorCount - 1, bytes: header(sectorCount - 1, 1, lastEntries) },
  ];
}

/** Tells programs that know no GPT that the drive is in use. */
function protectiveRecord(sectorSize: number, sectorCount: Sector): Uint8Array {
  const bytes = new Uint8Array(sectorSize);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0x00, 0x02, 0x00, PROTECTIVE, 0xff, 0xff, 0xff], 446);
  view.setUint32(454, 1, true);
  view.setUint32(458, Math.min(sectorCount - 1, LARGEST_IN_MBR), true);
  view.setUint16(510, 0xaa55, true);
  return bytes;
}

function encodeEntries(sectorSize: number, partitions: readonly NamedPartition[], diskId: number): Uint8Array {
  invariant(partitions.length <= GPT_ENTRIES, `${partitions.length} partitions in a GPT`);
  const bytes = new Uint8Array(entrySectors(sectorSize) * sectorSize);
  const view = new DataView(bytes.buffer);
  partitions.forEach(({ type, extent, name }, index) => {
    invariant(name.length <= NAME_LETTERS, `the name of a partition has ${name.length} letters`);
    const at = index * ENTRY_BYTES;
    putGuid(bytes, at, type === 'raw' ? RESERVED : BASIC_DATA);
    putGuid(bytes, at + 16, guidOf(diskId, index + 1));
    putSector(view, at + 32, extent.first);
    putSector(view, at + 40, extent.first + extent.count - 1);
    for (let letter = 0; letter < name.length; letter++) {
      view.setUint16(at + 56 + 2 * letter, name.charCodeAt(letter), true);
    }
  });
  return bytes;
}

interface HeaderFields {
  readonly own: Sector;
  readonly other: Sector;
  readonly usable: Extent;
  readonly entriesAt: Sector;
  readonly diskId: number;
  readonly entriesCrc: number;
}

function encodeHeader(sectorSize: number, fields: HeaderFields): Uint8Array {
  const { own, other, usable, entriesAt, diskId, entriesCrc } = fields;
  const bytes = new Uint8Array(sectorSize);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < SIGNATURE.length; at++) bytes[at] = SIGNATURE.charCodeAt(at);
  view.setUint32(8, REVISION, true);
  view.setUint32(12, HEADER_BYTES, true);
  putSector(view, 24, own);
  putSector(view, 32, other);
  putSector(view, 40, usable.first);
  putSector(view, 48, usable.first + usable.count - 1);
  putGuid(bytes, 56, guidOf(diskId, 0));
  putSector(view, 72, entriesAt);
  view.setUint32(80, GPT_ENTRIES, true);
  view.setUint32(84, ENTRY_BYTES, true);
  view.setUint32(88, entriesCrc, true);
  view.setUint32(16, crcOf(bytes.subarray(0, HEADER_BYTES)), true);
  return bytes;
}

/** Reads a table as anybody may have made it; null where neither of its two copies is whole. */
export function readGuidPartitionTable(
  read: (first: Sector, count: Sector) => Uint8Array,
  sectorSize: 512 | 4096,
  sectorCount: Sector,
): GptTable | null {
  return (
    readCopy('first', 1, read, sectorSize, sectorCount) ??
    readCopy('last', sectorCount - 1, read, sectorSize, sectorCount)
  );
}

function readCopy(
  from: GptTable['from'],
  at: Sector,
  read: (first: Sector, count: Sector) => Uint8Array,
  sectorSize: number,
  sectorCount: Sector,
): GptTable | null {
  const bytes = read(at, 1).slice();
  const view = new DataView(bytes.buffer);
  const headerBytes = view.getUint32(12, true);
  if (!hasSignature(bytes) || headerBytes < HEADER_BYTES || headerBytes > sectorSize) return null;
  const crc = view.getUint32(16, true);
  view.setUint32(16, 0, true);
  if (crcOf(bytes.subarray(0, headerBytes)) !== crc || getSector(view, 24) !== at) return null;
  const count = view.getUint32(80, true);
  const entryBytes = view.getUint32(84, true);
  const entriesAt = getSector(view, 72);
  const length = count * entryBytes;
  const sectors = Math.ceil(length / sectorSize);
  if (entryBytes < ENTRY_BYTES || entriesAt + sectors > sectorCount) return null;
  const entries = read(entriesAt, sectors).slice(0, length);
  if (crcOf(entries) !== view.getUint32(88, true)) return null;
  const usableFirst = getSector(view, 40);
  const usable = { first: usableFirst, count: getSector(view, 48) - usableFirst + 1 };
  return { from, diskGuid: getGuid(bytes, 56), usable, partitions: decodeEntries(entries, entryBytes) };
}

function hasSignature(bytes: Uint8Array): boolean {
  for (let at = 0; at < SIGNATURE.length; at++) if (bytes[at] !== SIGNATURE.charCodeAt(at)) return false;
  return true;
}

function decodeEntries(bytes: Uint8Array, entryBytes: Bytes): GptPartition[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: GptPartition[] = [];
  for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
    const typeGuid = getGuid(bytes, at);
    if (/^[0-]+$/.test(typeGuid)) continue;
    const first = getSector(view, at + 32);
    const extent = { first, count: getSector(view, at + 40) - first + 1 };
    let name = '';
    for (let letter = 0; letter < NAME_LETTERS; letter++) {
      const code = view.getUint16(at + 56 + 2 * letter, true);
      if (code === 0) break;
      name += String.fromCharCode(code);
    }
    found.push({ typeGuid, guid: getGuid(bytes, at + 16), name, extent });
  }
  return found;
}

/** A UUID of the version that is free for one's own use (RFC 9562, version 8). */
function guidOf(diskId: number, partition: number): string {
  return `6F746D73-696D-8000-8000-${hex(diskId, 8)}${hex(partition, 4)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, '0');
}

/** The first three groups stand with their low byte first. */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

function putGuid(bytes: Uint8Array, at: number, guid: string): void {
  const digits = guid.replaceAll('-', '');
  GUID_ORDER.forEach((from, index) => {
    bytes[at + index] = Number.parseInt(digits.slice(2 * from, 2 * from + 2), 16);
  });
}

function getGuid(bytes: Uint8Array, at: number): string {
  const digits = new Array<string>(16).fill('');
  GUID_ORDER.forEach((from, index) => {
    digits[from] = hex(bytes[at + index]!, 2);
  });
  const text = digits.join('');
  return [0, 8, 12, 16, 20].map((start, group, starts) => text.slice(start, starts[group + 1] ?? 32)).join('-');
}

const TWO_32 = 4_294_967_296;

function putSector(view: DataView, at: number, sector: Sector): void {
  if (!(Number.isSafeInteger(sector) && sector >= 0)) defect(`sector ${sector} in a partition table`);
  view.setUint32(at, sector % TWO_32, true);
  view.setUint32(at + 4, Math.floor(sector / TWO_32), true);
}

function getSector(view: DataView, at: number): Sector {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;
}

function crcOf(bytes: Uint8Array): number {
  return crc32.buf(bytes) >>> 0;
}
