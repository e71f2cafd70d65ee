/**
 * A backup (E14): first full, then only what changed, in four steps: (1) into the journal, image untouched; (2) one header
 * commits it; (3) what is replaced is saved, then the journal goes into the image; (4) a header says that it is done.
 *
 * Invariants
 * I1 Before the commit nothing that the disk holds is touched; a backup that fails leaves the last image and generations.
 * I2 From the commit on the disk finishes it by itself when it is next opened.
 * I3 Older generations go, oldest first, when room runs out; the header forgets them, durably, before a slot of theirs is
 *    used again. The newest never goes: at most it is not kept as an older one when the next is complete.
 */
import type { Bitmap } from '../bitmap.ts';
import type { Device } from '../device.ts';
import type { Task } from '../task.ts';
import type { BackupDisk } from './backup-disk.ts';
import { type BaseCheck, checkBase } from './base-check.ts';
import type { Look, Way } from './changed-granules.ts';
import { dropOldest, type Retention, retire } from './generations.ts';
import type { ListIndex } from './granule-list.ts';
import { isSnapshotIdShort, MOST_GENERATIONS, type PictureNote } from './header.ts';
import { fillInPlace } from './in-place.ts';
import { exclusively } from './open.ts';
import { BackupDiskRefusal, refuse } from './refusal.ts';
import { type Staged, stage } from './stage.ts';
import { finishTransaction, isJournalWhole, overlayTable } from './transaction.ts';
import type { BeforeRead } from './transfer.ts';
import { damagedImageGranules } from './verify.ts';

export interface BackupOptions {
  readonly source: Device;
  readonly sourceId: string;
  /** Names of the devices that the source lies on: none of them may be the backup disk. */
  readonly sourceDevices: readonly string[];
  readonly picture: PictureNote;
  /** Granules that changed since the picture that the disk holds; null: not known, everything is compared. */
  readonly changed: Bitmap | null;
  /** Granules that something uses; null: every sector is copied. */
  readonly used: Bitmap | null;
  /** Granules to look at before an increment: partition table, boot sectors, the first ones of each volume. */
  readonly guards: readonly number[];
  readonly sampleGranules: number;
  readonly retention: Retention;
  /** Go on without a journal when the change is too large for it. */
  readonly inPlace: boolean;
  /** Read back what was written. */
  readonly verify: boolean;
  /** Compare every byte of source and image. */
  readonly compareEverything: boolean;
  readonly beforeRead: BeforeRead | null;
  /** The wall clock, milliseconds since 1970, for the records only. */
  readonly nowMs: () => number;
}

export interface BackupReport {
  readonly kind: 'full' | 'increment' | 'in-place';
  readonly generation: number;
  readonly way: Way;
  /** Why everything was compared or copied; null when it was not. */
  readonly because: string | null;
  readonly base: BaseCheck | null;
  readonly granulesRead: number;
  /** Not read because nothing uses them. */
  readonly granulesSkipped: number;
  readonly granulesChanged: number;
  /** Generations that went, for room or by retention. */
  readonly dropped: readonly number[];
  /** The disk held no whole image meanwhile. */
  readonly incomplete: { readonly fromMs: number; readonly untilMs: number } | null;
  /** Granules that did not read back; null when that was not asked for. */
  readonly damaged: readonly number[] | null;
}

export function* backup(disk: BackupDisk, options: BackupOptions): Task<BackupReport> {
  checkOptions(disk, options);
  return yield* exclusively(disk, 'change', () => run(disk, options));
}

function checkOptions(
  disk: BackupDisk,
  { source, sourceId, sourceDevices, picture, changed, used }: BackupOptions,
): void {
  const { layout, places } = disk;
  const wanted = disk.header.source;
  const targets = [places.image, places.catalogue.device];
  if (targets.some(target => target === source || [source.name, ...sourceDevices].includes(target.name))) {
    refuse('source-is-target', `${source.name} is what it would be backed up to`);
  }
  if (wanted.id !== sourceId) refuse('other-source', `the disk is the backup of ${wanted.id}, not of ${sourceId}`);
  if (wanted.sectorSize !== source.sectorSize) {
    refuse('sector-size', `${source.name} has sectors of ${source.sectorSize} bytes, its image ${wanted.sectorSize}`);
  }
  if (wanted.sectorCount !== source.sectorCount) {
    refuse('source-size', `${source.name} has ${source.sectorCount} sectors, its image ${wanted.sectorCount}`);
  }
  for (const map of [changed, used]) {
    if (map !== null && map.size !== layout.granuleCount) {
      refuse('granule', `a map of ${map.size} granules for an image of ${layout.granuleCount}`);
    }
  }
  if (!isSnapshotIdShort(picture.snapshot)) refuse('text-too-long', `a snapshot's id is longer than 62 bytes`);
}

function* run(disk: BackupDisk, options: BackupOptions): Task<BackupReport> {
  if (disk.header.state !== 'complete') return yield* full(disk, options);
  const base = disk.table.isTrusted ? yield* checkBase(disk, options.guards, options.sampleGranules) : null;
  const because = whyCompare(disk, options, base);
  const way: Way = because !== null ? 'bytes' : options.changed === null ? 'sums' : 'changed';
  return yield* increment(disk, options, { way, because, base });
}

interface Plan {
  readonly way: Way;
  readonly because: string | null;
  readonly base: BaseCheck | null;
}

function whyCompare({ table, header }: BackupDisk, options: BackupOptions, base: BaseCheck | null): string | null {
  if (options.compareEverything) return 'asked';
  if (!table.isWhole) return 'checksums of the image are damaged';
  if (header.needsCompare) return 'an earlier backup found damage';
  if (base !== null && base.mismatched.length > 0) return 'the image was changed since the last backup';
  return null;
}

