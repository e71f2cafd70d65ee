/**
 * The engine's cache file as a visible file of a FAT volume. The file system allocates it, whole pages at a time; the
 * engine writes its sectors, past the page cache.
 */
import type { Task } from '../../../engine/task.ts';
import type { Bytes, Extent, Sector } from '../../../engine/units.ts';
import { FsError, type Path } from '../file-system.ts';
import type { FatVolume } from './volume.ts';

export class CacheFileOnFat {
  readonly path: Path;
  /** All its clusters, also where less was asked for than they hold. */
  extents: readonly Extent[] = [];
  /** Waits for its volume, where the machine is still starting. */
  private readonly volume: () => Task<FatVolume>;
  private readonly folder: Path;
  private sectorCount: Sector = 0;
  private isLeft = false;

  constructor(volume: () => Task<FatVolume>, folder: Path, name: string) {
    this.volume = volume;
    this.folder = folder;
    this.path = `${folder}\\${name}`;
  }

  /** Adds so many bytes and says where they are, from the start of the volume. Durable when it returns. */
  *grow(bytes: Bytes): Task<Extent[]> {
    const volume = yield* this.volume();
    const { sectorSize } = volume.layout;
    const before = this.sectorCount;
    const after = before + Math.ceil(bytes / sectorSize);
    yield* volume.makeDirectory(this.folder);
    const extents = yield* volume.reserve(this.path, after * sectorSize, this.isLeft);
    this.sectorCount = after;
    this.extents = extents;
    return part(extents, before, after);
  }

  /** The file is there from an earlier life of the machine; returns the sectors that can be used, `most` of them at most. */
  found(extents: readonly Extent[], most: Sector): Extent[] {
    this.isLeft = true;
    this.extents = extents;
    const all = extents.reduce((sum, { count }) => sum + count, 0);
    this.sectorCount = Math.min(all, most);
    return part(extents, 0, this.sectorCount);
  }

  /** Gives everything back; fine when there is nothing. */
  *remove(): Task<void> {
    this.sectorCount = 0;
    try {
      const volume = yield* this.volume();
      yield* volume.remove(this.path);
    } catch (error) {
      if (!(error instanceof FsError && error.failure === 'not-found')) throw error;
    }
    this.extents = [];
  }
}

/** Sectors `from` to `to` of those that the extents have, counted through. */
function part(extents: readonly Extent[], from: Sector, to: Sector): Extent[] {
  const found: Extent[] = [];
  let passed = 0;
  for (const { first, count } of extents) {
    const start = Math.max(from, passed);
    const end = Math.min(to, passed + count);
    if (end > start) found.push({ first: first + start - passed, count: end - start });
    passed += count;
  }
  return found;
}
