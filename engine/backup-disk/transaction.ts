/**
 * What happens to a committed transaction: old granules are saved for the generation that is replaced, the journal goes into
 * the image and its checksums into the table. It needs nothing but the disk, so an open can do it after any cut.
 *
 * Invariants
 * I1 In the phase `saving` the image and the table are untouched; in the phase `applying` all that is saved is durable.
 * I2 Every step may be done again from its start: it reads what it does not write.
 * I3 Table blocks are made of what lies on the disk, old, new or torn, with the new sums put over it: the other sums of
 *    a block are the same in its old and its new version, so the result is the new version, and its seal and the root in
 *    the header prove that.
 */
import { invariant } from '../invariant.ts';
import type { Task } from '../task.ts';
import type { BackupDisk } from './backup-disk.ts';
import { type ListEntry, type ListIndex, ListReader } from './granule-list.ts';
import { eachImageGranule, eachSlotGranule } from './granule-runs.ts';
import { isContent } from './granule-sum.ts';
import type { Generation, Header } from './header.ts';
import { SUMS_PER_BLOCK } from './layout.ts';
import type { TableBlock } from './table.ts';

/** Finishes the transaction that the header names, from the phase in which it is. */
export function* finishTransaction(disk: BackupDisk, list: ListIndex): Task<void> {
  const { pending } = disk.header;
  invariant(pending !== null, 'a transaction to finish');
  if (pending.phase === 'saving') {
    if (pending.keepsReplaced) yield* saveReplaced(disk, list);
    yield* disk.writeHeader({ pending: { ...pending, phase: 'applying' } });
  }
  const isWhole = yield* applyJournal(disk, list);
  const root = yield* overlayTable(disk, list, 'write');
  yield* disk.flushAll();
  yield* disk.writeHeader(afterTransaction(disk.header, isWhole && root === pending.root));
  disk.table.isTrusted = root === pending.root;
  yield* disk.loadLists();
}

/** The header when a transaction is done. */
function afterTransaction(header: Header, isWhole: boolean): Partial<Header> {
  const { pending, generations, nextGeneration } = header;
  invariant(pending !== null, 'a transaction that is done');
  const newest: Generation = {
    number: nextGeneration,
    list: { lastSlot: null, blocks: 0, entries: 0, hash: 0 },
    picture: pending.picture,
  };
  const replaced = generations.at(-1)!;
  const kept = pending.keepsReplaced ? [...generations.slice(0, -1), { ...replaced, list: pending.list }] : [];
  return {
    pending: null,
    root: pending.root,
    generations: [...kept, newest],
    nextGeneration: nextGeneration + 1,
    needsCompare: header.needsCompare || !isWhole,
  };
}

/** Whether the journal is what was committed, to the byte. */
export function* isJournalWhole(disk: BackupDisk, list: ListIndex): Task<boolean> {
  let isWhole = true;
  yield* eachJournalGranule(disk, list, function* ({ fresh }, bytes) {
    isWhole &&= bytes !== null && isContent(bytes, fresh, disk.checksum);
  });
  return isWhole;
}

/** A granule that can't be read is left out: its slot then holds nothing that fits its sum, and says so when it is read. */
function* saveReplaced(disk: BackupDisk, list: ListIndex): Task<void> {
  const reader = new ListReader(disk, list);
  const out = disk.catalogueWriter();
  for (;;) {
    const entries = yield* reader.nextEntries();
    if (entries === null) break;
    const kept = entries.filter(({ saved }) => saved !== null);
    yield* eachImageGranule(disk, kept, function* ({ saved }, bytes) {
      if (bytes !== null) yield* out.write(disk.layout.slotSector(saved!), padded(disk, bytes));
    });
  }
  yield* out.drain();
  yield* disk.flushCatalogue();
}

/** Puts the journal into the image; false when some of it was no longer what it should be, and was left out. */
function* applyJournal(disk: BackupDisk, list: ListIndex): Task<boolean> {
  const { layout, checksum } = disk;
  const out = disk.imageWriter();
  let isWhole = true;
  yield* eachJournalGranule(disk, list, function* ({ granule, fresh }, bytes) {
    if (bytes !== null && isContent(bytes, fresh, checksum)) yield* out.write(layout.grid.start(granule), bytes);
    else isWhole = false;
  });
  const reader = new ListReader(disk, list);
  for (;;) {
    const entries = yield* reader.nextEntries();
    if (entries === null) break;
    for (const { granule, fresh } of entries) {
      if (fresh.isZero) yield* out.zeroes(layout.grid.start(granule), layout.grid.length(granule));
    }
  }
  yield* out.drain();
  return isWhole;
}

/**
 * I3. The root of the table with a list's sums put over it: `look` before the image is touched, when the table is whole or
 * its damage known; `write` afterwards, when blocks may be torn, and writes them.
 */
export function* overlayTable(disk: BackupDisk, list: ListIndex, mode: 'look' | 'write'): Task<number> {
  const { table, layout, checksum } = disk;
  const seals = table.seals.slice();
  const reader = new ListReader(disk, list);
  const out = disk.catalogueWriter();
  let block: TableBlock | null = null;
  const end = function* (done: TableBlock | null): Task<void> {
    if (done === null) return;
    seals[done.number] = done.seal(checksum);
    if (mode === 'write') yield* out.write(layout.tableSector(done.number), done.bytes);
  };
  for (;;) {
    const entries = yield* reader.nextEntries();
    if (entries === null) break;
    for (const { granule, fresh } of entries) {
      const number = Math.floor(granule / SUMS_PER_BLOCK);
      if (block === null || block.number !== number) {
        yield* end(block);
        block = mode === 'look' ? yield* table.baseBlock(number) : yield* table.rawBlock(number);
      }
      block.set(granule, fresh);
    }
  }
  yield* end(block);
  if (mode === 'write') {
    yield* table.writeSeals(seals, out);
    yield* out.drain();
    // Blocks that were damaged have been covered by the list, or the root would not fit.
    table.damaged.clear();
  }
  return table.rootOf(seals);
}

type Each = (entry: ListEntry, bytes: Uint8Array | null) => Task<void>;

/** Reads the journal of a list, granule by granule; null where it can't be read. */
function* eachJournalGranule(disk: BackupDisk, list: ListIndex, each: Each): Task<void> {
  const reader = new ListReader(disk, list);
  for (;;) {
    const entries = yield* reader.nextEntries();
    if (entries === null) return;
    const inJournal = entries.filter(({ journal }) => journal !== null);
    yield* eachSlotGranule(disk, inJournal, ({ journal }) => journal!, each);
  }
}

/** Bytes of a granule as they go into a slot: whole sectors of the catalogue's device. */
export function padded({ device }: BackupDisk, bytes: Uint8Array): Uint8Array {
  const length = Math.ceil(bytes.length / device.sectorSize) * device.sectorSize;
  if (length === bytes.length) return bytes;
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}
