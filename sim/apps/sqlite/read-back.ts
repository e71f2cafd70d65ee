/** Reads the files of a workload from the simulated file system: what a program that is started again finds. */
import type { Task } from '../../../engine/task.ts';
import type { Bytes } from '../../../engine/units.ts';
import type { MountedVolume, Path } from '../../fs/file-system.ts';
import type { Volumes } from '../application.ts';
import { folderOf, letterOf } from '../paths.ts';
import { type Layout, owns } from './layout.ts';
import type { FileImages } from './shadow-files.ts';

const PIECE_BYTES: Bytes = 64 * 1024;

/** Databases, what SQLite left beside them, and documents. Throws `FsError` when one can't be read. */
export function* readBack(volumes: Volumes, layout: Layout): Task<FileImages> {
  const images = new Map<Path, Uint8Array>();
  for (const folder of foldersOf(layout)) {
    const volume = volumes(letterOf(folder));
    const entries = yield* volume.list(folder);
    for (const { path, isDirectory } of entries) {
      if (isDirectory || images.has(path) || !owns(layout, path)) continue;
      images.set(path, yield* readFile(volume, path));
    }
  }
  return images;
}

/** Folders that hold files of the workload, each once; a root is `C:\\`. */
function foldersOf(layout: Layout): Path[] {
  const folders = new Set(layout.databases.map(({ path }) => folderOf(path) ?? `${letterOf(path)}:\\`));
  if (layout.folder !== null) folders.add(layout.folder);
  return [...folders];
}

function* readFile(volume: MountedVolume, path: Path): Task<Uint8Array> {
  const file = yield* volume.open(path);
  try {
    const bytes = new Uint8Array(file.sizeBytes);
    let at = 0;
    while (at < bytes.length) {
      const got = yield* file.read(at, bytes.subarray(at, Math.min(bytes.length, at + PIECE_BYTES)));
      if (got === 0) break;
      at += got;
    }
    return at === bytes.length ? bytes : bytes.slice(0, at);
  } finally {
    file.close();
  }
}
