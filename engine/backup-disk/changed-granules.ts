/**
 * What a backup has to change: the source against what the disk is known to hold, in ascending order, table block by table
 * block.
 *
 * Ways to look
 * - `all`: a first full backup, every granule that is used;
 * - `changed`: granules that the tracker names, and those that were skipped and are used now. What turns out to be equal,
 *   by sum and by bytes, is left alone;
 * - `sums`: the tracker knows nothing: every granule of the source is read and compared with its sum;
 * - `bytes`: the disk is not to be believed: every granule of source and image is read and compared.
 *
 * A granule that nothing uses becomes skipped, zeroes in the image, when it changed; one that did not stays as it is. So the
 * image of a granule that is not skipped is always what the source held at the last backup, used or not, and a tracker may
 * be believed for all of them.
 */
import type { Bitmap } from '../bitmap.ts';
import { sameBytes } from '../bytes.ts';
import type { Device } from '../device.ts';
import { invariant } from '../invariant.ts';
import type { Task } from '../task.ts';
import type { Extent } from '../units.ts';
import type { BackupDisk } from './backup-disk.ts';
import { type GranuleSum, isContent, SKIPPED_SUM, sameContent, sumOf, UNKNOWN_SUM } from './granule-sum.ts';
import type { TableBlock } from './table.ts';
import { type BeforeRead, MAX_REQUEST_BYTES, ReadAhead } from './transfer.ts';

export type Way = 'all' | 'changed' | 'sums' | 'bytes';

export interface Look {
  readonly source: Device;
  readonly way: Way;
  /** For the way `changed`. */
  readonly changed: Bitmap | null;
  /** Granules that something uses; null: all. */
  readonly used: Bitmap | null;
  readonly beforeRead: BeforeRead | null;
}

export interface Change {
  readonly granule: number;
  readonly old: GranuleSum;
  readonly fresh: GranuleSum;
  /** Null when it is zeroes. */
  readonly bytes: Uint8Array | null;
}

export interface Sink {
  change(change: Change): Task<void>;
  /** After the last granule of each table block; its sums as they were, null when they are not known. */
  endBlock(number: number, before: TableBlock | null): Task<void>;
}

/** What was looked at. */
export interface Looked {
  granulesRead: number;
  granulesSkipped: number;
}

interface Candidate {
  readonly granule: number;
  readonly old: GranuleSum;
  readonly isUsed: boolean;
  readonly readsSource: boolean;
  readonly readsImage: boolean;
}

/** Tells a sink each change. */
export function* eachChange(disk: BackupDisk, look: Look, sink: Sink): Task<Looked> {
  const { layout, table } = disk;
  const looked: Looked = { granulesRead: 0, granulesSkipped: 0 };
  for (let number = 0; number < layout.tableBlocks; number++) {
    const before = look.way === 'all' ? null : yield* table.block(number);
    const candidates: Candidate[] = [];
    const { first, end } = layout.granulesOf(number);
    for (let granule = first; granule < end; granule++) {
      const old = before === null ? UNKNOWN_SUM : before.sum(granule);
      const isUsed = look.used === null || look.used.get(granule);
      if (!isCandidate(look, granule, old, isUsed)) continue;
      const isCompared = look.way === 'sums' || look.way === 'bytes';
      const isCopied = !old.isSkipped && !old.isUnknown;
      const readsSource = isUsed || (isCompared && isCopied);
      candidates.push({ granule, old, isUsed, readsSource, readsImage: look.way === 'bytes' && !old.isUnknown });
    }
    yield* compareBlock(disk, look, candidates, sink, looked);
    yield* sink.endBlock(number, before);
  }
  return looked;
}

function isCandidate(look: Look, granule: number, old: GranuleSum, isUsed: boolean): boolean {
  switch (look.way) {
    case 'all':
    case 'bytes':
      return true;
    case 'sums':
      return isUsed || !old.isSkipped;
    case 'changed':
      invariant(look.changed !== null, 'the changed granules');
      if (look.changed.get(granule)) return isUsed || !old.isSkipped;
      return old.isSkipped && isUsed;
  }
}

