/** Reads everything that a backup disk holds and compares it with its checksums; nothing is restored, nothing written. */
import type { Task } from '../task.ts';
import type { Sector } from '../units.ts';
import type { BackupDisk } from './backup-disk.ts';
import { type ListIndex, ListReader } from './granule-list.ts';
import { eachImageGranule, eachSlotGranule } from './granule-runs.ts';
import { type GranuleSum, isContent, UNKNOWN_SUM } from './granule-sum.ts';
import { exclusively, isHeaderCopyWhole } from './open.ts';
import type { BeforeRead } from './transfer.ts';

export interface Damage {
  readonly what: 'header' | 'table' | 'list' | 'image' | 'saved';
  /** Of a list or a saved granule; of the image, the newest one. */
  readonly generation: number | null;
  readonly granule: number | null;
  readonly device: string;
  readonly sector: Sector;
}

export interface VerifyReport {
  readonly imageGranules: number;
  /** Granules that are kept for older generations. */
  readonly savedGranules: number;
  readonly damages: number;
  /** The first of them. */
  readonly damaged: readonly Damage[];
}

const MOST_TOLD = 1000;

export function* verifyBackupDisk(disk: BackupDisk, beforeRead: BeforeRead | null = null): Task<VerifyReport> {
  return yield* exclusively(disk, 'look', () => verify(disk, beforeRead));
}

function* verify(disk: BackupDisk, beforeRead: BeforeRead | null): Task<VerifyReport> {
  const { layout, places, device, table } = disk;
  const found: Damage[] = [];
  let damages = 0;
  const tell = (damage: Damage): void => {
    damages += 1;
    if (found.length < MOST_TOLD) found.push(damage);
  };
  for (const copy of [0, 1] as const) {
    if (yield* isHeaderCopyWhole(disk, copy)) continue;
    tell({ what: 'header', generation: null, granule: null, device: device.name, sector: layout.headerSector(copy) });
  }
  const blocks = table.isTrusted ? [...table.damaged] : Array.from({ length: layout.tableBlocks }, (_, block) => block);
  const generation = disk.newest?.number ?? null;
  if (generation === null) return { imageGranules: 0, savedGranules: 0, damages, damaged: found };
  for (const block of blocks) {
    tell({ what: 'table', generation, granule: null, device: device.name, sector: layout.tableSector(block) });
  }
  yield* eachDamagedImageGranule(disk, beforeRead, granule => {
    tell({ what: 'image', generation, granule, device: places.image.name, sector: layout.grid.start(granule) });
  });
  let savedGranules = 0;
  for (const { number, list } of disk.generations) {
    const index = disk.lists.get(number) ?? null;
    if (index !== null) savedGranules += yield* verifySaved(disk, number, index, tell, beforeRead);
    else {
      const sector = layout.slotSector(Math.min(list.lastSlot ?? 0, layout.slotCount - 1));
      tell({ what: 'list', generation: number, granule: null, device: device.name, sector });
    }
  }
  return { imageGranules: layout.granuleCount, savedGranules, damages, damaged: found };
}

function* verifySaved(
  disk: BackupDisk,
  generation: number,
  index: ListIndex,
  tell: (damage: Damage) => void,
  beforeRead: BeforeRead | null,
): Task<number> {
  const { layout, device, checksum } = disk;
  const reader = new ListReader(disk, index);
  let count = 0;
  const each = function* (entry: { granule: number; saved: number | null; old: GranuleSum }, bytes: Uint8Array | null) {
    if (bytes !== null && isContent(bytes, entry.old, checksum)) return;
    const sector = layout.slotSector(entry.saved!);
    tell({ what: 'saved', generation, granule: entry.granule, device: device.name, sector });
  };
  for (;;) {
    const entries = yield* reader.nextEntries();
    if (entries === null) return count;
    const kept = entries.filter(({ saved }) => saved !== null);
    count += kept.length;
    yield* eachSlotGranule(disk, kept, ({ saved }) => saved!, each, beforeRead);
  }
}

function* eachDamagedImageGranule(
  disk: BackupDisk,
  beforeRead: BeforeRead | null,
  tell: (granule: number) => void,
): Task<void> {
  for (let number = 0; number < disk.layout.tableBlocks; number++) {
    const block = yield* disk.table.block(number);
    const { first, end } = disk.layout.granulesOf(number);
    const items = Array.from({ length: end - first }, (_, at) => {
      const granule = first + at;
      return { granule, sum: block === null ? UNKNOWN_SUM : block.sum(granule) };
    });
    yield* tellDamaged(disk, items, beforeRead, tell);
  }
}

function* tellDamaged(
  disk: BackupDisk,
  items: readonly { readonly granule: number; readonly sum: GranuleSum }[],
  beforeRead: BeforeRead | null,
  tell: (granule: number) => void,
): Task<void> {
  const each = function* (item: { readonly granule: number; readonly sum: GranuleSum }, bytes: Uint8Array | null) {
    if (bytes === null || !isContent(bytes, item.sum, disk.checksum)) tell(item.granule);
  };
  yield* eachImageGranule(disk, items, each, beforeRead);
}

/** Granules of the image that are not what they should be: of all, or of those that a list changed. */
export function* damagedImageGranules(disk: BackupDisk, list: ListIndex | null): Task<readonly number[]> {
  const damaged: number[] = [];
  const tell = (granule: number): void => {
    damaged.push(granule);
  };
  if (list === null) {
    yield* eachDamagedImageGranule(disk, null, tell);
    return damaged;
  }
  const reader = new ListReader(disk, list);
  for (;;) {
    const entries = yield* reader.nextEntries();
    if (entries === null) return damaged;
    const items = entries.map(({ granule, fresh }) => ({ granule, sum: fresh }));
    yield* tellDamaged(disk, items, null, tell);
  }
}
