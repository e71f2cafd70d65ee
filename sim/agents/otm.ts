/** OTM: waits for quiet, takes a snapshot, copies from its virtual volumes, releases it. */
import { NotTaken } from '../../engine/engine.ts';
import type { Snapshot } from '../../engine/snapshot.ts';
import type { Task } from '../../engine/task.ts';
import type { Nanoseconds } from '../../engine/units.ts';
import type { BesideSnapshot, OtmMethod } from '../scenario/scenario.ts';
import { WatchedSnapshot } from '../world/watched-snapshot.ts';
import type { World } from '../world/world.ts';
import type { Agent } from './agent.ts';
import { copySectors } from './copy-sectors.ts';
import { cameBack, copyFrom, withSnapshot } from './with-snapshot.ts';

export function otmAgent(method: OtmMethod): Agent {
  return context => withSnapshot(context, method.options, watched => copySectors(context, watched.sources()));
}

/** The machine has started again, and the snapshot is back: the same instant is copied from the start. */
export function otmAgainAgent(watched: WatchedSnapshot): Agent {
  return context => copyFrom(context, watched, cameBack(watched), () => copySectors(context, watched.sources()));
}

/** One more snapshot in the same world, read in full and kept alive for a while. */
export function* besideSnapshot(world: World, beside: BesideSnapshot): Task<void> {
  const due = beside.startNs - world.kernel.now();
  if (due > 0) yield due;
  const watched = new WatchedSnapshot(world, beside);
  yield* keepBeside(watched, beside.forNs, watched.take());
}

/** The machine has started again, and the snapshot is back. */
export function besideAgain(watched: WatchedSnapshot, { forNs }: BesideSnapshot): Task<void> {
  return keepBeside(watched, forNs, cameBack(watched));
}

function* keepBeside(watched: WatchedSnapshot, forNs: Nanoseconds | null, asked: Task<Snapshot>): Task<void> {
  const { world } = watched;
  try {
    const snapshot = yield* asked;
    const until = (watched.T ?? 0) + (forNs ?? 0);
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
