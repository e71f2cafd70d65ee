/** Small volumes for tests. */
import type { Device } from '../../../engine/device.ts';
import { runNow } from '../../../engine/task.ts';
import { KIB, MIB } from '../../../engine/units.ts';
import type { VolumePlace } from '../../../sim/fs/cached-volume.ts';
import { type FatKind, parseLayout } from '../../../sim/fs/fat/layout.ts';
import { type Formatted, mkfs } from '../../../sim/fs/fat/mkfs.ts';
import { mountFat } from '../../../sim/fs/fat/mount.ts';
import type { FatVolume } from '../../../sim/fs/fat/volume.ts';
import { PageCache, type PageCacheOptions } from '../../../sim/fs/page-cache.ts';
import { RamDevice } from './ram-device.ts';

/** 2000-01-01T00:00:00Z */
export const START = 946_684_800;

/** FNV-1a, cut to 32 bits: enough to tell pages apart. */
export function testHash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

export const CACHE: PageCacheOptions = {
  owner: null,
  sizeBytes: 4 * MIB,
  writeBackNs: 1_000_000_000,
  dirtyLimitBytes: 1 * MIB,
  hash: testHash,
};

/** Sizes at which each kind is cheap to test. */
export const SMALL: readonly { kind: FatKind; sectorSize: 512 | 4096; sizeBytes: number; clusterBytes?: number }[] = [
  { kind: 'fat12', sectorSize: 512, sizeBytes: 1 * MIB },
  { kind: 'fat12', sectorSize: 4096, sizeBytes: 2 * MIB },
  { kind: 'fat16', sectorSize: 512, sizeBytes: 8 * MIB },
  { kind: 'fat16', sectorSize: 512, sizeBytes: 40 * MIB, clusterBytes: 8 * KIB },
  { kind: 'fat16', sectorSize: 4096, sizeBytes: 20 * MIB },
  { kind: 'fat32', sectorSize: 512, sizeBytes: 33 * MIB },
];

function put(formatted: Formatted, bytes: Uint8Array, from = 0): Uint8Array {
  const { sectorSize } = formatted.layout;
  for (const { first, count } of formatted.zeroes) {
    bytes.fill(0, from + first * sectorSize, from + (first + count) * sectorSize);
  }
  for (const { first, bytes: sectors } of formatted.writes) bytes.set(sectors, from + first * sectorSize);
  return bytes;
}

export interface Making {
  readonly kind: FatKind;
  readonly sectorSize?: 512 | 4096;
  readonly sizeBytes: number;
  readonly clusterBytes?: number;
  readonly label?: string;
}

export function makeImage({ kind, sectorSize = 512, sizeBytes, clusterBytes, label = '' }: Making): Uint8Array {
  const sectorCount = sizeBytes / sectorSize;
  const formatted = mkfs({
    kind,
    sectorSize,
    sectorCount,
    clusterBytes: clusterBytes ?? null,
    serial: 0x12345678,
    label,
  });
  return put(formatted, new Uint8Array(sizeBytes));
}

/** An image as others make them: nothing but its boot sector begins at a page of 4 KiB. FAT12 and FAT16 only. */
export function makeUnalignedImage(making: Making): Uint8Array {
  const image = makeImage(making);
  const { sectorSize = 512, kind } = making;
  const layout = parseLayout(image.slice(0, sectorSize), sectorSize, image.length / sectorSize);
  if ('reason' in layout || kind === 'fat32') throw new Error('no image to shift');
  const table = image.slice(layout.fatStart, layout.fatStart + sectorSize);
  image.fill(0, sectorSize);
  image[14] = image[14]! + 3;
  for (let copy = 0; copy < 2; copy++) image.set(table, layout.fatStart + 3 * sectorSize + copy * layout.fatBytes);
  return image;
}

export interface Mounted {
  readonly cache: PageCache;
  readonly volume: FatVolume;
  readonly device: RamDevice;
}

export interface Clock {
  seconds: number;
}

/** Mounts an image on a device that settles at once, in no time. */
export function mountNow(
  image: Uint8Array,
  sectorSize: 512 | 4096 = 512,
  options: Partial<PageCacheOptions> = {},
  clock: Clock = { seconds: START },
): Mounted {
  const device = new RamDevice(image, sectorSize);
  const cache = new PageCache({ ...CACHE, ...options });
  return { cache, device, volume: mountOn(cache, wholeOf(device), clock) };
}

export function mountOn(cache: PageCache, place: VolumePlace, clock: Clock): FatVolume {
  return runNow(mountFat(cache.addVolume(place), { now: () => clock.seconds, ids: { next: 1 } }));
}

/** A volume that is all of its device. */
export function wholeOf(device: Device, letter = 'C'): VolumePlace {
  return { letter, device, firstSector: 0, sectorCount: device.sectorCount };
}
