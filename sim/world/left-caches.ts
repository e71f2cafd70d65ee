/**
 * Cache files of snapshots that ended with their machine: `\OTM\*.CACHE` on volumes. Nobody reads them again, so the host
 * removes them before applications start; the truth forgets them like any other file that goes.
 */
import type { Task } from '../../engine/task.ts';
import type { Path } from '../fs/file-system.ts';
import type { Machine } from './machine.ts';

/** Removes those of `paths` that are there. */
export function* removeLeftCaches({ mounted }: Machine, paths: Iterable<Path>): Task<void> {
  for (const path of paths) {
    const volume = mounted.get(path.slice(0, 1));
    if (volume === undefined) continue;
    if ((yield* volume.stat(path)) !== null) yield* volume.remove(path);
  }
}
