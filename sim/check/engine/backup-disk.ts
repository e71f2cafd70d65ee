/**
 * `backup-disk` (E14): after each backup, and after each end of the machine, the backup disk is opened anew from what its
 * drive holds. It gives the newest complete image, or finishes it by itself; nothing on it is damaged; and every older
 * generation that it lists reads as the drive was at its T.
 */

import type { BackupDisk } from '../../../engine/backup-disk/backup-disk.ts';
import { viewGeneration } from '../../../engine/backup-disk/generation-view.ts';
import { openBackupDisk } from '../../../engine/backup-disk/open.ts';
import { verifyBackupDisk } from '../../../engine/backup-disk/verify.ts';
import { sameBytes } from '../../../engine/bytes.ts';
import { WorldError } from '../../../engine/invariant.ts';
import { runNow } from '../../../engine/task.ts';
import type { Sectors } from '../../disk/sectors.ts';
import { BASE_SNAPSHOT, type BackupDrive } from '../../world/backup-drive.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, engineVerdict } from './engine-verdict.ts';
import { pictureOf } from './image-compare.ts';

/** A drive as it was left, and what must be on it. */
interface Left {
  readonly drive: BackupDrive;
  readonly sectors: Sectors;
  readonly when: string;
  /** The last backup that had completed; null: none had, and nothing is promised. */
  readonly complete: string | null;
  /** One that was under way. */
  readonly underWay: string | null;
  readonly looksAtAll: boolean;
}

export function backupDisk(evidence: EngineEvidence): Verdict {
  const { world } = evidence;
  const violations: string[] = [];
  let looked = 0;
  let cuts = 0;
  for (const left of leftOf(evidence)) {
    if (left.complete === null && left.underWay === null) continue;
    if (left.underWay !== null) cuts += 1;
    const found = judge(evidence, left, world);
    looked += found.looked;
    violations.push(...found.violations.map(text => `${left.drive.drive.id}, ${left.when}: ${text}`));
  }
  return engineVerdict('backup-disk', 'E14', {
    looked,
    violations,
    summary: `${looked} granules of backup disks are what the drives held at their T${cuts === 0 ? '' : `, also after ${cuts} ends of the machine`}`,
    nothing: 'no backup was made to a backup disk',
  });
}

function leftOf({ world, backups }: EngineEvidence): Left[] {
  const left: Left[] = [];
  for (const drive of world.backupDrives) {
    const made = backups.flatMap(backup =>
      backup.diskBackups.filter(each => each.drive === drive).map(each => ({ backup, each })),
    );
    for (const [at, { backup, each }] of made.entries()) {
      const looksAtAll = at === made.length - 1;
      const when = `after ${backup.id}`;
      left.push({ drive, sectors: each.after, when, complete: backup.id, underWay: null, looksAtAll });
    }
    for (const { atNs, sectors } of drive.machineEnds) {
      const before = made.filter(({ backup }) => (backup.copyToNs ?? Number.POSITIVE_INFINITY) <= atNs);
      const during = backups.find(each => each.startedNs <= atNs && (each.endedNs ?? Number.POSITIVE_INFINITY) >= atNs);
      const complete = before.at(-1)?.backup.id ?? null;
      const underWay = during?.id ?? null;
      if (complete === null) continue;
      left.push({ drive, sectors, when: 'after an end of the machine', complete, underWay, looksAtAll: true });
    }
  }
  return left;
}

interface Judged {
  readonly looked: number;
  readonly violations: readonly string[];
}

function judge(evidence: EngineEvidence, left: Left, world: World): Judged {
  const { drive, sectors, complete, underWay, looksAtAll } = left;
  const { hash, methodArena } = world.modules;
  try {
    const disk = runNow(openBackupDisk(drive.placesOnFork(sectors.fork(methodArena)), hash, drive.source));
    const { newest } = disk;
    if (newest === null) return { looked: 1, violations: ['it holds no complete image any more'] };
    const { snapshot } = newest.picture;
    const violations: string[] = [];
    if (snapshot !== complete && snapshot !== underWay)
      violations.push(`its image is of ${snapshot}, not of ${complete}`);
    const { damages } = runNow(verifyBackupDisk(disk));
    if (damages > 0) violations.push(`${damages} of its parts are damaged`);
    const wanted = looksAtAll ? disk.generations : [newest];
    let looked = 0;
    for (const { number, picture } of wanted) {
      const found = generation(evidence, disk, drive, number, picture.snapshot);
      looked += found.looked;
      violations.push(...found.violations);
    }
    return { looked, violations };
  } catch (error) {
    if (!(error instanceof WorldError)) throw error;
    return { looked: 1, violations: [error.message] };
  }
}

/** Compares a generation with the drive at its T, granule by granule. */
function generation(
  { world, snapshots, backups }: EngineEvidence,
  disk: BackupDisk,
  { of, source }: BackupDrive,
  number: number,
  id: string,
): Judged {
  const snapshot = snapshots.find(({ request }) => request.id === id);
  const expected =
    id === BASE_SNAPSHOT
      ? { sectors: world.lives[0]!.drives.get(of.drive)!, offsetBytes: of.extent.first * source.sectorSize }
      : snapshot === undefined
        ? null
        : pictureOf(snapshot, of.drive, of.extent, source.sectorSize);
  if (expected === null) return { looked: 1, violations: [`generation ${number} is of ${id}, which nobody took`] };
  const used = backups.find(backup => backup.id === id)?.diskBackups.find(each => each.drive.of.name === of.name)?.used;
  const view = runNow(viewGeneration(disk, number));
  const { grid, granuleCount } = disk.layout;
  const violations: string[] = [];
  let looked = 0;
  for (let granule = 0; granule < granuleCount && violations.length < 5; granule++) {
    if (used != null && !used.get(granule)) continue;
    const first = grid.start(granule);
    const got = runNow(view.read(first, grid.length(granule)));
    const wanted = new Uint8Array(got.length);
    expected.sectors.read(expected.offsetBytes + first * source.sectorSize, wanted);
    looked += 1;
    if (!sameBytes(got, wanted)) violations.push(`granule ${granule} of ${id} is not what it was at T`);
  }
  return { looked, violations };
}
