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
import { defect, WorldError } from '../../../engine/invariant.ts';
import { runNow } from '../../../engine/task.ts';
import { counted } from '../../apps/wording.ts';
import type { Sectors } from '../../disk/sectors.ts';
import { BASE_SNAPSHOT, type BackupDrive, DISK_GRANULE_BYTES } from '../../world/backup-drive.ts';
import type { RestoredDisk } from '../../world/rescue.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, engineVerdict } from './engine-verdict.ts';
import { differences, pictureOf, type Stretch } from './image-compare.ts';

/** A drive as it was left, and what must be on it. */
interface Left {
  readonly drive: BackupDrive;
  readonly sectors: Sectors;
  readonly when: string;
  /** The last backup that had completed. */
  readonly complete: string;
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
    if (left.underWay !== null) cuts += 1;
    const found = judge(evidence, left);
    looked += found.looked;
    violations.push(...found.violations.map(text => `${left.drive.drive.id}, ${left.when}: ${text}`));
  }
  for (const restored of world.restoredDisks) {
    const found = judgeRestored(evidence, restored);
    looked += found.looked;
    violations.push(...found.violations.map(text => `${restored.drive.of.name}, restored: ${text}`));
  }
  return engineVerdict('backup-disk', 'E14', {
    looked,
    violations,
    summary: summaryOf(looked, cuts, world.restoredDisks),
    nothing: 'no backup was made to a backup disk',
  });
}

function summaryOf(looked: number, cuts: number, restored: readonly RestoredDisk[]): string {
  const parts = [`${looked} granules of backup disks are what the drives held at their T`];
  if (cuts > 0) parts.push(`also after ${counted(cuts, 'end')} of the machine`);
  for (const { drive, tries } of restored) parts.push(`${drive.of.name} came back in ${counted(tries, 'restore')}`);
  return parts.join(', ');
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
      const complete = before.at(-1)?.backup.id;
      const underWay = during?.id ?? null;
      // Before the first backup has completed nothing is promised.
      if (complete === undefined) continue;
      left.push({ drive, sectors, when: 'after an end of the machine', complete, underWay, looksAtAll: true });
    }
  }
  return left;
}

interface Judged {
  readonly looked: number;
  readonly violations: readonly string[];
}

function judge(evidence: EngineEvidence, left: Left): Judged {
  const { drive, sectors, complete, underWay, looksAtAll } = left;
  const { hash, methodArena } = evidence.world.modules;
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

/** A new drive is what the old one was at the T of the image; until it was it said so. */
function judgeRestored(evidence: EngineEvidence, { drive, snapshot, sectors, unmarked }: RestoredDisk): Judged {
  const { of, source } = drive;
  const violations: string[] = [];
  if (unmarked > 0) violations.push('the restore was cut off, and the drive did not say that it is incomplete');
  const expected = expectedOf(evidence, drive, snapshot);
  if (expected === null) return { looked: 1, violations: [...violations, `it is of ${snapshot}, which nobody took`] };
  const offsetBytes = of.extent.first * source.sectorSize;
  const length = source.sectorCount * source.sectorSize;
  const wrong = differences({ sectors, offsetBytes }, expected, length, source.sectorSize, () => true);
  violations.push(...wrong.map(offset => `sector ${offset / source.sectorSize} is not what it was at T`));
  return { looked: Math.ceil(length / DISK_GRANULE_BYTES), violations };
}

/** What the image of a snapshot must hold. */
function expectedOf({ world, snapshots }: EngineEvidence, { of, source }: BackupDrive, id: string): Stretch | null {
  if (id === BASE_SNAPSHOT) {
    const sectors = world.lives[0]?.drives.get(of.drive) ?? defect(`no drive ${of.drive}`);
    return { sectors, offsetBytes: of.extent.first * source.sectorSize };
  }
  const snapshot = snapshots.find(({ request }) => request.id === id);
  return snapshot === undefined ? null : pictureOf(snapshot, of.drive, of.extent, source.sectorSize);
}

/** Compares a generation with the drive at its T, granule by granule. */
function generation(
  evidence: EngineEvidence,
  disk: BackupDisk,
  drive: BackupDrive,
  number: number,
  id: string,
): Judged {
  const expected = expectedOf(evidence, drive, id);
  if (expected === null) return { looked: 1, violations: [`generation ${number} is of ${id}, which nobody took`] };
  const { of, source } = drive;
  const used = evidence.backups
    .find(backup => backup.id === id)
    ?.diskBackups.find(each => each.drive.of.name === of.name)?.used;
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
