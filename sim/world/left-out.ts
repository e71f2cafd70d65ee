/**
 * What a picture leaves out at T (E11), for the checks and the report: found in the step of T in the file systems as the
 * machine has them then, on the drives and in memory, read by the checkers' own reader. Neither the engine nor what tells it
 * what to leave out is asked.
 */
import type { Bytes, Extent } from '../../engine/units.ts';
import { PAGE_BYTES } from '../disk/arena.ts';
import type { ReadSectors } from '../fs/fat/image.ts';
import { readVolume } from '../fs/fat/read-only.ts';
import type { Path } from '../fs/file-system.ts';
import { matchesPattern } from '../scenario/paths.ts';
import { statesOn } from './state-place.ts';
import type { WatchedSnapshot } from './watched-snapshot.ts';
import type { World, WorldVolume } from './world.ts';

export interface LeftOut {
  /** A file, or the drive with raw sectors of a cache. */
  readonly path: Path;
  /** A cache file, or the state of a durable snapshot; or what the scenario says is worthless. */
  readonly because: 'cache' | 'state' | 'excluded';
  readonly drive: string;
  /** Of the drive. */
  readonly extents: readonly Extent[];
  readonly bytes: Bytes;
  /** Of a file: what its directory says. */
  readonly sizeBytes: Bytes | null;
}

export function overlapsExtent(a: Extent, b: Extent): boolean {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

/** What a snapshot that is enabled in this step leaves out. */
export function leftOutNow(world: World, watched: WatchedSnapshot): LeftOut[] {
  const caches = world.snapshots.filter(({ spaceHeldBytes }) => spaceHeldBytes > 0);
  const isSelected = (drive: string, extent: Extent): boolean =>
    watched.selected.some(each => each.drive === drive && overlapsExtent(each.extent, extent));
  const found = caches.flatMap(({ cacheFile, cacheDrive, cacheExtents }): LeftOut[] => {
    const extents = cacheExtents.filter(extent => isSelected(cacheDrive, extent));
    if (cacheFile !== null || extents.length === 0) return [];
    return [{ path: cacheDrive, because: 'cache', sizeBytes: null, ...placed(world, cacheDrive, extents) }];
  });
  for (const drive of new Set(watched.selected.map(each => each.drive))) {
    const extents = statesOn(world, drive).filter(extent => isSelected(drive, extent));
    if (extents.length > 0)
      found.push({ path: drive, because: 'state', sizeBytes: null, ...placed(world, drive, extents) });
  }
  const { exclude } = watched.request.options;
  for (const letter of world.cached.keys()) {
    const volume = world.volume(letter);
    const place = { first: volume.firstSector, count: volume.sectorCount };
    if (!isSelected(volume.on.spec.id, place)) continue;
    const paths = new Set(caches.flatMap(({ cacheFile }) => (cacheFile?.letter === letter ? [cacheFile.path] : [])));
    if (paths.size > 0 || exclude.length > 0) found.push(...filesLeftOut(world, letter, volume, paths, exclude));
  }
  return found;
}

function filesLeftOut(
  world: World,
  letter: string,
  { on, firstSector, sectorCount }: WorldVolume,
  caches: ReadonlySet<Path>,
  exclude: readonly string[],
): LeftOut[] {
  const { id, sectorSizeBytes } = on.spec;
  const place = { letter, sectorSize: sectorSizeBytes, sectorCount };
  return readVolume(liveReader(world, letter), place).files.flatMap(file => {
    const isCache = caches.has(file.path);
    if (file.isDirectory || !(isCache || exclude.some(pattern => matchesPattern(pattern, file.path)))) return [];
    const extents = file.extents().map(({ first, count }) => ({ first: firstSector + first, count }));
    const { path, sizeBytes } = file;
    return [{ path, because: isCache ? 'cache' : 'excluded', sizeBytes, ...placed(world, id, extents) }];
  });
}

function placed(world: World, drive: string, extents: readonly Extent[]): Pick<LeftOut, 'drive' | 'extents' | 'bytes'> {
  const { sectorSizeBytes } = world.drive(drive).spec;
  return { drive, extents, bytes: sectorSizeBytes * extents.reduce((sum, { count }) => sum + count, 0) };
}

/** The paths of all files of a volume, as its file system has them in this step. */
export function livePaths(world: World, letter: string): ReadonlySet<Path> {
  const { on, sectorCount } = world.volume(letter);
  const place = { letter, sectorSize: on.spec.sectorSizeBytes, sectorCount };
  return new Set(readVolume(liveReader(world, letter), place).files.map(({ path }) => path));
}

/** A volume as its file system has it: what is in memory, else what is on the drive. */
function liveReader(world: World, letter: string): ReadSectors {
  const cached = world.cached.get(letter)!;
  const { on, firstSector } = world.volume(letter);
  const { sectorSizeBytes } = on.spec;
  return (first, count) => {
    const bytes = new Uint8Array(count * sectorSizeBytes);
    const start = first * sectorSizeBytes;
    on.drive.sectors.read(firstSector * sectorSizeBytes + start, bytes);
    const end = start + bytes.length;
    for (let number = Math.floor(start / PAGE_BYTES); number * PAGE_BYTES < end; number++) {
      const page = cached.resident(number);
      if (page === null) continue;
      const from = Math.max(start, number * PAGE_BYTES);
      const to = Math.min(end, number * PAGE_BYTES + cached.lengthOf(number));
      bytes.set(page.bytes.subarray(from - number * PAGE_BYTES, to - number * PAGE_BYTES), from - start);
    }
    return bytes;
  };
}
