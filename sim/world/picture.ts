/**
 * A virtual volume as the world judges it: every byte that it gives is compared, as it comes, with the fork of T; and
 * once the metrics are closed all of it is read, for the checks `exact` and `one-instant`.
 */

import { sameBytes } from '../../engine/bytes.ts';
import { type Device, IoRequest } from '../../engine/device.ts';
import type { Latch, Task, Waiter } from '../../engine/task.ts';
import { type Bytes, MIB, type Nanoseconds, type Sector } from '../../engine/units.ts';
import type { Arena } from '../disk/arena.ts';
import { Sectors } from '../disk/sectors.ts';

export interface PictureDifference {
  readonly volume: string;
  /** Of the volume. */
  readonly sector: Sector;
  /** Where it was seen: while the backup read it, or in the full read at the end. */
  readonly seenBy: 'backup' | 'full-read';
}

const KEPT = 20;
const SCRATCH_BYTES: Bytes = MIB;
const ZEROES = new Uint8Array(SCRATCH_BYTES);

/** What was found for one snapshot. */
export class PictureFindings {
  comparedSectors = 0;
  differenceCount = 0;
  readonly differences: PictureDifference[] = [];
  /** Reads that failed, with the reason; a lost snapshot answers so. */
  failedReads = 0;
  /** Those among them that failed while the snapshot was alive. */
  failedWhileAlive = 0;
  /** Reads that were answered with bytes after the snapshot had ended: never right (E8, E12). */
  answeredTooLate = 0;
  /** When a read last came, or was answered with bytes. */
  lastReadNs: Nanoseconds | null = null;
  private readonly now: () => Nanoseconds;

  constructor(now: () => Nanoseconds) {
    this.now = now;
  }

  isRead(): void {
    this.lastReadNs = this.now();
  }

  differs(difference: PictureDifference): void {
    this.differenceCount += 1;
    if (this.differences.length < KEPT) this.differences.push(difference);
  }
}

export class Picture implements Device {
  readonly name: string;
  readonly letter: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard = false;
  /** What the full read found. */
  readonly read: Sectors;
  private readonly virtual: Device;
  private readonly findings: PictureFindings;
  private readonly fork: Sectors;
  private readonly offsetBytes: Bytes;
  private readonly isAlive: () => boolean;
  private readonly scratch = new Uint8Array(SCRATCH_BYTES);
  private seenBy: PictureDifference['seenBy'] = 'backup';

  /** `fork` is the drive at T; the volume begins at `offsetBytes` of it. */
  constructor(
    virtual: Device,
    letter: string,
    fork: Sectors,
    offsetBytes: Bytes,
    findings: PictureFindings,
    arena: Arena,
    isAlive: () => boolean,
  ) {
    this.isAlive = isAlive;
    this.virtual = virtual;
    this.letter = letter;
    this.name = virtual.name;
    this.sectorSize = virtual.sectorSize;
    this.sectorCount = virtual.sectorCount;
    this.fork = fork;
    this.offsetBytes = offsetBytes;
    this.findings = findings;
    this.read = new Sectors(virtual.sectorCount * virtual.sectorSize, arena);
  }

  submit(request: IoRequest): IoRequest {
    request.attach(new Comparison(this));
    if (this.isAlive()) this.findings.isRead();
    return this.virtual.submit(request);
  }

  /** Reads all of it in pieces of 1 MiB; stops at the first error, and says whether there was none. */
  *readAll(): Task<boolean> {
    this.seenBy = 'full-read';
    const pieceSectors = SCRATCH_BYTES / this.sectorSize;
    const buffer = new Uint8Array(SCRATCH_BYTES);
    for (let sector = 0; sector < this.sectorCount; sector += pieceSectors) {
      const count = Math.min(pieceSectors, this.sectorCount - sector);
      const bytes = buffer.subarray(0, count * this.sectorSize);
      const request = this.submit(new IoRequest('read', sector, count, bytes));
      yield request;
      if (request.value !== null) return false;
      if (!request.readAsHole) this.keep(sector, bytes);
    }
    return true;
  }

  /** A read came back. */
  compare(request: IoRequest): void {
    if (request.value !== null || request.data === null) {
      this.findings.failedReads += 1;
      if (this.isAlive()) this.findings.failedWhileAlive += 1;
      return;
    }
    if (this.isAlive()) this.findings.isRead();
    else this.findings.answeredTooLate += 1;
    const offset = this.offsetBytes + request.sector * this.sectorSize;
    this.findings.comparedSectors += request.count;
    for (let done = 0; done < request.data.length; done += SCRATCH_BYTES) {
      const length = Math.min(SCRATCH_BYTES, request.data.length - done);
      const expected = this.scratch.subarray(0, length);
      const isHole = this.fork.read(offset + done, expected);
      if (isHole && request.readAsHole) continue;
      // Whoever reads a hole takes no bytes of it: what was given are zeroes.
      const got = request.readAsHole ? ZEROES.subarray(0, length) : request.data.subarray(done, done + length);
      if (!sameBytes(got, expected)) this.findSectors(request.sector + done / this.sectorSize, got, expected);
    }
  }

  private keep(sector: Sector, bytes: Uint8Array): void {
    this.read.write(sector * this.sectorSize, bytes);
  }

  private findSectors(first: Sector, got: Uint8Array, expected: Uint8Array): void {
    for (let at = 0; at < got.length; at += this.sectorSize) {
      const end = at + this.sectorSize;
      if (sameBytes(got.subarray(at, end), expected.subarray(at, end))) continue;
      this.findings.differs({ volume: this.letter, sector: first + at / this.sectorSize, seenBy: this.seenBy });
    }
  }
}

class Comparison implements Waiter {
  private readonly picture: Picture;

  constructor(picture: Picture) {
    this.picture = picture;
  }

  settled(latch: Latch<unknown>): void {
    this.picture.compare(latch as IoRequest);
  }
}
