/** OTM: waits for quiet, takes a snapshot, copies from its virtual volumes, releases it. */
import { NotTaken } from '../../engine/engine.ts';
import type { Snapshot } from '../../engine/snapshot.ts';
import type { Task } from '../../engine/task.ts';
import type { BesideSnapshot, OtmMethod } from '../scenario/scenario.ts';
import { WatchedSnapshot } from '../world/watched-snapshot.ts';
import type { World } from '../world/world.ts';
import type { Agent, AgentContext } from './agent.ts';
import { copySectors } from './copy-sectors.ts';

export function otmAgent(method: OtmMethod): Agent {
  return function* run(context: AgentContext): Task<void> {
    const { world, backup, selection } = context;
    const watched = new WatchedSnapshot(world, { id: backup.id, selection, options: method.options });
    // The full read that the checks go by is no part of the backup, so what it costs is not either.
    const measured = (): void => {
      const { snapshot } = watched;
      if (snapshot === null || backup.preserved !== null) return;
      backup.preserved = { granules: snapshot.granulesPreserved, cachePeakBytes: snapshot.cache.file.peakBytes };
      world.doors.measureNothing();
    };
    try {
      const snapshot = yield* watched.take();
      backup.T = watched.T;
      backup.at = watched.at;
      backup.wallSeconds = watched.wallSeconds;
      backup.consistency = watched.consistency;
      backup.holdNs = watched.holdNs;
      backup.leftOut = watched.leftOut;
      backup.quietWaitNs = world.kernel.now() - backup.startedNs;
      const { writeBackNs } = world.scenario.pageCache;
      if (watched.consistency === 'quiescent' && method.options.quietNs >= writeBackNs) {
        backup.settledAt = world.truth.eventAt(Math.max(0, (watched.T ?? 0) - writeBackNs));
      }
      yield* copySectors(context, watched.sources());
      measured();
      yield* watched.readAll();
      snapshot.release();
    } finally {
      measured();
      watched.close();
    }
  };
}

/** One more snapshot in the same world, read in full and kept alive for a while. */
export function* besideSnapshot(world: World, beside: BesideSnapshot): Task<void> {
  const due = beside.startNs - world.kernel.now();
  if (due > 0) yield due;
  const watched = new WatchedSnapshot(world, beside);
  try {
    const snapshot = yield* watched.take();
    const until = world.kernel.now() + (beside.forNs ?? 0);
    yield* watched.readAll();
    const left = until - world.kernel.now();
    if (left > 0) yield left;
    snapshot.release();
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error;
  } finally {
    watched.close();
  }
}

/** What a snapshot's end means for the backup that reads it. */
export function endOf(snapshot: Snapshot): { readonly outcome: 'lost' | 'failed'; readonly reason: string } | null {
  const { state } = snapshot;
  if (state.is === 'lost') return { outcome: 'lost', reason: `${state.cause}: ${state.detail}` };
  if (state.is === 'released' && state.cause === 'idle') {
    return { outcome: 'failed', reason: 'released: no read came within the idle limit' };
  }
  return null;
}

export function outcomeOf(error: NotTaken): 'timed-out' | 'failed' {
  return error.because === 'timed-out' ? 'timed-out' : 'failed';
}
