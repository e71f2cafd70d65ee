/**
 * A backup disk that is open: its header, the seals of its table, which slots are taken, and where its lists are. What is
 * done with it stands beside: `open.ts`, `backup.ts`, `generations.ts`, `generation-view.ts`, `verify.ts`, `restore.ts`.
 *
 * Invariants
 * I1 The header is written twice, the older copy first, each flushed before the next: one of them is always whole.
 * I2 Nothing that the header on the disk refers to is overwritten but by the transaction that it names.
 * I3 A failed or cancelled operation leaves the object stale: the next one reads the disk again and finishes what was
 *    committed, as an open does. Before that it waits for what is still in flight.
 * I4 Before the first write of its own after that, the header is written again and flushed: what was read may have come
 *    from a cache that a failed flush had given up, and would be gone after a power cut.
 */
import type { Checksum } from '../checksum.ts';
import type { Device } from '../device.ts';
import { InFlight } from '../in-flight.ts';
import type { Task } from '../task.ts';
import { type ListIndex, type ListPlace, loadList } from './granule-list.ts';
import { encodeHeader, type Generation, type Header } from './header.ts';
import type { DiskPlaces, Layout } from './layout.ts';
import { SlotSet } from './slot-set.ts';
import { ChecksumTable } from './table.ts';
import { flush, WriteBehind } from './transfer.ts';

export class BackupDisk implements ListPlace {
  readonly places: DiskPlaces;
  readonly checksum: Checksum;
  readonly layout: Layout;
  header: Header;
  /** The copy of the header that is overwritten first. */
  olderCopy: 0 | 1;
  readonly table: ChecksumTable;
  slots: SlotSet;
  /** By generation; null: the list is damaged, and with it what it and all before it hold. */
  readonly lists = new Map<number, ListIndex | null>();
  /** The list of the pending transaction; null when it is damaged, or there is none. */
  pendingList: ListIndex | null = null;
  /** What became of a transaction that was found committed and not done. */
  recovery: 'none' | 'finished' | 'given-up' = 'none';
  /** Grows with every change, so that a reader knows whether what it looked up still holds. */
  epoch = 0;
  isBusy = false;
  /** I3 */
  isStale = false;
  /** I4 */
  isSettled = false;
  private inFlight = new InFlight();

  constructor(places: DiskPlaces, layout: Layout, header: Header, olderCopy: 0 | 1, checksum: Checksum) {
    this.places = places;
    this.checksum = checksum;
    this.layout = layout;
    this.header = header;
    this.olderCopy = olderCopy;
    this.table = new ChecksumTable(layout, places.catalogue.device, checksum);
    this.slots = new SlotSet(layout.slotCount);
  }

  /** The catalogue's device: where headers, table, lists and slots are. */
  get device(): Device {
    return this.places.catalogue.device;
  }

  /** In the order of time; the last one is the image. Empty while the image is incomplete. */
  get generations(): readonly Generation[] {
    return this.header.generations;
  }

  get newest(): Generation | null {
    return this.header.generations.at(-1) ?? null;
  }

  /** Why a generation can't be read; null when it can. A single damaged granule is no reason. */
  damageOf(generation: number): string | null {
    if (!this.table.isTrusted) return 'its table of checksums is damaged';
    const damaged = this.generations.find(({ number }) => number >= generation && this.lists.get(number) === null);
    return damaged === undefined ? null : `the list of generation ${damaged.number} is damaged`;
  }

  /** Writes to a device that an operation is about: what is in flight is waited for by the next one (I3). */
  writer(device: Device): WriteBehind {
    return new WriteBehind(device, this.inFlight);
  }

  imageWriter(): WriteBehind {
    return this.writer(this.places.image);
  }

  catalogueWriter(): WriteBehind {
    return this.writer(this.device);
  }

  *flush(device: Device): Task<void> {
    yield* flush(device, this.inFlight);
  }

  *flushCatalogue(): Task<void> {
    yield* this.flush(this.device);
  }

  /** Both devices, or the one that they are. */
  *flushAll(): Task<void> {
    yield* this.flush(this.places.image);
    if (this.places.image !== this.device) yield* this.flushCatalogue();
  }

  /** I3: nothing of an operation that was cancelled may land later. */
  *drain(): Task<void> {
    yield* this.inFlight.drain(this.device.name);
    this.inFlight = new InFlight();
  }

  /** I1 */
  *writeHeader(change: Partial<Header>): Task<void> {
    const next: Header = { ...this.header, ...change, sequence: this.header.sequence + 1 };
    const first = this.olderCopy;
    for (const copy of [first, first === 0 ? 1 : 0] as const) {
      const place = this.layout.headerSector(copy);
      const out = this.catalogueWriter();
      yield* out.write(place, encodeHeader(next, place, this.checksum));
      yield* out.drain();
      yield* this.flushCatalogue();
    }
    this.header = next;
    this.epoch += 1;
  }

  /** Reads the lists that the header names, and finds out which slots are free. */
  *loadLists(): Task<void> {
    this.slots = new SlotSet(this.layout.slotCount);
    this.lists.clear();
    this.pendingList = null;
    for (const { number, list } of this.header.generations) {
      const loaded = yield* loadList(this, list, ({ saved }) => this.mark(saved));
      this.lists.set(number, loaded);
      this.markBlocks(loaded);
    }
    const { pending } = this.header;
    if (pending === null) return;
    this.pendingList = yield* loadList(this, pending.list, ({ journal, saved }) => {
      this.mark(journal);
      if (pending.keepsReplaced) this.mark(saved);
    });
    this.markBlocks(this.pendingList);
  }

  private markBlocks(list: ListIndex | null): void {
    for (const { slot } of list?.blocks ?? []) this.mark(slot);
  }

  /** What a damaged list refers to may be in use by a later one: both keep it. */
  private mark(slot: number | null): void {
    if (slot !== null) this.slots.mark(slot);
  }
}
