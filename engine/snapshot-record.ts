/**
 * The log that lasts: one record for each snapshot that was asked for, folded from the engine's events. It says what an
 * operator asks a year later: what was selected, who kept it waiting, when T was, what it cost, how it ended and why.
 */
import type { Consistency, EngineEvent, LossCause, ReleaseCause } from './events.ts';
import { defect } from './invariant.ts';
import type { Bytes, Nanoseconds, Sector } from './units.ts';

export interface SnapshotRecord {
  readonly snapshot: string;
  readonly volumes: readonly string[];
  readonly askedAt: Nanoseconds;
  /** From the request to T. */
  quietWaitNs: Nanoseconds | null;
  /** How often writes to each volume broke a quiet period that had begun. */
  readonly quietBrokenBy: Record<string, number>;
  T: Nanoseconds | null;
  consistency: Consistency | null;
  holdNs: Nanoseconds | null;
  excludedSectors: Sector | null;
  granulesPreserved: number;
  bytesPreserved: Bytes;
  cachePeakBytes: Bytes;
  /** Writes that were refused so that the snapshot stays exact. */
  writesRefused: number;
  /** How often it came back after the machine had ended. */
  reopened: number;
  end:
    | { readonly as: 'timed-out' | 'hold-limit'; readonly at: Nanoseconds }
    | { readonly as: 'released'; readonly at: Nanoseconds; readonly cause: ReleaseCause }
    | { readonly as: 'lost'; readonly at: Nanoseconds; readonly cause: LossCause; readonly detail: string }
    | { readonly as: 'not-reopened'; readonly at: Nanoseconds; readonly detail: string }
    | null;
}

export class SnapshotRecords {
  private readonly all: SnapshotRecord[] = [];
  /** The newest of each id: one may be asked for again. */
  private readonly newest = new Map<string, SnapshotRecord>();

  /** In the order of asking. */
  get records(): readonly SnapshotRecord[] {
    return this.all;
  }

  hear(event: EngineEvent): void {
    if (event.kind === 'selected') {
      this.begin(event.snapshot, event.volumes, event.at);
      return;
    }
    const record = this.newest.get(event.snapshot);
    if (record !== undefined) tell(record, event);
    // A snapshot of an earlier life of the host, whose log is somewhere else.
    else if (event.kind !== 'reopened' && event.kind !== 'not-reopened' && event.kind !== 'cache-grown') {
      defect(`${event.kind} of ${event.snapshot}, which was not asked for`);
    }
  }

  private begin(snapshot: string, volumes: readonly string[], askedAt: Nanoseconds): void {
    const record: SnapshotRecord = {
      snapshot,
      volumes,
      askedAt,
      quietWaitNs: null,
      quietBrokenBy: {},
      T: null,
      consistency: null,
      holdNs: null,
      excludedSectors: null,
      granulesPreserved: 0,
      bytesPreserved: 0,
      cachePeakBytes: 0,
      writesRefused: 0,
      reopened: 0,
      end: null,
    };
    this.all.push(record);
    this.newest.set(snapshot, record);
  }
}

function tell(record: SnapshotRecord, event: EngineEvent): void {
  const { at } = event;
  switch (event.kind) {
    case 'quiet-broken':
      record.quietBrokenBy[event.volume] = (record.quietBrokenBy[event.volume] ?? 0) + 1;
      break;
    case 'enabled':
      record.T = at;
      record.quietWaitNs = at - record.askedAt;
      record.consistency = event.consistency;
      record.holdNs = event.holdNs;
      record.excludedSectors = event.excludedSectors;
      break;
    case 'preserved':
      record.granulesPreserved += event.count;
      record.bytesPreserved += event.bytes;
      break;
    case 'cache-grown':
      record.cachePeakBytes = Math.max(record.cachePeakBytes, event.sizeBytes);
      break;
    case 'write-refused':
      record.writesRefused += 1;
      break;
    case 'reopened':
      record.reopened += 1;
      break;
    default:
      end(record, event);
  }
}

/** The first end is the one that counts. */
function end(record: SnapshotRecord, event: EngineEvent): void {
  const { at } = event;
  if (record.end !== null) return;
  if (event.kind === 'timed-out' || event.kind === 'hold-limit') record.end = { as: event.kind, at };
  else if (event.kind === 'released') record.end = { as: 'released', at, cause: event.cause };
  else if (event.kind === 'lost') record.end = { as: 'lost', at, cause: event.cause, detail: event.detail };
  else if (event.kind === 'not-reopened') record.end = { as: 'not-reopened', at, detail: event.detail };
}
