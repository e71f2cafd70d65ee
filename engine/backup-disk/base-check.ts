/**
 * Is the image still what the last backup left? A disk that was booted from, or written to, since then is found by looking
 * at the granules that every system writes first, and at a sample that moves on with each backup.
 */
import type { Task } from '../task.ts';
import type { BackupDisk } from './backup-disk.ts';
import { isContent } from './granule-sum.ts';
import { SUMS_PER_BLOCK } from './layout.ts';
import { ReadAhead } from './transfer.ts';

export interface BaseCheck {
  readonly granules: number;
  /** Granules of the image that are not what their sums say, or can't be read. */
  readonly mismatched: readonly number[];
  /** Where the next sample begins. */
  readonly nextPosition: number;
}

export function* checkBase(disk: BackupDisk, guards: readonly number[], sampleGranules: number): Task<BaseCheck> {
  const { layout, table, places, header, checksum } = disk;
  const { granuleCount, grid } = layout;
  const start = header.samplePosition % granuleCount;
  const sample = Math.min(sampleGranules, granuleCount);
  const looked = new Set(guards.filter(granule => granule >= 0 && granule < granuleCount));
  for (let at = 0; at < sample; at++) looked.add((start + at) % granuleCount);
  const granules = [...looked].sort((a, b) => a - b);
  const mismatched: number[] = [];
  const images = new ReadAhead(
    places.image,
    granules.map(granule => ({ granule, first: grid.start(granule), count: grid.length(granule) })),
  );
  for (;;) {
    const piece = yield* images.next();
    if (piece === null) break;
    if (piece.error !== null && piece.error.failure !== 'read-error') throw piece.error;
    const { granule } = piece.run;
    const block = yield* table.block(Math.floor(granule / SUMS_PER_BLOCK));
    const isRight = block !== null && piece.error === null && isContent(piece.bytes, block.sum(granule), checksum);
    if (!isRight) mismatched.push(granule);
  }
  return { granules: granules.length, mismatched, nextPosition: (start + sample) % granuleCount };
}
