/**
 * Puts a FAT volume in order after its machine has ended without warning, as SCANDISK did at the next start: the file
 * system writes tables, directories and data in no order that a cut would respect, and keeps no journal. Works on the
 * bytes alone and says what is to be written; nothing in it takes time.
 *
 * Invariants
 * I1 Afterwards the volume has no problem that `check` knows.
 * I2 A file whose chain is as long as its size says is left as it is, unless another of its kind has its clusters: one
 *    that begins in the middle of no chain goes before one that does.
 * I3 Any other keeps the clusters at its beginning that nobody has, and is as long as they are at most. One that begins in
 *    the middle of another one's chain is what is left of a removal, and no file any more; nor is one whose first cluster
 *    is taken, or none of the volume. Clusters that nobody has are free.
 * I4 Directories go before files: what is lost of a tree is lost with its root only.
 */
import type { Bytes } from '../../../engine/units.ts';
import { DIRECTORY, ERASED, isDotEntry, writeFirstCluster } from './entry.ts';
import { FatImage, type RawEntry, type ReadSectors, rawEntries } from './image.ts';
import {
  type Cluster,
  ENTRY_BYTES,
  type FatLayout,
  FIRST_CLUSTER,
  get32,
  isDataCluster,
  isInfoSector,
  offsetOfCluster,
  parseLayout,
  put32,
} from './layout.ts';
import { badName } from './names.ts';
import type { ReadOnlyPlace } from './read-only.ts';
import { BAD, END, encodeEntry, FREE, isEnd, isKept } from './table.ts';

/** A sector as it is to be. */
export interface RepairWrite {
  /** From the start of the volume. */
  readonly offset: Bytes;
  readonly bytes: Uint8Array;
}

const SIZE_AT = 28;
const FREE_COUNT_AT = 488;

/** What is to be written, by offset; a volume whose boot sector is none can't be repaired, and nothing is written. */
export function repairWrites(readSectors: ReadSectors, { sectorSize, sectorCount }: Omit<ReadOnlyPlace, 'letter'>) {
  const layout = parseLayout(readSectors(0, 1), sectorSize, sectorCount);
  return 'reason' in layout ? [] : new Repair(new FatImage(layout, readSectors)).run();
}

/** A file's entry, and where it stands on the volume. */
interface FileEntry extends RawEntry {
  readonly at: Bytes;
  /** The places of all its slots. */
  readonly slots: readonly Bytes[];
}

class Repair {
  private readonly image: FatImage;
  private readonly layout: FatLayout;
  /** The table as it will be. */
  private readonly entries: Uint32Array;
  private readonly sectors = new Map<Bytes, Uint8Array>();
  private readonly files: FileEntry[] = [];

  constructor(image: FatImage) {
    this.image = image;
    this.layout = image.layout;
    const { entries, layout } = image;
    this.entries = new Uint32Array(entries.length);
    // The two before the first cluster are marks of the volume.
    for (let mark = 0; mark < FIRST_CLUSTER; mark++) this.entries[mark] = entries[mark]!;
    for (let cluster = FIRST_CLUSTER; cluster < entries.length; cluster++) {
      if (entries[cluster] === BAD[layout.kind]) this.entries[cluster] = BAD[layout.kind];
    }
  }

  run(): RepairWrite[] {
    const { rootCluster } = this.layout;
    this.directory(rootCluster === 0 ? null : this.claim(rootCluster, Number.POSITIVE_INFINITY), 0);
    const inside = this.clustersInside();
    const isInside = ({ fields }: FileEntry): boolean => inside.has(fields.firstCluster);
    const heads = this.files.filter(file => !isInside(file));
    const left = [...heads, ...this.files.filter(isInside)].filter(file => !this.keepSound(file));
    for (const file of left) {
      if (isInside(file)) this.erase(file);
      else this.file(file);
    }
    this.writeTables();
    this.writeFreeCount();
    const writes = [...this.sectors].map(([offset, bytes]) => ({ offset, bytes }));
    return writes.filter(({ offset, bytes }) => this.differs(offset, bytes)).sort((a, b) => a.offset - b.offset);
  }

