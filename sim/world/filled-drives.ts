/**
 * The drives of a scenario as they are at 0 s: partitioned, formatted, filled by the applications, through mkfs and the
 * file system in no virtual time. Made once for a scenario, because the content depends on neither seed nor method; each
 * method gets forks.
 */
import { runNow } from '../../engine/task.ts';
import { type Bytes, MIB, SECOND, type Sector } from '../../engine/units.ts';
import type { Application } from '../apps/application.ts';
import { BaseContent } from '../apps/base-content.ts';
import { readRestored } from '../check/read-restored.ts';
import { guidPartitionTable, type SectorWrite } from '../disk/gpt.ts';
import { ImmediateDevice } from '../disk/immediate-device.ts';
import { masterBootRecord } from '../disk/mbr.ts';
import { Sectors } from '../disk/sectors.ts';
import { mkfs } from '../fs/fat/mkfs.ts';
import { mountFat } from '../fs/fat/mount.ts';
import type { MountedVolume } from '../fs/file-system.ts';
import { PageCache } from '../fs/page-cache.ts';
import type { Modules } from '../modules.ts';
import type { DriveSpec, Scenario, VolumeSpec } from '../scenario/scenario.ts';

export interface FilledDrives {
  readonly scenario: Scenario;
  readonly drives: ReadonlyMap<string, Sectors>;
  /** The files of all volumes. */
  readonly content: BaseContent;
}

/** What the boot sector's 32 bits can say of the sectors before a volume; further on nobody boots by them. */
const LARGEST_HIDDEN: Sector = 0xffff_ffff;

/** Memory of the page cache while drives are filled. */
const FILL_CACHE_BYTES: Bytes = 64 * MIB;

export function fillDrives(scenario: Scenario, applications: readonly Application[], modules: Modules): FilledDrives {
  modules.baseArena.reset();
  const drives = new Map<string, Sectors>();
  const mounted = new Map<string, MountedVolume>();
  const cache = new PageCache({
    owner: null,
    sizeBytes: FILL_CACHE_BYTES,
    writeBackNs: SECOND,
    dirtyLimitBytes: FILL_CACHE_BYTES,
    hash: modules.hash,
  });
  scenario.drives.forEach((drive, index) => {
    const sectors = new Sectors(drive.sizeBytes, modules.baseArena);
    drives.set(drive.id, sectors);
    const device = new ImmediateDevice(drive.id, sectors, drive.sectorSizeBytes);
    for (const { first, bytes } of partitionTable(drive, index + 1)) {
      sectors.write(first * drive.sectorSizeBytes, bytes);
    }
    for (const volume of drive.volumes) {
      format(sectors, volume, drive.sectorSizeBytes, scenario.clockSeconds);
      if (volume.fs === 'raw') continue;
      const cached = cache.addVolume({
        letter: volume.letter,
        device,
        firstSector: volume.offsetBytes / drive.sectorSizeBytes,
        sectorCount: volume.sizeBytes / drive.sectorSizeBytes,
      });
      const options = { now: () => scenario.clockSeconds, ids: { next: 1 } };
      mounted.set(volume.letter, runNow(mountFat(cached, options)));
    }
  });
  const volumes = (letter: string): MountedVolume => mounted.get(letter)!;
  for (const application of applications) runNow(application.fill(volumes));
  for (const volume of mounted.values()) runNow(volume.sync());
  return { scenario, drives, content: baseContent(scenario, drives, modules) };
}

function partitionTable(drive: DriveSpec, diskId: number): SectorWrite[] {
  const { sectorSizeBytes, sizeBytes } = drive;
  const partitions = drive.volumes.map(volume => ({
    type: volume.fs,
    name: volume.letter,
    extent: { first: volume.offsetBytes / sectorSizeBytes, count: volume.sizeBytes / sectorSizeBytes },
  }));
  if (drive.partitions === 'mbr') return [{ first: 0, bytes: masterBootRecord(sectorSizeBytes, partitions, diskId) }];
  return guidPartitionTable(sectorSizeBytes, Math.floor(sizeBytes / sectorSizeBytes), partitions, diskId);
}

/** Makes an empty file system on a volume's sectors, which lie at `offsetBytes` of a store that holds zeroes there. */
export function format(
  sectors: Sectors,
  volume: VolumeSpec,
  sectorSize: 512 | 4096,
  clockSeconds: number,
  offsetBytes: Bytes = volume.offsetBytes,
): void {
  if (volume.fs === 'raw') return;
  const { writes } = mkfs({
    kind: volume.fs,
    sectorSize,
    sectorCount: volume.sizeBytes / sectorSize,
    clusterBytes: volume.clusterBytes,
    hiddenSectors: offsetBytes / sectorSize > LARGEST_HIDDEN ? 0 : offsetBytes / sectorSize,
    serial: volume.letter.charCodeAt(0) * 65_536 + (clockSeconds % 65_536),
    now: clockSeconds,
  });
  for (const { first, bytes } of writes) sectors.write(offsetBytes + first * sectorSize, bytes);
}

function baseContent(scenario: Scenario, drives: ReadonlyMap<string, Sectors>, modules: Modules): BaseContent {
  const readings = scenario.drives.flatMap(drive =>
    drive.volumes
      .filter(({ fs }) => fs !== 'raw')
      .map(volume =>
        readRestored({
          letter: volume.letter,
          fileSystem: volume.fs,
          sectorSize: drive.sectorSizeBytes,
          sectors: drives.get(drive.id)!,
          offsetBytes: volume.offsetBytes,
          sizeBytes: volume.sizeBytes,
        }),
      ),
  );
  return new BaseContent(
    modules.hash,
    readings.flatMap(({ files }) => files),
  );
}
