/**
 * Writes in the very event in which T is taken. `before`: at the end of a quiet period, ahead of the engine; the period
 * is broken by it, so T comes a whole period later. `after`: in the step of the event `enabled`; it must not show in the
 * picture. What is written lies in sectors that no file uses, unless the scenario says where.
 *
 * Invariants
 * I1 The writer is armed in the step in which the last write ends, and so before the engine's own timer: of two events at
 *    one time the one that was armed first comes first.
 */
import { IoRequest } from '../../engine/device.ts';
import type { EngineEvent } from '../../engine/events.ts';
import type { Extent, Nanoseconds } from '../../engine/units.ts';
import type { Timed } from '../kernel/event-queue.ts';
import type { WriterAtTFault } from '../scenario/scenario.ts';
import type { World, WorldDrive } from '../world/world.ts';
import type { Place } from './world-faults.ts';

const DEFAULT_SECTORS = 8;

export class WriterAtT implements Timed {
  ticket = 0;
  private readonly world: World;
  private readonly on: WorldDrive;
  private readonly extent: Extent;
  private readonly when: WriterAtTFault['when'];
  private quietNs: Nanoseconds | null = null;
  private hasWrittenBefore = false;
  private written = 0;

  constructor(world: World, fault: WriterAtTFault, { drive, extent }: Place) {
    this.world = world;
    this.when = fault.when;
    this.on = world.drive(drive);
    const all = extent ?? { first: 0, count: this.on.drive.sectorCount };
    const last = { first: all.first + all.count - DEFAULT_SECTORS, count: DEFAULT_SECTORS };
    this.extent = fault.sectors === null ? last : all;
    world.engineListeners.push(event => this.hear(event));
    world.doors.onDestructiveEnd.push(() => this.rearm());
  }

  /** A quiet period is over in this event, and the engine does not know yet. */
  step(): void {
    if (this.quietNs === null || this.hasWrittenBefore) return;
    this.hasWrittenBefore = true;
    this.write();
  }

  /** For `WorldFaults`: who waited for quiet is gone. */
  machineEnded(): void {
    this.quietNs = null;
    this.ticket = 0;
  }

  private hear(event: EngineEvent): void {
    if (event.kind === 'waiting' && this.when !== 'after') {
      this.quietNs = event.quietNs;
      this.rearm();
    }
    if (event.kind === 'enabled') {
      this.quietNs = null;
      this.ticket = 0;
      if (this.when !== 'before') this.write();
    }
  }

  private rearm(): void {
    if (this.quietNs === null || this.hasWrittenBefore) return;
    this.ticket = 0;
    this.world.kernel.due(this.quietNs, this);
  }

  private write(): void {
    const { first, count } = this.extent;
    this.written += 1;
    const data = new Uint8Array(count * this.on.drive.sectorSize).fill(this.written);
    this.on.door.submit(new IoRequest('write', first, count, data));
  }
}
