/**
 * The cache of a durable snapshot (E10): a log of groups of first writes, each of which is durable before a write of it is
 * let go. First writes that come together, or while a group is on its way, share its flush.
 *
 *   headers and data, commit record -> flush of the cache -> counter in the state place -> the writes go
 *
 * Invariants
 * I1 One group is on its way at a time; the next is begun when it is durable in both places, or has failed.
 * I2 A sector that holds a committed record is not written again. A group that failed was not committed: the next one has
 *    its number and its place.
 * I3 No group is begun before the record of T is durable: in the cache first, and in the state place last.
 */

import { type CacheFile, waitAll } from '../cache-file.ts';
import type { Checksum } from '../checksum.ts';
import { isAwaited, type OldGranule, refuseCopies, reportPreserved } from '../copies.ts';
import { IoError, type IoRequest } from '../device.ts';
import { invariant } from '../invariant.ts';
import { HOLE } from '../slot-cache.ts';
import type { CacheRead, CacheRun, GranuleCache, ProtectedVolume, Snapshot } from '../snapshot.ts';
import { Latch, type Owner, type Process, type Task, wait } from '../task.ts';
import { type Bytes, type Extent, MIB } from '../units.ts';
import { EndMarks } from './end-marks.ts';
import { encodeGroup, memberBytes } from './group.ts';
import {
  type BirthRecord,
  birthRecord,
  type Ended,
  FORMAT_VERSION,
  headerRecord,
  type Incarnation,
  readMember,
  sealOf,
} from './layout.ts';
import { type FoundState, StatePlace, type StateSectors } from './state-place.ts';

/** What a durable snapshot needs of its host. */
export interface Durability {
  /** On another drive than the cache; with one drive, outside the volumes. */
  readonly state: StateSectors;
  readonly checksum: Checksum;
  /** No two snapshots of a host have the same, in all its lives. */
  readonly incarnation: Incarnation;
  /** What a drive is known by when the host starts again. */
  readonly fingerprint: (drive: string) => string;
}

/** Where the log stands when a snapshot comes back. */
export interface LogEnd {
  readonly group: number;
  readonly chain: number;
  readonly state: FoundState;
}

/** A group is not made larger than this by those who wait. */
const GROUP_BYTES: Bytes = 4 * MIB;

/** A granule that waits for its group. */
interface Waiting {
  readonly volume: ProtectedVolume;
  readonly old: OldGranule;
  readonly batch: Batch;
}

/** What came in one call of `store`: its buffers are in use until all of it is done. */
class Batch {
  readonly done = new Latch<void>('a group of first writes');
  left = 0;

  finish(): void {
    this.left -= 1;
    if (this.left === 0) this.done.settle();
  }
}

/** Members, their room, and the place of each in it. */
interface Group {
  readonly place: Bytes;
  readonly members: Waiting[];
  bytes: Bytes;
}

export class DurableCache implements GranuleCache {
  readonly file: CacheFile;
  readonly isDurable = true;
  private readonly owner: Owner;
  private readonly snapshot: Snapshot;
  private readonly durability: Durability;
  private readonly sectorSize: Bytes;
  private readonly state: StatePlace;
  private readonly marks: EndMarks;
  /** The number and chain of the last group that is durable in both places. */
  private group: number;
  private chain: number;
  /** The record of T is durable, or never will be. */
  private readonly born = new Latch<void>('the record of T');
  private waiting: Waiting[] = [];
  /** Groups are on their way, one after the other. */
  private committer: Process<void> | null = null;
  /** The record of T is on its way. */
  private bearing: Latch<void> | null = null;
  private isBegun = false;

  constructor(owner: Owner, snapshot: Snapshot, file: CacheFile, durability: Durability, found: LogEnd | null) {
    this.owner = owner;
    this.snapshot = snapshot;
    this.file = file;
    this.durability = durability;
    this.sectorSize = file.space.device.sectorSize;
    const { state, checksum, incarnation } = durability;
    this.state = new StatePlace(state, checksum, incarnation, found?.state ?? null);
    this.marks = new EndMarks(owner, this.state, ended => this.writeHeader(ended));
    this.group = found?.group ?? 0;
    this.chain = found?.chain ?? 0;
    if (found === null) return;
    this.isBegun = true;
    this.born.settle();
  }

  /** Makes the file, and its header, durable before T (E11). */
  *prepare(isProtected: boolean, takeOver: (extent: Extent) => Task<IoError | null>): Task<void> {
    yield* this.file.prepare(isProtected, takeOver);
    const error = yield* this.writeHeader('no');
    if (error !== null) throw error;
  }

