/**
 * A volume in memory, for tests of applications, truth and checks: every operation is applied at once and told to the
 * observer as the file system tells it. Pages are 4 KiB of a file; they reach "the disk" by fsync, `sync` or `writeBack`.
 */
import { invariant } from '../../../engine/invariant.ts';
import type { Task } from '../../../engine/task.ts';
import type { Nanoseconds } from '../../../engine/units.ts';
import {
  type ChangeOptions,
  type ChangeSet,
  type DirectoryEntry,
  type FileNode,
  type FrozenFile,
  FsError,
  type FsFailure,
  type FsObserver,
  type MountedVolume,
  type OpenFile,
  type Path,
} from '../../../sim/fs/file-system.ts';

const PAGE = 4096;
const PIECE = 65536;

class FakeNode implements FileNode {
  readonly id: number;
  readonly isDirectory: boolean;
  path: Path;
  bytes: Uint8Array = new Uint8Array(0);
  modified: number;
  /** By dirty page: whose changes it holds. */
  readonly dirty = new Map<number, Set<ChangeSet>>();

  constructor(id: number, path: Path, isDirectory: boolean, modified: number) {
    this.id = id;
    this.path = path;
    this.isDirectory = isDirectory;
    this.modified = modified;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  get name(): string {
    return this.path.slice(this.path.lastIndexOf('\\') + 1);
  }
}

/** What a test lets go wrong: asked before each operation; a failure makes it fail without a change. */
export type Sabotage = (operation: string, path: Path) => FsFailure | null;

export interface FakeTimes {
  /** Before a write or an append is applied. */
  readonly writeNs?: Nanoseconds;
  readonly fsyncNs?: Nanoseconds;
}

export class FakeVolume implements MountedVolume {
  readonly letter: string;
  observer: FsObserver | null = null;
  sabotage: Sabotage = () => null;
  times: FakeTimes = {};
  /** Everything that was asked, in order: `write C:\A 0+64`. */
  readonly log: string[] = [];
  wallSeconds = 946_684_800;
  private readonly nodes = new Map<Path, FakeNode>();
  private lastId: number;

  constructor(letter: string) {
    this.letter = letter;
    this.lastId = letter.charCodeAt(0) * 1_000_000;
  }

  /** Another volume with the same files, as a drive that is forked and mounted again. */
  remounted(): FakeVolume {
    const other = new FakeVolume(this.letter);
    for (const [path, node] of this.nodes) {
      const copy = new FakeNode(++other.lastId, path, node.isDirectory, node.modified);
      copy.bytes = node.bytes.slice();
      other.nodes.set(path, copy);
    }
    return other;
  }

  /** Paths and contents, ascending by path; folders left out. */
  files(): Map<Path, Uint8Array> {
    const files = [...this.nodes.values()].filter(node => !node.isDirectory);
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
    return new Map(files.map(node => [node.path, node.bytes.slice()]));
  }

  modifiedOf(path: Path): number {
    return this.node(path).modified;
  }

  /** Writes every dirty page, as write-back does. */
  writeBack(): void {
    for (const node of [...this.nodes.values()]) this.clean(node);
  }

  *open(path: Path): Task<OpenFile> {
    this.asked('open', path);
    const node = this.node(path);
    if (node.isDirectory) throw new FsError('is-a-directory', path);
    return this.handle(node);
  }

  *create(path: Path, changes?: ChangeSet): Task<OpenFile> {
    this.asked('create', path);
    if (this.nodes.has(path)) throw new FsError('exists', path);
    this.parentOf(path);
    const node = new FakeNode(++this.lastId, path, false, this.wallSeconds);
    this.nodes.set(path, node);
    this.observer?.created(node);
    this.dirty(node, 0, changes);
    return this.handle(node);
  }

  *makeDirectory(path: Path): Task<void> {
    this.asked('mkdir', path);
    const parts = path.split('\\');
    for (let length = 2; length <= parts.length; length++) {
      const above = parts.slice(0, length).join('\\');
      if (this.nodes.has(above)) continue;
      const node = new FakeNode(++this.lastId, above, true, this.wallSeconds);
      this.nodes.set(above, node);
      this.observer?.created(node);
    }
  }

  *stat(path: Path): Task<DirectoryEntry | null> {
    return this.nodes.get(path) ?? null;
  }

  *list(path: Path): Task<DirectoryEntry[]> {
    return [...this.nodes.values()].filter(node => node.path.slice(0, node.path.lastIndexOf('\\')) === path);
  }

