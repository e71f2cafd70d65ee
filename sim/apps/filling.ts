/** Makes files before 0 s, folders included. */
import type { Task } from '../../engine/task.ts';
import type { Bytes } from '../../engine/units.ts';
import type { Path } from '../fs/file-system.ts';
import type { Volumes } from './application.ts';
import { folderOf, letterOf } from './paths.ts';

const PIECE_BYTES = 65536;

/** `fill` puts the content from an offset on into a piece. */
export function* fillFile(
  volumes: Volumes,
  path: Path,
  sizeBytes: Bytes,
  fill: (piece: Uint8Array, offset: Bytes) => void,
): Task<void> {
  const volume = volumes(letterOf(path));
  const folder = folderOf(path);
  if (folder !== null) yield* volume.makeDirectory(folder);
  const file = yield* volume.create(path);
  for (let offset = 0; offset < sizeBytes; offset += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, sizeBytes - offset));
    fill(piece, offset);
    yield* file.write(offset, piece);
  }
  file.close();
}
