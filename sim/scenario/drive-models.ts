/**
 * The drives that a scenario can name, as plain figures: no physics beyond what `sim/disk/service-time.ts` does with them.
 * Each preset does at least 150 random writes of 4 KiB a second over 16 MiB, so that an application of 40 transactions a
 * second is never bound by its disk unless the scenario wants it to be. Spinning disks seek by distance: a stroke is that
 * of the real product, so on a drive of 96 MiB seeks are short.
 */
import { KIB, MIB, MICROSECOND, MILLISECOND } from '../../engine/units.ts';
import type { DriveFigures } from '../disk/service-time.ts';

const GIB = 1024 * MIB;

export interface DriveModel extends DriveFigures {
  /** Whether the write cache is on when the scenario does not say. */
  readonly writeCacheDefault: boolean;
}

/** In the order in which they are offered. */
export const DRIVE_MODELS = {
  /** A SATA disk of 7,200 turns a minute. */
  hdd: {
    seekMinNs: 600 * MICROSECOND,
    seekMaxNs: 16 * MILLISECOND,
    strokeBytes: 4096 * GIB,
    rotationNs: 8_333 * MICROSECOND,
    transferBytesPerSecond: 180 * MIB,
    commandNs: 50 * MICROSECOND,
    flushNs: 4 * MILLISECOND,
    queueDepth: 32,
    channels: 1,
    writeCacheBytes: 16 * MIB,
    writeCacheDefault: true,
  },
  /** A SATA solid state disk. */
  ssd: {
    seekMinNs: 0,
    seekMaxNs: 0,
    strokeBytes: 512 * GIB,
    rotationNs: 0,
    transferBytesPerSecond: 125 * MIB,
    commandNs: 60 * MICROSECOND,
    flushNs: 500 * MICROSECOND,
    queueDepth: 32,
    channels: 4,
    writeCacheBytes: 16 * MIB,
    writeCacheDefault: true,
  },
  nvme: {
    seekMinNs: 0,
    seekMaxNs: 0,
    strokeBytes: 1024 * GIB,
    rotationNs: 0,
    transferBytesPerSecond: 400 * MIB,
    commandNs: 12 * MICROSECOND,
    flushNs: 100 * MICROSECOND,
    queueDepth: 256,
    channels: 8,
    writeCacheBytes: 32 * MIB,
    writeCacheDefault: true,
  },
  /** A SCSI disk of 10,000 turns a minute in a server of 1999, its write cache switched off as its makers advised. */
  'server-1999': {
    seekMinNs: 700 * MICROSECOND,
    seekMaxNs: 11 * MILLISECOND,
    strokeBytes: 9 * GIB,
    rotationNs: 6 * MILLISECOND,
    transferBytesPerSecond: 18 * MIB,
    commandNs: 200 * MICROSECOND,
    flushNs: 1 * MILLISECOND,
    queueDepth: 8,
    channels: 1,
    writeCacheBytes: 512 * KIB,
    writeCacheDefault: false,
  },
} as const satisfies Record<string, DriveModel>;

export type DriveModelName = keyof typeof DRIVE_MODELS;
