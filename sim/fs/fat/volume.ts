/** A mounted FAT volume: each method is an operation that is planned and applied (operation.ts). */
import type { Task } from '../../../engine/task.ts';
import type { Bytes, Extent } from '../../../engine/units.ts';
import {
  type ChangeOptions,
  type ChangeSet,
  type DirectoryEntry,
  type FileNode,
  FsError,
  type FsObserver,
  type MountedVolume,
  type Path,
  type WallSeconds,
} from '../file-system.ts';
import { type Operation, run, type View } from '../operation.ts';
import { loadChain } from './chain.ts';
import { loadIndex } from './directory.ts';
import { DIRECTORY } from './entry.ts';
import { type FatFrozenFile, Freeze } from './frozen.ts';
import type { FatLayout } from './layout.ts';
import { type Name, parsePath } from './names.ts';
import type { FatNode } from './node.ts';
import { FatFile } from './open-file.ts';
import { CreateOperation } from './plan-create.ts';
import { RemoveOperation } from './plan-remove.ts';
import { RenameOperation } from './plan-rename.ts';
import { ReserveOperation } from './plan-reserve.ts';
import { StampOperation } from './plan-write.ts';
import { extentsOf, knownExtents } from './segments.ts';
import type { FatState } from './state.ts';
import { syncNode } from './sync.ts';
import { entryFields, findDirectory, findFile, findNode } from './tree.ts';
import { trim } from './trim.ts';

export class FatVolume implements MountedVolume {
  readonly letter: string;
  private readonly state: FatState;

  constructor(state: FatState) {
    this.letter = state.cached.letter;
    this.state = state;
  }

  get observer(): FsObserver | null {
    return this.state.observer;
  }

  set observer(observer: FsObserver | null) {
    this.state.observer = observer;
  }

  get layout(): FatLayout {
    return this.state.layout;
  }

  *open(path: Path): Task<FatFile> {
    const names = this.names(path);
    const node = yield* this.look(path, view => {
      const found = findFile(this.state, view, names, path);
      return found === null || loadChain(view, this.state.layout, found, found.firstCluster) === null ? null : found;
    });
    return new FatFile(this.state, node);
  }

  *create(path: Path, changes?: ChangeSet): Task<FatFile> {
    const operation = new CreateOperation(this.state, path, this.names(path), false, changes ?? null);
    const node = yield* run(this.state.cached, operation);
    return new FatFile(this.state, node);
  }

  *makeDirectory(path: Path, changes?: ChangeSet): Task<void> {
    const names = this.names(path);
    for (let depth = 1; depth <= names.length; depth++)
      yield* this.makeOne(path, names.slice(0, depth), changes ?? null);
  }

  *stat(path: Path): Task<DirectoryEntry | null> {
    const node = yield* this.lookFor(path, this.names(path));
    return node === null ? null : describe(node);
  }

  *list(path: Path): Task<DirectoryEntry[]> {
    const names = this.names(path);
    return yield* this.look(path, view => {
      const directory = findDirectory(this.state, view, names, path);
      return directory === null ? null : this.entriesOf(view, directory);
    });
  }

  *rename(from: Path, to: Path, options: ChangeOptions = {}): Task<void> {
    const names = [this.names(from), this.names(to)] as const;
    const operation = new RenameOperation(this.state, [from, to], names, options.changes ?? null);
    const node = yield* run(this.state.cached, operation);
    if (options.sync) yield* this.syncDirectory(node, to);
  }

  *remove(path: Path, options: ChangeOptions = {}): Task<void> {
    const operation = new RemoveOperation(this.state, path, this.names(path), options.changes ?? null);
    const directory = yield* run(this.state.cached, operation);
    if (options.sync) yield* this.syncDirectory(directory, path);
  }

  *freeze(paths: readonly Path[]): Task<FatFrozenFile[]> {
    const wanted = paths.map(path => ({ path, names: this.names(path) }));
    const find = (view: View) => {
      const nodes: FatNode[] = [];
      for (const { path, names } of wanted) {
        const node = findFile(this.state, view, names, path);
        if (node !== null) nodes.push(node);
      }
      return nodes.length < wanted.length ? null : nodes;
    };
    return yield* run(this.state.cached, new Freeze(this.state, paths.join(', '), find));
  }

  *setModified(path: Path, modified: WallSeconds): Task<void> {
    yield* run(this.state.cached, new StampOperation(this.state, path, this.names(path), modified));
  }

