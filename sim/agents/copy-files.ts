/** Copies files to the target, one after the other; the next one is opened when the copy of the one before has ended. */
import type { Task } from '../../engine/task.ts';
import { type Bytes, KIB } from '../../engine/units.ts';
import { type DirectoryEntry, FsError, type Path, type WallSeconds } from '../fs/file-system.ts';
import type { World } from '../world/world.ts';
import type { AgentContext } from './agent.ts';
import type { Archive, ArchivePiece } from './backup.ts';
import { walk } from './walk.ts';

const PIECE_BYTES: Bytes = 64 * KIB;
const TARGET_SECTOR: Bytes = 512;

/** An opened file: what is read of it, and the instant at which its content was fixed, if there is one. */
export interface Source {
  readonly path: Path;
  /** Asked after the last byte was read: a file that changes meanwhile has the stamp of its end. */
  modified(): WallSeconds;
  readonly at: number | null;
  readonly atWallSeconds: WallSeconds | null;
  read(offset: Bytes, into: Uint8Array): Task<Bytes>;
  /** May be called again. */
  close(): void;
}

/** What is copied when the walk meets a file: the file, all of its group, or nothing when it is not there any more. */
export type OpenSources = (context: AgentContext, entry: DirectoryEntry) => Task<readonly Source[]>;

export function* copyFiles(context: AgentContext, open: OpenSources): Task<void> {
  const { world, backup, selection } = context;
  const listing = yield* walk(world, selection.volumes, world.scenario.backups.walk);
  const archive: Archive = { directories: [...listing.directories], files: [] };
  backup.archive = archive;
  world.target.begin();
  backup.copyFromNs = world.kernel.now();
  backup.T = backup.copyFromNs;
  const buffer = new Uint8Array(PIECE_BYTES);
  for (const entry of listing.files) {
    const sources = yield* open(context, entry);
    try {
      for (const source of sources) {
        yield* copyFile(context, source, archive, buffer);
        source.close();
      }
    } finally {
      for (const source of sources) source.close();
    }
  }
  backup.copyToNs = world.kernel.now();
}

function* copyFile(context: AgentContext, source: Source, archive: Archive, buffer: Uint8Array): Task<void> {
  const { world, backup, beforeRead } = context;
  const from = world.kernel.now();
  const pieces: ArchivePiece[] = [];
  let sizeBytes = 0;
  for (;;) {
    yield* beforeRead();
    const length = yield* source.read(sizeBytes, buffer);
    if (length === 0) break;
    const padded = Math.ceil(length / TARGET_SECTOR) * TARGET_SECTOR;
    buffer.fill(0, length, padded);
    const targetOffset = world.target.reserve(padded);
    pieces.push({ targetOffset, length });
    sizeBytes += length;
    backup.bytesRead += length;
    yield* world.target.write(targetOffset, buffer.subarray(0, padded), length);
    if (length < buffer.length) break;
  }
  archive.files.push({ path: source.path, sizeBytes, modified: source.modified(), pieces });
  backup.taken.push({
    path: source.path,
    bytes: sizeBytes,
    from,
    to: world.kernel.now(),
    at: source.at,
    wallSeconds: source.atWallSeconds ?? world.wallClock(),
  });
}

/** Runs a file operation; null when the file has gone. */
export function* ifThere<T>(operation: Task<T>): Task<T | null> {
  try {
    return yield* operation;
  } catch (error) {
    if (error instanceof FsError && error.failure === 'not-found') return null;
    throw error;
  }
}

export function letterOf(path: Path): string {
  return path.slice(0, 1);
}

/** The present instant of the truth, for a file whose content was fixed in this step. */
export function instant(world: World): { readonly at: number; readonly atWallSeconds: WallSeconds } {
  return { at: world.truth.now(), atWallSeconds: world.wallClock() };
}
