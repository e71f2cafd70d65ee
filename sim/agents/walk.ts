/**
 * How file agents walk: volumes in the order of the selection, depth first, in the order that the scenario asks for. The
 * tree is listed before the first file is copied.
 */
import type { Task } from '../../engine/task.ts';
import type { DirectoryEntry, Path } from '../fs/file-system.ts';
import { isInside, matchesPattern } from '../scenario/paths.ts';
import type { Walk } from '../scenario/scenario.ts';
import type { World } from '../world/world.ts';

export interface Listing {
  readonly directories: readonly Path[];
  readonly files: readonly DirectoryEntry[];
}

export function* walk(world: World, letters: readonly string[], settings: Walk): Task<Listing> {
  const directories: Path[] = [];
  const files: DirectoryEntry[] = [];
  for (const letter of letters) {
    if (world.mounted.has(letter)) yield* listFolder(world, letter, `${letter}:\\`, directories, files);
  }
  const wanted = files.filter(({ path }) => isWanted(settings, path));
  return { directories, files: inOrder(world, wanted, settings) };
}

/** Whether a path is copied by `include` and `exclude`. */
export function isWanted({ include, exclude }: Walk, path: Path): boolean {
  if (include !== null && !include.some(pattern => matchesPattern(pattern, path))) return false;
  return !exclude.some(pattern => matchesPattern(pattern, path));
}

function* listFolder(
  world: World,
  letter: string,
  folder: Path,
  directories: Path[],
  files: DirectoryEntry[],
): Task<void> {
  const entries = yield* world.files(letter).list(folder);
  for (const entry of entries.sort((a, b) => byCode(a.path, b.path))) {
    if (!entry.isDirectory) files.push(entry);
    else {
      directories.push(entry.path);
      yield* listFolder(world, letter, entry.path, directories, files);
    }
  }
}

function inOrder(world: World, files: DirectoryEntry[], { order }: Walk): DirectoryEntry[] {
  switch (order.by) {
    case 'name':
      return files;
    case 'size':
      return files.sort((a, b) => a.sizeBytes - b.sizeBytes || byCode(a.path, b.path));
    case 'random':
      return world.kernel.choices.stream('agent/walk').shuffle(files);
    case 'paths': {
      const rank = (path: Path): number => {
        const at = order.paths.findIndex(first => matchesPattern(first, path) || isInside(first, path));
        return at < 0 ? order.paths.length : at;
      };
      const ranked = files.map((file, at) => ({ file, at, rank: rank(file.path) }));
      return ranked.sort((a, b) => a.rank - b.rank || a.at - b.at).map(({ file }) => file);
    }
  }
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
