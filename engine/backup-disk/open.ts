/**
 * Initialises backup disks, opens them, and finishes by itself what was committed before a cut (E14).
 *
 * Invariants
 * I1 Nothing is written to a disk without `initialise`, or before its catalogue was found to be ours and of this source.
 * I2 Of two whole headers the one with the higher sequence number counts; two of one number that differ are refused.
 * I3 A committed transaction is finished without the source. One whose journal is damaged is given up while the image is
 *    still untouched.
 */
import type { Checksum } from '../checksum.ts';
import { IoError } from '../device.ts';
import { invariant } from '../invariant.ts';
import type { Task } from '../task.ts';
import { type Bytes, KIB } from '../units.ts';
import { BackupDisk } from './backup-disk.ts';
import { decodeHeader, type Header, isSameHeader, isSourceIdShort, type NoHeader } from './header.ts';
import {
  type DiskPlaces,
  type Geometry,
  HEADER_BYTES,
  isGranule,
  Layout,
  type SourceIdentity,
  secondHeaderOffset,
} from './layout.ts';
import { BackupDiskRefusal, refuse } from './refusal.ts';
import { finishTransaction, isJournalWhole, overlayTable } from './transaction.ts';
import { readSectors } from './transfer.ts';

const GRANULE_BYTES: Bytes = 64 * KIB;

/** Makes a disk ours, whatever it holds: `--init`. */
export function* initialiseBackupDisk(
  places: DiskPlaces,
  source: SourceIdentity,
  checksum: Checksum,
  granuleBytes: Bytes = GRANULE_BYTES,
): Task<BackupDisk> {
  if (!isSourceIdShort(source.id)) refuse('text-too-long', `the name of the source is longer than 128 bytes`);
  if (!isGranule(granuleBytes)) refuse('granule', `granules of ${granuleBytes} bytes; a power of two, 4 KiB to 1 MiB`);
  const layout = layoutFor(places, source, granuleBytes);
  const before = yield* readHeaders(places, layout, checksum);
  const header: Header = {
    sequence: Math.max(0, ...before.map(copy => (typeof copy === 'string' ? 0 : copy.sequence))),
    source,
    granuleBytes,
    catalogue: places.catalogue.extent,
    state: 'empty',
    sinceMs: 0,
    root: 0,
    samplePosition: 0,
    needsCompare: false,
    nextGeneration: 1,
    generations: [],
    pending: null,
  };
  const disk = new BackupDisk(places, layout, header, 0, checksum);
  yield* disk.writeHeader({});
  disk.isSettled = true;
  return disk;
}

/** Checks that a source fits these places. */
function layoutFor(places: DiskPlaces, source: SourceIdentity, granuleBytes: Bytes): Layout {
  const { image, catalogue } = places;
  const { device, extent } = catalogue;
  if (image.sectorSize !== source.sectorSize) {
    refuse('sector-size', `${image.name} has sectors of ${image.sectorSize} bytes, the source of ${source.sectorSize}`);
  }
  const needed = source.sectorCount * source.sectorSize;
  if (image.sectorCount < source.sectorCount) noRoom(image.name, needed, image.sectorCount * image.sectorSize);
  const geometry: Geometry = { source, granuleBytes, catalogue: extent, catalogueSectorSize: device.sectorSize };
  checkExtent(places);
  if (image.name === device.name && extent.first < source.sectorCount) {
    noRoom(image.name, needed, extent.first * device.sectorSize);
  }
  const layout = new Layout(geometry);
  if (!layout.hasRoom) noRoom(device.name, layout.fewestBytes, extent.count * device.sectorSize);
  return layout;
}

/** A drive that was cut short, or exchanged for a smaller one, has no room for what was on it. */
function checkExtent({ catalogue: { device, extent } }: DiskPlaces): void {
  const end = extent.first + extent.count;
  if (extent.first < 0 || extent.count <= 0 || end > device.sectorCount) {
    noRoom(device.name, end * device.sectorSize, device.sectorCount * device.sectorSize);
  }
}

function noRoom(name: string, needed: Bytes, available: Bytes): never {
  throw new BackupDiskRefusal('no-room', `${name} has ${available} bytes for what needs ${needed}`, {
    needed,
    available,
  });
}

/** Opens a disk that carries our catalogue; of `source`, when one is given. Finishes what was committed. */
export function* openBackupDisk(
  places: DiskPlaces,
  checksum: Checksum,
  source: SourceIdentity | null = null,
): Task<BackupDisk> {
  checkExtent(places);
  const { header, olderCopy } = chosen(places, yield* readHeaders(places, null, checksum), checksum);
  if (source !== null) checkSource(places, header.source, source);
  const { extent } = places.catalogue;
  if (header.catalogue.first !== extent.first || header.catalogue.count !== extent.count) {
    refuse('damaged', `the catalogue on ${places.catalogue.device.name} says that it lies somewhere else`);
  }
  const disk = new BackupDisk(
    places,
    layoutFor(places, header.source, header.granuleBytes),
    header,
    olderCopy,
    checksum,
  );
  yield* load(disk);
  return disk;
}

function checkSource({ image }: DiskPlaces, found: SourceIdentity, wanted: SourceIdentity): void {
  if (found.id !== wanted.id) refuse('other-source', `${image.name} is the backup of ${found.id}, not of ${wanted.id}`);
  if (found.sectorSize !== wanted.sectorSize) {
    refuse('sector-size', `${image.name} has an image in sectors of ${found.sectorSize} bytes of ${wanted.id}`);
  }
  if (found.sectorCount !== wanted.sectorCount) {
    refuse('source-size', `${wanted.id} has ${wanted.sectorCount} sectors, its image ${found.sectorCount}`);
  }
}

