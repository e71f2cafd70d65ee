/**
 * What applications, agents and the truth see of a file system: a mounted volume. The FAT implementation is in `fat/`.
 *
 * Invariants
 * I1 An operation is applied in one step, in zero virtual time, on resident pages; a task may wait before that step, never
 *    inside it. Writes longer than 64 KiB go in pieces of 64 KiB, each an operation of its own.
 * I2 An operation that fails, whatever the reason, has changed nothing.
 * I3 Each applied change is told to the observer in its step, before any other task runs.
 */
import type { IoError } from '../../engine/device.ts';
import { WorldError } from '../../engine/invariant.ts';
import type { Task } from '../../engine/task.ts';
import type { Bytes } from '../../engine/units.ts';

/** Wall clock: whole seconds since 1970-01-01T00:00:00Z, as the world's clock has them. FAT keeps even ones. */
export type WallSeconds = number;

/** A path is upper case, with backslashes and a letter: `C:\BANK\ACCOUNTS.DAT`. */
export type Path = string;

/** Why a file operation can't be done, and how a message says it. */
const FAILURE_WORDS = {
  'not-found': 'not found',
  exists: 'is there already',
  'not-a-directory': 'not a directory',
  'is-a-directory': 'is a directory',
  'not-empty': 'not empty',
  'no-space': 'no space is left',
  'no-memory': 'no memory is left',
  'bad-name': 'a name that can not be',
  busy: 'in use',
  corrupt: 'damaged',
  io: 'the drive failed',
} as const;

export type FsFailure = keyof typeof FAILURE_WORDS;

/** What a file operation says when it can't be done. `cause` is the `IoError` when the failure is `io`. */
export class FsError extends WorldError {
  override readonly name = 'FsError';
  readonly failure: FsFailure;
  readonly path: Path;

  constructor(failure: FsFailure, path: Path, because = '', cause?: IoError) {
    const why = [FAILURE_WORDS[failure], because, cause?.message ?? ''].filter(text => text !== '');
    super(`${path}: ${why.join(': ')}`, cause === undefined ? undefined : { cause });
    this.failure = failure;
    this.path = path;
  }
}

/** A file or directory of a mounted volume: the same object as long as it exists, whatever it is renamed to. */
export interface FileNode {
  /** Unique on its machine during one run, in the order in which nodes came to be known. */
  readonly id: number;
  readonly path: Path;
  readonly isDirectory: boolean;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
}

/**
 * Counts the pages that a set of changes (a transaction) still has in memory only: a page is added when it is changed
 * for the set the first time since its last write was issued, and taken off when a write that held the change completes.
 */
export interface ChangeSet {
  pageDirtied(): void;
  pageWritten(): void;
}

/** Told of every applied change, in its step. `bytes` is only valid during the call. */
export interface FsObserver {
  created(node: FileNode): void;
  wrote(node: FileNode, offset: Bytes, bytes: Uint8Array): void;
  /** Truncated, or extended by zeroes. Growth by a write is told as `resized` and then `wrote`. */
  resized(node: FileNode, sizeBytes: Bytes): void;
  /** Its path is another one: not told of a rename that changes the case only. */
  renamed(node: FileNode, from: Path): void;
  removed(node: FileNode): void;
  /** The stamp of last modification changed (told after each of the above that changed it). */
  stamped(node: FileNode, modified: WallSeconds): void;
}

export interface OpenFile {
  readonly node: FileNode;
  readonly sizeBytes: Bytes;
  /** Reads up to `into.length` bytes; returns how many there were before the end of the file. */
  read(offset: Bytes, into: Uint8Array): Task<Bytes>;
  /** Writes at an offset, extending the file (a gap reads as zeroes). */
  write(offset: Bytes, bytes: Uint8Array, changes?: ChangeSet): Task<void>;
  /** Writes behind the end as it is in the step of the write; returns the offset. */
  append(bytes: Uint8Array, changes?: ChangeSet): Task<Bytes>;
  truncate(sizeBytes: Bytes, changes?: ChangeSet): Task<void>;
  /** Dirty data pages, the FAT sectors of the chain in both copies, directory entries up to the root, then a flush. */
  fsync(): Task<void>;
  close(): void;
  readonly isClosed: boolean;
}

/**
 * One file exactly as it was in the step in which it was frozen, whatever happens to it afterwards. Costs copies of the
 * blocks that are changed; clusters that are given up stay allocated until `close`.
 */
export interface FrozenFile {
  readonly node: FileNode;
  readonly path: Path;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
  read(offset: Bytes, into: Uint8Array): Task<Bytes>;
  close(): void;
}

export interface DirectoryEntry {
  readonly path: Path;
  /** Its own name with the case in which it was given. */
  readonly name: string;
  readonly isDirectory: boolean;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
}

export interface ChangeOptions {
  /** Makes the directory durable before the operation returns. */
  readonly sync?: boolean;
  readonly changes?: ChangeSet;
}

/** A mounted volume. Every method that takes a path throws `FsError`. */
export interface MountedVolume {
  readonly letter: string;
  open(path: Path): Task<OpenFile>;
  /** Makes an empty file; `exists` when there is one. */
  create(path: Path, changes?: ChangeSet): Task<OpenFile>;
  /** Makes a directory and those above it that lack; fine when it is there. */
  makeDirectory(path: Path, changes?: ChangeSet): Task<void>;
  stat(path: Path): Task<DirectoryEntry | null>;
  /** The entries of a directory in the order in which they stand on disk, without `.` and `..`. */
  list(path: Path): Task<DirectoryEntry[]>;
  /** Replaces a file that has the new name. */
  rename(from: Path, to: Path, options?: ChangeOptions): Task<void>;
  /** Removes a file or an empty directory. Who has the file open can still read it, and no longer write. */
  remove(path: Path, options?: ChangeOptions): Task<void>;
  /** Freezes files at one instant: one operation for the whole list. */
  freeze(paths: readonly Path[]): Task<FrozenFile[]>;
  /** Sets the stamp of last modification, as a restore does. */
  setModified(path: Path, modified: WallSeconds): Task<void>;
  /** Bytes in free clusters. */
  freeBytes(): Bytes;
  /** Writes every dirty page of the volume, then flushes its drive. */
  sync(): Task<void>;
  observer: FsObserver | null;
}
