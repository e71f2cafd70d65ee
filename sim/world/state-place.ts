/**
 * Where the state place of a durable snapshot is in a world: two sectors of a drive between its partition table and its
 * first volume.
 *
 * Invariants
 * I1 It lies on a selected drive that the cache is not on, or else on another such drive; where there is none, on the one
 *    that there is.
 * I2 No two snapshots of which something is left share a sector, and between two sectors of a place lies another one.
 */
import { defect, WorldError } from '../../engine/invariant.ts';
import { type Extent, MIB, type Sector } from '../../engine/units.ts';
import { gptHeadSectors } from '../disk/gpt.ts';
import type { World, WorldDrive } from './world.ts';

export interface StatePlaceInWorld {
  readonly drive: string;
  readonly sectors: readonly [Sector, Sector];
}

class NoRoom extends WorldError {
  override readonly name = 'NoRoom';
}

/** Sectors from the first of a place to the first of the next one. */
const STRIDE: Sector = 4;

/** A place that is free in this step. */
export function statePlaceFor(world: World, selectedDrives: readonly string[], cacheDrive: string): StatePlaceInWorld {
  const others = world.scenario.drives.map(({ id }) => id);
  const apart = [...selectedDrives, ...others].filter(id => id !== cacheDrive);
  const id = apart[0] ?? selectedDrives[0] ?? defect('nothing is selected');
  const { first, count } = behindTable(world.drive(id));
  const taken = new Set(statesOn(world, id).map(extent => extent.first));
  for (let sector = first; sector + 2 < first + count; sector += STRIDE) {
    if (!taken.has(sector)) return { drive: id, sectors: [sector, sector + 2] };
  }
  throw new NoRoom(`no room for the state of another snapshot before the first volume of ${id}`);
}

/** The sectors of all state places that are there on a drive, one by one. */
export function statesOn({ snapshots }: World, drive: string): Extent[] {
  return snapshots.flatMap(({ statePlace, holdsState }) =>
    holdsState && statePlace?.drive === drive ? statePlace.sectors.map(first => ({ first, count: 1 })) : [],
  );
}

/** What a drive has between its partition table and its first volume. */
function behindTable({ spec }: WorldDrive): Extent {
  const { sectorSizeBytes, partitions, volumes, sizeBytes } = spec;
  const first: Sector = partitions === 'gpt' ? gptHeadSectors(sectorSizeBytes) : 1;
  const end = Math.min(volumes[0]?.offsetBytes ?? MIB, sizeBytes) / sectorSizeBytes;
  return { first, count: end - first };
}
