/**
 * What a method's run leaves for the checkers. They judge restored bytes, requests seen at the devices and the world's
 * own logs; nothing that an agent or the engine says of itself.
 */
import type { Bytes, Nanoseconds } from '../engine/units.ts';
import type { EventNumber } from './apps/truth.ts';
import type { Sectors } from './disk/sectors.ts';
import type { Path, WallSeconds } from './fs/file-system.ts';

export type Outcome = 'completed' | 'timed-out' | 'lost' | 'failed';
export type Consistency = 'quiescent' | 'crash-consistent';

/** A volume as it was restored to a fresh drive. */
export interface RestoredVolume {
  readonly letter: string;
  readonly fileSystem: 'fat12' | 'fat16' | 'fat32' | 'raw';
  readonly sectorSize: 512 | 4096;
  readonly sectors: Sectors;
  /** Where the volume lies in the store. */
  readonly offsetBytes: Bytes;
  readonly sizeBytes: Bytes;
}

/** The instant at which one file was taken by a file agent; the naive copy has a span. */
export interface TakenFile {
  readonly path: Path;
  readonly bytes: number;
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  /** The event at which its content was fixed; null for the naive copy, which reads it while it changes. */
  readonly at: EventNumber | null;
  /** Wall clock of `at`, or of the end of its copy. */
  readonly wallSeconds: WallSeconds;
}

/** A backup that was restored. */
export interface Restore {
  readonly volumes: readonly RestoredVolume[];
  readonly consistency: Consistency | null;
  /** The one instant of the picture, as a position in the truth; null for file agents and the live image. */
  readonly at: EventNumber | null;
  /** Wall clock of `at`. */
  readonly wallSeconds: WallSeconds | null;
  /** The copy lies between these, both included. */
  readonly startedAt: EventNumber;
  readonly endedAt: EventNumber;
  readonly endedWallSeconds: WallSeconds;
  /** For file agents: the files in the order in which they were taken. Empty for sector methods. */
  readonly files: readonly TakenFile[];
  /**
   * All that had happened up to this event was on the drives at `at`: the picture waited for at least one write-back of
   * quiet (OTM; what is younger than that may be in memory only), or the machine was down (cold backup). Null: nobody knows.
   */
  readonly settledAt: EventNumber | null;
}
