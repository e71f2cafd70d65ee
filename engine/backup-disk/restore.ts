/**
 * Puts a generation, or one volume of it, back onto a device.
 *
 * Invariants
 * I1 Until it is complete the first sector of the target says so: it is overwritten first, durably, with a mark, and gets
 *    its content last, after a flush.
 * I2 It may be cut off anywhere and run again; what is equal already is then only read.
 * I3 Only bytes that were compared with their sums are written; a damaged granule ends the restore with an error, and the
 *    target keeps its mark.
 */
import { sameBytes } from '../bytes.ts';
import { type Device, IoError } from '../device.ts';
import { invariant } from '../invariant.ts';
import type { Task } from '../task.ts';
import { type Extent, KIB, MIB, type Sector } from '../units.ts';
import type { BackupDisk } from './backup-disk.ts';
import { type GenerationView, openGeneration } from './generation-view.ts';
import { exclusively } from './open.ts';
import { BackupDiskRefusal, refuse } from './refusal.ts';
import { encodeRestoreMark } from './restore-mark.ts';
import { type BeforeRead, readSectors } from './transfer.ts';

/** Sectors of the target that get other content than the image's, counted from the start of what is restored. */
export interface Replacement {
  readonly first: Sector;
  readonly bytes: Uint8Array;
}

/** For a larger drive: the caller moves what belongs to its end, as the second header of a GPT. */
export type Relayout = (read: (first: Sector, count: Sector) => Task<Uint8Array>) => Task<readonly Replacement[]>;

export interface RestoreOptions {
  /** Null: the newest. */
  readonly generation: number | null;
  readonly target: Device;
  /** Names of the devices that the target lies on: none of them may be the backup disk. */
  readonly targetDevices: readonly string[];
  /** Who uses the target; null: nobody. */
  readonly inUseBy: string | null;
  /** Sectors of the image; null: all of it. They go to the target from its first sector on. */
  readonly extent: Extent | null;
  /** Read the target, and write only what differs. */
  readonly onlyDiffering: boolean;
  readonly relayout: Relayout | null;
  /** Read back what was restored. */
  readonly verify: boolean;
  /** Begins a new generation of the tracker, durably, before the first write (E13). */
  readonly beforeFirstWrite: (() => Task<void>) | null;
  readonly beforeRead: BeforeRead | null;
}

export interface RestoreReport {
  readonly generation: number;
  readonly sectors: Sector;
  readonly sectorsWritten: Sector;
  /** Sectors that did not read back; null when that was not asked for. */
  readonly differing: Sector | null;
}

const PIECE_BYTES = 4 * MIB;
/** What differs is found, and written, in units of this. */
const UNIT_BYTES = 4 * KIB;

export function* restore(disk: BackupDisk, options: RestoreOptions): Task<RestoreReport> {
  const extent = options.extent ?? { first: 0, count: disk.header.source.sectorCount };
  checkTarget(disk, options, extent);
  return yield* exclusively(disk, 'look', () => run(disk, options, extent));
}

function checkTarget({ header, places }: BackupDisk, options: RestoreOptions, extent: Extent): void {
  const { target, targetDevices, inUseBy } = options;
  const { source } = header;
  const isInside = extent.first >= 0 && extent.count > 0 && extent.first + extent.count <= source.sectorCount;
  invariant(isInside, `an extent of the image: ${extent.count} sectors from ${extent.first} on`);
  const disks = [places.image, places.catalogue.device];
  if (disks.some(device => device === target || [target.name, ...targetDevices].includes(device.name))) {
    refuse('source-is-target', `${target.name} is the backup disk`);
  }
  if (inUseBy !== null) refuse('in-use', `${target.name} is in use: ${inUseBy}`);
  if (target.sectorSize !== source.sectorSize) {
    refuse('sector-size', `${target.name} has sectors of ${target.sectorSize} bytes, the image ${source.sectorSize}`);
  }
  if (target.sectorCount < extent.count) {
    const room = { needed: extent.count * source.sectorSize, available: target.sectorCount * source.sectorSize };
    const message = `${target.name} has ${room.available} bytes for ${room.needed}`;
    throw new BackupDiskRefusal('target-too-small', message, room);
  }
}

function* run(disk: BackupDisk, options: RestoreOptions, extent: Extent): Task<RestoreReport> {
  // Of a restore that was cancelled.
  yield* disk.drain();
  const view = yield* openGeneration(disk, options.generation);
  const { target, relayout, beforeFirstWrite, verify } = options;
  const read = (first: Sector, count: Sector) => view.read(extent.first + first, count);
  const replacements = relayout === null ? [] : yield* relayout(read);
  checkReplacements(target, replacements);
  const restoring = new Restoring(view, options, extent, replacements);
  // What can't be read at all is found before anything is written.
  const firstSector = yield* restoring.content(0, 1);
  if (beforeFirstWrite !== null) yield* beforeFirstWrite();
  const { number } = view.generation;
  const mark = { sourceId: disk.header.source.id, generation: number, range: { first: 0, count: extent.count } };
  const markBytes = encodeRestoreMark(mark, target.sectorSize, disk.checksum);
  yield* restoring.writeNow(markBytes);
  yield* restoring.all(markBytes);
  const differing = verify ? yield* restoring.countDiffering(markBytes) : null;
  yield* restoring.writeNow(firstSector);
  return { generation: number, sectors: extent.count, sectorsWritten: restoring.sectorsWritten, differing };
}

