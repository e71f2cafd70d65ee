/**
 * Where everything of a backup disk lies. The image is sectors 0 to N-1 of one device and nothing else; the catalogue is an
 * extent of the same device, behind it, or of another one:
 *
 *     header A | checksum table | seals of its blocks | slots of one granule each | header B | 64 KiB that stay unused
 *
 * Invariants
 * I1 Regions don't overlap, lie inside the catalogue's extent, and never in the image.
 * I2 The layout follows from the geometry alone, so a header says little and can be checked against it.
 * I3 What a partition tool may put at the end of a drive (the second header of a GPT) hits neither header.
 */
import type { Device } from '../device.ts';
import { GranuleGrid } from '../granules.ts';
import { invariant } from '../invariant.ts';
import { type Bytes, type Extent, KIB, type Sector } from '../units.ts';

/** The unit in which the catalogue is laid out: a multiple of both sector sizes. */
export const BLOCK_BYTES: Bytes = 4 * KIB;
export const HEADER_BYTES: Bytes = 36 * KIB;
/** I3: 33 sectors of 512 bytes, or 5 of 4096, are what a GPT keeps at its end. */
const TAIL_BYTES: Bytes = 64 * KIB;
export const SUM_BYTES: Bytes = 8;
/** A table block is its number, checksums of granules, its seal. */
export const SUMS_AT: Bytes = 8;
export const SUMS_PER_BLOCK = (BLOCK_BYTES - 16) / SUM_BYTES;
const FEWEST_SLOTS = 2;

export type SectorSize = Device['sectorSize'];

/** What is backed up. `id` is the caller's name for it, at most 128 bytes. */
export interface SourceIdentity {
  readonly id: string;
  readonly sectorCount: Sector;
  readonly sectorSize: SectorSize;
}

/** Where the parts of a backup disk are. */
export interface DiskPlaces {
  /** Sectors 0 to N-1 of it are the image. */
  readonly image: Device;
  readonly catalogue: { readonly device: Device; readonly extent: Extent };
}

export interface Geometry {
  readonly source: SourceIdentity;
  readonly granuleBytes: Bytes;
  /** In sectors of the catalogue's device. */
  readonly catalogue: Extent;
  readonly catalogueSectorSize: SectorSize;
}

/** The catalogue behind the image on one device: from the next 4 KiB on to its end. Null when nothing is left. */
export function placesBehindImage(device: Device, imageSectors: Sector): DiskPlaces | null {
  const perBlock = BLOCK_BYTES / device.sectorSize;
  const first = Math.ceil(imageSectors / perBlock) * perBlock;
  if (first >= device.sectorCount) return null;
  return { image: device, catalogue: { device, extent: { first, count: device.sectorCount - first } } };
}

/** Where header B of a catalogue that ends at `end` begins, in bytes. */
export function secondHeaderOffset(endBytes: Bytes): Bytes {
  return Math.floor(endBytes / BLOCK_BYTES) * BLOCK_BYTES - TAIL_BYTES - HEADER_BYTES;
}

export class Layout {
  readonly geometry: Geometry;
  readonly grid: GranuleGrid;
  readonly granuleBytes: Bytes;
  readonly granuleCount: number;
  readonly tableBlocks: number;
  /** The seals of all table blocks once more, in so many blocks. */
  readonly sealBlocks: number;
  readonly slotCount: number;
  private readonly firstByte: Bytes;
  private readonly slotsAt: Bytes;
  private readonly secondHeaderAt: Bytes;

  constructor(geometry: Geometry) {
    const { source, granuleBytes, catalogue, catalogueSectorSize } = geometry;
    invariant(isGranule(granuleBytes), `granules of ${granuleBytes} bytes`);
    this.geometry = geometry;
    this.granuleBytes = granuleBytes;
    this.grid = new GranuleGrid({ first: 0, count: source.sectorCount }, granuleBytes / source.sectorSize);
    this.granuleCount = this.grid.granuleCount;
    this.tableBlocks = Math.ceil(this.granuleCount / SUMS_PER_BLOCK);
    this.sealBlocks = Math.ceil((this.tableBlocks * SUM_BYTES) / BLOCK_BYTES);
    this.firstByte = catalogue.first * catalogueSectorSize;
    this.slotsAt = this.firstByte + HEADER_BYTES + (this.tableBlocks + this.sealBlocks) * BLOCK_BYTES;
    this.secondHeaderAt = secondHeaderOffset((catalogue.first + catalogue.count) * catalogueSectorSize);
    this.slotCount = Math.max(0, Math.floor((this.secondHeaderAt - this.slotsAt) / granuleBytes));
  }

  /** Whether the catalogue's extent has room for more than its fixed parts. */
  get hasRoom(): boolean {
    return this.slotCount >= FEWEST_SLOTS;
  }

  /** The smallest catalogue for this source. */
  get fewestBytes(): Bytes {
    return this.slotsAt - this.firstByte + FEWEST_SLOTS * this.granuleBytes + HEADER_BYTES + TAIL_BYTES + BLOCK_BYTES;
  }

  headerSector(copy: 0 | 1): Sector {
    return this.sectorAt(copy === 0 ? this.firstByte : this.secondHeaderAt);
  }

  tableSector(block: number): Sector {
    invariant(block >= 0 && block < this.tableBlocks, `table block ${block} of ${this.tableBlocks}`);
    return this.sectorAt(this.firstByte + HEADER_BYTES + block * BLOCK_BYTES);
  }

  get sealsSector(): Sector {
    return this.sectorAt(this.firstByte + HEADER_BYTES + this.tableBlocks * BLOCK_BYTES);
  }

  slotSector(slot: number): Sector {
    invariant(slot >= 0 && slot < this.slotCount, `slot ${slot} of ${this.slotCount}`);
    return this.sectorAt(this.slotsAt + slot * this.granuleBytes);
  }

  /** Bytes of a granule: fewer for the last one when the source's size is no multiple. */
  bytesOf(granule: number): Bytes {
    return this.grid.length(granule) * this.geometry.source.sectorSize;
  }

  /** The granules whose checksums stand in a table block: `first` included, `end` not. */
  granulesOf(block: number): { first: number; end: number } {
    const first = block * SUMS_PER_BLOCK;
    return { first, end: Math.min(this.granuleCount, first + SUMS_PER_BLOCK) };
  }

  private sectorAt(offset: Bytes): Sector {
    const sector = offset / this.geometry.catalogueSectorSize;
    invariant(Number.isSafeInteger(sector), `offset ${offset} is no whole sector`);
    return sector;
  }
}

/** A power of two from 4 KiB to 1 MiB. */
export function isGranule(bytes: Bytes): boolean {
  for (let size = BLOCK_BYTES; size <= 256 * BLOCK_BYTES; size *= 2) if (size === bytes) return true;
  return false;
}
