/** A device whose requests take their time, and end in any order. */
import { type Device, IoRequest } from '../../../engine/device.ts';
import type { Kernel } from '../../../sim/kernel/kernel.ts';

export class DelayedDevice implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: number;
  readonly zeroesAfterDiscard = true;
  mostInFlight = 0;
  mostBytes = 0;
  private inFlight = 0;
  private readonly kernel: Kernel;
  private readonly inner: Device;
  private readonly delayNs: () => number;

  constructor(kernel: Kernel, inner: Device, delayNs: () => number) {
    this.kernel = kernel;
    this.inner = inner;
    this.delayNs = delayNs;
    this.name = inner.name;
    this.sectorSize = inner.sectorSize;
    this.sectorCount = inner.sectorCount;
  }

  submit(request: IoRequest): IoRequest {
    const { op, sector, count, data, fua } = request;
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    this.mostBytes = Math.max(this.mostBytes, data?.length ?? 0);
    const step = (): void => {
      this.inFlight -= 1;
      const done = this.inner.submit(new IoRequest(op, sector, count, data, fua));
      request.readAsHole = done.readAsHole;
      request.settle(done.value);
    };
    this.kernel.due(this.delayNs(), { ticket: 0, step });
    return request;
  }
}
