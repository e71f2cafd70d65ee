/** A generation of a backup disk, ready to be read. */
import type { BackupDisk } from '../../engine/backup-disk/backup-disk.ts';
import { type GenerationView, viewGeneration } from '../../engine/backup-disk/generation-view.ts';
import type { Task } from '../../engine/task.ts';
import type { ReadTask } from './partitions.ts';

export interface OpenGeneration {
  readonly view: GenerationView;
  readonly read: ReadTask;
}

/** The newest one when none is named. */
export function* openGeneration(disk: BackupDisk, number: number | null): Task<OpenGeneration> {
  const view = yield* viewGeneration(disk, number);
  return { view, read: (first, count) => view.read(first, count) };
}
