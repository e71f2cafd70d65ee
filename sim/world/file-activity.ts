/**
 * Tells several observers of a file system's changes, in a fixed order; and remembers when each path was last written by
 * an application, for agents that wait until a group of files is quiet.
 */
import type { Bytes, Nanoseconds } from '../../engine/units.ts';
import type { FileNode, FsObserver, Path, WallSeconds } from '../fs/file-system.ts';

/** Told of files that come, go, and get or lose clusters, in the step of the change. */
export type FileFollower = Pick<FsObserver, 'created' | 'resized' | 'renamed' | 'removed'>;

export class FileActivity implements FsObserver {
  readonly followers = new Set<FileFollower>();
  private readonly next: FsObserver;
  private readonly now: () => Nanoseconds;
  private readonly lastWrite = new Map<Path, Nanoseconds>();

  constructor(next: FsObserver, now: () => Nanoseconds) {
    this.next = next;
    this.now = now;
  }

  /** When one of some paths was last changed; null when none ever was. */
  lastChangeWhere(isWanted: (path: Path) => boolean): Nanoseconds | null {
    let last: Nanoseconds | null = null;
    for (const [path, at] of this.lastWrite) if (isWanted(path) && (last === null || at > last)) last = at;
    return last;
  }

  created(node: FileNode): void {
    this.note(node.path);
    this.next.created(node);
    for (const each of this.followers) each.created(node);
  }

  wrote(node: FileNode, offset: Bytes, bytes: Uint8Array): void {
    this.note(node.path);
    this.next.wrote(node, offset, bytes);
  }

  resized(node: FileNode, sizeBytes: Bytes): void {
    this.note(node.path);
    this.next.resized(node, sizeBytes);
    for (const each of this.followers) each.resized(node, sizeBytes);
  }

  renamed(node: FileNode, from: Path): void {
    this.note(from);
    this.note(node.path);
    this.next.renamed(node, from);
    for (const each of this.followers) each.renamed(node, from);
  }

  removed(node: FileNode): void {
    this.note(node.path);
    this.next.removed(node);
    for (const each of this.followers) each.removed(node);
  }

  stamped(node: FileNode, modified: WallSeconds): void {
    this.next.stamped(node, modified);
  }

  private note(path: Path): void {
    this.lastWrite.set(path, this.now());
  }
}
