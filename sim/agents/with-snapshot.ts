/** What every backup of a snapshot does: take it, note what is known of it, copy, let the checks read it, release it. */
import { defect } from '../../engine/invariant.ts';
import type { Snapshot } from '../../engine/snapshot.ts';
import type { Task } from '../../engine/task.ts';
import type { OtmOptions } from '../scenario/scenario.ts';
import { WatchedSnapshot } from '../world/watched-snapshot.ts';
import type { AgentContext } from './agent.ts';

export function* withSnapshot(
  context: AgentContext,
  options: OtmOptions,
  copy: (watched: WatchedSnapshot) => Task<void>,
): Task<void> {
  const { world, backup, selection } = context;
  const watched = new WatchedSnapshot(world, { id: backup.id, selection, options });
  yield* copyFrom(context, watched, watched.take(), () => copy(watched));
}

/** A snapshot that is there already, after a restart of the machine. */
export function* cameBack({ snapshot }: WatchedSnapshot): Task<Snapshot> {
  return snapshot ?? defect('a snapshot that came back');
}

export function* copyFrom(
  { world, backup }: AgentContext,
  watched: WatchedSnapshot,
  asked: Task<Snapshot>,
  copy: () => Task<void>,
): Task<void> {
  // The full read that the checks go by is no part of the backup, so what it costs is not either.
  const measured = (): void => {
    const { snapshot } = watched;
    if (snapshot === null || backup.preserved !== null) return;
    backup.preserved = { granules: snapshot.granulesPreserved, cachePeakBytes: snapshot.cache.file.peakBytes };
    world.doors.measureNothing();
  };
  try {
    const snapshot = yield* asked;
    backup.T = watched.T;
    backup.at = watched.at;
    backup.wallSeconds = watched.wallSeconds;
    backup.consistency = watched.consistency;
    backup.holdNs = watched.holdNs;
    backup.leftOut = watched.leftOut;
    backup.quietWaitNs ??= (watched.reopenedNs === null ? world.kernel.now() : (watched.T ?? 0)) - backup.startedNs;
    const { writeBackNs } = world.scenario.pageCache;
    if (watched.consistency === 'quiescent' && watched.request.options.quietNs >= writeBackNs) {
      backup.settledAt = world.truth.eventAt(Math.max(0, (watched.T ?? 0) - writeBackNs));
    }
    yield* copy();
    measured();
    yield* watched.readAll();
    snapshot.release();
  } finally {
    measured();
    watched.close();
  }
}
