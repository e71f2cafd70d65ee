/** The world of a scenario: where each volume lies on its drive, what its file system takes, which figures a drive has. */
import { type Bytes, MIB } from '../../engine/units.ts';
import { gptTailSectors } from '../disk/gpt.ts';
import type { DriveFigures } from '../disk/service-time.ts';
import { DRIVE_MODELS } from './drive-models.ts';
import { type FatSize, fatSize } from './fat-size.ts';
import type { NodePath } from './located.ts';
import type { Report } from './report.ts';
import type { DriveSpec, PageCacheSpec, VolumeSpec } from './scenario.ts';
import type { ParsedDrive, ParsedFigures, ParsedWorld } from './schema-world.ts';
import { formatSize, partOf } from './units.ts';

/** The drives, and what later steps look up in them. */
export interface World {
  readonly drives: readonly DriveSpec[];
  readonly pageCache: PageCacheSpec;
  /** In the order of the file. Of a letter that stands twice the first. */
  readonly volumes: ReadonlyMap<string, VolumeSpec>;
  /** Of the volumes that have a file system. */
  readonly fats: ReadonlyMap<string, FatSize>;
}

/** Ids that mean something else as the aim of a fault; `spare-<id>` is the drive of a cache. */
const RESERVED_IDS = ['cache', 'target'];
const MBR_ENTRIES = 4;
const TWO_32 = 4_294_967_296;
/** Directories and the piece of data that an operation touches beside both FATs. */
const OPERATION_BYTES: Bytes = 256 * 1024;

export function resolveWorld(parsed: ParsedWorld, report: Report): World {
  const volumes = new Map<string, VolumeSpec>();
  const fats = new Map<string, FatSize>();
  const driveIds = new Set<string>();
  const drives = parsed.drives.map((drive, index) => {
    const path: NodePath = ['world', 'drives', index];
    if (driveIds.has(drive.id)) report.at([...path, 'id'], 'id-twice', `two drives have the id \`${drive.id}\``);
    if (RESERVED_IDS.includes(drive.id) || drive.id.startsWith('spare-')) {
      report.at(
        [...path, 'id'],
        'bad-name',
        `a drive cannot be called \`${drive.id}\`: the world has one of that name`,
      );
    }
    driveIds.add(drive.id);
    const resolved = resolveDrive(drive, path, report);
    resolved.volumes.forEach((volume, place) => {
      const at = [...path, 'volumes', place];
      addVolume(volume, resolved, volumes, fats, at, report);
    });
    return { ...resolved, volumes: resolved.volumes.map(volume => withCluster(volume, fats)) };
  });
  for (const [letter, volume] of volumes) volumes.set(letter, withCluster(volume, fats));
  return { drives, volumes, fats, pageCache: resolvePageCache(parsed.pageCache, fats, report) };
}

function resolveDrive(drive: ParsedDrive, path: NodePath, report: Report): DriveSpec {
  const { id, size, sectorSize, partitions } = drive;
  const { name, figures, cacheDefault } = resolveModel(drive);
  const writeCache = drive.writeCache === undefined ? cacheDefault : drive.writeCache === 'on';
  if (size % sectorSize !== 0) {
    report.at([...path, 'size'], 'out-of-range', `a drive of ${formatSize(size)} has no whole number of sectors`);
  }
  if (writeCache && figures.writeCacheBytes === 0) {
    report.at([...path, 'writeCache'], 'out-of-range', 'the write cache is on, and its `cacheSize` is 0 B');
  }
  if (typeof drive.model !== 'string' && (drive.model.seekMax ?? drive.model.seekMin) < drive.model.seekMin) {
    report.at([...path, 'model', 'seekMax'], 'out-of-range', '`seekMax` is shorter than `seekMin`');
  }
  const volumes = placeVolumes(drive, path, report);
  return { id, sizeBytes: size, model: name, figures, sectorSizeBytes: sectorSize, partitions, writeCache, volumes };
}

function resolveModel(drive: ParsedDrive): { name: string | null; figures: DriveFigures; cacheDefault: boolean } {
  const { model, queueDepth } = drive;
  if (typeof model !== 'string') {
    const figures = ownFigures(model, drive.size);
    const depth = queueDepth ?? figures.queueDepth;
    return { name: null, figures: { ...figures, queueDepth: depth }, cacheDefault: figures.writeCacheBytes > 0 };
  }
  const { writeCacheDefault, ...figures } = DRIVE_MODELS[model];
  return {
    name: model,
    figures: { ...figures, queueDepth: queueDepth ?? figures.queueDepth },
    cacheDefault: writeCacheDefault,
  };
}

function ownFigures(figures: ParsedFigures, sizeBytes: Bytes): DriveFigures {
  return {
    seekMinNs: figures.seekMin,
    seekMaxNs: figures.seekMax ?? figures.seekMin,
    strokeBytes: figures.stroke ?? sizeBytes,
    rotationNs: figures.rotation,
    transferBytesPerSecond: figures.transfer,
    commandNs: figures.command,
    flushNs: figures.flush,
    queueDepth: figures.queueDepth,
    channels: figures.channels,
    writeCacheBytes: figures.cacheSize,
  };
}

