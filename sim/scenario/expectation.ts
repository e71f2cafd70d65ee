/**
 * What is expected of a method, resolved. The words and what they mean: docs/scenario.md, "What an expectation means".
 *
 * Invariants
 * I1 Every check that is named can apply to the method's kind and to the scenario; engine checks are expected `held` only.
 * I2 With an outcome other than `completed` no data check is named: there is no restore to judge.
 */
import type { Outcome } from '../evidence.ts';

/** `may`: any verdict. `sometimes-violated` passes each run; a suite of 20 runs or more needs one that is violated. */
export type ExpectedWord = 'held' | 'violated' | 'sometimes-violated' | 'may';

export type Expectation =
  | { readonly is: 'held' }
  | { readonly is: 'violated' }
  | { readonly is: 'sometimes-violated' }
  | { readonly is: 'may' }
  | { readonly is: 'outcome'; readonly outcome: Exclude<Outcome, 'completed'> }
  | {
      readonly is: 'checks';
      readonly outcome: Outcome;
      readonly checks: readonly CheckExpectation[];
      readonly metrics: readonly MetricThreshold[];
    };

/** `workload: null`: the check as a whole, violated when it is for one workload. Engine checks are `held` only. */
export interface CheckExpectation {
  readonly check: CheckName;
  readonly workload: string | null;
  readonly expected: ExpectedWord;
}

/** Checks of the restored data: checks.ts says which kinds of method have them. */
export type DataCheck = 'mountable' | 'fs' | 'intact' | 'relational' | 'prefix' | 'sqlite' | 'timestamps' | 'durable';

/** Checks of the engine's promises. */
export type EngineCheck =
  | 'exact'
  | 'one-instant'
  | 'transparent'
  | 'once'
  | 'bounded'
  | 'quiet'
  | 'released'
  | 'fault-rule'
  | 'recovered'
  | 'self'
  | 'several'
  | 'idle'
  | 'tracked'
  | 'backup-disk';

export type CheckName = DataCheck | EngineCheck;

/** The metrics of a method's result that a threshold can be set on. */
export type MetricName =
  | 'quietWaitSeconds'
  | 'holdSeconds'
  | 'backupSeconds'
  | 'bytesRead'
  | 'targetBytesWritten'
  | 'bytesPreserved'
  | 'granulesPreserved'
  | 'cachePeakBytes'
  | 'appTransactionsPerSecond'
  | 'appTransactionsPerSecondWithoutBackup'
  | 'appDownSeconds'
  | 'appWriteDelayP50Us'
  | 'appWriteDelayP99Us'
  | 'appReadDelayP99Us';

/** The unit of a threshold's bounds: of `...Seconds` and `...Us` nanoseconds, of `...Bytes` and `bytes...` bytes. */
export type MetricUnit = 'nanoseconds' | 'bytes' | 'count' | 'per-second';

export interface MetricBound {
  readonly value: number;
  readonly inclusive: boolean;
}

/** A check named `metric:<metric>`: held when the figure is within both bounds. At least one of them is set. */
export interface MetricThreshold {
  readonly metric: MetricName;
  readonly unit: MetricUnit;
  readonly min: MetricBound | null;
  readonly max: MetricBound | null;
  /** As the scenario has it: `<= 180 s`. */
  readonly text: string;
}
