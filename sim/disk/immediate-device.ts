/** A device over a store that settles every request at once: how drives are filled before 0 s, and restores are made. */
import { checkRequest, type Device, type IoRequest } from '../../engine/device.ts';
import type { Sector } from '../../engine/units.ts';
import type { Sectors } from './sectors.ts';

export class ImmediateDevice implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard = true;
  private readonly sectors: Sectors;

  constructor(name: string, sectors: Sectors, sectorSize: 512 | 4096) {
    this.name = name;
    this.sectors = sectors;
    this.sectorSize = sectorSize;
    this.sectorCount = sectors.sizeBytes / sectorSize;
  }

  submit(request: IoRequest): IoRequest {
    checkRequest(this, request);
    const offset = request.sector * this.sectorSize;
    if (request.op === 'read') request.readAsHole = this.sectors.read(offset, request.data!);
    else if (request.op === 'write') this.sectors.write(offset, request.data!);
    else if (request.op !== 'flush') this.sectors.zero(offset, request.count * this.sectorSize);
    request.settle(null);
    return request;
  }
}
