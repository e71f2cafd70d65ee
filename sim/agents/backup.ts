/**
 * What agents have in common: the backup that one of them makes, told by its own log. Nothing in it is believed by a
 * checker but where the copy lies on the target.
 */
import type { Bytes, Nanoseconds } from '../../engine/units.ts';
import type { EventNumber } from '../apps/truth.ts';
import type { Consistency, Outcome, TakenFile } from '../evidence.ts';
import type { Path, WallSeconds } from '../fs/file-system.ts';
import type { Histogram } from '../world/histogram.ts';
import type { LeftOut } from '../world/left-out.ts';
import type { DiskBackup } from './otm-incremental.ts';

/** A volume's image on the target; sectors that were not copied read as zeroes. */
export interface VolumeImage {
  readonly letter: string;
  readonly targetOffset: Bytes;
}

/** A run of bytes on the target. */
export interface ArchivePiece {
  readonly targetOffset: Bytes;
  readonly length: Bytes;
}

export interface ArchivedFile {
  readonly path: Path;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
  readonly pieces: readonly ArchivePiece[];
}

/** Files and folders of a file agent, in the order in which they were copied. */
export interface Archive {
  readonly directories: Path[];
  readonly files: ArchivedFile[];
}

export interface Backup {
  /** That of its snapshot, where it has one. */
  readonly id: string;
  outcome: Outcome;
  reason: string | null;
  consistency: Consistency | null;
  /** The one instant; for file agents the start of the copy, shown only. */
  T: Nanoseconds | null;
  /** The position of T in the truth; null for file agents and the live image. */
  at: EventNumber | null;
  wallSeconds: WallSeconds | null;
  /** All that had happened up to this event was on the drives at T; null: nobody knows. */
  settledAt: EventNumber | null;
  /** The request: waiting for quiet is part of the backup. */
  readonly startedNs: Nanoseconds;
  readonly startedAt: EventNumber;
  /** When the bytes began to be copied, and the last one was on the target. */
  copyFromNs: Nanoseconds | null;
  copyToNs: Nanoseconds | null;
  /** Its release or end. */
  endedNs: Nanoseconds | null;
  endedAt: EventNumber;
  quietWaitNs: Nanoseconds | null;
  holdNs: Nanoseconds | null;
  downNs: Nanoseconds;
  /** What its snapshot had preserved when the last byte was copied, or when it ended; null without one. */
  preserved: { readonly granules: number; readonly cachePeakBytes: Bytes } | null;
  /** Delays that the filter added until then. */
  readonly writeDelays: Histogram;
  readonly readDelays: Histogram;
  bytesRead: Bytes;
  /** What had been written to the target before it began. */
  readonly targetBytesBefore: Bytes;
  targetBytesWritten: Bytes;
  readonly images: VolumeImage[];
  /** Of `otm-incremental`: one for each volume, or drive, that is selected. */
  readonly diskBackups: DiskBackup[];
  /** What its picture leaves out (E11). */
  leftOut: readonly LeftOut[];
  archive: Archive | null;
  readonly taken: TakenFile[];
}