  *rename(from: Path, to: Path, options: ChangeOptions = {}): Task<void> {
    this.asked('rename', from, options.sync === true ? `${to} sync` : to);
    const node = this.node(from);
    const replaced = this.nodes.get(to);
    if (replaced !== undefined && replaced !== node) {
      this.nodes.delete(to);
      this.observer?.removed(replaced);
    }
    for (const [path, below] of [...this.nodes]) {
      if (path !== from && !path.startsWith(`${from}\\`)) continue;
      this.nodes.delete(path);
      below.path = to + path.slice(from.length);
      this.nodes.set(below.path, below);
    }
    this.observer?.renamed(node, from);
    this.dirty(node, 0, options.changes);
  }

  *remove(path: Path, options: ChangeOptions = {}): Task<void> {
    this.asked('remove', path, options.sync === true ? 'sync' : '');
    const node = this.node(path);
    this.nodes.delete(path);
    for (const sets of node.dirty.values()) for (const set of sets) set.pageWritten();
    this.observer?.removed(node);
    if (options.changes !== undefined) {
      options.changes.pageDirtied();
      options.changes.pageWritten();
    }
  }

  *freeze(): Task<FrozenFile[]> {
    throw new Error('the fake volume freezes nothing');
  }

  *setModified(path: Path, modified: number): Task<void> {
    const node = this.node(path);
    node.modified = modified;
    this.observer?.stamped(node, modified);
  }

  freeBytes(): number {
    return 1e9;
  }

  *sync(): Task<void> {
    this.asked('sync', this.letter);
    this.writeBack();
  }

  private handle(node: FakeNode): OpenFile {
    const volume = this;
    return {
      node,
      get sizeBytes() {
        return node.sizeBytes;
      },
      *read(offset, into) {
        volume.asked('read', node.path);
        const there = node.bytes.subarray(offset, offset + into.length);
        into.set(there);
        return there.length;
      },
      *write(offset, bytes, changes) {
        for (let done = 0; done === 0 || done < bytes.length; done += PIECE) {
          if (volume.times.writeNs !== undefined) yield volume.times.writeNs;
          const piece = bytes.subarray(done, done + PIECE);
          volume.asked('write', node.path, `${offset + done}+${piece.length}`);
          volume.put(node, offset + done, piece, changes);
        }
      },
      *append(bytes, changes) {
        if (volume.times.writeNs !== undefined) yield volume.times.writeNs;
        volume.asked('append', node.path, `+${bytes.length}`);
        const offset = node.sizeBytes;
        volume.put(node, offset, bytes, changes);
        return offset;
      },
      *truncate(sizeBytes, changes) {
        volume.asked('truncate', node.path);
        volume.resize(node, sizeBytes);
        volume.stamp(node);
        volume.dirty(node, 0, changes);
      },
      *fsync() {
        if (volume.times.fsyncNs !== undefined) yield volume.times.fsyncNs;
        volume.asked('fsync', node.path);
        volume.clean(node);
      },
      isClosed: false,
      close() {},
    };
  }

  private put(node: FakeNode, offset: number, bytes: Uint8Array, changes: ChangeSet | undefined): void {
    if (offset + bytes.length > node.sizeBytes) this.resize(node, offset + bytes.length);
    node.bytes.set(bytes, offset);
    this.observer?.wrote(node, offset, bytes);
    this.stamp(node);
    for (let page = Math.floor(offset / PAGE); page * PAGE < offset + bytes.length; page++)
      this.dirty(node, page, changes);
  }

  private resize(node: FakeNode, sizeBytes: number): void {
    const bytes = new Uint8Array(sizeBytes);
    bytes.set(node.bytes.subarray(0, sizeBytes));
    node.bytes = bytes;
    this.observer?.resized(node, sizeBytes);
  }

  private stamp(node: FakeNode): void {
    if (node.modified === this.wallSeconds) return;
    node.modified = this.wallSeconds;
    this.observer?.stamped(node, node.modified);
  }

  private dirty(node: FakeNode, page: number, changes: ChangeSet | undefined): void {
    if (changes === undefined) return;
    const sets = node.dirty.get(page) ?? new Set<ChangeSet>();
    node.dirty.set(page, sets);
    if (sets.has(changes)) return;
    sets.add(changes);
    changes.pageDirtied();
  }

  private clean(node: FakeNode): void {
    const dirty = [...node.dirty.values()];
    node.dirty.clear();
    for (const sets of dirty) for (const set of sets) set.pageWritten();
  }

  private node(path: Path): FakeNode {
    const node = this.nodes.get(path);
    if (node === undefined) throw new FsError('not-found', path);
    return node;
  }

  private parentOf(path: Path): void {
    const parent = path.slice(0, path.lastIndexOf('\\'));
    if (parent !== `${this.letter}:`) invariant(this.node(parent).isDirectory, `${parent} is a directory`);
  }

  private asked(operation: string, path: Path, detail = ''): void {
    this.log.push(`${operation} ${path} ${detail}`.trim());
    const failure = this.sabotage(operation, path);
    if (failure !== null) throw new FsError(failure, path, 'sabotaged');
  }
}
