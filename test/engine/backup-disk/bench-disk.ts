/** A source that is a plain array, a backup disk over `CrashDisk`s, and the pictures that its generations should hold. */
import { expect } from 'vitest';
import { type BackupOptions, type BackupReport, backup } from '../../../engine/backup-disk/backup.ts';
import type { BackupDisk } from '../../../engine/backup-disk/backup-disk.ts';
import { viewGeneration } from '../../../engine/backup-disk/generation-view.ts';
import type { PictureNote } from '../../../engine/backup-disk/header.ts';
import { type DiskPlaces, placesBehindImage, type SourceIdentity } from '../../../engine/backup-disk/layout.ts';
import { initialiseBackupDisk, openBackupDisk } from '../../../engine/backup-disk/open.ts';
import type { RestoreOptions } from '../../../engine/backup-disk/restore.ts';
import { Bitmap } from '../../../engine/bitmap.ts';
import type { Checksum } from '../../../engine/checksum.ts';
import type { Device } from '../../../engine/device.ts';
import { runNow } from '../../../engine/task.ts';
import { CrashDisk, Power } from './crash-disk.ts';

export interface Shape {
  readonly sectorSize: 512 | 4096;
  readonly sourceSectors: number;
  readonly granuleBytes: number;
  readonly slots: number;
  /** The catalogue on a device of its own. */
  readonly isSideFile: boolean;
}

export const SMALL: Shape = {
  sectorSize: 512,
  sourceSectors: 16 * 8 + 3,
  granuleBytes: 4096,
  slots: 24,
  isSideFile: false,
};

/** Bytes of headers, table and tail, so that so many slots are left. */
function catalogueBytes({ sourceSectors, sectorSize, granuleBytes, slots }: Shape): number {
  const granules = Math.ceil((sourceSectors * sectorSize) / granuleBytes);
  return 2 * 36_864 + (Math.ceil(granules / 510) + 1) * 4096 + 65_536 + slots * granuleBytes + 4096;
}

export function makePlaces(shape: Shape, power = new Power(), name = 'disk'): DiskPlaces {
  const { sectorSize, sourceSectors, isSideFile } = shape;
  const forCatalogue = Math.ceil(catalogueBytes(shape) / sectorSize);
  const image = new CrashDisk(name, sectorSize, isSideFile ? sourceSectors : sourceSectors + 8 + forCatalogue);
  image.power = power;
  if (!isSideFile) return placesBehindImage(image, sourceSectors)!;
  const side = new CrashDisk(`${name}-side`, sectorSize, forCatalogue);
  side.power = power;
  return { image, catalogue: { device: side, extent: { first: 0, count: forCatalogue } } };
}

/** The same places over drives that survived. */
export function placesOver(places: DiskPlaces, image: CrashDisk, side: CrashDisk | null): DiskPlaces {
  return { image, catalogue: { device: side ?? image, extent: places.catalogue.extent } };
}

export class Source {
  readonly device: CrashDisk;
  readonly granuleSectors: number;
  readonly granuleCount: number;
  changed: Bitmap;
  readonly identity: SourceIdentity;

  constructor(shape: Shape, id = 'server') {
    this.device = new CrashDisk('C:', shape.sectorSize, shape.sourceSectors);
    this.granuleSectors = shape.granuleBytes / shape.sectorSize;
    this.granuleCount = Math.ceil(shape.sourceSectors / this.granuleSectors);
    this.changed = new Bitmap(this.granuleCount);
    this.identity = { id, sectorCount: shape.sourceSectors, sectorSize: shape.sectorSize };
  }

  /** Writes so many sectors with one byte each of them (0: a discard). */
  write(first: number, count: number, value: number): void {
    for (let at = first; at < Math.min(first + count, this.device.sectorCount); at++) {
      const bytes = new Uint8Array(this.device.sectorSize);
      if (value !== 0) for (let byte = 0; byte < bytes.length; byte += 1) bytes[byte] = (value + at + byte) % 251;
      this.device.overwrite(at, bytes);
      const granule = Math.floor(at / this.granuleSectors);
      if (!this.changed.get(granule)) this.changed.set(granule);
    }
  }

