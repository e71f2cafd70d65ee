/** What kinds of methods have in common. */
import type { Nanoseconds } from '../../engine/units.ts';
import type { AnyMethod, Scenario, SnapshotMethod } from './scenario.ts';

/** Whether a method makes its backups of a snapshot. */
export function hasSnapshots(method: AnyMethod): method is SnapshotMethod {
  return method.kind === 'otm' || method.kind === 'otm-incremental';
}

/** When the backups of a method are due, counted from `backups.start`. */
export function scheduleOf({ backups }: Pick<Scenario, 'backups'>, method: AnyMethod): Due {
  const { count, everyNs } = backups;
  if (method.kind !== 'otm-incremental') return { count, everyNs: everyNs ?? 0, skipsMissed: false };
  return { count: method.schedule.times, everyNs: method.schedule.everyNs, skipsMissed: true };
}

interface Due {
  readonly count: number;
  readonly everyNs: Nanoseconds;
  /** A run whose time has passed is left out. */
  readonly skipsMissed: boolean;
}