  /** The chain from a cluster on, as far as it is whole and nobody has it, up to so many clusters; it is taken (I3). */
  private claim(first: Cluster, most: number): Cluster[] {
    const { layout } = this;
    const chain: Cluster[] = [];
    for (let cluster = first; chain.length < most && isDataCluster(layout, cluster); ) {
      const value = this.image.entries[cluster]!;
      if (value === FREE || this.entries[cluster] !== FREE) break;
      this.entries[cluster] = END[layout.kind];
      const before = chain[chain.length - 1];
      if (before !== undefined) this.entries[before] = cluster;
      chain.push(cluster);
      if (isEnd(layout.kind, value)) break;
      cluster = value;
    }
    return chain;
  }

  /** Walks a directory: those in it are taken at once (I4), files are remembered. `own`: 0 for the root. */
  private directory(clusters: readonly Cluster[] | null, own: Cluster): void {
    const parts = this.image.directoryParts(clusters);
    const places = this.slotPlaces(clusters);
    const names = new Set<string>();
    for (const { entry, fields } of rawEntries(parts)) {
      if (isDotEntry(entry)) continue;
      const slots = places.slice(entry.slot, entry.slot + entry.slotCount);
      const found: FileEntry = { entry, fields, slots, at: slots[slots.length - 1]! };
      if (names.has(entry.key) || badName(entry.text) !== null) this.erase(found);
      else if ((fields.attributes & DIRECTORY) === 0) this.files.push(found);
      else this.subdirectory(found, own);
      names.add(entry.key);
    }
    this.clearBehindEnd(parts, places);
  }

  private subdirectory(found: FileEntry, parent: Cluster): void {
    const first = found.fields.firstCluster;
    if (!isDataCluster(this.layout, first) || !this.isDirectoryAt(first)) {
      this.erase(found);
      return;
    }
    const clusters = this.claim(first, Number.POSITIVE_INFINITY);
    if (clusters.length === 0) {
      this.erase(found);
      return;
    }
    const [bytes, at] = this.slotAt(offsetOfCluster(this.layout, first) + ENTRY_BYTES);
    writeFirstCluster(bytes, at, parent);
    this.directory(clusters, first);
  }

  /** Whether a cluster begins as that of a directory does, with entries for itself and the one above. */
  private isDirectoryAt(cluster: Cluster): boolean {
    const [own, above] = rawEntries([this.image.cluster(cluster)]);
    if (own === undefined || above === undefined || !isDotEntry(own.entry) || !isDotEntry(above.entry)) return false;
    return own.fields.firstCluster === cluster;
  }

  /** I2. Says whether it was so. */
  private keepSound({ fields: { firstCluster, sizeBytes } }: FileEntry): boolean {
    const needed = this.clustersFor(sizeBytes);
    if (needed === 0) return firstCluster === 0;
    const { clusters, problem } = this.image.chainFrom(firstCluster);
    if (problem !== null || clusters.length !== needed) return false;
    if (clusters.some(each => this.entries[each] !== FREE)) return false;
    this.claim(firstCluster, needed);
    return true;
  }

  /** Clusters to which the chains of files lead. */
  private clustersInside(): Set<Cluster> {
    const inside = new Set<Cluster>();
    for (const { fields } of this.files) {
      for (const cluster of this.image.chainFrom(fields.firstCluster).clusters.slice(1)) inside.add(cluster);
    }
    return inside;
  }

  /** I3 */
  private file(file: FileEntry): void {
    const { firstCluster, sizeBytes } = file.fields;
    const needed = this.clustersFor(sizeBytes);
    const kept = needed === 0 ? [] : this.claim(firstCluster, needed);
    if (kept.length === needed && (needed > 0 || firstCluster === 0)) return;
    const isForeign = firstCluster !== 0 && !this.isFreeNow(firstCluster);
    if (kept.length === 0 && needed > 0 && isForeign) {
      this.erase(file);
      return;
    }
    const [bytes, at] = this.slotAt(file.at);
    if (kept.length === 0) writeFirstCluster(bytes, at, 0);
    put32(bytes, at + SIZE_AT, Math.min(sizeBytes, kept.length * this.layout.clusterBytes));
  }

