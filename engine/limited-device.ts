/**
 * A device that answers within a limit: who starts a machine must not wait for ever for a drive that hangs. A request that
 * is late has failed, whatever becomes of it at the drive.
 */
import { type Device, IoError, IoRequest } from './device.ts';
import type { Owner, Task } from './task.ts';
import { type Nanoseconds, SECOND } from './units.ts';

export class LimitedDevice implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: number;
  readonly zeroesAfterDiscard: boolean;
  private readonly device: Device;
  private readonly owner: Owner;
  private readonly limitNs: Nanoseconds;

  constructor(device: Device, owner: Owner, limitNs: Nanoseconds) {
    this.name = device.name;
    this.sectorSize = device.sectorSize;
    this.sectorCount = device.sectorCount;
    this.zeroesAfterDiscard = device.zeroesAfterDiscard;
    this.device = device;
    this.owner = owner;
    this.limitNs = limitNs;
  }

  submit(request: IoRequest): IoRequest {
    const { op, sector, count, data, fua } = request;
    const inner = new IoRequest(op, sector, count, data, fua);
    const timer = this.owner.spawn(`limit of ${this.name}`, this.limit(request));
    inner.attach({
      settled: () => {
        if (request.isSettled) return;
        timer.cancel();
        request.readAsHole = inner.readAsHole;
        request.settle(inner.value);
      },
    });
    this.device.submit(inner);
    return request;
  }

  private *limit(request: IoRequest): Task<void> {
    yield this.limitNs;
    const because = `no answer for ${this.limitNs / SECOND} s`;
    const { op, sector, count } = request;
    request.settle(new IoError('timed-out', this.name, op, sector, count, because));
  }
}