/** One behind the other, each at a multiple of 1 MiB: the first one leaves room for the partition table. */
function placeVolumes(drive: ParsedDrive, path: NodePath, report: Report): VolumeSpec[] {
  let free = MIB;
  const tailBytes = drive.partitions === 'gpt' ? gptTailSectors(drive.sectorSize) * drive.sectorSize : 0;
  const volumes = drive.volumes.map(({ letter, size, fs, cluster, trim }, place): VolumeSpec => {
    const at: NodePath = [...path, 'volumes', place];
    if (size % drive.sectorSize !== 0) {
      report.at([...at, 'size'], 'out-of-range', `a volume of ${formatSize(size)} has no whole number of sectors`);
    }
    const offsetBytes = free;
    const endBytes = offsetBytes + size;
    free = Math.ceil(endBytes / MIB) * MIB;
    if (endBytes > drive.size - tailBytes) {
      const needed = `\`${letter}\` would end at ${formatSize(endBytes)} and \`${drive.id}\` has ${formatSize(drive.size)}`;
      const ends = tailBytes === 0 ? '' : `, the last ${formatSize(tailBytes)} hold the second copy of the table`;
      report.at([...at, 'size'], 'volume-beyond-drive', needed, `the first volume begins at 1 MiB${ends}`);
    } else if (drive.partitions === 'mbr' && endBytes / drive.sectorSize > TWO_32) {
      const message = `\`${letter}\` ends beyond the 2^32 sectors that an MBR can number`;
      report.at([...at, 'size'], 'partition-limit', message, '`partitions: gpt` can');
    }
    if (drive.partitions === 'mbr' && place === MBR_ENTRIES) {
      const hint = 'spread the volumes over more drives, or have `partitions: gpt`';
      report.at(at, 'partition-limit', 'an MBR has room for four partitions', hint);
    }
    const trimEveryNs = trim ?? null;
    return { letter, driveId: drive.id, offsetBytes, sizeBytes: size, fs, clusterBytes: cluster ?? null, trimEveryNs };
  });
  return volumes;
}

function addVolume(
  volume: VolumeSpec,
  drive: DriveSpec,
  volumes: Map<string, VolumeSpec>,
  fats: Map<string, FatSize>,
  path: NodePath,
  report: Report,
): void {
  const { letter, fs, sizeBytes, clusterBytes } = volume;
  const first = volumes.get(letter);
  if (first !== undefined) {
    report.at(
      [...path, 'letter'],
      'letter-twice',
      `the letter \`${letter}\` is that of a volume of \`${first.driveId}\``,
    );
    return;
  }
  volumes.set(letter, volume);
  if (fs === 'raw') {
    if (clusterBytes !== null) report.atKey([...path, 'cluster'], 'keys-exclude', 'a raw volume has no clusters');
    if (volume.trimEveryNs !== null)
      report.atKey([...path, 'trim'], 'keys-exclude', 'nobody knows what of a raw volume is free');
    return;
  }
  const size = fatSize(fs, sizeBytes, drive.sectorSizeBytes, clusterBytes);
  if ('reason' in size) {
    const at = [...path, clusterBytes === null ? 'size' : 'cluster'];
    report.at(
      at,
      'fat-size',
      `\`${letter}\` of ${formatSize(sizeBytes)} cannot be ${fs.toUpperCase()}: ${size.reason}`,
    );
  } else {
    fats.set(letter, size);
  }
}

function withCluster(volume: VolumeSpec, fats: ReadonlyMap<string, FatSize>): VolumeSpec {
  if (volume.fs === 'raw') return { ...volume, clusterBytes: null };
  return { ...volume, clusterBytes: fats.get(volume.letter)?.clusterBytes ?? volume.clusterBytes };
}

/** It must hold the largest operation: the release of a chain changes both FATs at once. */
function resolvePageCache(
  { size, writeBack, dirtyLimit }: ParsedWorld['pageCache'],
  fats: ReadonlyMap<string, FatSize>,
  report: Report,
): PageCacheSpec {
  const dirtyLimitBytes = typeof dirtyLimit === 'number' ? dirtyLimit : partOf(size, dirtyLimit);
  const at: NodePath = ['world', 'pageCache'];
  if (dirtyLimitBytes > size)
    report.at([...at, 'dirtyLimit'], 'out-of-range', 'the dirty limit is larger than the page cache');
  if (dirtyLimitBytes < 4096) {
    report.at(
      [...at, 'dirtyLimit'],
      'out-of-range',
      `a dirty limit of ${formatSize(dirtyLimitBytes)} is less than a page of 4 KiB`,
    );
  }
  const [worst] = [...fats].sort(([, a], [, b]) => b.fatBytes - a.fatBytes);
  const needed = worst === undefined ? 0 : 2 * worst[1].fatBytes + OPERATION_BYTES;
  if (worst !== undefined && needed > size) {
    const message = `${formatSize(size)} cannot hold the largest operation on \`${worst[0]}\`, both its FATs: at least ${formatSize(needed)}`;
    report.at([...at, 'size'], 'page-cache-small', message);
  }
  return { sizeBytes: size, writeBackNs: writeBack, dirtyLimitBytes };
}