/**
 * Runs an operation alone, on a disk that is what the object says (invariants I3 and I4 of `BackupDisk`): `look` reads
 * only, `change` writes.
 */
export function* exclusively<T>(disk: BackupDisk, mode: 'look' | 'change', task: () => Task<T>): Task<T> {
  if (disk.isBusy) refuse('busy', `${disk.places.image.name} is in use by another operation`);
  disk.isBusy = true;
  let isDone = false;
  try {
    if (disk.isStale) yield* reload(disk);
    if (mode === 'change' && !disk.isSettled) {
      yield* disk.writeHeader({});
      disk.isSettled = true;
    }
    const result = yield* task();
    isDone = true;
    return result;
  } finally {
    disk.isBusy = false;
    if (!isDone && mode === 'change') disk.isStale = true;
  }
}

function* reload(disk: BackupDisk): Task<void> {
  yield* disk.drain();
  const { places, checksum } = disk;
  const { header, olderCopy } = chosen(places, yield* readHeaders(places, disk.layout, checksum), checksum);
  if (
    header.granuleBytes !== disk.layout.granuleBytes ||
    header.source.sectorCount !== disk.header.source.sectorCount
  ) {
    refuse('damaged', `the catalogue on ${places.catalogue.device.name} is of another disk now`);
  }
  disk.header = header;
  disk.olderCopy = olderCopy;
  disk.epoch += 1;
  disk.isSettled = false;
  yield* load(disk);
  disk.isStale = false;
}

/** What the header names, and a transaction that it names is finished (I3). */
function* load(disk: BackupDisk): Task<void> {
  if (disk.header.state === 'complete') yield* disk.table.load(disk.header.root);
  yield* disk.loadLists();
  if (disk.header.pending !== null) yield* recover(disk);
}

function* recover(disk: BackupDisk): Task<void> {
  const { pending } = disk.header;
  const list = disk.pendingList;
  invariant(pending !== null, 'a transaction to recover');
  if (pending.phase === 'applying' && list === null) {
    refuse('damaged', `a backup on ${disk.places.image.name} was cut off, and the list of what to copy is damaged`);
  }
  yield* disk.writeHeader({});
  disk.isSettled = true;
  if (pending.phase === 'saving' && !(yield* isRecoverable(disk))) {
    yield* disk.writeHeader({ pending: null });
    yield* disk.loadLists();
    disk.recovery = 'given-up';
    return;
  }
  yield* finishTransaction(disk, list!);
  yield* disk.table.load(disk.header.root);
  disk.recovery = 'finished';
}

/** Before the image is touched: is all there that it takes to go through with it? */
function* isRecoverable(disk: BackupDisk): Task<boolean> {
  const { pendingList, header } = disk;
  if (pendingList === null || !(yield* isJournalWhole(disk, pendingList))) return false;
  return (yield* overlayTable(disk, pendingList, 'look')) === header.pending?.root;
}

type Copies = readonly [Header | NoHeader, Header | NoHeader];

/** Both copies of the header, from where the catalogue's extent has them. */
function* readHeaders(places: DiskPlaces, layout: Layout | null, checksum: Checksum): Task<Copies> {
  const { device, extent } = places.catalogue;
  const end = (extent.first + extent.count) * device.sectorSize;
  const second = layout?.headerSector(1) ?? secondHeaderOffset(end) / device.sectorSize;
  if (second * device.sectorSize < extent.first * device.sectorSize + HEADER_BYTES) return ['foreign', 'foreign'];
  return [yield* readHeader(places, extent.first, checksum), yield* readHeader(places, second, checksum)];
}

function* readHeader({ catalogue }: DiskPlaces, place: number, checksum: Checksum): Task<Header | NoHeader> {
  const { device } = catalogue;
  try {
    return decodeHeader(yield* readSectors(device, place, HEADER_BYTES / device.sectorSize), place, checksum);
  } catch (error) {
    if (error instanceof IoError && error.failure === 'read-error') return 'damaged';
    throw error;
  }
}

/** Whether a copy of the header is there and says what it should. */
export function* isHeaderCopyWhole(disk: BackupDisk, copy: 0 | 1): Task<boolean> {
  const found = yield* readHeader(disk.places, disk.layout.headerSector(copy), disk.checksum);
  return typeof found !== 'string' && isSameHeader(found, disk.header, disk.checksum);
}

/** I2 */
function chosen(
  { catalogue }: DiskPlaces,
  copies: Copies,
  checksum: Checksum,
): { readonly header: Header; readonly olderCopy: 0 | 1 } {
  const [a, b] = copies;
  const { name } = catalogue.device;
  if (typeof a === 'string' && typeof b === 'string') {
    if (a === 'newer-version' || b === 'newer-version') refuse('newer-version', `${name} is of a newer version`);
    if (a === 'damaged' || b === 'damaged') refuse('damaged', `both headers on ${name} are damaged`);
    refuse('foreign', `${name} carries no catalogue of a backup; with init it is made one, and what it holds is lost`);
  }
  if (typeof a === 'string') return { header: b as Header, olderCopy: 0 };
  if (typeof b === 'string') return { header: a, olderCopy: 1 };
  if (a.sequence === b.sequence && !isSameHeader(a, b, checksum)) {
    refuse('conflict', `the two headers on ${name} have one number and differ`);
  }
  return a.sequence > b.sequence ? { header: a, olderCopy: 1 } : { header: b, olderCopy: 0 };
}
