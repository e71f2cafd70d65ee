/** The figures of a backup, from the world's logs. Seconds are virtual; what was not measured is null, never 0. */
import { MICROSECOND, type Nanoseconds, SECOND } from '../engine/units.ts';
import type { Backup } from './agents/backup.ts';
import type { WorkloadTruth } from './apps/workload-truth.ts';
import type { Metrics } from './result.ts';
import { hasSnapshots } from './scenario/methods.ts';

import type { Session } from './world/session.ts';

/** Transactions that the base run, without a backup, committed; null when there is none. */
export type BaseTruth = readonly WorkloadTruth[] | null;

export function metricsOf(session: Session, backup: Backup, base: BaseTruth): Metrics {
  const { world } = session;
  const { copyToNs, T, startedNs, writeDelays, readDelays } = backup;
  const { preserved } = backup;
  const granuleBytes = hasSnapshots(world.method) ? world.method.options.granuleBytes : null;
  const from = backup.startedNs;
  const to = copyToNs ?? backup.endedNs ?? session.endedNs;
  const copied = T !== null && copyToNs !== null;
  const copyStart = world.method.kind === 'cold-backup' ? startedNs : (T ?? startedNs);
  return {
    quietWaitSeconds: seconds(backup.quietWaitNs),
    holdSeconds: granuleBytes === null ? null : seconds(backup.holdNs),
    backupSeconds: copied ? seconds(copyToNs - copyStart) : null,
    bytesRead: copied ? backup.bytesRead : null,
    targetBytesWritten: copied ? backup.targetBytesWritten : null,
    bytesPreserved: preserved === null || granuleBytes === null ? null : preserved.granules * granuleBytes,
    granulesPreserved: preserved === null ? null : preserved.granules,
    cachePeakBytes: preserved === null ? null : preserved.cachePeakBytes,
    appTransactionsPerSecond: rate(
      world.workloads.map(({ truth }) => truth),
      from,
      to,
    ),
    appTransactionsPerSecondWithoutBackup: base === null ? null : rate(base, from, to),
    appDownSeconds: seconds(backup.downNs),
    appWriteDelayP50Us: microseconds(writeDelays.percentile(500)),
    appWriteDelayP99Us: microseconds(writeDelays.percentile(990)),
    appReadDelayP99Us: microseconds(readDelays.percentile(990)),
  };
}

function rate(truths: readonly WorkloadTruth[], from: Nanoseconds, to: Nanoseconds): number | null {
  if (to <= from) return null;
  const count = truths.reduce((sum, truth) => sum + truth.committedBetween(from, to), 0);
  return Math.round((count * SECOND * 100) / (to - from)) / 100;
}

function seconds(time: Nanoseconds | null): number | null {
  return time === null ? null : time / SECOND;
}

function microseconds(time: Nanoseconds | null): number | null {
  return time === null ? null : time / MICROSECOND;
}
