/**
 * A device over a file or a block device of the system, by position, several requests at once.
 *
 * Invariants
 * I1 What is done was done in whole: a short read or write is continued, and one past the end is an error.
 * I2 A flush is `fdatasync`; a write with FUA is a write and one of these. A flush that failed is told, never repeated.
 * I3 A file that was made for this (`isFresh`) keeps a hole wherever only zeroes were written to it. In any other one zeroes
 *    are written: what reads back as zeroes may be what a failed flush has left in the system's cache.
 * I4 `close` waits for what is on its way, so nothing lands after it.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Bitmap } from '../engine/bitmap.ts';
import { isZeroes } from '../engine/bytes.ts';
import { checkRequest, type Device, IoError, type IoFailure, type IoRequest, type Op } from '../engine/device.ts';
import { type Bytes, KIB, MIB, type Sector } from '../engine/units.ts';
import { systemReason } from './error-codes.ts';

export interface FileDeviceOptions {
  /** For messages: the path as the user gave it. */
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sizeBytes: Bytes;
  /** It was made just now, and is nothing but a hole. */
  readonly isFresh?: boolean;
}

/** What is known of a fresh file, in pieces of this size. */
const PIECE_BYTES: Bytes = 64 * KIB;
const ZEROES = new Uint8Array(MIB);

export class FileDevice implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard = true;
  readonly handle: FileHandle;
  bytesRead: Bytes = 0;
  bytesWritten: Bytes = 0;
  private readonly written: Bitmap | null;
  private readonly onTheWay = new Set<Promise<void>>();

  constructor(handle: FileHandle, { name, sectorSize, sizeBytes, isFresh = false }: FileDeviceOptions) {
    this.handle = handle;
    this.name = name;
    this.sectorSize = sectorSize;
    this.sectorCount = Math.floor(sizeBytes / sectorSize);
    this.written = isFresh ? new Bitmap(Math.max(1, Math.ceil(sizeBytes / PIECE_BYTES))) : null;
  }

  submit(request: IoRequest): IoRequest {
    checkRequest(this, request);
    const done = this.perform(request).finally(() => this.onTheWay.delete(done));
    this.onTheWay.add(done);
    return request;
  }

  /** I4 */
  async close(): Promise<void> {
    while (this.onTheWay.size > 0) await Promise.all(this.onTheWay);
    await this.handle.close();
  }

  private async perform(request: IoRequest): Promise<void> {
    const { op, sector, count, data, fua } = request;
    const offset = sector * this.sectorSize;
    let failed: Op = op;
    try {
      if (op === 'read') request.readAsHole = await this.read(offset, data!);
      else if (op === 'write') await this.write(offset, data!);
      else if (op !== 'flush') await this.zero(offset, count * this.sectorSize);
      if (op === 'flush' || fua) {
        failed = 'flush';
        await this.handle.datasync();
      }
    } catch (error) {
      request.settle(new IoError(failureOf(error, failed), this.name, op, sector, count, systemReason(error)));
      return;
    }
    request.settle(null);
  }

  /** Whether it read nothing but zeroes: a hole of a file can't be told from them, and need not be. */
  private async read(offset: Bytes, into: Uint8Array): Promise<boolean> {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await this.handle.read(into, done, into.length - done, offset + done);
      if (bytesRead === 0) throw new Error('it ends before its end: it was cut short meanwhile');
      done += bytesRead;
    }
    this.bytesRead += into.length;
    return isZeroes(into);
  }

  private async write(offset: Bytes, bytes: Uint8Array): Promise<void> {
    if (this.isHole(offset, bytes.length) && isZeroes(bytes)) return;
    this.noteWritten(offset, bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, offset + done);
      done += bytesWritten;
    }
    this.bytesWritten += bytes.length;
  }

  private async zero(offset: Bytes, length: Bytes): Promise<void> {
    for (let done = 0; done < length; ) {
      const part = Math.min(ZEROES.length, length - done);
      await this.write(offset + done, ZEROES.subarray(0, part));
      done += part;
    }
  }

  /** I3 */
  private isHole(offset: Bytes, length: Bytes): boolean {
    if (this.written === null) return false;
    for (let at = Math.floor(offset / PIECE_BYTES); at * PIECE_BYTES < offset + length; at++) {
      if (this.written.get(at)) return false;
    }
    return true;
  }

  private noteWritten(offset: Bytes, length: Bytes): void {
    if (this.written === null) return;
    for (let at = Math.floor(offset / PIECE_BYTES); at * PIECE_BYTES < offset + length; at++) {
      if (!this.written.get(at)) this.written.set(at);
    }
  }
}

function failureOf(error: unknown, op: Op): IoFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return 'no-space';
  if (code === 'EROFS' || code === 'EPERM' || code === 'EBADF') return 'read-only';
  if (code === 'ENXIO' || code === 'ENODEV') return 'gone';
  if (op === 'read') return 'read-error';
  return op === 'flush' ? 'flush-error' : 'write-error';
}

/** A block device is opened for writing only when nobody else holds it: Linux refuses `O_EXCL` on one that is mounted. */
export function openForWriting(path: string, isBlockDevice: boolean): Promise<FileHandle> {
  return open(path, isBlockDevice ? constants.O_RDWR | constants.O_EXCL : constants.O_RDWR);
}
