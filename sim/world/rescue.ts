/**
 * A disk is lost after the last backup: the machine is gone with it, and a new, empty one gets the newest generation back
 * from the backup disk. When the power goes meanwhile the restore is run again, as often as it takes; then the machine
 * starts from the new disk.
 *
 * Invariants
 * I1 No machine runs while a restore is under way, and none starts from a disk that says it is incomplete.
 */
import { openBackupDisk } from '../../engine/backup-disk/open.ts';
import { type RestoreReport, restore } from '../../engine/backup-disk/restore.ts';
import { restoreStateOf } from '../../engine/backup-disk/restore-mark.ts';
import { defect } from '../../engine/invariant.ts';
import { Latch, type Owner, runNow, type Task } from '../../engine/task.ts';
import type { Boot } from '../disk/drive.ts';
import { ImmediateDevice } from '../disk/immediate-device.ts';
import { PartDevice } from '../disk/part-device.ts';
import type { Sectors } from '../disk/sectors.ts';
import type { BackupDrive } from './backup-drive.ts';
import type { World } from './world.ts';

/** What was restored onto a new disk, for the check `backup-disk`. */
export interface RestoredDisk {
  readonly drive: BackupDrive;
  /** The snapshot of which it is. */
  readonly snapshot: string;
  readonly report: RestoreReport;
  readonly sectors: Sectors;
  /** How often it was begun. */
  readonly tries: number;
  /** How often it was cut off and the target did not say so. */
  readonly unmarked: number;
}

/** One attempt, which a power cut ends. */
class Attempt {
  readonly boot: Boot;
  readonly owner: Owner;
  readonly over = new Latch<'done' | 'cut'>('the restore');

  constructor(world: World, number: number) {
    this.boot = { number, isAlive: true };
    this.owner = world.kernel.owner(`restore ${number}`);
  }
}

export class Rescue {
  private readonly world: World;
  private attempt: Attempt | null = null;
  private powerIsBack: Latch<void> | null = null;
  private tries = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** Ends the machine with its disks, and gets everything back. */
  *run(): Task<void> {
    const { world } = this;
    const { backupDrives } = world;
    world.endLife('disk-loss');
    for (const { of } of backupDrives) {
      const { drive, spec } = world.drive(of.drive);
      drive.reset();
      drive.sectors.zero(of.extent.first * spec.sectorSizeBytes, of.extent.count * spec.sectorSizeBytes);
    }
    for (const drive of backupDrives) yield* this.restore(drive);
    world.startLife();
  }

  /** For `power`: the restore is cut off. Says whether there was one. */
  powerGoes(): boolean {
    const { attempt } = this;
    if (attempt === null) return false;
    attempt.boot.isAlive = false;
    attempt.owner.drop();
    this.powerIsBack = new Latch<void>('the power to come back');
    this.attempt = null;
    attempt.over.settle('cut');
    return true;
  }

  /** For `power`. Says whether a restore goes on instead of a machine. */
  powerComes(): boolean {
    if (this.powerIsBack === null) return false;
    this.powerIsBack.settle();
    this.powerIsBack = null;
    return true;
  }

  private *restore(drive: BackupDrive): Task<void> {
    let unmarked = 0;
    const first = this.tries + 1;
    for (;;) {
      this.tries += 1;
      const attempt = new Attempt(this.world, this.tries);
      this.attempt = attempt;
      attempt.owner.spawn('restore', this.restoreOnce(drive, attempt, { first, unmarked }));
      yield attempt.over;
      if (attempt.over.value === 'done') return;
      if (!this.isMarked(drive)) unmarked += 1;
      if (this.powerIsBack !== null) yield this.powerIsBack;
    }
  }

  private *restoreOnce(
    drive: BackupDrive,
    attempt: Attempt,
    { first, unmarked }: { readonly first: number; readonly unmarked: number },
  ): Task<void> {
    const { world } = this;
    const { hash } = world.modules;
    const disk = yield* openBackupDisk(drive.placesIn(attempt.boot), hash, drive.source);
    const on = world.drive(drive.of.drive).drive;
    const target = new PartDevice(on.handle('target', attempt.boot), on.id, drive.of.extent);
    const report = yield* restore(disk, {
      generation: null,
      target,
      targetDevices: [on.id],
      inUseBy: null,
      extent: null,
      onlyDiffering: true,
      relayout: null,
      verify: false,
      beforeFirstWrite: null,
      beforeRead: null,
    });
    const { snapshot } = disk.newest?.picture ?? defect('a disk that was restored from has an image');
    const tries = this.tries - first + 1;
    world.restoredDisks.push({ drive, snapshot, report, sectors: on.fork(), tries, unmarked });
    this.attempt = null;
    attempt.over.settle('done');
  }

  /** Whether the target says that it is incomplete, where anything was written to it. */
  private isMarked({ of, source }: BackupDrive): boolean {
    const { sectors } = this.world.drive(of.drive).drive;
    const offset = of.extent.first * source.sectorSize;
    if (sectors.isHole(offset, of.extent.count * source.sectorSize)) return true;
    const device = new ImmediateDevice(of.drive, sectors, source.sectorSize);
    return runNow(restoreStateOf(device, of.extent.first, this.world.modules.hash)) !== null;
  }
}
