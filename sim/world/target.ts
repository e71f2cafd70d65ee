/**
 * What backups are written to: a drive of its own, as fast as the copy rate allows (a tape of the time). Images and
 * archives are appended; a restore reads them back from here, and from nowhere else.
 *
 * Invariants
 * I1 Bytes are taken no faster than the rate; time in which none came is lost, but for that of the piece in hand.
 * I2 What is appended begins on a page, so that a restore can share pages with the target.
 */
import { type IoError, IoRequest } from '../../engine/device.ts';
import { defect } from '../../engine/invariant.ts';
import { type Task, wait } from '../../engine/task.ts';
import { type Bytes, MIB, MICROSECOND, type Nanoseconds, SECOND } from '../../engine/units.ts';
import { PAGE_BYTES } from '../disk/arena.ts';
import type { Drive, DriveHandle } from '../disk/drive.ts';
import type { DriveFigures } from '../disk/service-time.ts';
import type { Kernel } from '../kernel/kernel.ts';

/** Never the bottleneck: the copy rate is. */
export const TARGET_FIGURES: DriveFigures = {
  seekMinNs: 0,
  seekMaxNs: 0,
  strokeBytes: MIB,
  rotationNs: 0,
  transferBytesPerSecond: 2000 * MIB,
  commandNs: 20 * MICROSECOND,
  flushNs: 0,
  queueDepth: 1,
  channels: 1,
  writeCacheBytes: MIB,
};

export const TARGET_ID = 'target';

export class Target {
  readonly drive: Drive;
  bytesWritten: Bytes = 0;
  private handle: DriveHandle | null = null;
  private readonly kernel: Kernel;
  private readonly bytesPerSecond: number | null;
  private end: Bytes = 0;
  /** When the tape has taken what it was given. */
  private dueAt: Nanoseconds = 0;

  constructor(kernel: Kernel, drive: Drive, bytesPerSecond: number | null) {
    this.kernel = kernel;
    this.drive = drive;
    this.bytesPerSecond = bytesPerSecond;
  }

  /** For machines: the way of the one that runs. */
  attach(handle: DriveHandle): void {
    this.handle = handle;
  }

  /** The copy begins now (I1). */
  begin(): void {
    this.dueAt = this.kernel.now();
  }

  /** Where the next item begins; room for so many bytes is taken for it (I2). */
  reserve(bytes: Bytes): Bytes {
    const at = this.end;
    this.end += Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    return at;
  }

  /** Writes whole sectors at an offset, and waits until the rate allows the next. Throws the error of the drive. */
  *write(offset: Bytes, bytes: Uint8Array, payloadBytes: Bytes): Task<void> {
    const { sectorSize } = this.drive;
    const request = new IoRequest('write', offset / sectorSize, bytes.length / sectorSize, bytes);
    if (this.handle === null) defect('no machine is at the target');
    const error: IoError | null = yield* wait(this.handle.submit(request));
    if (error !== null) throw error;
    this.bytesWritten += payloadBytes;
    yield* this.pace(payloadBytes);
  }

  /** For holes, which take time on the tape and no room on the simulated drive. */
  *skip(payloadBytes: Bytes): Task<void> {
    this.bytesWritten += payloadBytes;
    yield* this.pace(payloadBytes);
  }

  private *pace(bytes: Bytes): Task<void> {
    if (this.bytesPerSecond === null) return;
    const now = this.kernel.now();
    const time = Math.floor((bytes * SECOND) / this.bytesPerSecond);
    this.dueAt = Math.max(this.dueAt, now - time) + time;
    const delay = this.dueAt - now;
    if (delay > 0) yield delay;
  }
}
