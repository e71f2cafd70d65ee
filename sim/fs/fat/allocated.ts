/** Which sectors of a FAT volume hold something: what a sector-level backup copies. */
import type { Extent } from '../../../engine/units.ts';
import { type FatLayout, FIRST_CLUSTER, offsetOfCluster, sectorsOf } from './layout.ts';
import { BAD, decodeTable, FREE } from './table.ts';

/** The sectors of the table that is read. */
export function tableExtent(layout: FatLayout): Extent {
  return sectorsOf(layout, layout.fatStart + layout.activeFat * layout.fatBytes, layout.fatBytes);
}

/**
 * Boot and reserved sectors, the tables, the root directory and every cluster that the table says is in use, as runs of
 * sectors of the volume in order. `table` is what `tableExtent` holds.
 */
export function allocatedExtents(layout: FatLayout, table: Uint8Array): Extent[] {
  const { kind, clusterCount } = layout;
  const entries = new Uint32Array(FIRST_CLUSTER + clusterCount);
  decodeTable(kind, table, 0, entries);
  const extents: Extent[] = [];
  let run = { first: 0, count: layout.dataStart / layout.sectorSize };
  const sectorsPerCluster = layout.clusterBytes / layout.sectorSize;
  for (let cluster = FIRST_CLUSTER; cluster < entries.length; cluster++) {
    const value = entries[cluster]!;
    if (value === FREE || value === BAD[kind]) continue;
    const first = offsetOfCluster(layout, cluster) / layout.sectorSize;
    if (first === run.first + run.count) {
      run.count += sectorsPerCluster;
    } else {
      extents.push(run);
      run = { first, count: sectorsPerCluster };
    }
  }
  extents.push(run);
  return extents;
}
