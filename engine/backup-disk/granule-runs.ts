/**
 * Reads granules that lie anywhere, in the image or in slots, in as few requests as their places allow. What can't be read
 * is read once more, granule by granule, so that a bad sector spoils the granule that holds it and no other.
 */
import type { Device } from '../device.ts';
import type { Task } from '../task.ts';
import type { Extent, Sector } from '../units.ts';
import type { BackupDisk } from './backup-disk.ts';
import { type BeforeRead, MAX_REQUEST_BYTES, ReadAhead } from './transfer.ts';

/** Called for each granule with its bytes; null when they can't be read. */
type Each<T> = (item: T, bytes: Uint8Array | null) => Task<void>;

interface Part<T> {
  readonly item: T;
  /** Where it begins on the device. */
  readonly first: Sector;
  /** Whole sectors. */
  readonly count: Sector;
}

interface Run<T> extends Extent {
  readonly parts: readonly Part<T>[];
}

/** Granules of the image, ascending. */
export function* eachImageGranule<T extends { readonly granule: number }>(
  { layout, places }: BackupDisk,
  items: readonly T[],
  each: Each<T>,
  beforeRead: BeforeRead | null = null,
): Task<void> {
  const { grid } = layout;
  const parts = items.map(item => ({ item, first: grid.start(item.granule), count: grid.length(item.granule) }));
  yield* readRuns(places.image, runsOf(parts, places.image), each, beforeRead);
}

/** Granules that are kept in slots. */
export function* eachSlotGranule<T extends { readonly granule: number }>(
  { layout, device }: BackupDisk,
  items: readonly T[],
  slotOf: (item: T) => number,
  each: Each<T>,
  beforeRead: BeforeRead | null = null,
): Task<void> {
  const parts = items.map(item => {
    const count = Math.ceil(layout.bytesOf(item.granule) / device.sectorSize);
    return { item, first: layout.slotSector(slotOf(item)), count };
  });
  const trimmed: Each<T> = (item, bytes) => each(item, bytes?.subarray(0, layout.bytesOf(item.granule)) ?? null);
  yield* readRuns(device, runsOf(parts, device), trimmed, beforeRead);
}

/** Parts that follow one another, at most 1 MiB of them in a run. */
function* runsOf<T>(parts: readonly Part<T>[], { sectorSize }: Device): Generator<Run<T>, void> {
  const most = MAX_REQUEST_BYTES / sectorSize;
  for (let at = 0; at < parts.length; ) {
    const { first } = parts[at]!;
    let end = first;
    let next = at;
    for (; next < parts.length; next++) {
      const part = parts[next]!;
      if (part.first !== end || part.first + part.count - first > most) break;
      end += part.count;
    }
    yield { first, count: end - first, parts: parts.slice(at, next) };
    at = next;
  }
}

function* readRuns<T>(
  device: Device,
  runs: Iterable<Run<T>>,
  each: Each<T>,
  beforeRead: BeforeRead | null,
  isSecondTry = false,
): Task<void> {
  const reader = new ReadAhead(device, runs, beforeRead);
  for (;;) {
    const piece = yield* reader.next();
    if (piece === null) return;
    const { run, bytes, error } = piece;
    if (error === null) {
      for (const { item, first, count } of run.parts) {
        const from = (first - run.first) * device.sectorSize;
        yield* each(item, bytes.subarray(from, from + count * device.sectorSize));
      }
    } else if (error.failure !== 'read-error') throw error;
    else if (isSecondTry) for (const { item } of run.parts) yield* each(item, null);
    else {
      const single = run.parts.map(part => ({ first: part.first, count: part.count, parts: [part] }));
      yield* readRuns(device, single, each, beforeRead, true);
    }
  }
}
