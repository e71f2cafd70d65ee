/**
 * The one door to sectors: a device takes requests. A request is its own completion latch, so that the filter hands the
 * very object that an application submitted to the drive, and nothing is copied or allocated on the way.
 *
 * Invariants
 * I1 A request is submitted once to each device on its way, and settled once, by the last one.
 * I2 From submit to settlement the device may keep `data`; the caller does not touch it until then.
 * I3 Device errors are values of the world: the latch is settled with null (done) or an `IoError`, never failed.
 */
import { defect, WorldError } from './invariant.ts';
import { Latch } from './task.ts';
import type { Sector } from './units.ts';

export type Op = 'read' | 'write' | 'flush' | 'discard' | 'zeroes';

/** Why a device did not do what it was asked. */
export type IoFailure =
  | 'read-error'
  | 'write-error'
  | 'flush-error'
  | 'gone'
  | 'no-space'
  | 'read-only'
  | 'snapshot-ended'
  | 'timed-out';

/** A value of the world, not an exception of ours; tasks that can't go on throw it. */
export class IoError extends WorldError {
  override readonly name = 'IoError';
  readonly failure: IoFailure;
  readonly device: string;
  readonly op: Op;
  readonly sector: Sector;
  readonly count: Sector;

  constructor(failure: IoFailure, device: string, op: Op, sector: Sector, count: Sector, because = '') {
    super(`${failure} on ${device}: ${op} of ${rangeText(sector, count)}${because === '' ? '' : `: ${because}`}`);
    this.failure = failure;
    this.device = device;
    this.op = op;
    this.sector = sector;
    this.count = count;
  }
}

function rangeText(sector: Sector, count: Sector): string {
  if (count === 0) return 'all';
  return count === 1 ? `sector ${sector}` : `sectors ${sector}..${sector + count - 1}`;
}

/** One request; `null` as its value says that it was done. */
export class IoRequest extends Latch<IoError | null> {
  readonly op: Op;
  readonly sector: Sector;
  /** 0 for a flush, above 0 for all else. */
  readonly count: Sector;
  /** Filled by a read, taken by a write, null for all else. Its length is count x sector size. */
  readonly data: Uint8Array | null;
  /** Force unit access: when it is done, it is on the medium. */
  readonly fua: boolean;
  /** Set by the device when a read found nothing but a hole: `data` is zeroes, and no sector of it was ever written. */
  readAsHole = false;
  /** Of a write, what its submitter knows its data to hash to, for who watches above the filter; below 0: not known. */
  dataHash = -1;
  /** The filter's: its running number among the destructive requests of its drive, and its place among those in flight. */
  acceptedAs = 0;
  inFlightAt = -1;

  constructor(op: Op, sector: Sector, count: Sector, data: Uint8Array | null, fua = false) {
    super(op);
    this.op = op;
    this.sector = sector;
    this.count = count;
    this.data = data;
    this.fua = fua;
  }

  get isDestructive(): boolean {
    return this.op === 'write' || this.op === 'discard' || this.op === 'zeroes';
  }
}

/** Sectors that can be read and written. `name` is for messages: a drive's id, or a letter with its colon. */
export interface Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  /** Discarded sectors read as zeroes. */
  readonly zeroesAfterDiscard: boolean;
  submit(request: IoRequest): IoRequest;
}

/** What every device asserts of a request that reaches it. */
export function checkRequest(device: Device, request: IoRequest): void {
  const { op, sector, count, data } = request;
  if (op === 'flush') {
    if (count !== 0 || data !== null) defect(`${device.name}: a flush has no range`);
    return;
  }
  if (!(Number.isSafeInteger(sector) && sector >= 0)) defect(`${device.name}: ${op} at sector ${sector}`);
  if (!(Number.isSafeInteger(count) && count > 0)) defect(`${device.name}: ${op} of ${count} sectors`);
  if (sector + count > device.sectorCount) defect(`${device.name}: ${op} past the end: ${rangeText(sector, count)}`);
  if (op === 'read' || op === 'write') {
    if (data === null || data.length !== count * device.sectorSize) defect(`${device.name}: ${op} with a wrong length`);
  } else if (data !== null) {
    defect(`${device.name}: ${op} carries data`);
  }
}
