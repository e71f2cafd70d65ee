/**
 * When an aimed fault strikes: which requests it fits, from when on, and for how long. Nothing is told to the engine.
 *
 * Invariants
 * I1 A fault counts only requests that fit its aim, its sectors and its operation.
 * I2 `once` strikes one request; `per-million` asks its own chooser for each that fits.
 */
import type { IoRequest } from '../../engine/device.ts';
import type { Extent, Nanoseconds } from '../../engine/units.ts';
import type { DriveHandle } from '../disk/drive.ts';
import type { Chooser } from '../kernel/random.ts';
import type { FaultDuration, FaultTrigger } from '../scenario/scenario.ts';

/** Where a fault strikes: sectors of a drive, or every request of a cache file. */
export interface Strike {
  /** Null: whichever drive. */
  readonly drive: string | null;
  /** Null: whatever purpose. */
  readonly purpose: 'cache' | null;
  /** Null: all of it. */
  readonly extent: Extent | null;
}

const MILLION = 1_000_000;

export class AimedFault {
  /** How many requests it struck. */
  strikes = 0;
  private readonly where: Strike;
  private readonly fits: (request: IoRequest) => boolean;
  private readonly trigger: FaultTrigger;
  private readonly duration: FaultDuration;
  private readonly chooser: Chooser | null;
  private readonly now: () => Nanoseconds;
  private counted = 0;
  private since: Nanoseconds | null = null;

  constructor(options: {
    readonly where: Strike;
    readonly fits: (request: IoRequest) => boolean;
    readonly trigger: FaultTrigger;
    readonly duration: FaultDuration;
    readonly chooser: Chooser | null;
    readonly now: () => Nanoseconds;
  }) {
    this.where = options.where;
    this.fits = options.fits;
    this.trigger = options.trigger;
    this.duration = options.duration;
    this.chooser = options.chooser;
    this.now = options.now;
  }

  /** Asked once for each request that may be struck. */
  strikesNow(handle: DriveHandle, request: IoRequest): boolean {
    if (!this.isAimedAt(handle, request)) return false;
    this.counted += 1;
    if (!this.isActive()) return false;
    this.strikes += 1;
    return true;
  }

  private isAimedAt(handle: DriveHandle, request: IoRequest): boolean {
    const { drive, purpose, extent } = this.where;
    if (drive !== null && drive !== handle.drive.id) return false;
    if (purpose !== null && purpose !== handle.purpose) return false;
    if (!this.fits(request)) return false;
    if (extent === null || request.op === 'flush') return true;
    return request.sector < extent.first + extent.count && extent.first < request.sector + request.count;
  }

  private isActive(): boolean {
    const now = this.now();
    if (this.since === null) {
      if (!this.isTriggered(now)) return false;
      if (this.trigger.is === 'per-million' && this.duration.is === 'once') return true;
      this.since = this.trigger.is === 'at' ? this.trigger.atNs : now;
    }
    if (this.duration.is === 'once') return this.strikes === 0;
    return this.duration.is === 'ever' || now < this.since + this.duration.forNs;
  }

  private isTriggered(now: Nanoseconds): boolean {
    switch (this.trigger.is) {
      case 'at':
        return now >= this.trigger.atNs;
      case 'nth':
        return this.counted === this.trigger.nth;
      case 'per-million':
        return this.chooser !== null && this.chooser.choose(MILLION) >= MILLION - this.trigger.perMillion;
    }
  }
}
