/** What a disk holds now, in words, before it is replaced. */
import { findCatalogue } from '../../engine/backup-disk/find-catalogue.ts';
import { hasMagic } from '../../engine/backup-disk/header.ts';
import { secondHeaderOffset } from '../../engine/backup-disk/layout.ts';
import { restoreStateOf } from '../../engine/backup-disk/restore-mark.ts';
import { readSectors } from '../../engine/backup-disk/transfer.ts';
import { isZeroes } from '../../engine/bytes.ts';
import type { Checksum } from '../../engine/checksum.ts';
import type { Device } from '../../engine/device.ts';
import type { Task } from '../../engine/task.ts';
import { type Bytes, MIB } from '../../engine/units.ts';
import { type DriveContent, readContent } from './partitions.ts';

/** So much of the start is looked at for anything at all. */
const LOOKED_BYTES: Bytes = MIB;

export function* describeTarget(target: Device, checksum: Checksum): Task<string> {
  const mark = yield* restoreStateOf(target, 0, checksum);
  if (mark !== null) return `a restore of generation ${mark.generation} of ${mark.sourceId} that was cut off`;
  const content = yield* readContent((first, count) => readSectors(target, first, count), target);
  const words = contentWords(content);
  if (yield* isBackupDisk(target, checksum)) return `a backup disk of otm: ${words ?? 'no partition table'}`;
  if (words !== null) return words;
  const looked = Math.min(target.sectorCount, LOOKED_BYTES / target.sectorSize);
  return isZeroes(yield* readSectors(target, 0, looked)) ? 'nothing' : 'something that otm does not know';
}

/** Looks at the end only: a search of a whole drive takes hours. */
function* isBackupDisk(target: Device, checksum: Checksum): Task<boolean> {
  const at = secondHeaderOffset(target.sectorCount * target.sectorSize);
  if (at < 0) return false;
  if (!hasMagic(yield* readSectors(target, at / target.sectorSize, 1))) return false;
  return (yield* findCatalogue(target, checksum)) !== null;
}

/** Null when there is nothing that is known. */
export function contentWords({ table, volumes }: DriveContent): string | null {
  const named = volumes.map(({ number, letter, name, fat }) => {
    const kind = fat === null ? '' : ` ${fat.kind.toUpperCase()}`;
    const label = name === '' ? '' : ` "${name}"`;
    return `${letter === null ? number : `${letter}:`}${kind}${label}`;
  });
  if (table === 'none') return volumes.length === 0 ? null : `a FAT volume without a partition table (${named[0]})`;
  const count = volumes.length === 1 ? '1 volume' : `${volumes.length} volumes`;
  return `a ${table.toUpperCase()} with ${count}${named.length === 0 ? '' : ` (${named.join(', ')})`}`;
}
