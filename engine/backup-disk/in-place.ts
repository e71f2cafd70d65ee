/**
 * Backups that go straight into the image: the first full one, and an increment that is too large for the journal and was
 * allowed to. The header says so, durably, before the first write; until the end the disk holds no whole image.
 */
import type { Task } from '../task.ts';
import type { BackupDisk } from './backup-disk.ts';
import { type Change, eachChange, type Look, type Looked, type Sink } from './changed-granules.ts';
import { EMPTY_LIST, type PictureNote } from './header.ts';
import type { TableBlock } from './table.ts';
import type { WriteBehind } from './transfer.ts';

export interface Filled extends Looked {
  readonly changes: number;
}

export function* fillInPlace(
  disk: BackupDisk,
  look: Look,
  picture: PictureNote,
  sinceMs: number,
  samplePosition: number,
): Task<Filled> {
  const isFirst = disk.header.nextGeneration === 1;
  const state = isFirst ? 'filling' : 'in-place';
  yield* disk.writeHeader({ state, sinceMs, generations: [], root: 0, needsCompare: false });
  yield* disk.loadLists();
  const filler = new Filler(disk);
  const looked = yield* eachChange(disk, look, filler);
  yield* filler.finish();
  const { nextGeneration } = disk.header;
  yield* disk.writeHeader({
    state: 'complete',
    sinceMs: 0,
    root: disk.table.rootOf(disk.table.seals),
    samplePosition,
    generations: [{ number: nextGeneration, list: EMPTY_LIST, picture }],
    nextGeneration: nextGeneration + 1,
  });
  yield* disk.table.load(disk.header.root);
  yield* disk.loadLists();
  return { ...looked, changes: filler.changes };
}

class Filler implements Sink {
  changes = 0;
  private readonly disk: BackupDisk;
  private readonly image: WriteBehind;
  private readonly catalogue: WriteBehind;
  private inBlock: Change[] = [];

  constructor(disk: BackupDisk) {
    this.disk = disk;
    this.image = disk.imageWriter();
    this.catalogue = disk.catalogueWriter();
  }

  *change(change: Change): Task<void> {
    const { grid } = this.disk.layout;
    const { granule, fresh, old, bytes } = change;
    this.changes += 1;
    this.inBlock.push({ granule, fresh, old, bytes: null });
    if (bytes !== null) yield* this.image.write(grid.start(granule), bytes);
    else yield* this.image.zeroes(grid.start(granule), grid.length(granule));
  }

  *endBlock(number: number, before: TableBlock | null): Task<void> {
    if (this.inBlock.length === 0) return;
    const { table, layout, checksum } = this.disk;
    const block = before ?? table.blankBlock(number);
    for (const { granule, fresh } of this.inBlock) block.set(granule, fresh);
    this.inBlock = [];
    table.seals[number] = block.seal(checksum);
    yield* this.catalogue.write(layout.tableSector(number), block.bytes);
  }

  *finish(): Task<void> {
    const { table } = this.disk;
    yield* table.writeSeals(table.seals, this.catalogue);
    yield* this.image.drain();
    yield* this.catalogue.drain();
    yield* this.disk.flushAll();
  }
}
