/** Truth and trace of a method as JSON Lines. Times are virtual seconds from 0 s of the run. */
import { type Nanoseconds, SECOND } from '../engine/units.ts';
import { NEVER } from '../sim/apps/workload-truth.ts';
import type { Trace } from '../sim/kernel/trace.ts';
import type { Session } from '../sim/world/session.ts';

/**
 * Each backup with the last event before its start, T and end, then each transaction of each application with the events
 * at which it began, was committed and so on.
 */
export function truthLines({ world, backups }: Session): string {
  const { truth, workloads } = world;
  const instant = (event: number) => (event === NEVER ? null : { event, seconds: truth.timeOf(event) / SECOND });
  const ofBackups = backups.map(({ startedAt, startedNs, at, T, endedAt, endedNs, outcome }) => ({
    what: 'backup',
    outcome,
    started: after(startedAt, startedNs),
    T: at === null ? null : after(at, T),
    ended: after(endedAt, endedNs),
  }));
  const ofTransactions = workloads.flatMap(({ application, truth: { transactions } }) =>
    transactions.map(({ number, operation, began, committed, acknowledged, durable, abortedBecause }) => ({
      what: 'transaction',
      workload: application.id,
      number,
      operation,
      began: instant(began),
      committed: instant(committed),
      acknowledged: instant(acknowledged),
      durable: instant(durable),
      abortedBecause,
    })),
  );
  return lines([...ofBackups, ...ofTransactions]);
}

/** Something of the backup's: the last event before it, and its own time. */
function after(event: number, atNs: Nanoseconds | null): { event: number; seconds: number } | null {
  return atNs === null ? null : { event, seconds: atNs / SECOND };
}

export function traceLines(trace: Trace | null): string {
  const entries = trace?.entries ?? [];
  return lines(entries.map(({ at, path, what, detail }) => ({ seconds: at / SECOND, path, what, ...detail })));
}

/** The engine's log that lasts: one line for each snapshot that was asked for. Times are seconds. */
export function snapshotLines({ world }: Session): string {
  const seconds = (time: Nanoseconds | null): number | null => (time === null ? null : time / SECOND);
  return lines(
    world.snapshotLog.records.map(({ askedAt, quietWaitNs, T, holdNs, end, ...record }) => ({
      ...record,
      askedAt: seconds(askedAt),
      quietWait: seconds(quietWaitNs),
      T: seconds(T),
      hold: seconds(holdNs),
      end: end === null ? null : { ...end, at: seconds(end.at) },
    })),
  );
}

function lines(values: readonly object[]): string {
  return values.map(value => `${JSON.stringify(value)}\n`).join('');
}