  /** The record of T: from here on, and not before, the snapshot comes back after a crash (I3). */
  *birth(): Task<IoError | null> {
    const bearing = new Latch<void>('the record of T');
    this.bearing = bearing;
    try {
      return yield* this.recordT();
    } finally {
      this.bearing = null;
      bearing.settle();
      if (!this.born.isSettled) this.born.settle();
    }
  }

  private *recordT(): Task<IoError | null> {
    const { checksum } = this.durability;
    const place = this.file.endOffset;
    const record = birthRecord(this.birthOf(), place, this.sectorSize, checksum);
    while (this.file.roomNow(record.length) === null) {
      if (!(yield* this.file.moreRoom())) return this.noRoom(record.length);
    }
    if (!this.snapshot.isEnabled) return null;
    this.isBegun = true;
    this.chain = sealOf(record);
    const error = yield* this.writeThrough(place, record);
    if (error !== null || !this.snapshot.isEnabled) return error;
    return yield* this.state.commit(0, this.chain);
  }

  private birthOf(): BirthRecord {
    const { incarnation, fingerprint } = this.durability;
    const { id, granuleBytes } = this.snapshot.options;
    const { state, volumes } = this.snapshot;
    invariant(state.is === 'enabled', 'a snapshot is enabled before its T is recorded');
    const selected = volumes.map(({ name, filter, grid, excluded }) => ({
      name,
      drive: filter.name,
      fingerprint: fingerprint(filter.name),
      sectorSize: filter.sectorSize,
      extent: grid.volume,
      excluded: excluded.extents,
    }));
    return { incarnation, id, T: state.T, consistency: state.consistency, granuleBytes, volumes: selected };
  }

  /** After a crash: what was found may not be durable yet, and is before anything is built on it. */
  *resume(): Task<IoError | null> {
    return (yield* this.file.flush()) ?? (yield* this.state.commit(this.group, this.chain));
  }

  *store(volume: ProtectedVolume, granules: readonly OldGranule[]): Task<void> {
    const batch = new Batch();
    for (const old of granules) {
      if (!isAwaited(volume, old)) continue;
      if (old.error !== null) {
        refuseCopies(volume, [old], 'source-read-error', old.error.message);
        continue;
      }
      batch.left += 1;
      this.waiting.push({ volume, old, batch });
    }
    if (batch.left === 0) return;
    this.committer ??= this.owner.spawn(`groups of ${this.snapshot.options.id}`, this.commitAll());
    yield* wait(batch.done);
  }

  /** The whole record is read, whatever part of it is wanted: only so can it be compared with its checksum. */
  read(volume: ProtectedVolume, { sector, slot, within }: CacheRun): CacheRead {
    const { grid, filter, snapshot } = volume;
    const granule = grid.firstTouched(sector);
    const dataBytes = grid.length(granule) * filter.sectorSize;
    const bytes = snapshot.buffers.take(memberBytes(dataBytes, this.sectorSize));
    const place = slot * this.sectorSize;
    const check = (): string | null => {
      const { incarnation, checksum } = this.durability;
      const header = readMember(bytes.subarray(0, this.sectorSize), incarnation, place, checksum);
      const data = bytes.subarray(this.sectorSize, this.sectorSize + dataBytes);
      const isWhole =
        header.is === 'whole' &&
        header.record.volume === snapshot.volumes.indexOf(volume) &&
        header.record.granule === granule &&
        header.record.dataBytes === dataBytes &&
        header.record.dataChecksum === checksum(data);
      return isWhole ? null : `${this.file.space.place} does not hold granule ${granule} as it was written`;
    };
    return { requests: this.file.submit('read', place, bytes), bytes, skip: this.sectorSize + within, check };
  }

  /** Each record is compared with its own checksum. */
  follows(): boolean {
    return false;
  }

  /** The end, to be durable before a write goes unpreserved; null when nothing could come back anyway. */
  end(ended: Ended, isCacheBad: boolean): Task<void> | null {
    if (!this.born.isSettled) this.born.settle();
    return this.isBegun ? this.marks.record(ended, isCacheBad, this.snapshot.options.preserveLimitNs) : null;
  }

