/**
 * The cache of a snapshot that is not durable: slots of one granule each, behind the header's place. Nothing is flushed,
 * and nothing of it outlives the program.
 *
 * Invariants
 * I1 A slot belongs to at most one granule, and is not given again while a request for it is on its way.
 * I2 A granule's bit is set only after its cache write has completed (E5).
 */
import { type CacheFile, HEADER_BYTES, waitAll } from './cache-file.ts';
import { isAwaited, type OldGranule, refuseCopies, reportPreserved } from './copies.ts';
import type { IoError, IoRequest } from './device.ts';
import type { CacheRead, CacheRun, GranuleCache, ProtectedVolume } from './snapshot.ts';
import type { Task } from './task.ts';
import type { Bytes, Extent } from './units.ts';

/** A slot's number. `HOLE` is the slot of a granule that reads as zeroes and has no data (E15). */
export type Slot = number;
export const HOLE: Slot = 0xffffffff;

/** Granules that follow one another on the volume, in the buffer and in the cache. */
interface Run {
  readonly first: OldGranule;
  readonly slot: Slot;
  readonly members: OldGranule[];
  length: Bytes;
}

/** A run on its way to the cache. */
interface RunWrite {
  readonly run: Run;
  /** None when nobody waits for it any more. */
  readonly requests: readonly IoRequest[];
  /** A copy that ends on a sector of the cache's device. */
  readonly padded: Uint8Array | null;
}

export class SlotCache implements GranuleCache {
  readonly file: CacheFile;
  readonly isDurable = false;
  private readonly slotBytes: Bytes;
  private readonly returned: Slot[] = [];

  constructor(file: CacheFile, slotBytes: Bytes) {
    this.file = file;
    this.slotBytes = slotBytes;
  }

  prepare(isProtected: boolean, takeOver: (extent: Extent) => Task<IoError | null>): Task<void> {
    return this.file.prepare(isProtected, takeOver);
  }

  *birth(): Task<IoError | null> {
    return null;
  }

  *resume(): Task<IoError | null> {
    return null;
  }

  end(): null {
    return null;
  }

  close(): Task<void> {
    return this.file.close();
  }

  /** Writes granules that lie side by side in one request, and all of them at once. */
  *store(volume: ProtectedVolume, granules: readonly OldGranule[]): Task<void> {
    let run: Run | null = null;
    let writes: RunWrite[] = [];
    for (const old of granules) {
      if (!isAwaited(volume, old)) continue;
      if (old.error !== null) {
        refuseCopies(volume, [old], 'source-read-error', old.error.message);
        continue;
      }
      if (old.isHole) {
        volume.snapshot.endCopy(volume, old.granule, old.copying, HOLE);
        reportPreserved(volume, old.granule, 1);
        continue;
      }
      let slot = this.slotNow();
      if (slot === null) {
        // What has its place is not to wait for growth.
        if (run !== null) writes.push(this.beginRun(volume, run));
        run = null;
        for (const write of writes) yield* this.endRun(volume, write);
        writes = [];
        slot = yield* this.takeSlot();
      }
      if (slot === null) {
        const { space, usedBytes, limitBytes } = this.file;
        refuseCopies(volume, granules, 'cache-full', `${space.place} has ${usedBytes} of ${limitBytes} bytes in use`);
        break;
      }
      if (run !== null && !this.continues(run, old, slot)) {
        writes.push(this.beginRun(volume, run));
        run = null;
      }
      run ??= { first: old, slot, members: [], length: 0 };
      run.members.push(old);
      run.length += old.length;
    }
    if (run !== null) writes.push(this.beginRun(volume, run));
    for (const write of writes) yield* this.endRun(volume, write);
  }

  read({ filter, snapshot }: ProtectedVolume, { count, slot, within }: CacheRun): CacheRead {
    const { sectorSize } = this.file.space.device;
    const from = Math.floor(within / sectorSize) * sectorSize;
    const to = Math.ceil((within + count * filter.sectorSize) / sectorSize) * sectorSize;
    const bytes = snapshot.buffers.take(to - from);
    const requests = this.file.submit('read', this.offset(slot) + from, bytes);
    return { requests, bytes, skip: within - from, check: null };
  }

  follows({ filter }: ProtectedVolume, { slot: before, within, count }: CacheRun, slot: Slot): boolean {
    return before * this.slotBytes + within + count * filter.sectorSize === slot * this.slotBytes;
  }

  /** A free slot, or null when there is none without growth. */
  private slotNow(): Slot | null {
    const slot = this.returned.pop();
    if (slot !== undefined) {
      this.file.use(this.slotBytes);
      return slot;
    }
    const offset = this.file.roomNow(this.slotBytes);
    return offset === null ? null : (offset - HEADER_BYTES) / this.slotBytes;
  }

  /** A free slot, or null when the cache is full. Waits only while the file grows. */
  private *takeSlot(): Task<Slot | null> {
    for (;;) {
      const slot = this.slotNow();
      if (slot !== null) return slot;
      if (!(yield* this.file.moreRoom())) return null;
    }
  }

  private giveSlot(slot: Slot): void {
    this.file.unuse(this.slotBytes);
    this.returned.push(slot);
  }

  private offset(slot: Slot): Bytes {
    return HEADER_BYTES + slot * this.slotBytes;
  }

  private continues(run: Run, old: OldGranule, slot: Slot): boolean {
    const { first, members, length } = run;
    const count = members.length;
    return (
      old.granule === first.granule + count &&
      slot === run.slot + count &&
      length === count * this.slotBytes &&
      old.from === first.from &&
      old.offset === first.offset + length
    );
  }

  private beginRun(volume: ProtectedVolume, run: Run): RunWrite {
    const { first, slot, members, length } = run;
    if (!members.some(old => isAwaited(volume, old))) return { run, requests: [], padded: null };
    const { sectorSize } = this.file.space.device;
    const bytes = first.from.subarray(first.offset, first.offset + length);
    const whole = Math.ceil(length / sectorSize) * sectorSize;
    const padded = whole === length ? null : volume.snapshot.buffers.take(whole);
    padded?.fill(0, length);
    padded?.set(bytes);
    return { run, requests: this.file.submit('write', this.offset(slot), padded ?? bytes), padded };
  }

  private *endRun(volume: ProtectedVolume, { run, requests, padded }: RunWrite): Task<void> {
    const { snapshot } = volume;
    const { slot, members } = run;
    const error = yield* waitAll(requests);
    if (padded !== null) snapshot.buffers.give(padded);
    if (error !== null) refuseCopies(volume, members, 'cache-error', error.message);
    let kept = 0;
    members.forEach((old, index) => {
      if (requests.length > 0 && error === null && isAwaited(volume, old)) {
        snapshot.endCopy(volume, old.granule, old.copying, slot + index);
        kept += 1;
      } else this.giveSlot(slot + index);
    });
    if (kept > 0) reportPreserved(volume, members[0]!.granule, kept);
  }
}
