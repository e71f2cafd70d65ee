/**
 * Mounting: reads the boot sector, and the whole table once to know which clusters are free. Nothing is written; the file
 * system keeps no mark of being in use.
 */
import { invariant } from '../../../engine/invariant.ts';
import type { Task } from '../../../engine/task.ts';
import type { Bytes } from '../../../engine/units.ts';
import type { CachedVolume } from '../cached-volume.ts';
import { FsError } from '../file-system.ts';
import { type Operation, run, type View } from '../operation.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import type { FreeClusters } from './free-clusters.ts';
import {
  bytesOfEntries,
  type FatKind,
  type FatLayout,
  FIRST_CLUSTER,
  get32,
  isInfoSector,
  type ParsedLayout,
  parseLayout,
} from './layout.ts';
import { FatState, type MountOptions } from './state.ts';
import { decodeEntry, entriesIn, entryOffset, FREE, type TablePiece, tablePieces } from './table.ts';
import { FatVolume } from './volume.ts';

/** Pages of the table that are looked at at once: a multiple of 3, so that no entry of 12 bits is cut. */
const SCAN_PAGES = 24;

/** Mounts the FAT volume that is on `cached`; throws `FsError` when it is none. */
export function* mountFat(cached: CachedVolume, options: MountOptions): Task<FatVolume> {
  const path = `${cached.letter}:\\`;
  const boot = new Uint8Array(cached.device.sectorSize);
  yield* readInto(cached, 0, boot);
  const parsed: ParsedLayout = parseLayout(boot, cached.device.sectorSize, cached.sectorCount);
  if ('reason' in parsed) throw new FsError('corrupt', path, parsed.reason);
  const info = parsed.infoStart === null ? null : new Uint8Array(512);
  if (info !== null && parsed.infoStart !== null) yield* readInto(cached, parsed.infoStart, info);
  const layout: FatLayout = info === null || isInfoSector(info) ? parsed : { ...parsed, infoStart: null };
  const state = new FatState(cached, layout, options);
  yield* scan(state);
  const hint = info === null || layout.infoStart === null ? FIRST_CLUSTER : get32(info, 492);
  if (hint >= FIRST_CLUSTER && hint < FIRST_CLUSTER + layout.clusterCount) state.free.hint = hint;
  return new FatVolume(state);
}

function* scan({ layout, cached, free }: FatState): Task<void> {
  const { kind, clusterCount } = layout;
  const pages = Math.max(3, Math.floor(Math.min(SCAN_PAGES, cached.cache.frameCount / 4) / 3) * 3);
  const perScan = entriesIn(kind, pages * PAGE_BYTES);
  const end = FIRST_CLUSTER + clusterCount;
  const buffer = new Uint8Array(pages * PAGE_BYTES);
  for (let first = 0; first < end; first += perScan) {
    const from = entryOffset(kind, first);
    const scanEnd = Math.min(first + perScan, end);
    const place = layout.fatStart + layout.activeFat * layout.fatBytes + from;
    const table = buffer.subarray(0, bytesOfEntries(kind, scanEnd) - from);
    yield* readInto(cached, place, table);
    for (const piece of tablePieces(kind, table, first, scanEnd)) scanPiece(free, kind, piece);
  }
}

function scanPiece(free: FreeClusters, kind: FatKind, { first, end, isFree, bytes, from }: TablePiece): void {
  const start = Math.max(first, FIRST_CLUSTER);
  if (isFree) {
    free.setFreeRun(start, end);
    return;
  }
  for (let cluster = start; cluster < end; cluster++) {
    if (decodeEntry(kind, bytes, cluster, from) === FREE) free.setFree(cluster);
  }
}

/** Reads a range of a volume that need not be mounted. */
function* readInto(cached: CachedVolume, offset: Bytes, into: Uint8Array): Task<void> {
  const end = offset + into.length;
  const last = Math.floor((end - 1) / PAGE_BYTES);
  invariant(last < cached.pageCount, `${cached.letter}: is read past its end`);
  const operation: Operation<true, void> = {
    path: `${cached.letter}:\\`,
    changesPages: false,
    plan: (view: View) => {
      view.range(offset, into.length);
      return view.isMissing ? null : true;
    },
    apply: () => {
      for (let number = Math.floor(offset / PAGE_BYTES); number <= last; number++) {
        const page = cached.resident(number);
        invariant(page !== null, `page ${number} is absent in the step of its look-up`);
        const from = Math.max(offset, number * PAGE_BYTES);
        const to = Math.min(end, (number + 1) * PAGE_BYTES);
        const within = from - number * PAGE_BYTES;
        into.set(page.bytes.subarray(within, within + to - from), from - offset);
      }
    },
  };
  yield* run(cached, operation);
}