function checkReplacements(target: Device, replacements: readonly Replacement[]): void {
  for (const { first, bytes } of replacements) {
    const count = bytes.length / target.sectorSize;
    const isInside = first >= 0 && Number.isInteger(count) && first + count <= target.sectorCount;
    invariant(isInside, `${bytes.length} bytes for sector ${first} of ${target.name}`);
  }
}

class Restoring {
  sectorsWritten = 0;
  private readonly view: GenerationView;
  private readonly options: RestoreOptions;
  private readonly extent: Extent;
  private readonly replacements: readonly Replacement[];

  constructor(view: GenerationView, options: RestoreOptions, extent: Extent, replacements: readonly Replacement[]) {
    this.view = view;
    this.options = options;
    this.extent = extent;
    this.replacements = replacements;
  }

  /** What the target is to hold: the image, with the replacements over it. */
  *content(first: Sector, count: Sector): Task<Uint8Array> {
    const bytes = yield* this.view.read(this.extent.first + first, count);
    const { sectorSize } = this.view;
    for (const { first: at, bytes: other } of this.replacements) {
      const from = Math.max(first, at);
      const end = Math.min(first + count, at + other.length / sectorSize);
      if (from >= end) continue;
      bytes.set(other.subarray((from - at) * sectorSize, (end - at) * sectorSize), (from - first) * sectorSize);
    }
    return bytes;
  }

  /** The first sector, at once and durably; all before it is durable, too (I1). */
  *writeNow(firstSector: Uint8Array): Task<void> {
    const { target } = this.options;
    yield* this.view.disk.flush(target);
    yield* this.write(0, firstSector);
    yield* this.view.disk.flush(target);
  }

  /** Everything but the first sector, which keeps its mark. */
  *all(mark: Uint8Array): Task<void> {
    const { target, onlyDiffering } = this.options;
    const out = this.view.disk.writer(target);
    yield* this.eachPiece(mark, function* (this: Restoring, first: Sector, wanted: Uint8Array) {
      const found = onlyDiffering ? yield* readIfPossible(target, first, wanted.length / target.sectorSize) : null;
      const unit = Math.max(UNIT_BYTES, target.sectorSize);
      for (let at = 0; at < wanted.length; at += unit) {
        const part = wanted.subarray(at, at + unit);
        if (found !== null && sameBytes(part, found.subarray(at, at + unit))) continue;
        yield* out.write(first + at / target.sectorSize, part);
        this.sectorsWritten += part.length / target.sectorSize;
      }
    });
    yield* out.drain();
    yield* this.beyondImage();
  }

  /** How many sectors don't read back as what was written. */
  *countDiffering(mark: Uint8Array): Task<Sector> {
    const { target } = this.options;
    let differing = 0;
    yield* this.eachPiece(mark, function* (this: Restoring, first: Sector, wanted: Uint8Array) {
      const found = yield* readIfPossible(target, first, wanted.length / target.sectorSize);
      for (let at = 0; at < wanted.length; at += target.sectorSize) {
        const part = wanted.subarray(at, at + target.sectorSize);
        if (found === null || !sameBytes(part, found.subarray(at, at + target.sectorSize))) differing += 1;
      }
    });
    return differing;
  }

  private *eachPiece(
    mark: Uint8Array,
    each: (this: Restoring, first: Sector, wanted: Uint8Array) => Task<void>,
  ): Task<void> {
    const { beforeRead } = this.options;
    const most = PIECE_BYTES / this.view.sectorSize;
    for (let first = 0; first < this.extent.count; first += most) {
      if (beforeRead !== null) yield* beforeRead();
      const wanted = yield* this.content(first, Math.min(most, this.extent.count - first));
      if (first === 0) wanted.set(mark);
      yield* each.call(this, first, wanted);
    }
  }

  /** Replacements for what a larger drive has behind the image. */
  private *beyondImage(): Task<void> {
    const { sectorSize } = this.view;
    for (const { first, bytes } of this.replacements) {
      const from = Math.max(first, this.extent.count);
      if (from < first + bytes.length / sectorSize)
        yield* this.write(from, bytes.subarray((from - first) * sectorSize));
    }
  }

  private *write(first: Sector, bytes: Uint8Array): Task<void> {
    const out = this.view.disk.writer(this.options.target);
    yield* out.write(first, bytes);
    yield* out.drain();
    this.sectorsWritten += bytes.length / this.view.sectorSize;
  }
}

/** Null when it can't be read: then it is written. */
function* readIfPossible(target: Device, first: Sector, count: Sector): Task<Uint8Array | null> {
  try {
    return yield* readSectors(target, first, count);
  } catch (error) {
    if (error instanceof IoError && error.failure === 'read-error') return null;
    throw error;
  }
}
