/**
 * The drives of `otm-incremental`: for each volume, or whole drive, that is selected a drive with a backup disk on it, which
 * outlives every machine. Behind the image is room for twice as much again: journal and older generations.
 *
 * Invariants
 * I1 A granule of the map of changes is one of the backup disk, counted from the same first sector.
 */

import { backup } from '../../engine/backup-disk/backup.ts';
import type { DiskPlaces, SourceIdentity } from '../../engine/backup-disk/layout.ts';
import { placesBehindImage } from '../../engine/backup-disk/layout.ts';
import { initialiseBackupDisk } from '../../engine/backup-disk/open.ts';
import type { Device } from '../../engine/device.ts';
import { defect, invariant } from '../../engine/invariant.ts';
import { runNow } from '../../engine/task.ts';
import { type Bytes, type Extent, KIB, MIB, type Nanoseconds } from '../../engine/units.ts';
import type { Boot, Drive } from '../disk/drive.ts';
import { ImmediateDevice } from '../disk/immediate-device.ts';
import { PartDevice } from '../disk/part-device.ts';
import { Sectors } from '../disk/sectors.ts';
import { TARGET_FIGURES } from './target.ts';
import type { World, WorldVolume } from './world.ts';

/** Of the backup disk and of the map of changes (E13). */
export const DISK_GRANULE_BYTES: Bytes = 64 * KIB;
const IMAGE_ALIGN_BYTES: Bytes = MIB;

export interface BackedUp {
  /** A letter, or a drive's id. */
  readonly name: string;
  readonly drive: string;
  readonly extent: Extent;
}

export class BackupDrive {
  readonly of: BackedUp;
  readonly source: SourceIdentity;
  readonly drive: Drive;
  /** It held yesterday's image at 0 s. */
  isFilled = false;
  /** It as each end of a machine left it. */
  readonly machineEnds: { readonly atNs: Nanoseconds; readonly sectors: Sectors }[] = [];
  private readonly world: World;

  constructor(world: World, of: BackedUp) {
    const { spec } = world.drive(of.drive);
    const { sectorSizeBytes } = spec;
    const imageBytes = Math.ceil((of.extent.count * sectorSizeBytes) / IMAGE_ALIGN_BYTES) * IMAGE_ALIGN_BYTES;
    const sizeBytes = 3 * imageBytes + 64 * MIB;
    this.world = world;
    this.of = of;
    this.source = { id: `${of.drive}/${of.name}`, sectorCount: of.extent.count, sectorSize: sectorSizeBytes };
    const id = `backup-${of.name.toLowerCase()}`;
    const made = { ...spec, id, sizeBytes, figures: TARGET_FIGURES, writeCache: true, volumes: [], model: null };
    this.drive = world.addDrive(made, new Sectors(sizeBytes, world.modules.methodArena)).drive;
  }

  /** Whether a volume is in its image. */
  holds({ on, firstSector, sectorCount }: WorldVolume): boolean {
    const { drive, extent } = this.of;
    return (
      on.spec.id === drive && firstSector >= extent.first && firstSector + sectorCount <= extent.first + extent.count
    );
  }

  /** Where a volume begins in the image, in bytes. */
  offsetOf({ firstSector }: WorldVolume): Bytes {
    return (firstSector - this.of.extent.first) * this.source.sectorSize;
  }

  /** The backup disk as the machine that runs now reaches it. */
  places(): DiskPlaces {
    return this.placesIn(this.world.machine.boot);
  }

  /** The same for who restores from it, without a machine. */
  placesIn(boot: Boot): DiskPlaces {
    return placesOn(this.drive.handle('target', boot), this.source);
  }

  /** The backup disk on a fork of its drive, which answers at once. */
  placesOnFork(fork: Sectors): DiskPlaces {
    return placesOn(new ImmediateDevice(this.drive.id, fork, this.source.sectorSize), this.source);
  }
}

/** The snapshot of which yesterday's image is. */
export const BASE_SNAPSHOT = 'at 0 s';

/** Yesterday's backup: the image of a drive as it is in this step, made in no time. */
export function fillBackupDrive(world: World, drive: BackupDrive, trackingGeneration: number): void {
  const { of, source, drive: on } = drive;
  drive.isFilled = true;
  const { hash } = world.modules;
  const all = new ImmediateDevice(of.drive, world.drive(of.drive).drive.sectors, source.sectorSize);
  const device = new PartDevice(all, `yesterday's ${of.name}`, of.extent);
  const places = placesOn(new ImmediateDevice(on.id, on.sectors, source.sectorSize), source);
  const disk = runNow(initialiseBackupDisk(places, source, hash, DISK_GRANULE_BYTES));
  runNow(
    backup(disk, {
      source: device,
      sourceId: source.id,
      sourceDevices: [of.drive],
      picture: { snapshot: BASE_SNAPSHOT, trackingGeneration, at: 0, wallClockMs: 0, consistency: 'quiescent' },
      changed: null,
      used: null,
      guards: [],
      sampleGranules: 0,
      retention: { keep: 1, youngerThanMs: null },
      inPlace: false,
      verify: false,
      compareEverything: false,
      beforeRead: null,
      nowMs: () => 0,
    }),
  );
}

function placesOn(device: Device, { sectorCount }: SourceIdentity): DiskPlaces {
  const places = placesBehindImage(device, sectorCount);
  invariant(places !== null, 'a backup drive has room behind its image');
  return places;
}

/** Those of a world, made when the first backup asks for them. */
export function backupDrivesOf(world: World, selected: readonly BackedUp[]): readonly BackupDrive[] {
  if (world.backupDrives.length === 0) {
    for (const { name, drive, extent } of selected) {
      world.backupDrives.push(new BackupDrive(world, { name, drive, extent }));
    }
  }
  for (const { name } of selected) {
    if (!world.backupDrives.some(({ of }) => of.name === name)) defect(`no backup drive of ${name}`);
  }
  return world.backupDrives;
}
