/**
 * The small durable memory of a snapshot on another drive than its cache (E10): two sectors that are written in turn, so
 * that one that a power cut tears, or that rots, leaves the other.
 *
 * Invariants
 * I1 One write is at the device at a time, and each is durable when it is done (FUA).
 * I2 Once an end was asked for, no later record says anything else; an end stands in both sectors before it is done.
 */
import type { Checksum } from '../checksum.ts';
import { type Device, type IoError, IoRequest } from '../device.ts';
import { InFlight } from '../in-flight.ts';
import { invariant } from '../invariant.ts';
import { Latch, type Task, wait } from '../task.ts';
import type { Sector } from '../units.ts';
import { type Ended, type Incarnation, readState, type StateRecord, stateRecord } from './layout.ts';

/** Where a state place lies; on a drive that the cache is on, too, the two are far apart. */
export interface StateSectors {
  readonly device: Device;
  readonly sectors: readonly [Sector, Sector];
}

export class StatePlace {
  private readonly where: StateSectors;
  private readonly checksum: Checksum;
  private readonly inFlight = new InFlight();
  private last: StateRecord;
  private slot = 0;
  private ended: Ended = 'no';
  /** Of the write that is at the device. */
  private writing: Latch<void> | null = null;

  /** `found`: what was read here when the snapshot comes back. */
  constructor(where: StateSectors, checksum: Checksum, incarnation: Incarnation, found: FoundState | null = null) {
    invariant(where.sectors[0] !== where.sectors[1], 'two sectors for the state');
    this.where = where;
    this.checksum = checksum;
    this.last = found?.newest ?? { incarnation, sequence: 0, counter: 0, chain: 0, ended: 'no' };
    if (found !== null) this.slot = 1 - found.slot;
  }

  /** Nothing was ever written here for this snapshot. */
  get isUnused(): boolean {
    return this.last.sequence === 0;
  }

  /** Makes a counter and its chain durable. */
  *commit(counter: number, chain: number): Task<IoError | null> {
    return yield* this.write(() => ({ counter, chain }));
  }

  /** Makes the end durable, in both sectors (I2). */
  *end(ended: Ended): Task<IoError | null> {
    this.ended = ended;
    const first = yield* this.write(() => this.last);
    const second = yield* this.write(() => this.last);
    return first ?? second;
  }

  /** Waits until nothing is at the device any more. */
  drain(): Task<void> {
    return this.inFlight.drain('the state place');
  }

  private *write(what: () => Pick<StateRecord, 'counter' | 'chain'>): Task<IoError | null> {
    while (this.writing !== null) yield* wait(this.writing);
    const done = new Latch<void>('the state place');
    this.writing = done;
    const { counter, chain } = what();
    const { incarnation, sequence } = this.last;
    this.last = { incarnation, sequence: sequence + 1, counter, chain, ended: this.ended };
    const { device, sectors } = this.where;
    const record = stateRecord(this.last, this.slot, device.sectorSize, this.checksum);
    const request = new IoRequest('write', sectors[this.slot]!, 1, record, true);
    this.slot = 1 - this.slot;
    this.inFlight.track(request);
    const error = yield* wait(device.submit(request));
    this.writing = null;
    done.settle();
    return error;
  }
}

/** What stands in a state place for one snapshot. */
export interface FoundState {
  readonly newest: StateRecord;
  /** The sector of the two that it stands in. */
  readonly slot: number;
  /** Either sector says that it has ended: the last word. */
  readonly ended: Ended;
}

/** The records of a state place that are whole, of whatever snapshot, the newest first. */
export interface StateSlots {
  readonly records: readonly { readonly record: StateRecord; readonly slot: number }[];
  readonly isDamaged: boolean;
  readonly error: IoError | null;
}

export function* readStateSlots({ device, sectors }: StateSectors, checksum: Checksum): Task<StateSlots> {
  const records: { record: StateRecord; slot: number }[] = [];
  let isDamaged = false;
  let failed: IoError | null = null;
  for (const [slot, sector] of sectors.entries()) {
    const bytes = new Uint8Array(device.sectorSize);
    const error = yield* wait(device.submit(new IoRequest('read', sector, 1, bytes)));
    failed ??= error;
    if (error !== null) continue;
    const read = readState(bytes, slot, checksum);
    if (read.is === 'whole') records.push({ record: read.record, slot });
    else if (read.is === 'rotten') isDamaged = true;
  }
  records.sort((a, b) => b.record.sequence - a.record.sequence || a.slot - b.slot);
  return { records, isDamaged, error: failed };
}

/** `stale`: the place is another snapshot's, so this one's T never became durable; `rotten`: it can't be read any more. */
export function stateOfSnapshot(slots: StateSlots, of: Incarnation): FoundState | 'stale' | 'rotten' | IoError {
  const mine = slots.records.filter(({ record }) => record.incarnation === of);
  const newest = mine[0];
  if (newest === undefined) return slots.error ?? (slots.isDamaged ? 'rotten' : 'stale');
  const ended = mine.find(({ record }) => record.ended !== 'no')?.record.ended ?? 'no';
  return { newest: newest.record, slot: newest.slot, ended };
}
