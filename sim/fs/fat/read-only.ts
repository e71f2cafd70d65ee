/**
 * A FAT volume read from its bytes alone, synchronously and without changing anything: for checkers, which look at what
 * was restored. Shares the formats with the file system, not its way of reading.
 *
 * Invariants
 * I1 Damage never throws while the tree is walked: it is a problem, and what can be read is.
 * I2 A directory is walked once, so that links in circles end.
 */
import type { Sector } from '../../../engine/units.ts';
import type { Path } from '../file-system.ts';
import { check } from './check.ts';
import { isDotEntry } from './entry.ts';
import { FatImage, type Problem, ReadOnlyFile, type ReadSectors, rawEntries } from './image.ts';
import { type Cluster, type FatLayout, parseLayout } from './layout.ts';
import { parsePath } from './names.ts';

export interface ReadOnlyPlace {
  readonly letter: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
}

export interface ReadOnlyVolume {
  readonly letter: string;
  /** Null when the boot sector is not one of a FAT volume: then there are no files. */
  readonly layout: FatLayout | null;
  /** Files and directories, depth first, in the order in which they stand on disk. */
  readonly files: readonly ReadOnlyFile[];
  readonly problems: readonly Problem[];
  /** Null when there is none. */
  find(path: Path): ReadOnlyFile | null;
}

/** Mounts an image, walks its tree and looks for damage. */
export function readVolume(
  readSectors: ReadSectors,
  { letter, sectorSize, sectorCount }: ReadOnlyPlace,
): ReadOnlyVolume {
  const layout = parseLayout(readSectors(0, 1), sectorSize, sectorCount);
  if ('reason' in layout) {
    return { letter, layout: null, files: [], problems: [{ kind: 'boot', text: layout.reason }], find: () => null };
  }
  const image = new FatImage(layout, readSectors);
  const problems: Problem[] = [];
  const files = walk(image, `${letter}:`, problems);
  problems.push(...check(image, files));
  const byPath = new Map<Path, ReadOnlyFile>();
  for (const file of files) if (!byPath.has(file.path)) byPath.set(file.path, file);
  const find = (path: Path) =>
    byPath.get([`${letter}:`, ...parsePath(letter, path).map(n => n.key)].join('\\')) ?? null;
  return { letter, layout, files, problems, find };
}

/** I2. Directories that can't be read are problems of the tree. */
function walk(image: FatImage, root: Path, problems: Problem[]): ReadOnlyFile[] {
  const files: ReadOnlyFile[] = [];
  const walked = new Set<Cluster>();
  const enter = (path: Path, first: Cluster): void => {
    const chain = first === 0 ? null : image.chainFrom(first);
    if (chain !== null && (chain.problem !== null || chain.clusters.length === 0)) {
      problems.push({ kind: 'directory', path, text: `it can not be read whole: ${chain.problem ?? 'no clusters'}` });
    }
    if (first !== 0) walked.add(first);
    const names = new Set<string>();
    for (const { entry, fields } of rawEntries(image.directoryParts(chain === null ? null : chain.clusters))) {
      if (isDotEntry(entry)) continue;
      const file = new ReadOnlyFile(image, `${path}\\${entry.key}`, entry, fields);
      files.push(file);
      if (names.has(entry.key)) problems.push({ kind: 'directory', path: file.path, text: 'its name is there twice' });
      names.add(entry.key);
      if (!file.isDirectory) continue;
      if (file.firstCluster === 0) problems.push({ kind: 'directory', path: file.path, text: 'it has no clusters' });
      else if (walked.has(file.firstCluster)) {
        problems.push({ kind: 'directory', path: file.path, text: 'it is another directory, too' });
      } else enter(file.path, file.firstCluster);
    }
  };
  enter(root, image.layout.rootCluster);
  return files;
}
