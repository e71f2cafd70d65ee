/**
 * Where a snapshot's cache file is in a world: raw sectors of a drive outside its volumes, a drive of its own, or a
 * visible file on a FAT volume.
 */
import type { CacheSpace } from '../../engine/cache-file.ts';
import { defect, WorldError } from '../../engine/invariant.ts';
import type { Task } from '../../engine/task.ts';
import { type Bytes, type Extent, MIB, type Sector } from '../../engine/units.ts';
import { Sectors } from '../disk/sectors.ts';
import { CacheFileOnFat } from '../fs/fat/cache-file.ts';
import type { CacheSpec } from '../scenario/scenario.ts';
import type { World, WorldDrive } from './world.ts';

class NoRoom extends WorldError {
  override readonly name = 'NoRoom';
}

/** The space for the snapshot `id`, and the drive that it is on. */
export function cacheSpaceFor(world: World, id: string, spec: CacheSpec): { space: CacheSpace; drive: string } {
  switch (spec.on.is) {
    case 'spare': {
      const drive = spareDrive(world, id, spec.limitBytes);
      return { space: rawSpace(world, drive, 0), drive: drive.spec.id };
    }
    case 'drive': {
      const drive = world.drive(spec.on.driveId);
      return { space: rawSpace(world, drive, endOfVolumes(drive)), drive: drive.spec.id };
    }
    case 'volume':
      return { space: fileSpace(world, id, spec.on.letter), drive: world.volume(spec.on.letter).on.spec.id };
  }
}

/** A drive like the first one of the scenario, with nothing on it. */
function spareDrive(world: World, id: string, limitBytes: Bytes): WorldDrive {
  const like = world.scenario.drives[0] ?? defect('a scenario without drives');
  const sizeBytes = Math.ceil(limitBytes / MIB + 1) * MIB;
  const spec = { ...like, id: `spare-${id}`, sizeBytes, sectorSizeBytes: 512 as const, volumes: [] };
  return world.addDrive(spec, new Sectors(sizeBytes, world.modules.methodArena));
}

function endOfVolumes({ spec }: WorldDrive): Sector {
  const ends = spec.volumes.map(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes);
  return Math.max(MIB, ...ends) / spec.sectorSizeBytes;
}

/** Behind whatever other caches hold there now. */
function rawSpace({ snapshots }: World, { spec, cacheHandle }: WorldDrive, from: Sector): CacheSpace {
  const sectorCount = spec.sizeBytes / spec.sectorSizeBytes;
  return {
    device: cacheHandle,
    place: spec.id,
    *grow(bytes): Task<readonly Extent[]> {
      let first = from;
      for (const { cacheDrive, spaceHeldBytes, cacheExtents } of snapshots) {
        if (cacheDrive !== spec.id || spaceHeldBytes === 0) continue;
        for (const extent of cacheExtents) first = Math.max(first, extent.first + extent.count);
      }
      const count = bytes / spec.sectorSizeBytes;
      if (first + count > sectorCount) throw new NoRoom(`no room for ${bytes} bytes behind the volumes of ${spec.id}`);
      return [{ first, count }];
    },
    *free(): Task<void> {},
  };
}

/** The file `\OTM\<id>.CACHE`. */
function fileSpace(world: World, id: string, letter: string): CacheSpace {
  const { on, firstSector } = world.volume(letter);
  const file = new CacheFileOnFat(world.files(letter), `${letter}:\\OTM`, `${id.toUpperCase()}.CACHE`);
  world.cachePaths.add(file.path);
  return {
    device: on.cacheHandle,
    place: file.path,
    *grow(bytes): Task<readonly Extent[]> {
      const extents = yield* file.grow(bytes);
      return extents.map(({ first, count }) => ({ first: firstSector + first, count }));
    },
    free: () => file.remove(),
  };
}
