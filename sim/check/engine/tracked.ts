/**
 * `tracked` (E13): the image after a backup equals a full copy of the drive at its T, so no change was missed; and a map of
 * changes was not trusted over the end of a machine that lost it.
 */
import type { Backup } from '../../agents/backup.ts';
import type { DiskBackup } from '../../agents/otm-incremental.ts';
import { DISK_GRANULE_BYTES } from '../../world/backup-drive.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, engineVerdict } from './engine-verdict.ts';
import { differences, pictureOf } from './image-compare.ts';

export function tracked({ backups, snapshots }: EngineEvidence): Verdict {
  const violations: string[] = [];
  let looked = 0;
  let increments = 0;
  const last = new Map<string, WatchedSnapshot>();
  for (const backup of backups) {
    const snapshot = snapshots.find(({ request }) => request.id === backup.id);
    if (snapshot === undefined) continue;
    for (const made of backup.diskBackups) {
      const { name } = made.drive.of;
      const base = last.get(name);
      violations.push(...wrongTrust(backup, made, base, snapshot), ...wrongImage(backup, made, snapshot));
      looked += Math.ceil((made.drive.source.sectorCount * made.drive.source.sectorSize) / DISK_GRANULE_BYTES);
      if (made.changed !== null) increments += 1;
      last.set(name, snapshot);
    }
  }
  return engineVerdict('tracked', 'E13', {
    looked,
    violations,
    summary: `${looked} granules of images are what the drives held at T; ${increments} backups went by the map of changes`,
    nothing: 'no backup was made to a backup disk',
    evidence: { increments },
  });
}

function wrongTrust(
  { id }: Backup,
  { changed, drive }: DiskBackup,
  base: WatchedSnapshot | undefined,
  snapshot: WatchedSnapshot,
): string[] {
  if (changed === null) return [];
  if (base === undefined && drive.isFilled && snapshot.life.number === 1) return [];
  if (base === undefined)
    return [`${id}: trusted a map of changes of ${drive.of.name}, and there was no backup before`];
  if (base.life === snapshot.life) return [];
  return [`${id}: trusted a map of changes of ${drive.of.name} that its machine had lost`];
}

function wrongImage({ id }: Backup, { drive, after, used }: DiskBackup, snapshot: WatchedSnapshot): string[] {
  const { of, source } = drive;
  const expected = pictureOf(snapshot, of.drive, of.extent, source.sectorSize);
  if (expected === null) return [];
  const isLooked = (offset: number): boolean => used === null || used.get(Math.floor(offset / DISK_GRANULE_BYTES));
  const length = source.sectorCount * source.sectorSize;
  const wrong = differences({ sectors: after, offsetBytes: 0 }, expected, length, source.sectorSize, isLooked);
  return wrong.map(
    offset => `${id}: sector ${offset / source.sectorSize} of the image of ${of.name} is not what it was at T`,
  );
}
