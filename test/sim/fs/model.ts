/**
 * The plainest model of a file system, a map of paths to bytes, kept by listening to a volume as its truth does. What is
 * told must be what is there; what is not told must not have happened.
 */
import type { FileNode, FsObserver, Path, WallSeconds } from '../../../sim/fs/file-system.ts';
import type { Tree } from './trees.ts';

interface ModelFile {
  path: Path;
  /** Null for a directory. */
  bytes: Uint8Array | null;
  modified: WallSeconds;
  version: number;
}

export interface Durable {
  readonly path: Path;
  readonly bytes: Uint8Array | null;
  readonly modified: WallSeconds;
}

export class Model implements FsObserver {
  readonly files = new Map<number, ModelFile>();
  /** Files as an fsync left them, as long as nothing happened to them. */
  readonly durable = new Map<number, Durable>();
  readonly removedBytes = new Map<number, Uint8Array>();

  created(node: FileNode): void {
    if (this.files.has(node.id)) throw new Error(`${node.path} is made twice`);
    const bytes = node.isDirectory ? null : new Uint8Array(0);
    this.files.set(node.id, { path: node.path, bytes, modified: node.modified, version: 0 });
  }

  wrote(node: FileNode, offset: number, bytes: Uint8Array): void {
    const file = this.touch(node);
    if (offset + bytes.length > file.bytes!.length) throw new Error(`${node.path} is written past its end`);
    file.bytes!.set(bytes, offset);
  }

  resized(node: FileNode, sizeBytes: number): void {
    const file = this.touch(node);
    const bytes = new Uint8Array(sizeBytes);
    bytes.set(file.bytes!.subarray(0, sizeBytes));
    file.bytes = bytes;
  }

  renamed(node: FileNode, from: Path): void {
    const file = this.touch(node);
    if (file.path !== from) throw new Error(`${from} is renamed, and was ${file.path}`);
    for (const [id, other] of this.files) {
      if (!other.path.startsWith(`${from}\\`)) continue;
      other.path = node.path + other.path.slice(from.length);
      this.durable.delete(id);
    }
    file.path = node.path;
  }

  removed(node: FileNode): void {
    const file = this.touch(node);
    if (file.bytes !== null) this.removedBytes.set(node.id, file.bytes);
    this.files.delete(node.id);
  }

  stamped(node: FileNode, modified: WallSeconds): void {
    this.touch(node).modified = modified;
  }

  /** The bytes of a file, also of one that was removed. */
  bytesOf(node: FileNode): Uint8Array {
    const bytes = this.files.get(node.id)?.bytes ?? this.removedBytes.get(node.id);
    if (bytes === undefined || bytes === null) throw new Error(`${node.path} is not known`);
    return bytes;
  }

  versionOf(node: FileNode): number {
    return this.files.get(node.id)?.version ?? -1;
  }

  /** An fsync that began at this version has returned. */
  synced(node: FileNode, version: number): void {
    const file = this.files.get(node.id);
    if (file === undefined || file.version !== version) return;
    this.durable.set(node.id, { path: file.path, bytes: file.bytes!.slice(), modified: file.modified });
  }

  /** By path, upper case. */
  tree(): Tree {
    return new Map([...this.files.values()].map(({ path, bytes }) => [path, bytes]));
  }

  stamps(): Map<Path, WallSeconds> {
    return new Map([...this.files.values()].map(({ path, modified }) => [path, modified]));
  }

  private touch(node: FileNode): ModelFile {
    const file = this.files.get(node.id);
    if (file === undefined) throw new Error(`${node.path} is told of before it was made`);
    file.version += 1;
    this.durable.delete(node.id);
    return file;
  }
}
