/**
 * Every request that a drive of the world saw, in columns, in the order of issue: what the engine's checks are built on.
 *
 * Invariants
 * I1 A row is written at issue; completion adds its time, its place among completions and how it ended.
 * I2 Rows are never changed otherwise.
 *
 * Hot path: nothing is allocated for a request.
 */
import type { IoError, IoRequest, Op } from '../../engine/device.ts';
import { defect } from '../../engine/invariant.ts';
import type { Nanoseconds, Sector } from '../../engine/units.ts';
import type { DriveHandle, DriveObserver, Purpose } from '../disk/drive.ts';

const OPS: readonly Op[] = ['read', 'write', 'flush', 'discard', 'zeroes'];
const PURPOSES: readonly Purpose[] = ['application', 'preserve', 'virtual', 'cache', 'target', 'state'];

/** How a request ended, where it was not well. */
const FAILED = 1;
const TAKEN_AWAY = 2;

/** The time of what has not happened. */
const NOT_YET = Number.POSITIVE_INFINITY;

export interface LoggedRequest {
  /** Its place among the requests of the world. */
  readonly issuedAs: number;
  readonly drive: number;
  readonly purpose: Purpose;
  readonly op: Op;
  readonly sector: Sector;
  readonly count: Sector;
  readonly contentHash: number;
  readonly issuedAt: Nanoseconds;
  readonly completedAt: Nanoseconds;
  /** Its place among the completions of the world; NOT_YET while it is on its way. */
  readonly completedAs: number;
  readonly failed: boolean;
  /** The power was cut, or the drive reset, while it was at the drive: its end is that instant. */
  readonly takenAway: boolean;
}

/** Told of each issue, after its row was written. */
export interface IssueListener {
  issued(handle: DriveHandle, request: IoRequest, contentHash: number): void;
}

export class RequestLog implements DriveObserver {
  length = 0;
  completions = 0;
  listener: IssueListener | null = null;
  private readonly now: () => Nanoseconds;
  private capacity = 4096;
  private kinds = new Uint16Array(this.capacity);
  private sectors = new Float64Array(this.capacity);
  private counts = new Float64Array(this.capacity);
  private hashes = new Float64Array(this.capacity);
  private issued_ = new Float64Array(this.capacity);
  private completed_ = new Float64Array(this.capacity);
  private places = new Float64Array(this.capacity);
  private failures = new Uint8Array(this.capacity);

  constructor(now: () => Nanoseconds) {
    this.now = now;
  }

  issued(handle: DriveHandle, request: IoRequest, contentHash: number): number {
    const row = this.length++;
    if (row === this.capacity) this.grow();
    this.kinds[row] = (handle.drive.place * 8 + PURPOSES.indexOf(handle.purpose)) * 8 + OPS.indexOf(request.op);
    this.sectors[row] = request.sector;
    this.counts[row] = request.count;
    this.hashes[row] = contentHash;
    this.issued_[row] = this.now();
    this.completed_[row] = NOT_YET;
    this.places[row] = NOT_YET;
    this.failures[row] = 0;
    if (this.listener !== null) this.listener.issued(handle, request, contentHash);
    return row;
  }

  completed(row: number, _request: IoRequest, error: IoError | null): void {
    this.completed_[row] = this.now();
    this.places[row] = this.completions++;
    this.failures[row] = error === null ? 0 : FAILED;
  }

  takenAway(row: number): void {
    this.completed_[row] = this.now();
    this.places[row] = this.completions++;
    this.failures[row] = TAKEN_AWAY;
  }

  row(at: number): LoggedRequest {
    if (!(at >= 0 && at < this.length)) defect(`row ${at} of ${this.length} requests`);
    const kind = this.kinds[at]!;
    return {
      issuedAs: at,
      drive: Math.floor(kind / 64),
      purpose: PURPOSES[Math.floor(kind / 8) % 8]!,
      op: OPS[kind % 8]!,
      sector: this.sectors[at]!,
      count: this.counts[at]!,
      contentHash: this.hashes[at]!,
      issuedAt: this.issued_[at]!,
      completedAt: this.completed_[at]!,
      completedAs: this.places[at]!,
      failed: this.failures[at] === FAILED,
      takenAway: this.failures[at] === TAKEN_AWAY,
    };
  }

  *rows(purpose: Purpose): Generator<LoggedRequest> {
    const wanted = PURPOSES.indexOf(purpose);
    for (let at = 0; at < this.length; at++) if (Math.floor(this.kinds[at]! / 8) % 8 === wanted) yield this.row(at);
  }

  /** The requests of a purpose that have completed, in the order of completion. */
  inOrderOfCompletion(purpose: Purpose): LoggedRequest[] {
    const rows = [...this.rows(purpose)].filter(({ completedAs }) => completedAs !== NOT_YET);
    return rows.sort((a, b) => a.completedAs - b.completedAs);
  }

  private grow(): void {
    this.capacity *= 2;
    const wider = <T extends Float64Array | Uint8Array | Uint16Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.kinds = wider(this.kinds, new Uint16Array(this.capacity));
    this.sectors = wider(this.sectors, new Float64Array(this.capacity));
    this.counts = wider(this.counts, new Float64Array(this.capacity));
    this.hashes = wider(this.hashes, new Float64Array(this.capacity));
    this.issued_ = wider(this.issued_, new Float64Array(this.capacity));
    this.completed_ = wider(this.completed_, new Float64Array(this.capacity));
    this.places = wider(this.places, new Float64Array(this.capacity));
    this.failures = wider(this.failures, new Uint8Array(this.capacity));
  }
}
