/** Restores for tests of the data checks: what a method says of itself beside the bytes. */
import { SECOND } from '../../../engine/units.ts';
import type { Restore } from '../../../sim/evidence.ts';
import type { Stage } from '../apps/stage.ts';

const CLOCK_SECONDS = 946_684_800;

/** A restore of all volumes of a stage; its copy lies between 0 s and now unless `changes` say otherwise. */
export function restoreOf(stage: Stage, changes: Partial<Restore>): Restore {
  const volumes = [...stage.volumes.keys()].map(letter => ({ letter }) as Restore['volumes'][number]);
  return {
    volumes,
    consistency: null,
    at: null,
    wallSeconds: null,
    startedAt: 0,
    endedAt: stage.truth.lastEvent,
    endedWallSeconds: CLOCK_SECONDS + Math.floor(stage.kernel.now() / SECOND),
    files: [],
    settled: false,
    ...changes,
  };
}
