/**
 * Devices over plain bytes, for tests: one that settles at once, and one whose requests wait until a test lets them
 * complete, in an order of its choice, or fails them. Bytes move at completion.
 */
import { checkRequest, type Device, IoError, type IoFailure, type IoRequest } from '../../../engine/device.ts';

export class RamDevice implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: number;
  readonly zeroesAfterDiscard = true;
  readonly bytes: Uint8Array;
  /** Says why a request is to fail, or null. */
  failing: (request: IoRequest) => IoFailure | null = () => null;
  /** Every request that completed. */
  readonly log: string[] = [];

  constructor(bytes: Uint8Array, sectorSize: 512 | 4096 = 512, name = 'ram') {
    this.bytes = bytes;
    this.sectorSize = sectorSize;
    this.sectorCount = bytes.length / sectorSize;
    this.name = name;
  }

  submit(request: IoRequest): IoRequest {
    checkRequest(this, request);
    this.complete(request);
    return request;
  }

  protected complete(request: IoRequest): void {
    const { op, sector, count, data } = request;
    const failure = this.failing(request);
    this.log.push(`${op} ${sector}+${count}${failure === null ? '' : ' failed'}`);
    if (failure !== null) {
      request.settle(new IoError(failure, this.name, op, sector, count));
      return;
    }
    const from = sector * this.sectorSize;
    const to = from + count * this.sectorSize;
    if (op === 'read') data!.set(this.bytes.subarray(from, to));
    else if (op === 'write') this.bytes.set(data!, from);
    else if (op !== 'flush') this.bytes.fill(0, from, to);
    request.settle(null);
  }
}

export class HeldDevice extends RamDevice {
  readonly waiting: IoRequest[] = [];
  /** When false, requests complete at once. */
  isHolding = true;

  override submit(request: IoRequest): IoRequest {
    checkRequest(this, request);
    if (this.isHolding) this.waiting.push(request);
    else this.complete(request);
    return request;
  }

  /** Lets the request at a place complete. */
  release(at = 0): IoRequest {
    const [request] = this.waiting.splice(at, 1);
    if (request === undefined) throw new Error('no request is waiting');
    this.complete(request);
    return request;
  }

  releaseAll(): void {
    while (this.waiting.length > 0) this.release();
  }

  /** The power is cut: nothing that waits has any effect. */
  forgetAll(): void {
    this.waiting.length = 0;
  }
}
