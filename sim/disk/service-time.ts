/**
 * How long a drive takes: command + seek by distance + rotation + transfer, in one of a few parallel units. Figures, not
 * physics: small enough to be read in one look, and integers all through (sqrt is exact everywhere).
 *
 * Invariants
 * I1 Work is done in the order of arrival, each piece in the unit that is free first.
 * I2 A sequential access (it begins where the unit's last one ended) pays neither seek nor rotation.
 */
import type { IoRequest } from '../../engine/device.ts';
import { type Bytes, type Nanoseconds, SECOND } from '../../engine/units.ts';
import type { Chooser } from '../kernel/random.ts';

export interface DriveFigures {
  /** Seek to the next track, and over `strokeBytes`; between them it grows with the square root of the distance. */
  readonly seekMinNs: Nanoseconds;
  readonly seekMaxNs: Nanoseconds;
  readonly strokeBytes: Bytes;
  /** One turn; 0 for solid state. */
  readonly rotationNs: Nanoseconds;
  /** Of each channel. */
  readonly transferBytesPerSecond: number;
  /** What every request costs. */
  readonly commandNs: Nanoseconds;
  /** What a flush costs beside the transfer of what it flushes. */
  readonly flushNs: Nanoseconds;
  /** Requests that the drive takes at once; the smaller one of this and `channels` work in parallel. */
  readonly queueDepth: number;
  readonly channels: number;
  readonly writeCacheBytes: Bytes;
}

/** The rotational position is one of so many. */
const POSITIONS = 64;

export class ServiceTime {
  private readonly figures: DriveFigures;
  private readonly rotation: Chooser;
  private readonly busyUntil: Float64Array;
  private readonly headAt: Float64Array;

  constructor(figures: DriveFigures, rotation: Chooser) {
    this.figures = figures;
    this.rotation = rotation;
    const units = Math.max(1, Math.min(figures.queueDepth, figures.channels));
    this.busyUntil = new Float64Array(units);
    this.headAt = new Float64Array(units);
  }

  /** When a request that arrives now is done. `cached`: it ends in the volatile cache. `backlog`: bytes to be flushed. */
  completion(now: Nanoseconds, request: IoRequest, sectorSize: Bytes, cached: boolean, backlog: Bytes): Nanoseconds {
    const unit = this.firstFree();
    const start = Math.max(now, this.busyUntil[unit]!);
    const done = start + this.figures.commandNs + this.work(unit, request, sectorSize, cached, backlog);
    this.busyUntil[unit] = done;
    return done;
  }

  /** Nothing is to be done any more; heads stay where they are. */
  reset(now: Nanoseconds): void {
    for (let unit = 0; unit < this.busyUntil.length; unit++) {
      this.busyUntil[unit] = Math.min(now, this.busyUntil[unit]!);
    }
  }

  private firstFree(): number {
    const { busyUntil } = this;
    let best = 0;
    for (let unit = 1; unit < busyUntil.length; unit++) if (busyUntil[unit]! < busyUntil[best]!) best = unit;
    return best;
  }

  private work(unit: number, request: IoRequest, sectorSize: Bytes, cached: boolean, backlog: Bytes): Nanoseconds {
    const { flushNs, rotationNs } = this.figures;
    if (request.op === 'flush') return backlog === 0 ? 0 : flushNs + this.transfer(backlog);
    if (request.op === 'discard' || (request.op === 'zeroes' && rotationNs === 0)) return 0;
    const length = request.count * sectorSize;
    if (cached) return this.transfer(length);
    const offset = request.sector * sectorSize;
    const position = this.position(Math.abs(offset - this.headAt[unit]!));
    this.headAt[unit] = offset + length;
    return position + this.transfer(length);
  }

  private position(distance: Bytes): Nanoseconds {
    if (distance === 0) return 0;
    const { seekMinNs, seekMaxNs, strokeBytes, rotationNs } = this.figures;
    let time = seekMinNs;
    if (seekMaxNs > seekMinNs) {
      time += Math.floor((seekMaxNs - seekMinNs) * Math.sqrt(Math.min(1, distance / strokeBytes)));
    }
    if (rotationNs > 0) time += Math.floor((rotationNs * this.rotation.choose(POSITIONS)) / POSITIONS);
    return time;
  }

  private transfer(bytes: Bytes): Nanoseconds {
    return Math.floor((bytes * SECOND) / this.figures.transferBytesPerSecond);
  }
}
