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
 * A granule that nothing uses is not read. It becomes skipped, zeroes in the image, where it changed or its image is not
 * what its sum says; else it stays as it is.
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
  /** Whether the source is read; else only its image, or nothing. */
  readonly isUsed: boolean;
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
      if (isCandidate(look, granule, old, isUsed)) candidates.push({ granule, old, isUsed });
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
      return isUsed || old.isUnknown;
    case 'changed':
      invariant(look.changed !== null, 'the changed granules');
      if (look.changed.get(granule)) return isUsed || !old.isSkipped;
      return old.isSkipped && isUsed;
  }
}

/** Whether the image has to be read to know whether a granule is to be written. */
function needsImage({ way }: Look, { old, isUsed }: Candidate): boolean {
  if (way === 'bytes') return isUsed || !old.isUnknown;
  return way === 'changed' && isUsed && !old.isSkipped;
}

function* compareBlock(
  disk: BackupDisk,
  look: Look,
  candidates: readonly Candidate[],
  sink: Sink,
  looked: Looked,
): Task<void> {
  const sources = new GranuleReader(
    disk,
    look.source,
    candidates.filter(({ isUsed }) => isUsed),
    look.beforeRead,
  );
  const images = new GranuleReader(
    disk,
    disk.places.image,
    look.way === 'bytes' ? candidates.filter(candidate => needsImage(look, candidate)) : [],
    null,
  );
  for (const candidate of candidates) {
    const { granule, old, isUsed } = candidate;
    const image = look.way === 'bytes' && needsImage(look, candidate) ? yield* images.next() : null;
    if (!isUsed) {
      looked.granulesSkipped += 1;
      const isRight = image !== null && image.bytes !== null && isContent(image.bytes, old, disk.checksum);
      if (!isRight) yield* sink.change({ granule, old, fresh: SKIPPED_SUM, bytes: null });
      continue;
    }
    const { bytes, isHole } = yield* sources.next();
    invariant(bytes !== null, 'the source was read');
    looked.granulesRead += 1;
    const fresh = sumOf(bytes, isHole, disk.checksum);
    const isEqual = !old.isSkipped && sameContent(old, fresh);
    if (isEqual && (look.way === 'sums' || (yield* isInImage(disk, look, granule, bytes, image)))) continue;
    yield* sink.change({ granule, old, fresh, bytes: fresh.isZero ? null : bytes });
  }
}

/** Whether the image holds these bytes; they have the sum that it should have. */
function* isInImage(
  disk: BackupDisk,
  look: Look,
  granule: number,
  bytes: Uint8Array,
  image: GranuleBytes | null,
): Task<boolean> {
  const found =
    look.way === 'bytes'
      ? image
      : yield* new GranuleReader(disk, disk.places.image, [{ granule, old: UNKNOWN_SUM, isUsed: true }], null).next();
  return found !== null && found.bytes !== null && sameBytes(found.bytes, bytes);
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
  private readonly granules: readonly Candidate[];
  private at = 0;
  private piece: { bytes: Uint8Array; isHole: boolean; isError: boolean; first: number; left: number } | null = null;

  constructor(disk: BackupDisk, device: Device, granules: readonly Candidate[], beforeRead: BeforeRead | null) {
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