  /** It is a cluster of the volume that nobody has, and that the table calls free. */
  private isFreeNow(cluster: Cluster): boolean {
    return isDataCluster(this.layout, cluster) && this.image.entries[cluster] === FREE;
  }

  private clustersFor(sizeBytes: Bytes): number {
    return Math.ceil(sizeBytes / this.layout.clusterBytes);
  }

  private erase({ slots }: FileEntry): void {
    for (const slot of slots) {
      const [bytes, at] = this.slotAt(slot);
      bytes[at] = ERASED;
    }
  }

  /** What stands behind the mark of the end would come to life with the next entry that is made there. */
  private clearBehindEnd(parts: readonly Uint8Array[], places: readonly Bytes[]): void {
    let isBehind = false;
    let slot = 0;
    for (const part of parts) {
      for (let from = 0; from < part.length; from += ENTRY_BYTES, slot++) {
        if (part[from] === 0) isBehind = true;
        else if (isBehind) {
          const [bytes, at] = this.slotAt(places[slot]!);
          bytes.fill(0, at, at + ENTRY_BYTES);
        }
      }
    }
  }

  /** Where each slot of a directory stands. */
  private slotPlaces(clusters: readonly Cluster[] | null): Bytes[] {
    const { layout } = this;
    const areas =
      clusters === null
        ? [{ start: layout.rootStart, length: layout.rootEntries * ENTRY_BYTES }]
        : clusters.map(each => ({ start: offsetOfCluster(layout, each), length: layout.clusterBytes }));
    const places: Bytes[] = [];
    for (const { start, length } of areas) {
      for (let within = 0; within < length; within += ENTRY_BYTES) places.push(start + within);
    }
    return places;
  }

  private writeTables(): void {
    const { layout, entries } = this;
    for (let copy = 0; copy < layout.fatCount; copy++) {
      if (!isKept(layout, copy)) continue;
      const start = layout.fatStart + copy * layout.fatBytes;
      const table = this.image.read(start, layout.fatBytes).slice();
      const now = this.image.decodeCopy(copy);
      for (let cluster = 0; cluster < entries.length; cluster++) {
        if (now[cluster] !== entries[cluster]) encodeEntry(layout.kind, table, cluster, entries[cluster]!);
      }
      for (let at = 0; at < table.length; at += layout.sectorSize) {
        this.sectors.set(start + at, table.subarray(at, at + layout.sectorSize));
      }
    }
  }

  private writeFreeCount(): void {
    const { infoStart } = this.layout;
    if (infoStart === null) return;
    const [info, at] = this.slotAt(infoStart);
    if (!isInfoSector(info.subarray(at))) return;
    let free = 0;
    for (let cluster = FIRST_CLUSTER; cluster < this.entries.length; cluster++) {
      if (this.entries[cluster] === FREE) free += 1;
    }
    if (get32(info, at + FREE_COUNT_AT) !== free) put32(info, at + FREE_COUNT_AT, free);
  }

  /** The sector that a place lies in, to be changed, and where in it. */
  private slotAt(place: Bytes): [Uint8Array, number] {
    const { sectorSize } = this.layout;
    const within = place % sectorSize;
    const offset = place - within;
    let bytes = this.sectors.get(offset);
    if (bytes === undefined) {
      bytes = this.image.read(offset, sectorSize).slice();
      this.sectors.set(offset, bytes);
    }
    return [bytes, within];
  }

  private differs(offset: Bytes, bytes: Uint8Array): boolean {
    const now = this.image.read(offset, bytes.length);
    return bytes.some((byte, at) => byte !== now[at]);
  }
}
