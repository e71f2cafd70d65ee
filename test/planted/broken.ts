/** The engine broken on purpose: what one defect is, and the faults and options that bring it out. */
import { MILLISECOND, SECOND } from '../../engine/units.ts';
import type { Fault, LatencyFault } from '../../sim/scenario/scenario.ts';
import type { PlantedDefect } from './build.ts';
import type { RawOptions } from './raw-world.ts';

export interface Broken {
  readonly name: string;
  readonly changes: readonly PlantedDefect[];
  /** The check that catches it; `stuck` is none of the checks, but the end of the run. */
  readonly caughtBy: string;
  readonly options?: RawOptions;
}

/** Writes to one drive hang for a second while the snapshot waits for quiet. */
export const HANG: LatencyFault = {
  kind: 'latency',
  on: { is: 'drive', driveId: 'disk1' },
  sectors: null,
  op: 'write',
  factor: null,
  trigger: { is: 'at', atNs: 2050 * MILLISECOND },
  duration: { is: 'for', forNs: SECOND },
};

/** In the middle of a read. */
export const DIES: Fault = { kind: 'agent-dies', how: 'dies', trigger: { is: 'nth', nth: 5 } };

export const STOPS: Fault = { kind: 'agent-dies', how: 'stops', trigger: { is: 'nth', nth: 5 } };

export const CACHE_FAILS: Fault = {
  kind: 'write-error',
  on: { is: 'cache' },
  sectors: null,
  op: 'write',
  done: 'nothing',
  trigger: { is: 'nth', nth: 4 },
  duration: { is: 'once' },
};

export const CACHE_HANGS: LatencyFault = {
  ...HANG,
  on: { is: 'cache' },
  trigger: { is: 'nth', nth: 4 },
  duration: { is: 'ever' },
};

/** The writers never rest. */
export const TAKEN_ANYWAY: RawOptions = { restless: true, otm: { neverQuiet: 'take-anyway', waitLimitNs: SECOND } };

export const DRIVE_FAILS: Fault = {
  kind: 'write-error',
  on: { is: 'drive', driveId: 'disk0' },
  sectors: null,
  op: 'write',
  done: 'nothing',
  trigger: { is: 'nth', nth: 40 },
  duration: { is: 'once' },
};

/** Reads take so long that writers meet the backup's. */
export const SLOW_READS: readonly Fault[] = ['disk0', 'disk1'].map(driveId => ({
  ...HANG,
  on: { is: 'drive', driveId },
  op: 'read',
  factor: 4,
  trigger: { is: 'at', atNs: 0 },
  duration: { is: 'ever' },
}));

export const PASS = `  pass(request: IoRequest): void {
`;

export const PRESERVE_TWICE: PlantedDefect = {
  file: 'engine/slot-cache.ts',
  find: "requests: this.file.submit('write', this.offset(slot), padded ?? bytes),",
  replace: `requests: [
      ...this.file.submit('write', this.offset(slot), padded ?? bytes),
      ...this.file.submit('write', this.offset(slot), padded ?? bytes),
    ],`,
};

export const THROUGH = `  private readThrough(request: IoRequest): IoRequest {
`;

export const LACKS = 'return !this.preserved.allSet(grid.firstTouched(sector), grid.lastTouched(sector, count));';