  /** Whatever is on its way sends no more requests once it has ended, and not before. */
  *close(): Task<void> {
    if (this.bearing !== null) yield* wait(this.bearing);
    if (this.committer !== null) yield* wait(this.committer.end);
    yield* this.marks.drain();
    yield* this.file.close();
    yield* this.state.drain();
  }

  private *commitAll(): Task<void> {
    yield* wait(this.born);
    for (;;) {
      const group = this.gather();
      if (group !== null) yield* this.commit(group);
      else if (this.waiting.length === 0) break;
      else if (!(yield* this.file.moreRoom())) this.refuseFirst();
    }
    this.committer = null;
  }

  /** The members of the next group: those who wait and are still awaited, as far as there is room for them. */
  private gather(): Group | null {
    let group: Group | null = null;
    let taken = 0;
    for (const each of this.waiting) {
      if (!isAwaited(each.volume, each.old)) {
        taken += 1;
        each.batch.finish();
        continue;
      }
      const bytes = this.bytesOf(each) + (group === null ? this.sectorSize : 0);
      if (group !== null && group.bytes + bytes > GROUP_BYTES) break;
      const place = this.file.roomNow(bytes);
      if (place === null) break;
      group ??= { place, members: [], bytes: 0 };
      group.members.push(each);
      group.bytes += bytes;
      taken += 1;
    }
    this.waiting = this.waiting.slice(taken);
    return group;
  }

  private bytesOf({ old }: Waiting): Bytes {
    return memberBytes(old.isHole ? 0 : old.length, this.sectorSize);
  }

  private refuseFirst(): void {
    const first = this.waiting.shift();
    if (first === undefined) return;
    refuseCopies(first.volume, [first.old], 'cache-full', this.noRoom(this.bytesOf(first)).message);
    first.batch.finish();
  }

  private *commit({ place, members, bytes }: Group): Task<void> {
    const { checksum, incarnation } = this.durability;
    const { buffers, volumes } = this.snapshot;
    const number = this.group + 1;
    const buffer = buffers.take(bytes);
    const encoded = members.map(({ volume, old: { granule, isHole, from, offset, length } }) => ({
      volume: volumes.indexOf(volume),
      granule,
      data: isHole ? null : from.subarray(offset, offset + length),
    }));
    const at = { incarnation, place, group: number, chainBefore: this.chain };
    const chain = encodeGroup(buffer, encoded, at, this.sectorSize, checksum);
    const error = (yield* this.writeThrough(place, buffer)) ?? (yield* this.state.commit(number, chain));
    buffers.give(buffer);
    if (error === null) {
      this.group = number;
      this.chain = chain;
      this.keep(members, place);
    } else {
      this.file.takeBack(place);
      for (const { volume, old } of members) refuseCopies(volume, [old], 'cache-error', error.message);
    }
    for (const { batch } of members) batch.finish();
  }

  /** The members of a group are durable: their writes may go. */
  private keep(members: readonly Waiting[], place: Bytes): void {
    let at = place;
    let run: { volume: ProtectedVolume; granule: number; count: number } | null = null;
    for (const each of members) {
      const { volume, old } = each;
      const slot = at / this.sectorSize;
      at += this.bytesOf(each);
      if (!isAwaited(volume, old)) continue;
      this.snapshot.endCopy(volume, old.granule, old.copying, old.isHole ? HOLE : slot);
      if (run !== null && run.volume === volume && run.granule + run.count === old.granule) run.count += 1;
      else {
        if (run !== null) reportPreserved(run.volume, run.granule, run.count);
        run = { volume, granule: old.granule, count: 1 };
      }
    }
    if (run !== null) reportPreserved(run.volume, run.granule, run.count);
  }

  private *writeThrough(place: Bytes, bytes: Uint8Array): Task<IoError | null> {
    const requests: readonly IoRequest[] = this.file.submit('write', place, bytes);
    return (yield* waitAll(requests)) ?? (yield* this.file.flush());
  }

  private *writeHeader(ended: Ended): Task<IoError | null> {
    const { checksum, incarnation } = this.durability;
    const { id } = this.snapshot.options;
    const record = headerRecord({ version: FORMAT_VERSION, incarnation, id, ended }, this.sectorSize, checksum);
    return yield* this.writeThrough(0, record);
  }

  private noRoom(bytes: Bytes): IoError {
    const { space, usedBytes, limitBytes } = this.file;
    const count = bytes / this.sectorSize;
    const because = `${usedBytes} of ${limitBytes} bytes are in use`;
    return new IoError('no-space', space.place, 'write', 0, count, because);
  }
}