function lookFor({ source, changed, used, beforeRead }: BackupOptions, way: Way): Look {
  return { source, changed, used, beforeRead, way };
}

function* full(disk: BackupDisk, options: BackupOptions): Task<BackupReport> {
  const isFirst = disk.header.nextGeneration === 1;
  const because = isFirst ? 'the first backup' : 'the last backup was cut off while the image was incomplete';
  return yield* inPlace(disk, options, { way: 'all', because, base: null }, []);
}

function* inPlace(
  disk: BackupDisk,
  options: BackupOptions,
  plan: Plan,
  dropped: readonly number[],
): Task<BackupReport> {
  const { nowMs, picture } = options;
  const isFirst = disk.header.nextGeneration === 1;
  const fromMs = isFirst || plan.way !== 'all' ? nowMs() : disk.header.sinceMs;
  const samplePosition = plan.base?.nextPosition ?? disk.header.samplePosition;
  const gone = [...dropped, ...disk.generations.map(({ number }) => number)];
  const filled = yield* fillInPlace(disk, lookFor(options, plan.way), picture, fromMs, samplePosition);
  const damaged = options.verify ? yield* readBack(disk, null) : null;
  return {
    ...plan,
    kind: plan.way === 'all' ? 'full' : 'in-place',
    generation: disk.newest!.number,
    granulesRead: filled.granulesRead,
    granulesSkipped: filled.granulesSkipped,
    granulesChanged: filled.changes,
    dropped: gone,
    incomplete: isFirst ? null : { fromMs, untilMs: nowMs() },
    damaged,
  };
}

function* increment(disk: BackupDisk, options: BackupOptions, plan: Plan): Task<BackupReport> {
  const look = lookFor(options, plan.way);
  const dropped = yield* dropOldest(disk, disk.generations.length - MOST_GENERATIONS + 1);
  // Without believable sums there is nothing that an older generation could be read by.
  let keepsReplaced = options.retention.keep > 1 && disk.table.isTrusted;
  let staged = yield* stage(disk, look, keepsReplaced);
  if (staged.list === null) {
    if (staged.slotsForNew > disk.layout.slotCount) {
      if (options.inPlace) return yield* inPlace(disk, options, plan, dropped);
      tooLarge(disk, staged);
    }
    yield* disk.loadLists();
    const room = yield* makeRoom(disk, staged, keepsReplaced);
    dropped.push(...room.dropped);
    keepsReplaced = room.keepsReplaced;
    staged = yield* stage(disk, look, keepsReplaced);
    if (staged.list === null) tooLarge(disk, staged);
  }
  const { list } = staged;
  if (options.verify && !(yield* isJournalWhole(disk, list!))) {
    refuse('damaged', `what was written to ${disk.device.name} does not read back; its image is untouched`);
  }
  if (!keepsReplaced) dropped.push(...disk.generations.map(({ number }) => number));
  yield* commit(disk, options, list!, keepsReplaced, plan);
  yield* finishTransaction(disk, list!);
  const damaged = options.verify ? yield* readBack(disk, list!) : null;
  dropped.push(...(yield* retire(disk, options.retention, options.nowMs())));
  return {
    ...plan,
    kind: 'increment',
    generation: disk.newest!.number,
    granulesRead: staged.granulesRead,
    granulesSkipped: staged.granulesSkipped,
    granulesChanged: staged.changes,
    dropped,
    incomplete: null,
    damaged,
  };
}

function tooLarge({ layout, places }: BackupDisk, { slotsForNew }: Staged): never {
  const needed = slotsForNew * layout.granuleBytes;
  const available = layout.slotCount * layout.granuleBytes;
  const message = `the change needs ${needed} bytes of journal on ${places.catalogue.device.name}, which has ${available}`;
  throw new BackupDiskRefusal('no-room', message, { needed, available });
}

/** I3: drops generations until the change fits; at last the one that is replaced is not kept. */
function* makeRoom(
  disk: BackupDisk,
  { slotsForNew, slotsForOld }: Staged,
  keepsReplaced: boolean,
): Task<{ readonly keepsReplaced: boolean; readonly dropped: readonly number[] }> {
  const dropped: number[] = [];
  let keeps = keepsReplaced;
  while (slotsForNew + (keeps ? slotsForOld : 0) > disk.slots.free) {
    if (disk.generations.length > 1) dropped.push(...(yield* dropOldest(disk, 1)));
    else if (keeps) keeps = false;
    else break;
  }
  return { keepsReplaced: keeps, dropped };
}

/** Step 2: one header. Its first copy, once it is durable, is the commit. */
function* commit(
  disk: BackupDisk,
  { picture }: BackupOptions,
  list: ListIndex,
  keepsReplaced: boolean,
  { base }: Plan,
): Task<void> {
  const root = yield* overlayTable(disk, list, 'look');
  yield* disk.writeHeader({
    samplePosition: base?.nextPosition ?? disk.header.samplePosition,
    // A comparison of everything has put right what was wrong.
    needsCompare: false,
    pending: { phase: 'saving', keepsReplaced, list: list.ref, root, picture },
  });
}

/** Compares the image with its sums: all of it, or what a list changed. What is damaged is compared by the next backup. */
function* readBack(disk: BackupDisk, list: ListIndex | null): Task<readonly number[]> {
  const damaged = yield* damagedImageGranules(disk, list);
  if (damaged.length > 0) yield* disk.writeHeader({ needsCompare: true });
  return damaged;
}
