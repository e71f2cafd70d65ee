/** A source that is read no faster than the copy rate; time in which nothing was read is lost. */
import type { Device, IoRequest } from '../../engine/device.ts';
import { type Bytes, type Nanoseconds, SECOND, type Sector } from '../../engine/units.ts';
import type { Boot } from '../disk/drive.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { World } from '../world/world.ts';

export class PacedDevice implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard: boolean;
  bytesRead: Bytes = 0;
  private readonly device: Device;
  private readonly kernel: Kernel;
  /** What waits for its turn when the machine ends is never sent. */
  private readonly boot: Boot;
  private readonly bytesPerSecond: number | null;
  private dueAt: Nanoseconds;

  constructor(device: Device, { kernel, machine: { boot } }: World, bytesPerSecond: number | null) {
    this.name = device.name;
    this.sectorSize = device.sectorSize;
    this.sectorCount = device.sectorCount;
    this.zeroesAfterDiscard = device.zeroesAfterDiscard;
    this.device = device;
    this.kernel = kernel;
    this.boot = boot;
    this.bytesPerSecond = bytesPerSecond;
    this.dueAt = kernel.now();
  }

  submit(request: IoRequest): IoRequest {
    const bytes = request.count * this.sectorSize;
    this.bytesRead += bytes;
    if (this.bytesPerSecond === null) return this.device.submit(request);
    const now = this.kernel.now();
    const begins = Math.max(now, this.dueAt);
    this.dueAt = begins + Math.floor((bytes * SECOND) / this.bytesPerSecond);
    if (begins === now) this.device.submit(request);
    else this.kernel.due(begins - now, { ticket: 0, step: () => this.send(request) });
    return request;
  }

  private send(request: IoRequest): void {
    if (this.boot.isAlive) this.device.submit(request);
  }
}
