/** Real FAT volumes with a ledger on them, and damage to them byte by byte: for tests of the checks that read volumes. */
import { runNow } from '../../../engine/task.ts';
import { MIB, SECOND } from '../../../engine/units.ts';
import type { Application } from '../../../sim/apps/application.ts';
import { BaseContent } from '../../../sim/apps/base-content.ts';
import { Ledger } from '../../../sim/apps/ledger.ts';
import { StaticData } from '../../../sim/apps/static-data.ts';
import { Truth } from '../../../sim/apps/truth.ts';
import { DataEvidence } from '../../../sim/check/data-evidence.ts';
import { readRestored } from '../../../sim/check/read-restored.ts';
import { Arena } from '../../../sim/disk/arena.ts';
import { ImmediateDevice } from '../../../sim/disk/immediate-device.ts';
import { Sectors } from '../../../sim/disk/sectors.ts';
import type { Restore, RestoredVolume } from '../../../sim/evidence.ts';
import { mkfs } from '../../../sim/fs/fat/mkfs.ts';
import { mountFat } from '../../../sim/fs/fat/mount.ts';
import { readVolume } from '../../../sim/fs/fat/read-only.ts';
import { PageCache } from '../../../sim/fs/page-cache.ts';
import { hash } from '../apps/stage.ts';
import { ledger, staticData } from '../apps/workloads.ts';
import { CLOCK_SECONDS } from './restores.ts';

export const CLUSTER = 512;
/** Where the volume lies on its drive. */
const START = MIB;

/** Volumes small enough for their kind; both with clusters of one sector. */
const SIZES = { fat16: 4 * MIB, fat32: 40 * MIB };

/** The application whose files are on a volume of this letter: a ledger on C, data that never changes elsewhere. */
function inhabitant(letter: string): Application {
  return letter === 'C' ? new Ledger(ledger()) : new StaticData(staticData({ at: `${letter}:\\OLD` }));
}

function filled(letter: string, kind: 'fat16' | 'fat32'): RestoredVolume {
  const sizeBytes = SIZES[kind];
  const sectors = new Sectors(START + sizeBytes, new Arena());
  const sectorCount = sizeBytes / 512;
  const { writes } = mkfs({
    kind,
    sectorSize: 512,
    sectorCount,
    clusterBytes: CLUSTER,
    hiddenSectors: START / 512,
    serial: 1,
    now: CLOCK_SECONDS,
  });
  for (const { first, bytes } of writes) sectors.write(START + first * 512, bytes);
  const cache = new PageCache({ owner: null, sizeBytes: 4 * MIB, writeBackNs: SECOND, dirtyLimitBytes: 4 * MIB, hash });
  const device = new ImmediateDevice('disk0', sectors, 512);
  const cached = cache.addVolume({ letter, device, firstSector: START / 512, sectorCount });
  const volume = runNow(mountFat(cached, { now: () => CLOCK_SECONDS, ids: { next: 1 } }));
  runNow(inhabitant(letter).fill(() => volume));
  runNow(volume.sync());
  return { letter, fileSystem: kind, sectorSize: 512, sectors, offsetBytes: START, sizeBytes };
}

/** As they were filled. */
export const VOLUMES = { C: filled('C', 'fat16'), D: filled('D', 'fat16'), large: filled('C', 'fat32') };

/** Bytes of a volume as a test changes them; offsets count from the volume's start. */
export class Image {
  readonly volume: RestoredVolume;
  readonly layout;

  constructor(from: RestoredVolume = VOLUMES.C) {
    this.volume = { ...from, sectors: from.sectors.fork() };
    const { letter, sizeBytes } = from;
    const place = { letter, sectorSize: 512, sectorCount: sizeBytes / 512 } as const;
    const { layout } = readVolume((first, count) => this.bytes(first * 512, count * 512), place);
    if (layout === null) throw new Error('a volume that was made does not mount');
    this.layout = layout;
  }

  bytes(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.volume.sectors.read(START + offset, bytes);
    return bytes;
  }

  write(offset: number, ...bytes: number[]): this {
    this.volume.sectors.write(START + offset, Uint8Array.from(bytes));
    return this;
  }

  /** Sets the FAT entry of a cluster, in both copies or in those named. */
  link(cluster: number, to: number, copies: readonly number[] = [0, 1]): this {
    const { fatStart, fatBytes, kind } = this.layout;
    const width = kind === 'fat32' ? 4 : 2;
    for (const copy of copies) {
      this.write(fatStart + copy * fatBytes + cluster * width, ...little(to, width));
    }
    return this;
  }

  /** Where the directory entry of an 8.3 name stands. */
  entry(name: string): number {
    const all = this.bytes(0, SIZES.fat16);
    const wanted = [...name].map(letter => letter.charCodeAt(0));
    for (let at = 0; at < all.length; at += 32) if (wanted.every((byte, place) => all[at + place] === byte)) return at;
    throw new Error(`no entry ${name}`);
  }

  firstCluster(name: string): number {
    const [low, high] = this.bytes(this.entry(name) + 26, 2);
    return low! + high! * 256;
  }

  setFirstCluster(name: string, cluster: number): this {
    return this.write(this.entry(name) + 26, ...little(cluster, 2));
  }

  sizeOf(name: string): number {
    const [a, b, c] = this.bytes(this.entry(name) + 28, 3);
    return a! + b! * 256 + c! * 65_536;
  }

  setSize(name: string, sizeBytes: number): this {
    return this.write(this.entry(name) + 28, ...little(sizeBytes, 4));
  }

  /** The clusters of a file whose chain is one run, as those of a fresh volume are. */
  clusters(name: string): number[] {
    const first = this.firstCluster(name);
    return Array.from({ length: Math.ceil(this.sizeOf(name) / CLUSTER) }, (_, at) => first + at);
  }
}

function asFilled({ letter, fileSystem }: RestoredVolume): RestoredVolume {
  if (letter === 'D') return VOLUMES.D;
  return fileSystem === 'fat32' ? VOLUMES.large : VOLUMES.C;
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, at) => Math.floor(value / 256 ** at) % 256);
}

/** The evidence of volumes that came back from a quiescent, settled picture of 0 s, unless `changes` say otherwise. */
export function evidenceOfVolumes(
  volumes: readonly RestoredVolume[],
  changes: Partial<Restore> = {},
  filled: readonly RestoredVolume[] = volumes.map(volume => asFilled(volume)),
): DataEvidence {
  const files = filled.flatMap(volume => readRestored(volume).files);
  const truth = new Truth({ base: new BaseContent(hash, files), clock: () => 0 });
  const restore: Restore = {
    volumes,
    consistency: 'quiescent',
    at: 0,
    wallSeconds: CLOCK_SECONDS,
    startedAt: 0,
    endedAt: 0,
    endedWallSeconds: CLOCK_SECONDS,
    files: [],
    settledAt: 0,
    ...changes,
  };
  const workloads = volumes.map(({ letter }) => {
    const application = inhabitant(letter);
    return { application, truth: truth.workload(application.id) };
  });
  return new DataEvidence({ restore, readings: volumes.map(readRestored), truth, workloads, writeBackNs: SECOND });
}
