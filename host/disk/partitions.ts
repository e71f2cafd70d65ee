/** What a drive carries: its partition table, and the FAT volumes that it names, or one without a table. */

import type { Task } from '../../engine/task.ts';
import type { Extent, Sector } from '../../engine/units.ts';
import { readGuidPartitionTable } from '../../sim/disk/gpt.ts';
import { readPartitions } from '../../sim/disk/mbr.ts';
import { type FatLayout, parseLayout } from '../../sim/fs/fat/layout.ts';
import type { SectorSize } from './place.ts';

/** Reads sectors of a drive or of a generation of it. */
export type ReadTask = (first: Sector, count: Sector) => Task<Uint8Array>;

export interface DriveShape {
  readonly sectorSize: SectorSize;
  readonly sectorCount: Sector;
}

export interface FoundVolume {
  /** Its number in the table, from 1 on; 1 for a drive that is one volume. */
  readonly number: number;
  /** C, D, ... for volumes with a FAT file system, in the order of the table. */
  readonly letter: string | null;
  readonly name: string;
  readonly extent: Extent;
  readonly fat: FatLayout | null;
}

export interface DriveContent {
  readonly table: 'gpt' | 'mbr' | 'none';
  readonly volumes: readonly FoundVolume[];
}

const PROTECTIVE = 0xee;
const EXTENDED = [0x05, 0x0f, 0x85];
/** A GPT keeps at most so many sectors at either end. */
const TABLE_SECTORS: Sector = 34;

/** Partitions inside an extended one are not looked for: it is told as one volume without a file system of ours. */
export function* readContent(read: ReadTask, shape: DriveShape): Task<DriveContent> {
  const { sectorSize, sectorCount } = shape;
  const first = yield* read(0, 1);
  const whole: Extent = { first: 0, count: sectorCount };
  const partitions = readPartitions(first);
  const bare = parseLayout(first, sectorSize, sectorCount);
  if (!('reason' in bare)) return { table: 'none', volumes: [volume(1, 'C', bare.label, whole, bare)] };
  if (partitions === null) {
    // A damaged first sector says nothing against a table at the end.
    const gpt = yield* readGpt(read, shape);
    return gpt ?? { table: 'none', volumes: [] };
  }
  if (partitions.some(({ type }) => type === PROTECTIVE)) {
    const gpt = yield* readGpt(read, shape);
    if (gpt !== null) return gpt;
  }
  const named = partitions.map(({ type, extent }, index) => ({
    number: index + 1,
    name: EXTENDED.includes(type) ? 'extended' : '',
    extent,
  }));
  return { table: 'mbr', volumes: yield* withFat(read, shape, named) };
}

/** The table of a GPT, from either end. */
function* readGpt(read: ReadTask, shape: DriveShape): Task<DriveContent | null> {
  const { sectorSize, sectorCount } = shape;
  if (sectorCount < 2 * TABLE_SECTORS) return null;
  const head = yield* read(0, TABLE_SECTORS);
  const tailFirst = sectorCount - TABLE_SECTORS;
  const tail = yield* read(tailFirst, TABLE_SECTORS);
  const part = (at: Sector, count: Sector): Uint8Array => {
    const [bytes, from] = at + count <= TABLE_SECTORS ? [head, 0] : [tail, tailFirst];
    if (at < from || at + count > from + TABLE_SECTORS) return new Uint8Array(count * sectorSize);
    return bytes.subarray((at - from) * sectorSize, (at - from + count) * sectorSize);
  };
  const table = readGuidPartitionTable(part, sectorSize, sectorCount);
  if (table === null) return null;
  const named = table.partitions.map(({ name, extent }, index) => ({ number: index + 1, name, extent }));
  return { table: 'gpt', volumes: yield* withFat(read, shape, named) };
}

function* withFat(
  read: ReadTask,
  { sectorSize, sectorCount }: DriveShape,
  partitions: readonly { readonly number: number; readonly name: string; readonly extent: Extent }[],
): Task<FoundVolume[]> {
  const volumes: FoundVolume[] = [];
  let letters = 0;
  for (const { number, name, extent } of partitions) {
    if (extent.first < 1 || extent.count < 1 || extent.first + extent.count > sectorCount) continue;
    const layout = parseLayout(yield* read(extent.first, 1), sectorSize, extent.count);
    const fat = 'reason' in layout ? null : layout;
    const letter = fat === null || letters > 23 ? null : String.fromCharCode('C'.charCodeAt(0) + letters);
    if (letter !== null) letters += 1;
    volumes.push(volume(number, letter, name === '' ? (fat?.label ?? '') : name, extent, fat));
  }
  return volumes;
}

function volume(
  number: number,
  letter: string | null,
  name: string,
  extent: Extent,
  fat: FatLayout | null,
): FoundVolume {
  return { number, letter, name, extent, fat };
}

/** A volume by its number or letter. */
export function volumeBy({ volumes }: DriveContent, word: string): FoundVolume | null {
  const wanted = word.replace(/:$/, '').toUpperCase();
  return volumes.find(({ number, letter }) => String(number) === wanted || letter === wanted) ?? null;
}
