/**
 * The clusters of files whose content is worthless (page file, temporary files), as the mounted file systems have them in
 * every step: a snapshot asks for them at T, and can't wait for a table that has to be read. So they are looked up once, and
 * followed from change to change.
 *
 * Invariants
 * I1 What is given is right in the step in which it is asked: a cluster that a file gave up is not among them, and one that
 *    it got is. A file whose clusters are not in memory when it gets a name that is excluded is looked up; until that has
 *    been done it is backed up like any other.
 * I2 Directories are not excluded, what they say is needed to mount the volume; those below an excluded one are walked.
 */
import type { Owner, Task } from '../../engine/task.ts';
import type { Extent } from '../../engine/units.ts';
import type { FatVolume } from '../fs/fat/volume.ts';
import { type FileNode, FsError, type Path } from '../fs/file-system.ts';
import { matchesPattern } from '../scenario/paths.ts';
import type { PathPattern } from '../scenario/scenario.ts';
import type { FileActivity, FileFollower } from './file-activity.ts';
import type { WorldVolume } from './world.ts';

/** Where files are excluded. */
export interface ExcludingVolume {
  readonly files: FatVolume;
  readonly place: WorldVolume;
}

export class ExcludedFiles implements FileFollower {
  private readonly patterns: readonly PathPattern[];
  private readonly activity: FileActivity;
  private readonly owner: Owner;
  private readonly volumes = new Map<string, ExcludingVolume>();
  /** Sectors of the volume. */
  private readonly extents = new Map<FileNode, readonly Extent[]>();

  constructor(patterns: readonly PathPattern[], activity: FileActivity, owner: Owner) {
    this.patterns = patterns;
    this.activity = activity;
    this.owner = owner;
  }

  /** Looks the files of a volume up, and follows them from now on. Throws `FsError`. */
  *begin(volume: ExcludingVolume): Task<void> {
    const { letter } = volume.files;
    if (this.volumes.has(letter)) return;
    this.volumes.set(letter, volume);
    this.activity.followers.add(this);
    yield* this.walk(volume, `${letter}:\\`);
  }

  /** On their drive. */
  on(driveId: string): Extent[] {
    const found: Extent[] = [];
    for (const [{ path }, extents] of this.extents) {
      const { on, firstSector } = this.volumes.get(path.slice(0, 1))!.place;
      if (on.spec.id !== driveId) continue;
      for (const { first, count } of extents) found.push({ first: firstSector + first, count });
    }
    return found;
  }

  end(): void {
    this.activity.followers.delete(this);
    this.extents.clear();
  }

  created(node: FileNode): void {
    this.resized(node);
  }

  resized(node: FileNode): void {
    const volume = this.volumes.get(node.path.slice(0, 1));
    if (volume === undefined || !this.isExcluded(node.path)) return;
    const known = volume.files.clustersNow(node);
    if (known !== null) this.extents.set(node, known);
    else {
      this.extents.delete(node);
      this.owner.spawn(`clusters of ${node.path}`, unlessItFails(this.lookUp(volume, node.path)));
    }
  }

  /** Of a folder all that is below it has another path. */
  renamed(node: FileNode, from: Path): void {
    for (const each of [...this.extents.keys()]) if (!this.isExcluded(each.path)) this.extents.delete(each);
    const volume = this.volumes.get(node.path.slice(0, 1));
    if (volume === undefined) return;
    if (!node.isDirectory) this.resized(node);
    else this.owner.spawn(`files that were in ${from}`, unlessItFails(this.walk(volume, node.path)));
  }

  removed(node: FileNode): void {
    this.extents.delete(node);
  }

  private isExcluded(path: Path): boolean {
    return this.patterns.some(pattern => matchesPattern(pattern, path));
  }

  private *walk(volume: ExcludingVolume, folder: Path): Task<void> {
    const entries = yield* unlessItIsGone(volume.files.list(folder));
    for (const { path, isDirectory } of entries ?? []) {
      if (isDirectory) yield* this.walk(volume, path);
      else if (this.isExcluded(path)) yield* this.lookUp(volume, path);
    }
  }

  private *lookUp(volume: ExcludingVolume, path: Path): Task<void> {
    const found = yield* unlessItIsGone(volume.files.clustersOf(path));
    if (found !== null && this.activity.followers.has(this)) this.extents.set(found.node, found.extents);
  }
}

/** Null for a file or folder that is gone by then: it needs nothing. */
function* unlessItIsGone<T>(task: Task<T>): Task<T | null> {
  try {
    return yield* task;
  } catch (error) {
    if (error instanceof FsError && error.failure === 'not-found') return null;
    throw error;
  }
}

/** What can't be looked up is backed up like any other file (I1). */
function* unlessItFails(task: Task<void>): Task<void> {
  try {
    yield* task;
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
  }
}
