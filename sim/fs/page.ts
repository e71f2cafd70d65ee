/**
 * One page of a volume in memory, and what is known of it. Its life is said by four facts, of which only these
 * combinations occur:
 *
 *   absent         not resident, nothing in flight (a frame may be set aside for a page that will be overwritten whole)
 *   reading        not resident, a read in flight
 *   clean          resident, not dirty, nothing in flight
 *   dirty          resident, dirty, nothing in flight
 *   writing        resident, a write in flight; dirty as well when it was changed since that write was issued
 *   discarding     a discard in flight; resident and dirty when it was overwritten meanwhile
 *
 * Invariants
 * I1 At most one request in flight, discards included.
 * I2 A page that is dirty is resident; a page that is being read is neither.
 * I3 Page objects are not recycled, only their buffers: who still holds an object whose page was dropped sees it clean.
 */
import type { IoRequest } from '../../engine/device.ts';
import type { Waiter } from '../../engine/task.ts';
import type { Nanoseconds } from '../../engine/units.ts';
import type { CachedVolume } from './cached-volume.ts';
import type { ChangeSet } from './file-system.ts';

/** What was learnt from a page and dies with it, such as a cached cluster chain. */
export interface Derived {
  die(): void;
}

/** A file or directory that changed a page; `mark` is scratch space of the fsync that looks for its pages. */
export interface Changer {
  mark: number;
}

/** A page's number on its volume: its offset in bytes divided by 4096. */
export type PageNumber = number;

export type PageState = 'absent' | 'reading' | 'clean' | 'dirty' | 'writing' | 'writing, dirty again' | 'discarding';

const NOBODY: readonly never[] = [];

export class Page implements Waiter {
  readonly volume: CachedVolume;
  readonly number: PageNumber;
  readonly bytes: Uint8Array;
  isResident = false;
  isDirty = false;
  flight: IoRequest | null = null;
  /** Operations that need it to stay. */
  pins = 0;
  /** For the second chance of a page that was used since the hand last passed. */
  isReferenced = true;
  /** Its place among the frames of the cache; -1 once it is dropped. */
  frame = -1;

  /** When it was first changed since it was last clean, or since its last write was issued. */
  dirtySince: Nanoseconds = 0;
  /** Neighbours in the list of dirty pages, oldest first. */
  older: Page | null = null;
  newer: Page | null = null;
  isListed = false;
  /** Counts towards the dirty limit: dirty or writing, and its last write has not failed. */
  isUnwritten = false;
  hasFailed = false;
  /** Its next write is due, and waits for the request in flight. */
  writeNext = false;
  /** Writes issued and writes completed, whichever way: what an fsync waits for. */
  issued = 0;
  completed = 0;
  /** What the write in flight carries. */
  copy: Uint8Array | null = null;

  /** Who changed it since its last write was issued, and whose changes the write in flight holds. */
  changers: Changer[] = [];
  changersInFlight: Changer[] = [];
  changeSets: readonly ChangeSet[] = NOBODY;
  changeSetsInFlight: readonly ChangeSet[] = NOBODY;
  /** What was derived from it. */
  derived: Set<Derived> | null = null;

  constructor(volume: CachedVolume, number: PageNumber, bytes: Uint8Array) {
    this.volume = volume;
    this.number = number;
    this.bytes = bytes;
  }

  get state(): PageState {
    const { flight } = this;
    if (flight === null) return this.isDirty ? 'dirty' : this.isResident ? 'clean' : 'absent';
    if (flight.op === 'read') return 'reading';
    if (flight.op !== 'write') return 'discarding';
    return this.isDirty ? 'writing, dirty again' : 'writing';
  }

  /** May its frame be given to another page? */
  get isDroppable(): boolean {
    return this.pins === 0 && !this.isDirty && this.flight === null;
  }

  /** Told by the request in flight, in the step in which it is settled. */
  settled(): void {
    this.volume.cache.settled(this);
  }

  /** Notes whose change this is. Hot path: the usual changer is the one that is there already. */
  changedBy(changer: Changer, changes: ChangeSet | null): void {
    const { changers } = this;
    if (changers.length === 0) changers.push(changer);
    else if (changers[0] !== changer && !changers.includes(changer)) changers.push(changer);
    if (changes !== null && !this.changeSets.includes(changes)) {
      this.changeSets = [...this.changeSets, changes];
      changes.pageDirtied();
    }
  }

  /** Is there a change, unwritten or in flight, of somebody with this mark? */
  hasMarkedChange(mark: number): boolean {
    for (const changer of this.changers) if (changer.mark === mark) return true;
    for (const changer of this.changersInFlight) if (changer.mark === mark) return true;
    return false;
  }

  /** The changes so far are what the write that is being issued carries. */
  changesIssued(): void {
    const { changers } = this;
    this.changers = this.changersInFlight;
    this.changers.length = 0;
    this.changersInFlight = changers;
    this.changeSetsInFlight = this.changeSets;
    this.changeSets = NOBODY;
  }

  changesWritten(): void {
    this.changersInFlight.length = 0;
    const sets = this.changeSetsInFlight;
    this.changeSetsInFlight = NOBODY;
    for (const changes of sets) changes.pageWritten();
  }

  /** The write failed: what it carried is changed and unwritten again. A set that has both counts the page twice. */
  changesFailed(): void {
    for (const changer of this.changersInFlight) if (!this.changers.includes(changer)) this.changers.push(changer);
    this.changersInFlight.length = 0;
    this.changeSets = [...this.changeSetsInFlight, ...this.changeSets];
    this.changeSetsInFlight = NOBODY;
  }

  deriveFrom(derived: Derived): void {
    if (this.derived === null) this.derived = new Set();
    this.derived.add(derived);
  }

  /** The page is dropped, and all that was derived from it. */
  forget(): void {
    const { derived } = this;
    this.derived = null;
    if (derived !== null) for (const one of derived) one.die();
  }
}
