/** A run of a device's sectors as a device of its own. */
import { checkRequest, type Device, IoRequest } from '../../engine/device.ts';
import type { Extent, Sector } from '../../engine/units.ts';

export class PartDevice implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard: boolean;
  private readonly whole: Device;
  private readonly first: Sector;

  constructor(whole: Device, name: string, { first, count }: Extent) {
    this.name = name;
    this.sectorSize = whole.sectorSize;
    this.sectorCount = count;
    this.zeroesAfterDiscard = whole.zeroesAfterDiscard;
    this.whole = whole;
    this.first = first;
  }

  submit(request: IoRequest): IoRequest {
    checkRequest(this, request);
    const { op, sector, count, data, fua } = request;
    const inner = new IoRequest(op, op === 'flush' ? 0 : this.first + sector, count, data, fua);
    inner.attach({
      settled: () => {
        request.readAsHole = inner.readAsHole;
        request.settle(inner.value);
      },
    });
    this.whole.submit(inner);
    return request;
  }
}
