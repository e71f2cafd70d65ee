/**
 * Making a FAT volume: which sectors hold what, as a pure function. The tables and the data area begin at pages of 4 KiB,
 * so that a page never holds parts of two of them.
 *
 * Cluster sizes: without a wish, FAT32 gets the largest power of two, at most 32 KiB, that still leaves it its 65,525
 * data clusters; FAT16 and FAT12 the smallest that stays below 65,525 and 4,085.
 */
import { invariant } from '../../../engine/invariant.ts';
import { type Bytes, type Extent, KIB, MIB, type Sector } from '../../../engine/units.ts';
import type { WallSeconds } from '../file-system.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { encodeBoot } from './boot-sector.ts';
import { newShortEntry } from './entry.ts';
import {
  ENTRY_BYTES,
  FAT16_MIN_CLUSTERS,
  FAT32_MAX_CLUSTERS,
  FAT32_MIN_CLUSTERS,
  type FatKind,
  type FatLayout,
  fatBytesFor,
  isPowerOfTwo,
  offsetOfCluster,
  put32,
} from './layout.ts';
import { encodeShort } from './names.ts';
import { END, encodeEntry } from './table.ts';

const CLUSTER_MAX: Bytes = 32 * KIB;
const ROOT_ENTRIES = 512;
const FAT_COUNT = 2;
const SECTORS_MAX: Sector = 0xffffffff;
/** The smallest whole number of MiB that has room for 65,525 clusters of 512 bytes and their tables. */
const FAT32_MIN_BYTES: Bytes = 33 * MIB;
const VOLUME_LABEL = 0x08;
const MEDIA = 0xf8;

export interface MkfsOptions {
  readonly kind: FatKind;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  /** Null: as the kind and the size have it. */
  readonly clusterBytes?: Bytes | null;
  /** 32 bits, from the scenario: nothing is drawn here. */
  readonly serial: number;
  readonly label?: string;
  /** Where the volume begins on its drive. */
  readonly hiddenSectors?: Sector;
  /** Stamp of the label. */
  readonly now?: WallSeconds;
}

export interface Formatted {
  readonly layout: FatLayout;
  /** What is not zero, in order. */
  readonly writes: readonly { readonly first: Sector; readonly bytes: Uint8Array }[];
  /** Sectors that have to be zero, in order, where the drive is not known to be; `writes` come after. */
  readonly zeroes: readonly Extent[];
}

/** The size of clusters that a volume gets, or why it can't be made. */
export type ClusterSize = { readonly clusterBytes: Bytes } | { readonly reason: string };

/** The size of clusters for a volume without a wish. */
export function clusterSizeFor(kind: FatKind, sizeBytes: Bytes, sectorSize: 512 | 4096): ClusterSize {
  if (kind === 'fat32' && sizeBytes < FAT32_MIN_BYTES) return { reason: 'FAT32 needs 33 MiB or more' };
  const sizes: Bytes[] = [];
  for (let bytes: Bytes = sectorSize; bytes <= CLUSTER_MAX; bytes *= 2) sizes.push(bytes);
  if (kind === 'fat32') sizes.reverse();
  let reason = '';
  for (const clusterBytes of sizes) {
    const why = whyNot(kind, sizeBytes, sectorSize, clusterBytes);
    if (why === null) return { clusterBytes };
    reason = why;
  }
  return { reason };
}

/** A cluster size that was asked for, or why a volume can't have it. */
export function checkClusterSize(
  kind: FatKind,
  sizeBytes: Bytes,
  sectorSize: 512 | 4096,
  clusterBytes: Bytes,
): ClusterSize {
  if (!isPowerOfTwo(clusterBytes) || clusterBytes < sectorSize || clusterBytes > CLUSTER_MAX) {
    return { reason: `a cluster is a power of two from ${sectorSize} B to 32 KiB` };
  }
  if (kind === 'fat32' && sizeBytes < FAT32_MIN_BYTES) return { reason: 'FAT32 needs 33 MiB or more' };
  const reason = whyNot(kind, sizeBytes, sectorSize, clusterBytes);
  return reason === null ? { clusterBytes } : { reason };
}

/** What a volume is made of. Throws a defect for what `clusterSizeFor` and `checkClusterSize` refuse. */
export function mkfs(options: MkfsOptions): Formatted {
  const { kind, sectorSize, sectorCount, serial } = options;
  const sizeBytes = sectorCount * sectorSize;
  const wish = options.clusterBytes ?? null;
  const size =
    wish === null ? clusterSizeFor(kind, sizeBytes, sectorSize) : checkClusterSize(kind, sizeBytes, sectorSize, wish);
  invariant('clusterBytes' in size, `a ${kind} volume of ${sizeBytes} bytes: ${'reason' in size ? size.reason : ''}`);
  const geometry = plan(kind, sizeBytes, sectorSize, size.clusterBytes);
  const label = (options.label ?? '').toUpperCase();
  const layout: FatLayout = { ...geometry, serial, label };
  const boot = encodeBoot(layout, options.hiddenSectors ?? 0, MEDIA);
  const writes = [{ first: 0, bytes: boot }];
  if (kind === 'fat32') {
    const info = encodeInfo(layout);
    writes.push({ first: 1, bytes: info }, { first: 6, bytes: boot }, { first: 7, bytes: info });
  }
  const table = encodeTableStart(layout);
  for (let copy = 0; copy < FAT_COUNT; copy++) {
    writes.push({ first: (layout.fatStart + copy * layout.fatBytes) / sectorSize, bytes: table });
  }
  const root = kind === 'fat32' ? offsetOfCluster(layout, layout.rootCluster) : layout.rootStart;
  if (label !== '') writes.push({ first: root / sectorSize, bytes: encodeLabel(layout, label, options.now ?? 0) });
  const end = kind === 'fat32' ? root + layout.clusterBytes : layout.dataStart;
  return { layout, writes, zeroes: [{ first: 0, count: end / sectorSize }] };
}

