/**
 * The checks and metrics that a scenario can expect something of: what they compare, and where they can apply. What they
 * do stands in `sim/check`; here is the list that loading, documentation and `otm explain` share.
 */
import type { CheckName, DataCheck, MetricName, MetricUnit } from './expectation.ts';
import type { MethodKind, Workload } from './scenario.ts';

export interface CheckDescription {
  /** `data`: of what was restored, for every method. `engine`: of the engine's promises, for methods with a snapshot. */
  readonly family: 'data' | 'engine';
  /** E-numbers; empty for data checks. */
  readonly promises: readonly string[];
  readonly meaning: string;
  /** One verdict for each workload. */
  readonly isPerWorkload: boolean;
  /** The issue in which it comes; null when it is there. */
  readonly later: string | null;
}

function data(meaning: string, isPerWorkload: boolean, later: string | null = null): CheckDescription {
  return { family: 'data', promises: [], meaning, isPerWorkload, later };
}

function engine(promises: string, meaning: string, later: string | null = null): CheckDescription {
  return { family: 'engine', promises: promises.split(' '), meaning, isPerWorkload: false, later };
}

export const CHECKS: { readonly [Name in CheckName]: CheckDescription } = {
  intact: data('each file, alone, equals its content at some one instant', false),
  relational: data('all files of a workload equal their content at one instant at which no transaction was open', true),
  prefix: data(
    'the restored transactions have no hole, and hold all that was durable before T and nothing begun after it',
    true,
  ),
  sqlite: data("SQLite's own integrity check and foreign keys", true),
  mountable: data('the restored volume mounts and every directory can be walked', false),
  fs: data('no cross links, no bad chains, sizes fit, directories can be read', false),
  timestamps: data('every restored file has the stamp that it had, none newer than T', false),
  durable: data('after a power cut or a kill what had been acknowledged as durable is there', true),
  exact: engine('E1 E5 E6 E15', 'every byte of the virtual volume is the byte that the live volume held at T'),
  'one-instant': engine('E2', 'all volumes of the picture are the same prefix of the log of writes'),
  transparent: engine(
    'E3 E18',
    'applications read what was last written; each write reaches the drive once, unchanged and in order',
  ),
  once: engine('E4', 'each granule is read and written to the cache once at most'),
  bounded: engine('E8', 'the cache file never grows past its limit'),
  quiet: engine('E7', 'no write for a whole quiet period before T, or the result says crash-consistent'),
  released: engine('E12', 'after release nothing of the snapshot is left'),
  'fault-rule': engine('E9', 'after a fault the application goes on and the snapshot is lost, or the other way round'),
  recovered: engine(
    'E10',
    'after a power cut or a kill a durable snapshot is back and exact; it is not where it had ended, or another fault came',
  ),
  self: engine(
    'E11',
    'a cache file on a protected volume, and files that are excluded, are zeroes in the picture and nothing of them is preserved; the cache was reserved before T',
  ),
  several: engine('E16', 'several snapshots at once are each exact'),
  idle: engine('E17', 'a snapshot that nobody reads is released, and says so'),
  tracked: engine('E13', 'the image after an increment equals a full copy, and no map that was lost is trusted'),
  'backup-disk': engine(
    'E14',
    'after each backup and each end of the machine the backup disk holds a complete image and every generation that it lists',
  ),
};

export const CHECK_NAMES = Object.keys(CHECKS) as readonly CheckName[];

/** What a data check needs to find among the workloads on the selected volumes. */
export function canJudge(check: DataCheck, { app }: Workload): boolean {
  if (check === 'sqlite') return app === 'sqlite';
  return check === 'relational' || check === 'prefix' || check === 'durable' ? app !== 'static' : true;
}

export interface MetricDescription {
  readonly unit: MetricUnit;
  readonly meaning: string;
  /** Null: every kind of method. */
  readonly kinds: readonly MethodKind[] | null;
}

function metric(unit: MetricUnit, meaning: string, ...kinds: readonly MethodKind[]): MetricDescription {
  return { unit, meaning, kinds: kinds.length === 0 ? null : kinds };
}

export const METRICS: { readonly [Name in MetricName]: MetricDescription } = {
  quietWaitSeconds: metric('nanoseconds', 'from the request to the quiet', 'otm', 'otm-incremental', 'group-agent'),
  holdSeconds: metric('nanoseconds', 'how long writes were held to take T', 'otm', 'otm-incremental'),
  backupSeconds: metric('nanoseconds', 'from T, for other methods from the start, to the last byte on the target'),
  bytesRead: metric('bytes', 'what the backup read'),
  targetBytesWritten: metric('bytes', 'what it wrote to the target'),
  bytesPreserved: metric('bytes', 'old data that was copied to the cache', 'otm', 'otm-incremental'),
  granulesPreserved: metric('count', 'granules that were copied to the cache', 'otm', 'otm-incremental'),
  cachePeakBytes: metric('bytes', 'the largest size of the cache file', 'otm', 'otm-incremental'),
  appTransactionsPerSecond: metric('per-second', 'transactions committed a second during the backup'),
  appTransactionsPerSecondWithoutBackup: metric('per-second', 'the same between the same instants without a backup'),
  appDownSeconds: metric('nanoseconds', 'how long the applications were stopped'),
  appWriteDelayP50Us: metric('nanoseconds', 'from the arrival of a write at the filter to its issue, median'),
  appWriteDelayP99Us: metric('nanoseconds', 'the same, 99th percentile'),
  appReadDelayP99Us: metric('nanoseconds', 'the same of reads, 99th percentile'),
};

export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];
