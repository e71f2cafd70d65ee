/** Where the bytes of a file lie on its device: extents one behind the other, in the order in which they were added. */
import { type Device, type IoError, IoRequest } from './device.ts';
import { defect, invariant } from './invariant.ts';
import { type Task, wait } from './task.ts';
import { type Bytes, type Extent, MIB, type Sector } from './units.ts';

/** A request is at most so long. */
const MAX_REQUEST_BYTES: Bytes = MIB;

export class FileExtents {
  readonly device: Device;
  readonly place: string;
  sizeBytes: Bytes = 0;
  private readonly extents: Extent[] = [];
  /** Offset in the file at which each extent begins. */
  private readonly starts: Bytes[] = [];

  constructor(device: Device, place: string) {
    this.device = device;
    this.place = place;
  }

  /** In the order of the file. */
  get list(): readonly Extent[] {
    return this.extents;
  }

  clear(): void {
    this.extents.length = 0;
    this.starts.length = 0;
    this.sizeBytes = 0;
  }

  add(extents: readonly Extent[]): void {
    for (const extent of extents) {
      this.starts.push(this.sizeBytes);
      this.extents.push(extent);
      this.sizeBytes += extent.count * this.device.sectorSize;
    }
  }

  /** Reads or writes from an offset on, one request after the other; the error of the first that fails. */
  *transfer(op: 'read' | 'write', offset: Bytes, bytes: Uint8Array): Task<IoError | null> {
    for (const request of this.requests(op, offset, bytes)) {
      const error = yield* wait(this.device.submit(request));
      if (error !== null) return error;
    }
    return null;
  }

  /** Reads or writes from an offset on, whole sectors of the device: a request for each piece of an extent. */
  requests(op: 'read' | 'write', offset: Bytes, bytes: Uint8Array): IoRequest[] {
    const { sectorSize } = this.device;
    invariant(offset % sectorSize === 0 && bytes.length % sectorSize === 0, `whole sectors of ${this.place}`);
    const requests: IoRequest[] = [];
    for (let done = 0; done < bytes.length; ) {
      const { sector, length } = this.locate(offset + done, bytes.length - done);
      requests.push(new IoRequest(op, sector, length / sectorSize, bytes.subarray(done, done + length)));
      done += length;
    }
    return requests;
  }

  /** Where an offset of the file lies, and how many bytes follow in one request. */
  private locate(offset: Bytes, wanted: Bytes): { sector: Sector; length: Bytes } {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    const extent = this.extents[low];
    if (extent === undefined || offset < 0) defect(`offset ${offset} of ${this.place}`);
    const { sectorSize } = this.device;
    const within = offset - this.starts[low]!;
    const length = Math.min(wanted, extent.count * sectorSize - within, MAX_REQUEST_BYTES);
    if (length <= 0) defect(`offset ${offset} is past the end of ${this.place}`);
    return { sector: extent.first + within / sectorSize, length };
  }
}