/** Why a volume of this size can't have clusters of this size, or null. */
function whyNot(kind: FatKind, sizeBytes: Bytes, sectorSize: 512 | 4096, clusterBytes: Bytes): string | null {
  if (sizeBytes / sectorSize > SECTORS_MAX) return 'a FAT volume has fewer than 2^32 sectors';
  const { clusterCount, dataStart } = plan(kind, sizeBytes, sectorSize, clusterBytes);
  const clusters = `${Math.max(0, clusterCount)} clusters of ${clusterBytes} B`;
  if (clusterCount < 1 || dataStart >= sizeBytes) return 'it is too small for a file system';
  if (kind === 'fat12') return clusterCount < FAT16_MIN_CLUSTERS ? null : `${clusters}, and FAT12 has at most 4,084`;
  if (kind === 'fat16') {
    if (clusterCount < FAT16_MIN_CLUSTERS) return `${clusters}, and FAT16 has at least 4,085`;
    return clusterCount < FAT32_MIN_CLUSTERS ? null : `${clusters}, and FAT16 has at most 65,524`;
  }
  if (clusterCount < FAT32_MIN_CLUSTERS) return `${clusters}, and FAT32 has at least 65,525`;
  return clusterCount <= FAT32_MAX_CLUSTERS ? null : `${clusters}, and FAT32 has fewer than 2^28`;
}

type Geometry = Omit<FatLayout, 'serial' | 'label'>;

/** Tables as small as they can be, rounded up to pages: a larger table leaves fewer clusters, which need no larger one. */
function plan(kind: FatKind, sizeBytes: Bytes, sectorSize: number, clusterBytes: Bytes): Geometry {
  const reserved = kind === 'fat32' ? Math.max(32 * sectorSize, PAGE_BYTES) : PAGE_BYTES;
  const rootEntries = kind === 'fat32' ? 0 : ROOT_ENTRIES;
  const rootBytes = rootEntries * ENTRY_BYTES;
  const fixed = reserved + rootBytes;
  const clustersWith = (bytes: Bytes) =>
    Math.max(0, Math.floor((sizeBytes - fixed - FAT_COUNT * bytes) / clusterBytes));
  const tableFor = (count: number) => roundUp(fatBytesFor(kind, count), PAGE_BYTES);
  let fatBytes = tableFor(clustersWith(0));
  for (let smaller = tableFor(clustersWith(fatBytes)); smaller < fatBytes; smaller = tableFor(clustersWith(fatBytes))) {
    if (tableFor(clustersWith(smaller)) > smaller) break;
    fatBytes = smaller;
  }
  const rootStart = reserved + FAT_COUNT * fatBytes;
  const dataStart = rootStart + rootBytes;
  return {
    kind,
    sectorSize,
    sectorCount: sizeBytes / sectorSize,
    clusterBytes,
    clusterCount: Math.floor((sizeBytes - dataStart) / clusterBytes),
    fatStart: reserved,
    fatBytes,
    fatCount: FAT_COUNT,
    mirrored: true,
    activeFat: 0,
    rootStart,
    rootEntries,
    rootCluster: kind === 'fat32' ? 2 : 0,
    dataStart,
    infoStart: kind === 'fat32' ? sectorSize : null,
  };
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** The sector of free counts. */
function encodeInfo(layout: FatLayout): Uint8Array {
  const bytes = new Uint8Array(layout.sectorSize);
  put32(bytes, 0, 0x41615252);
  put32(bytes, 484, 0x61417272);
  put32(bytes, 488, layout.clusterCount - 1);
  put32(bytes, 492, 3);
  put32(bytes, 508, 0xaa550000);
  return bytes;
}

/** The first sector of a table: the two entries that are no clusters, and FAT32's root directory. */
function encodeTableStart(layout: FatLayout): Uint8Array {
  const { kind } = layout;
  const bytes = new Uint8Array(layout.sectorSize);
  encodeEntry(kind, bytes, 0, END[kind] - 0xff + MEDIA);
  encodeEntry(kind, bytes, 1, END[kind]);
  if (kind === 'fat32') encodeEntry(kind, bytes, layout.rootCluster, END[kind]);
  return bytes;
}

function encodeLabel(layout: FatLayout, label: string, now: WallSeconds): Uint8Array {
  const bytes = new Uint8Array(layout.sectorSize);
  const entry = newShortEntry({ attributes: VOLUME_LABEL, firstCluster: 0, sizeBytes: 0, modified: now }, now);
  bytes.set(entry, 0);
  encodeShort(label.slice(0, 11).padEnd(11), bytes, 0);
  return bytes;
}
