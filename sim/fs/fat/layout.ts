/**
 * The layout of a FAT volume: what its boot sector says, and what follows from it. Source: Microsoft's FAT specification
 * of 2000 (fatgen103): the kind follows from the count of clusters alone.
 *
 * All offsets are in bytes from the start of the volume. Cluster numbers are below 2^28, so bit operators are fine on
 * them; they are not on offsets.
 */
import type { Bytes, Extent, Sector } from '../../../engine/units.ts';

export type FatKind = 'fat12' | 'fat16' | 'fat32';

/** Clusters are numbered from 2. */
export type Cluster = number;
export const FIRST_CLUSTER: Cluster = 2;

export const ENTRY_BYTES: Bytes = 32;

/** A volume with fewer data clusters is FAT12; with fewer than the second, FAT16. */
export const FAT16_MIN_CLUSTERS = 4085;
export const FAT32_MIN_CLUSTERS = 65525;
/** Numbers above are marks: 0x0FFFFFF6 is the last. */
export const FAT32_MAX_CLUSTERS = 0x0ffffff5;

export interface FatLayout {
  readonly kind: FatKind;
  readonly sectorSize: number;
  readonly sectorCount: Sector;
  readonly clusterBytes: Bytes;
  /** Data clusters; the last one has the number clusterCount + 1. */
  readonly clusterCount: number;
  readonly fatStart: Bytes;
  /** Of one copy. */
  readonly fatBytes: Bytes;
  readonly fatCount: number;
  /** The copies that are kept equal; more than one but for a FAT32 volume that says otherwise. */
  readonly mirrored: boolean;
  /** The copy that is read; 0 when mirrored. */
  readonly activeFat: number;
  /** The root directory of FAT12 and FAT16. */
  readonly rootStart: Bytes;
  readonly rootEntries: number;
  /** The root directory of FAT32, else 0. */
  readonly rootCluster: Cluster;
  readonly dataStart: Bytes;
  /** FAT32's sector of free counts, or null. */
  readonly infoStart: Bytes | null;
  readonly serial: number;
  readonly label: string;
}

/** What a boot sector has to say, or why it is none. */
export type ParsedLayout = FatLayout | { readonly reason: string };

export function offsetOfCluster(layout: FatLayout, cluster: Cluster): Bytes {
  return layout.dataStart + (cluster - FIRST_CLUSTER) * layout.clusterBytes;
}

export function isDataCluster(layout: FatLayout, cluster: Cluster): boolean {
  return cluster >= FIRST_CLUSTER && cluster < FIRST_CLUSTER + layout.clusterCount;
}

export function get16(bytes: Uint8Array, at: number): number {
  return bytes[at]! + bytes[at + 1]! * 0x100;
}

export function get32(bytes: Uint8Array, at: number): number {
  return get16(bytes, at) + get16(bytes, at + 2) * 0x10000;
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value % 0x100;
  bytes[at + 1] = Math.floor(value / 0x100) % 0x100;
}

export function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value % 0x10000);
  put16(bytes, at + 2, Math.floor(value / 0x10000));
}

export function isPowerOfTwo(value: number): boolean {
  let left = value;
  while (left > 1 && left % 2 === 0) left /= 2;
  return left === 1;
}

