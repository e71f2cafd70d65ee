/** The bytes of a FAT volume taken apart, without a file system: its table, clusters, chains and directory entries. */

import { sameBytes } from '../../../engine/bytes.ts';
import { invariant } from '../../../engine/invariant.ts';
import type { Bytes, Extent, Sector } from '../../../engine/units.ts';
import { FsError, type Path, type WallSeconds } from '../file-system.ts';
import { DIRECTORY, type Entry, type EntryFields, EntryParser, readFields } from './entry.ts';
import { type Cluster, ENTRY_BYTES, type FatLayout, FIRST_CLUSTER, isDataCluster, offsetOfCluster } from './layout.ts';
import { BAD, decodeTable, FREE, isEnd } from './table.ts';

/**
 * So much of a table is read at once, up to a multiple of it on the volume: most who give sectors need no copy then. No
 * entry of 16 or 32 bits is cut; a table of 12 bits is small, and read whole.
 */
const TABLE_PIECE_BYTES: Bytes = 4096;

/** Gives sectors of the volume, in bytes that stay as they are. What it throws goes through. */
export type ReadSectors = (first: Sector, count: Sector) => Uint8Array;

export type ProblemKind =
  | 'boot'
  | 'directory'
  | 'parent'
  | 'bad-chain'
  | 'cross-link'
  | 'size'
  | 'fat-copies'
  | 'lost-clusters'
  | 'free-count';

export interface Problem {
  readonly kind: ProblemKind;
  readonly path?: Path;
  readonly text: string;
}

/** The clusters of a file, and why they end before their end. */
export interface RawChain {
  readonly clusters: readonly Cluster[];
  readonly problem: string | null;
}

export class ReadOnlyFile {
  readonly path: Path;
  readonly name: string;
  readonly isDirectory: boolean;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
  readonly firstCluster: Cluster;
  readonly chain: RawChain;
  private readonly image: FatImage;

  constructor(image: FatImage, path: Path, entry: Entry, fields: EntryFields) {
    this.image = image;
    this.path = path;
    this.name = entry.text;
    this.isDirectory = (fields.attributes & DIRECTORY) !== 0;
    this.sizeBytes = this.isDirectory ? 0 : fields.sizeBytes;
    this.modified = fields.modified;
    this.firstCluster = fields.firstCluster;
    this.chain = image.chainFrom(fields.firstCluster);
  }

  /** Reads up to the end of the file; throws `FsError` where its chain ends before that. */
  read(offset: Bytes, into: Uint8Array): Bytes {
    const { clusterBytes } = this.image.layout;
    const total = Math.max(0, Math.min(into.length, this.sizeBytes - offset));
    for (let done = 0; done < total; ) {
      const index = Math.floor((offset + done) / clusterBytes);
      const within = offset + done - index * clusterBytes;
      const cluster = this.chain.clusters[index];
      if (cluster === undefined)
        throw new FsError('corrupt', this.path, this.chain.problem ?? 'its chain is too short');
      const length = Math.min(clusterBytes - within, total - done);
      into.set(this.image.cluster(cluster).subarray(within, within + length), done);
      done += length;
    }
    return total;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.sizeBytes);
    this.read(0, bytes);
    return bytes;
  }

  /** Where its bytes lie, as runs of sectors of the volume. */
  extents(): Extent[] {
    const { layout } = this.image;
    const sectors = layout.clusterBytes / layout.sectorSize;
    const extents: { first: Sector; count: Sector }[] = [];
    for (const cluster of this.chain.clusters) {
      const first = offsetOfCluster(layout, cluster) / layout.sectorSize;
      const last = extents[extents.length - 1];
      if (last !== undefined && last.first + last.count === first) last.count += sectors;
      else extents.push({ first, count: sectors });
    }
    return extents;
  }
}

