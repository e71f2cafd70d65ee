/**
 * Where a snapshot's cache file is in a world: raw sectors of a drive outside its volumes, a drive of its own, or a
 * visible file on a FAT volume.
 */
import type { CacheSpace } from '../../engine/cache-file.ts';
import { defect, WorldError } from '../../engine/invariant.ts';
import type { Task } from '../../engine/task.ts';
import { type Bytes, type Extent, MIB, type Sector } from '../../engine/units.ts';
import { gptTailSectors } from '../disk/gpt.ts';
import { Sectors } from '../disk/sectors.ts';
import { CacheFileOnFat } from '../fs/fat/cache-file.ts';
import type { ReadSectors } from '../fs/fat/image.ts';
import { readVolume } from '../fs/fat/read-only.ts';
import type { Path } from '../fs/file-system.ts';
import type { CacheSpec } from '../scenario/scenario.ts';
import type { World, WorldDrive } from './world.ts';

class NoRoom extends WorldError {
  override readonly name = 'NoRoom';
}

/** Where a cache is. */
export interface CachePlaceInWorld {
  readonly space: CacheSpace;
  readonly drive: string;
  /** A file, or null for raw sectors. */
  readonly file: { readonly letter: string; readonly path: Path; readonly extents: () => readonly Extent[] } | null;
}

/** The space for the snapshot `id`; in a later life of the machine, too. */
export function cacheSpaceFor(world: World, id: string, spec: CacheSpec): CachePlaceInWorld {
  switch (spec.on.is) {
    case 'spare': {
      const drive = world.drives.get(spareId(id)) ?? spareDrive(world, id, spec.limitBytes);
      const room = { first: 0, count: drive.drive.sectorCount };
      return { space: rawSpace(world, drive, room), drive: drive.spec.id, file: null };
    }
    case 'drive': {
      const drive = world.drive(spec.on.driveId);
      const within = { drive: drive.spec.id, extent: behindVolumes(drive) };
      return { space: { ...rawSpace(world, drive, within.extent), within }, drive: drive.spec.id, file: null };
    }
    case 'volume':
      return fileSpace(world, spec.on.letter, fileOf(world, id, spec.on.letter));
  }
}

/** The space of a cache that an earlier life of the machine has left, and where it lies; `lent`: by the host's books. */
export function leftCacheSpace(
  world: World,
  id: string,
  spec: CacheSpec,
  lent: readonly Extent[],
): CachePlaceInWorld & { readonly extents: readonly Extent[] } {
  if (spec.on.is !== 'volume') return { ...cacheSpaceFor(world, id, spec), extents: lent };
  const { letter } = spec.on;
  const { on, firstSector, sectorCount } = world.volume(letter);
  const { sectorSizeBytes } = on.spec;
  const file = fileOf(world, id, letter);
  const onDrives = readVolume(driveReader(on, firstSector), { letter, sectorSize: sectorSizeBytes, sectorCount });
  const entry = onDrives.find(file.path);
  const most = Math.min(spec.limitBytes, entry?.sizeBytes ?? 0) / sectorSizeBytes;
  const found = file.found(entry?.extents() ?? [], Math.floor(most));
  const extents = found.map(({ first, count }) => ({ first: firstSector + first, count }));
  return { ...fileSpace(world, letter, file), extents };
}

function spareId(id: string): string {
  return `spare-${id}`;
}

/** A drive like the first one of the scenario, with nothing on it. */
function spareDrive(world: World, id: string, limitBytes: Bytes): WorldDrive {
  const like = world.scenario.drives[0] ?? defect('a scenario without drives');
  const sizeBytes = Math.ceil(limitBytes / MIB + 1) * MIB;
  const bare = { sectorSizeBytes: 512, partitions: 'mbr', volumes: [] } as const;
  const spec = { ...like, ...bare, id: spareId(id), sizeBytes };
  return world.addDrive(spec, new Sectors(sizeBytes, world.modules.methodArena));
}

/** What a drive has behind its volumes and before the second table of a GPT. */
function behindVolumes({ spec }: WorldDrive): Extent {
  const { sectorSizeBytes, sizeBytes, partitions, volumes } = spec;
  const ends = volumes.map(volume => volume.offsetBytes + volume.sizeBytes);
  const first: Sector = Math.max(MIB, ...ends) / sectorSizeBytes;
  const tail = partitions === 'gpt' ? gptTailSectors(sectorSizeBytes) : 0;
  return { first, count: Math.max(0, sizeBytes / sectorSizeBytes - tail - first) };
}

/** Behind whatever other caches hold there now. */
function rawSpace({ snapshots }: World, { spec, cacheHandle }: WorldDrive, room: Extent): CacheSpace {
  return {
    device: cacheHandle,
    place: spec.id,
    *grow(bytes): Task<readonly Extent[]> {
      let { first } = room;
      for (const { cacheDrive, spaceHeldBytes, cacheExtents } of snapshots) {
        if (cacheDrive !== spec.id || spaceHeldBytes === 0) continue;
        for (const extent of cacheExtents) first = Math.max(first, extent.first + extent.count);
      }
      const count = bytes / spec.sectorSizeBytes;
      if (first + count > room.first + room.count)
        throw new NoRoom(`no room for ${bytes} bytes behind the volumes of ${spec.id}`);
      return [{ first, count }];
    },
    *free(): Task<void> {},
  };
}

/** The file `\OTM\<id>.CACHE`, as this life of the machine has it. */
function fileOf({ machine }: World, id: string, letter: string): CacheFileOnFat {
  return new CacheFileOnFat(() => machine.whenMounted(letter), `${letter}:\\OTM`, `${id.toUpperCase()}.CACHE`);
}

function fileSpace(world: World, letter: string, file: CacheFileOnFat): CachePlaceInWorld {
  const { on, firstSector, sectorCount } = world.volume(letter);
  const drive = on.spec.id;
  const onDrive = ({ first, count }: Extent): Extent => ({ first: firstSector + first, count });
  world.cachePaths.add(file.path);
  const space: CacheSpace = {
    device: on.cacheHandle,
    within: { drive, extent: { first: firstSector, count: sectorCount } },
    place: file.path,
    *grow(bytes): Task<readonly Extent[]> {
      return (yield* file.grow(bytes)).map(onDrive);
    },
    free: () => file.remove(),
  };
  return { space, drive, file: { letter, path: file.path, extents: () => file.extents.map(onDrive) } };
}

/** A volume as its drive has it. */
export function driveReader({ drive, spec }: WorldDrive, firstSector: Sector): ReadSectors {
  return (first, count) => {
    const bytes = new Uint8Array(count * spec.sectorSizeBytes);
    drive.sectors.read((firstSector + first) * spec.sectorSizeBytes, bytes);
    return bytes;
  };
}
