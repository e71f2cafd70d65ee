/**
 * The generations that a disk holds: the newest is the image; each older one is what of it the next one replaced, so its
 * content is found in the first list from its own on that has a granule, or in the image.
 *
 * Invariants
 * I1 The newest generation never goes.
 * I2 Those before a generation that is deleted keep their content: its list is merged into the one before it; no data is
 *    copied. The merged list is durable before the header names it, the header before a slot is used again.
 */
import type { Task } from '../task.ts';
import type { BackupDisk } from './backup-disk.ts';
import { type ListEntry, type ListIndex, ListReader, ListWriter } from './granule-list.ts';
import { exclusively } from './open.ts';
import { BackupDiskRefusal, refuse } from './refusal.ts';

export interface Retention {
  /** So many generations stay, the newest included; at least 1, at most 255. */
  readonly keep: number;
  /** Those whose picture is older go, from the oldest on; null: age does not matter. */
  readonly youngerThanMs: number | null;
}

/** Deletes a generation, any but the newest. */
export function* deleteGeneration(disk: BackupDisk, number: number): Task<void> {
  placeOf(disk, number);
  yield* exclusively(disk, 'change', () => remove(disk, number));
}

/** Where a generation that may be deleted stands. */
function placeOf({ generations }: BackupDisk, number: number): number {
  const at = generations.findIndex(each => each.number === number);
  if (at < 0) refuse('no-generation', `there is no generation ${number}`);
  if (at === generations.length - 1) refuse('newest', `generation ${number} is the newest one`);
  return at;
}

/** Deletes what a retention no longer keeps; tells the generations that went. */
export function* retireGenerations(disk: BackupDisk, retention: Retention, nowMs: number): Task<readonly number[]> {
  return yield* exclusively(disk, 'change', () => retire(disk, retention, nowMs));
}

/** The same within an operation. */
export function* retire(disk: BackupDisk, { keep, youngerThanMs }: Retention, nowMs: number): Task<readonly number[]> {
  const { generations } = disk;
  let count = Math.max(0, generations.length - Math.max(1, keep));
  if (youngerThanMs !== null) {
    const isOld = (at: number): boolean => (generations[at]?.picture.wallClockMs ?? nowMs) <= nowMs - youngerThanMs;
    while (count < generations.length - 1 && isOld(count)) count += 1;
  }
  return yield* dropOldest(disk, count);
}

/** Forgets the oldest generations, durably, and then gives their slots back. The newest stays (I1). */
export function* dropOldest(disk: BackupDisk, count: number): Task<number[]> {
  const { generations } = disk;
  const gone = generations.slice(0, Math.max(0, Math.min(count, generations.length - 1)));
  if (gone.length === 0) return [];
  yield* disk.writeHeader({ generations: generations.slice(gone.length) });
  yield* disk.loadLists();
  return gone.map(({ number }) => number);
}

function* remove(disk: BackupDisk, number: number): Task<void> {
  const { generations } = disk;
  const at = placeOf(disk, number);
  if (at === 0) {
    yield* dropOldest(disk, 1);
    return;
  }
  const before = generations[at - 1]!;
  const [older, newer] = [disk.lists.get(before.number) ?? null, disk.lists.get(number) ?? null];
  if (older === null || newer === null) {
    refuse(
      'damaged',
      `the list of generation ${older === null ? before.number : number} is damaged: delete older ones`,
    );
  }
  const merged = yield* mergeLists(disk, older, newer);
  const kept = generations.filter(each => each.number !== number);
  yield* disk.writeHeader({
    generations: kept.map(each => (each.number === before.number ? { ...each, list: merged.ref } : each)),
  });
  yield* disk.loadLists();
}

/** What either list has; where both have a granule, what the older one says (I2). */
function* mergeLists(disk: BackupDisk, older: ListIndex, newer: ListIndex): Task<ListIndex> {
  const writer = new ListWriter(disk.layout, disk.checksum, disk.catalogueWriter());
  const [a, b] = [new Cursor(disk, older), new Cursor(disk, newer)];
  for (;;) {
    const [x, y] = [yield* a.peek(), yield* b.peek()];
    const first = x === null || (y !== null && y.granule < x.granule) ? y : x;
    if (first === null) break;
    if (x?.granule === first.granule) a.skip();
    if (y?.granule === first.granule) b.skip();
    const slot = writer.needsSlot ? disk.slots.takeHigh() : null;
    if (writer.needsSlot && slot === null) {
      const room = { needed: disk.layout.granuleBytes, available: 0 };
      throw new BackupDiskRefusal('no-room', 'there is no room for the merged list: delete older generations', room);
    }
    yield* writer.add({ ...first, journal: null }, slot);
  }
  const merged = yield* writer.finish();
  yield* disk.flushCatalogue();
  return merged;
}

/** Goes through a list with the next entry in sight. */
class Cursor {
  private readonly reader: ListReader;
  private entries: readonly ListEntry[] = [];
  private at = 0;

  constructor(disk: BackupDisk, list: ListIndex) {
    this.reader = new ListReader(disk, list);
  }

  *peek(): Task<ListEntry | null> {
    if (this.at === this.entries.length) {
      this.entries = (yield* this.reader.nextEntries()) ?? [];
      this.at = 0;
    }
    return this.entries[this.at] ?? null;
  }

  skip(): void {
    this.at += 1;
  }
}