  /** What changed since the last call. */
  takeChanged(): Bitmap {
    const { changed } = this;
    this.changed = new Bitmap(this.granuleCount);
    return changed;
  }

  picture(): Uint8Array {
    return this.device.bytes(0, this.device.sectorCount);
  }
}

export function note(number: number): PictureNote {
  return {
    snapshot: `s${number}`,
    trackingGeneration: 1,
    at: number * 1_000_000,
    wallClockMs: number * 1000,
    consistency: 'quiescent',
  };
}

export function optionsFor(source: Source, number: number, more: Partial<BackupOptions> = {}): BackupOptions {
  return {
    source: source.device,
    sourceId: source.identity.id,
    sourceDevices: [],
    picture: note(number),
    changed: null,
    used: null,
    guards: [0],
    sampleGranules: 2,
    retention: { keep: 8, youngerThanMs: null },
    inPlace: false,
    verify: false,
    compareEverything: false,
    beforeRead: null,
    nowMs: () => number * 1000,
    ...more,
  };
}

/** A backup disk with the pictures that each of its generations should be. */
export class BenchDisk {
  readonly shape: Shape;
  readonly source: Source;
  readonly checksum: Checksum;
  places: DiskPlaces;
  disk: BackupDisk;
  readonly pictures = new Map<number, Uint8Array>();
  private taken = 0;

  constructor(shape: Shape, source: Source, checksum: Checksum, power = new Power(), name = 'disk') {
    this.shape = shape;
    this.source = source;
    this.checksum = checksum;
    this.places = makePlaces(shape, power, name);
    this.disk = runNow(initialiseBackupDisk(this.places, source.identity, checksum, shape.granuleBytes));
  }

  /** Backs up what the source holds now. */
  backup(more: Partial<BackupOptions> = {}): BackupReport {
    this.taken += 1;
    const report = runNow(backup(this.disk, optionsFor(this.source, this.taken, more)));
    this.pictures.set(report.generation, this.source.picture());
    return report;
  }

  reopen(): void {
    this.disk = runNow(openBackupDisk(this.places, this.checksum, this.source.identity));
  }

  /** Every generation that is listed reads as it should, and the image is the newest one. */
  check(disk: BackupDisk = this.disk): void {
    for (const { number } of disk.generations) {
      expectSame(readAll(disk, number), this.pictures.get(number)!, `generation ${number}`);
    }
    expectSame(imageOf(disk), this.pictures.get(disk.newest!.number)!, 'the image');
  }
}

export function readAll(disk: BackupDisk, number: number | null = null): Uint8Array {
  const view = runNow(viewGeneration(disk, number));
  return runNow(view.read(0, view.sectorCount));
}

/** Sectors 0 to N-1 of the disk, as they lie there. */
export function imageOf(disk: BackupDisk): Uint8Array {
  return (disk.places.image as CrashDisk).bytes(0, disk.header.source.sectorCount);
}

export function expectSame(found: Uint8Array, wanted: Uint8Array, what: string): void {
  if (Buffer.compare(found, wanted) === 0) return;
  const at = found.findIndex((byte, index) => byte !== wanted[index]);
  expect.fail(`${what} differs from byte ${at} on`);
}

/** A disk with a full backup of a drive that is all but full, and increments up to so many rounds. */
export function preparedDisk(checksum: Checksum, shape: Shape, rounds: number): BenchDisk {
  const source = new Source(shape);
  source.write(0, shape.sourceSectors - 9, 7);
  const bench = new BenchDisk(shape, source, checksum);
  bench.backup();
  source.takeChanged();
  for (let round = 1; round < rounds; round++) {
    source.write(round * 10, 12, round);
    bench.backup({ changed: source.takeChanged() });
  }
  return bench;
}

/** A restore of the newest generation, all of it. */
export function restoreOptions(target: Device, more: Partial<RestoreOptions> = {}): RestoreOptions {
  return {
    generation: null,
    target,
    targetDevices: [],
    inUseBy: null,
    extent: null,
    onlyDiffering: true,
    relayout: null,
    verify: false,
    beforeFirstWrite: null,
    beforeRead: null,
    ...more,
  };
}
