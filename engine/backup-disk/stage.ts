/**
 * The first step of a backup: what changed goes into the journal, image untouched. A list says where each granule lies, and
 * where its old content is to be saved.
 *
 * Invariants
 * I1 Only free slots are written, and nothing on the disk refers to them before the commit.
 * I2 When the slots run out nothing more is written, but everything is counted, so that the room needed is known.
 */
import type { Task } from '../task.ts';
import type { BackupDisk } from './backup-disk.ts';
import { type Change, eachChange, type Look, type Looked, type Sink } from './changed-granules.ts';
import { entriesPerBlock, type ListIndex, ListWriter } from './granule-list.ts';
import { padded } from './transaction.ts';
import type { WriteBehind } from './transfer.ts';

export interface Staged extends Looked {
  /** Null when the slots ran out. */
  readonly list: ListIndex | null;
  readonly changes: number;
  /** Slots that the new data needs, its list included. */
  readonly slotsForNew: number;
  /** Slots for the data that is replaced. */
  readonly slotsForOld: number;
}

/** Puts changes into the journal; durable when it returns. */
export function* stage(disk: BackupDisk, look: Look, keepsReplaced: boolean): Task<Staged> {
  const journal = new Journal(disk, keepsReplaced);
  const looked = yield* eachChange(disk, look, journal);
  const list = yield* journal.finish();
  return { ...looked, ...journal.counted, list };
}

class Journal implements Sink {
  private readonly disk: BackupDisk;
  private readonly keepsReplaced: boolean;
  private readonly out: WriteBehind;
  private readonly list: ListWriter;
  private isFull = false;
  private changes = 0;
  private inJournal = 0;
  private toSave = 0;

  constructor(disk: BackupDisk, keepsReplaced: boolean) {
    this.disk = disk;
    this.keepsReplaced = keepsReplaced;
    this.out = disk.catalogueWriter();
    this.list = new ListWriter(disk.layout, disk.checksum, disk.catalogueWriter());
  }

  *change({ granule, old, fresh, bytes }: Change): Task<void> {
    const isSaved = this.keepsReplaced && !old.isZero && !old.isUnknown;
    this.changes += 1;
    if (bytes !== null) this.inJournal += 1;
    if (isSaved) this.toSave += 1;
    if (this.isFull) return;
    const slots = this.take([
      { isNeeded: bytes !== null, end: 'low' },
      { isNeeded: isSaved, end: 'high' },
      { isNeeded: this.list.needsSlot, end: 'high' },
    ]);
    if (slots === null) {
      this.isFull = true;
      return;
    }
    const [journal = null, saved = null, block = null] = slots;
    if (bytes !== null) yield* this.out.write(this.disk.layout.slotSector(journal!), padded(this.disk, bytes));
    yield* this.list.add({ granule, journal, saved, fresh, old }, block);
  }

  *endBlock(): Task<void> {
    // Sums are put into the table when the transaction is applied.
  }

  *finish(): Task<ListIndex | null> {
    yield* this.out.drain();
    const list = yield* this.list.finish();
    yield* this.disk.flushCatalogue();
    return this.isFull ? null : list;
  }

  get counted(): Pick<Staged, 'changes' | 'slotsForNew' | 'slotsForOld'> {
    const blocks = Math.ceil(this.changes / entriesPerBlock(this.disk.layout.granuleBytes));
    return { changes: this.changes, slotsForNew: this.inJournal + blocks, slotsForOld: this.toSave };
  }

  /** All slots that are needed, or null when there are not so many. */
  private take(wanted: readonly { isNeeded: boolean; end: 'low' | 'high' }[]): (number | null)[] | null {
    const { slots } = this.disk;
    if (wanted.filter(({ isNeeded }) => isNeeded).length > slots.free) return null;
    return wanted.map(({ isNeeded, end }) => {
      if (!isNeeded) return null;
      return end === 'low' ? slots.takeLow() : slots.takeHigh();
    });
  }
}
