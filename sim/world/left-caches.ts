/**
 * Cache files of snapshots that ended with their machine: `\OTM\*.CACHE` on volumes. Nobody reads them again, so the host
 * removes them before applications start; the truth forgets them like any other file that goes.
 */
import type { Task } from '../../engine/task.ts';
import type { Path } from '../fs/file-system.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

/** Removes those of `paths` that are there and are not kept. */
export function* removeLeftCaches({ mounted }: Machine, paths: Iterable<Path>, kept: ReadonlySet<Path>): Task<void> {
  for (const path of paths) {
    const volume = mounted.get(path.slice(0, 1));
    if (volume === undefined || kept.has(path)) continue;
    if ((yield* volume.stat(path)) !== null) yield* volume.remove(path);
  }
}

/** The cache files of snapshots that have come back. */
export function keptPaths({ snapshots }: World): ReadonlySet<Path> {
  return new Set(
    snapshots.flatMap(({ cacheFile, spaceHeldBytes }) =>
      cacheFile !== null && spaceHeldBytes > 0 ? [cacheFile.path] : [],
    ),
  );
}