  freeBytes(): Bytes {
    return this.state.free.availableCount * this.state.layout.clusterBytes;
  }

  *sync(): Task<void> {
    const { cached } = this.state;
    const path = this.state.root.path;
    const failure = yield* cached.cache.writeBack.sync(cached, null);
    const error = failure ?? (yield* cached.cache.flush(cached));
    if (error !== null) throw new FsError('io', path, '', error);
  }

  /**
   * Makes or grows a file whose sectors somebody writes past the page cache, and says where they are, from the start of
   * the volume. Its size is rounded up to whole pages; all that tells of it is durable when this returns. `isLeft`: it may be
   * there from an earlier boot.
   */
  *reserve(path: Path, sizeBytes: Bytes, isLeft = false): Task<Extent[]> {
    const known = yield* this.lookFor(path, this.names(path));
    const file = known === null ? yield* this.create(path) : yield* this.open(path);
    try {
      yield* run(this.state.cached, new ReserveOperation(this.state, file.node, sizeBytes, isLeft));
      yield* file.fsync();
      return yield* this.look(path, view => extentsOf(this.state, view, file.node));
    } finally {
      file.close();
    }
  }

  /** A file and the sectors of its clusters, from the start of the volume, as of the step in which this returns. */
  *clustersOf(path: Path): Task<{ readonly node: FileNode; readonly extents: readonly Extent[] }> {
    const names = this.names(path);
    return yield* this.look(path, view => {
      const node = findFile(this.state, view, names, path);
      const extents = node === null ? null : extentsOf(this.state, view, node);
      return node === null || extents === null ? null : { node, extents };
    });
  }

  /** The same of a file that was changed in this very step; null when it takes reading. */
  clustersNow(node: FileNode): readonly Extent[] | null {
    return knownExtents(this.state, node as FatNode);
  }

  /** Tells the drive what is free; returns how many bytes it was told of. */
  trim(): Task<Bytes> {
    return trim(this.state, () => this.sync());
  }

  private names(path: Path): Name[] {
    return parsePath(this.letter, path);
  }

  /** Looks something up; nothing is changed. */
  private look<T>(path: Path, plan: (view: View) => T | null): Task<T> {
    const operation: Operation<T, T> = { path, changesPages: false, plan, apply: found => found };
    return run(this.state.cached, operation);
  }

  /** The node of a path, or null when there is none. */
  private *lookFor(path: Path, names: readonly Name[]): Task<FatNode | null> {
    try {
      return yield* this.look(path, view => findNode(this.state, view, names, path));
    } catch (error) {
      if (error instanceof FsError && error.failure === 'not-found') return null;
      throw error;
    }
  }

  /** Makes one directory, unless it is there, or somebody else makes it meanwhile. */
  private *makeOne(path: Path, names: readonly Name[], changes: ChangeSet | null): Task<void> {
    const node = yield* this.lookFor(path, names);
    if (node !== null && !node.isDirectory) throw new FsError('not-a-directory', path, node.path);
    if (node !== null) return;
    try {
      yield* run(this.state.cached, new CreateOperation(this.state, path, names, true, changes));
    } catch (error) {
      if (!(error instanceof FsError && error.failure === 'exists')) throw error;
      yield* this.makeOne(path, names, changes);
    }
  }

  private entriesOf(view: View, directory: FatNode): DirectoryEntry[] | null {
    const { state } = this;
    const index = loadIndex(view, state.layout, directory);
    if (index === null) return null;
    const above = directory.path.endsWith('\\') ? directory.path : `${directory.path}\\`;
    const found: DirectoryEntry[] = [];
    for (const entry of index.entries()) {
      const fields = entryFields(state, view, directory, entry);
      if (fields === null) return null;
      const isDirectory = (fields.attributes & DIRECTORY) !== 0;
      const { sizeBytes, modified } = fields;
      found.push({ path: above + entry.key, name: entry.text, isDirectory, sizeBytes, modified });
    }
    return found;
  }

  private *syncDirectory(node: FatNode, path: Path): Task<void> {
    const { cached } = this.state;
    const failure = yield* syncNode(this.state, node);
    const error = failure ?? (yield* cached.cache.flush(cached));
    if (error !== null) throw new FsError('io', path, 'done, and not durable', error);
  }
}

function describe(node: FatNode): DirectoryEntry {
  const { path, isDirectory, sizeBytes, modified } = node;
  return { path, name: node.entry === null ? '' : node.entry.text, isDirectory, sizeBytes, modified };
}