function* compareBlock(
  disk: BackupDisk,
  look: Look,
  candidates: readonly Candidate[],
  sink: Sink,
  looked: Looked,
): Task<void> {
  const { source, beforeRead } = look;
  const fromSource = candidates.filter(({ readsSource }) => readsSource);
  const fromImage = candidates.filter(({ readsImage }) => readsImage);
  const sources = new GranuleReader(disk, source, fromSource, beforeRead);
  const images = new GranuleReader(disk, disk.places.image, fromImage, null);
  for (const candidate of candidates) {
    const { granule, old, isUsed, readsSource, readsImage } = candidate;
    const image = readsImage ? yield* images.next() : null;
    const read = readsSource ? yield* sources.next() : null;
    if (read === null) looked.granulesSkipped += 1;
    else looked.granulesRead += 1;
    const fresh = read === null ? SKIPPED_SUM : sumOf(read.bytes!, read.isHole, disk.checksum);
    if (yield* isAsItShouldBe(disk, look, candidate, fresh, read?.bytes ?? null, image)) continue;
    if (isUsed) yield* sink.change({ granule, old, fresh, bytes: fresh.isZero ? null : read!.bytes });
    else yield* sink.change({ granule, old, fresh: SKIPPED_SUM, bytes: null });
  }
}

/** Whether the image already holds what it should: by sum, and, unless sums are enough, by bytes. */
function* isAsItShouldBe(
  disk: BackupDisk,
  { way }: Look,
  { granule, old, isUsed }: Candidate,
  fresh: GranuleSum,
  bytes: Uint8Array | null,
  image: GranuleBytes | null,
): Task<boolean> {
  if (old.isUnknown || !sameContent(old, fresh)) return false;
  if (isUsed ? old.isSkipped : bytes === null && !old.isSkipped) return false;
  if (way === 'sums') return true;
  const found = image ?? (yield* readImageGranule(disk, granule));
  if (found.bytes === null) return false;
  return bytes === null ? isContent(found.bytes, old, disk.checksum) : sameBytes(found.bytes, bytes);
}

function* readImageGranule(disk: BackupDisk, granule: number): Task<GranuleBytes> {
  return yield* new GranuleReader(disk, disk.places.image, [{ granule }], null).next();
}

interface GranuleBytes {
  /** Null when it can't be read: of an image only. */
  readonly bytes: Uint8Array | null;
  readonly isHole: boolean;
}

interface CandidateRun extends Extent {
  readonly granules: number;
}

/** Reads granules one after the other, in requests of up to 1 MiB. An error of the source is thrown. */
class GranuleReader {
  private readonly disk: BackupDisk;
  private readonly device: Device;
  private readonly reader: ReadAhead<CandidateRun>;
  private readonly granules: readonly { readonly granule: number }[];
  private at = 0;
  private piece: { bytes: Uint8Array; isHole: boolean; isError: boolean; first: number; left: number } | null = null;

  constructor(
    disk: BackupDisk,
    device: Device,
    granules: readonly { readonly granule: number }[],
    beforeRead: BeforeRead | null,
  ) {
    this.disk = disk;
    this.device = device;
    this.granules = granules;
    this.reader = new ReadAhead(device, this.runs(), beforeRead);
  }

  *next(): Task<GranuleBytes> {
    if (this.piece === null || this.piece.left === 0) {
      const next = yield* this.reader.next();
      invariant(next !== null, 'a granule to read');
      const { bytes, isHole, error, run } = next;
      const isOfImage = this.device === this.disk.places.image;
      if (error !== null && !(isOfImage && error.failure === 'read-error')) throw error;
      this.piece = { bytes, isHole, isError: error !== null, first: run.first, left: run.granules };
    }
    const { piece } = this;
    const { granule } = this.granules[this.at]!;
    this.at += 1;
    piece.left -= 1;
    if (piece.isError) return { bytes: null, isHole: false };
    const { grid } = this.disk.layout;
    const from = (grid.start(granule) - piece.first) * this.device.sectorSize;
    const bytes = piece.bytes.subarray(from, from + this.disk.layout.bytesOf(granule));
    return { bytes, isHole: piece.isHole };
  }

  private *runs(): Generator<CandidateRun, void> {
    const { grid, granuleBytes } = this.disk.layout;
    const most = MAX_REQUEST_BYTES / granuleBytes;
    for (let at = 0; at < this.granules.length; ) {
      const { granule } = this.granules[at]!;
      let count = 1;
      while (count < most && this.granules[at + count]?.granule === granule + count) count += 1;
      const last = granule + count - 1;
      const first = grid.start(granule);
      yield { first, count: grid.start(last) + grid.length(last) - first, granules: count };
      at += count;
    }
  }
}