/** Reads a boot sector. `sectorSize` is the device's, `sectorCount` the volume's. */
export function parseLayout(boot: Uint8Array, sectorSize: number, sectorCount: Sector): ParsedLayout {
  const reason = notFat(boot, sectorSize);
  if (reason !== null) return { reason };
  const rootEntries = get16(boot, 17);
  const total = get16(boot, 19) || get32(boot, 32);
  const fatSectors = get16(boot, 22) || get32(boot, 36);
  const clusterSectors = boot[13]!;
  const reserved = get16(boot, 14);
  const fatCount = boot[16]!;
  const rootSectors = Math.ceil((rootEntries * ENTRY_BYTES) / sectorSize);
  const overhead = reserved + fatCount * fatSectors + rootSectors;
  if (total === 0 || total > sectorCount) return { reason: `it says ${total} sectors, and there are ${sectorCount}` };
  const clusterCount = Math.floor((total - overhead) / clusterSectors);
  if (clusterCount < 1) return { reason: 'it has no data clusters' };
  const kind = clusterCount < FAT16_MIN_CLUSTERS ? 'fat12' : clusterCount < FAT32_MIN_CLUSTERS ? 'fat16' : 'fat32';
  const fatBytes = fatSectors * sectorSize;
  if (fatBytes < fatBytesFor(kind, clusterCount)) return { reason: 'its FAT is too small for its clusters' };
  if ((kind === 'fat32') !== (rootEntries === 0))
    return { reason: `a ${kind} volume with ${rootEntries} root entries` };
  const layout: FatLayout = {
    kind,
    sectorSize,
    sectorCount: total,
    clusterBytes: clusterSectors * sectorSize,
    clusterCount,
    fatStart: reserved * sectorSize,
    fatBytes,
    fatCount,
    rootStart: (reserved + fatCount * fatSectors) * sectorSize,
    rootEntries,
    dataStart: overhead * sectorSize,
    ...(kind === 'fat32' ? parseFat32(boot, sectorSize, reserved) : NOT_FAT32),
    ...parseIdentity(boot, kind === 'fat32' ? 64 : 36),
  };
  if (layout.activeFat >= fatCount) return { reason: `its active FAT is number ${layout.activeFat} of ${fatCount}` };
  if (kind === 'fat32' && !isDataCluster(layout, layout.rootCluster)) {
    return { reason: `its root directory is at cluster ${layout.rootCluster}` };
  }
  return layout;
}

/** Bytes of a table with an entry for each cluster and the two before them. */
export function fatBytesFor(kind: FatKind, clusterCount: number): Bytes {
  return bytesOfEntries(kind, clusterCount + FIRST_CLUSTER);
}

export function bytesOfEntries(kind: FatKind, entries: number): Bytes {
  if (kind === 'fat12') return Math.ceil((entries * 3) / 2);
  return entries * (kind === 'fat16' ? 2 : 4);
}

function notFat(boot: Uint8Array, sectorSize: number): string | null {
  if (boot.length < 512 || boot[510] !== 0x55 || boot[511] !== 0xaa) return 'its boot sector has no signature';
  if (boot[0] !== 0xeb && boot[0] !== 0xe9) return 'its boot sector does not begin with a jump';
  if (get16(boot, 11) !== sectorSize) return `it has sectors of ${get16(boot, 11)} bytes on a drive of ${sectorSize}`;
  const clusterSectors = boot[13]!;
  if (!isPowerOfTwo(clusterSectors)) return `clusters of ${clusterSectors} sectors`;
  if (get16(boot, 14) === 0) return 'it has no reserved sectors';
  if (boot[16] === 0) return 'it has no FAT';
  return null;
}

const NOT_FAT32 = { mirrored: true, activeFat: 0, rootCluster: 0, infoStart: null };

function parseFat32(boot: Uint8Array, sectorSize: number, reserved: Sector) {
  const flags = get16(boot, 40);
  const mirrored = Math.floor(flags / 0x80) % 2 === 0;
  const info = get16(boot, 48);
  return {
    mirrored,
    activeFat: mirrored ? 0 : flags % 0x10,
    rootCluster: get32(boot, 44),
    infoStart: info > 0 && info < reserved ? info * sectorSize : null,
  };
}

/** Serial number and label, where there is an extended boot signature. */
function parseIdentity(boot: Uint8Array, at: number): { serial: number; label: string } {
  if (boot[at + 2] !== 0x29) return { serial: 0, label: '' };
  let label = '';
  for (let character = 0; character < 11; character++) label += String.fromCharCode(boot[at + 7 + character]!);
  return { serial: get32(boot, at + 3), label: label.trimEnd() };
}

/** Sectors of a range of bytes. */
export function sectorsOf(layout: FatLayout, offset: Bytes, length: Bytes): Extent {
  return { first: offset / layout.sectorSize, count: length / layout.sectorSize };
}

/** Is this FAT32's sector of free counts? */
export function isInfoSector(bytes: Uint8Array): boolean {
  return get32(bytes, 0) === 0x41615252 && get32(bytes, 484) === 0x61417272 && get32(bytes, 508) === 0xaa550000;
}