/** The bytes of a volume, taken apart as far as its boot sector goes. */
export class FatImage {
  readonly layout: FatLayout;
  /** What the table says of each cluster. */
  readonly entries: Uint32Array;
  readonly readSectors: ReadSectors;

  constructor(layout: FatLayout, readSectors: ReadSectors) {
    this.layout = layout;
    this.readSectors = readSectors;
    this.entries = this.decodeCopy(layout.activeFat);
  }

  /** What a copy of the table says of each cluster. */
  decodeCopy(copy: number): Uint32Array {
    const entries = new Uint32Array(FIRST_CLUSTER + this.layout.clusterCount);
    let offset: Bytes = 0;
    for (const piece of this.tablePieces(copy)) {
      decodeTable(this.layout.kind, piece, offset, entries);
      offset += piece.length;
    }
    return entries;
  }

  /** Whether a copy of the table is the active one, byte for byte. */
  isCopyEqual(copy: number): boolean {
    const { fatStart, fatBytes, activeFat } = this.layout;
    let offset: Bytes = 0;
    for (const piece of this.tablePieces(copy)) {
      if (!sameBytes(piece, this.read(fatStart + activeFat * fatBytes + offset, piece.length))) return false;
      offset += piece.length;
    }
    return true;
  }

  private *tablePieces(copy: number): Generator<Uint8Array> {
    const { kind, fatStart, fatBytes } = this.layout;
    const end = fatStart + (copy + 1) * fatBytes;
    for (let at = end - fatBytes; at < end; ) {
      const next = kind === 'fat12' ? end : Math.min(end, at - (at % TABLE_PIECE_BYTES) + TABLE_PIECE_BYTES);
      yield this.read(at, next - at);
      at = next;
    }
  }

  cluster(cluster: Cluster): Uint8Array {
    return this.read(offsetOfCluster(this.layout, cluster), this.layout.clusterBytes);
  }

  chainFrom(first: Cluster): RawChain {
    const clusters: Cluster[] = [];
    const { layout } = this;
    for (let cluster = first; cluster !== 0; ) {
      if (!isDataCluster(layout, cluster)) return { clusters, problem: describeLink(layout, cluster) };
      if (clusters.length >= layout.clusterCount) return { clusters, problem: 'it goes round in a circle' };
      const value = this.entries[cluster]!;
      if (value === FREE) return { clusters, problem: `cluster ${cluster} of it is free` };
      clusters.push(cluster);
      cluster = isEnd(layout.kind, value) ? 0 : value;
    }
    return { clusters, problem: null };
  }

  /** Parts of the root directory, or of the directory in these clusters. */
  directoryParts(clusters: readonly Cluster[] | null): Uint8Array[] {
    const { layout } = this;
    if (clusters !== null) return clusters.map(cluster => this.cluster(cluster));
    return [this.read(layout.rootStart, layout.rootEntries * ENTRY_BYTES)];
  }

  read(offset: Bytes, length: Bytes): Uint8Array {
    const { sectorSize } = this.layout;
    const bytes = this.readSectors(offset / sectorSize, Math.ceil(length / sectorSize));
    invariant(bytes.length >= length, `${bytes.length} bytes came where ${length} were asked for`);
    return bytes.subarray(0, length);
  }
}

function describeLink(layout: FatLayout, cluster: Cluster): string {
  return cluster === BAD[layout.kind] ? 'it leads to a bad cluster' : `it leads to cluster ${cluster}, which is none`;
}

/** A directory's entries as they stand, and those of its own. */
export interface RawEntry {
  readonly entry: Entry;
  readonly fields: EntryFields;
}

export function rawEntries(parts: readonly Uint8Array[]): RawEntry[] {
  const found: RawEntry[] = [];
  const parser = new EntryParser();
  let slot = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length && !parser.isAtEnd; at += ENTRY_BYTES) {
      const entry = parser.push(part, at, slot);
      slot += 1;
      if (entry !== null) found.push({ entry, fields: readFields(part, at) });
    }
  }
  return found;
}
