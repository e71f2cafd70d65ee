/** Restores and evidence for tests of the data checks: what a method says of itself beside the bytes. */
import { type Nanoseconds, SECOND } from '../../../engine/units.ts';
import { DataEvidence } from '../../../sim/check/data-evidence.ts';
import type { Verdict } from '../../../sim/check/verdict.ts';
import type { Restore } from '../../../sim/evidence.ts';
import type { Path } from '../../../sim/fs/file-system.ts';
import { type FileState, readingsOf, type Stage } from '../apps/stage.ts';

export const CLOCK_SECONDS = 946_684_800;

/** A restore of all volumes of a stage; its copy lies between 0 s and now unless `changes` say otherwise. */
export function restoreOf(stage: Stage, changes: Partial<Restore> = {}): Restore {
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
    settledAt: null,
    ...changes,
  };
}

export interface EvidenceChanges extends Partial<Restore> {
  readonly writeBackNs?: Nanoseconds;
  readonly selects?: (path: Path) => boolean;
  readonly leftOut?: readonly { readonly path: Path; readonly sizeBytes: number }[];
}

/** The evidence of a stage from which these files came back. */
export function evidenceOf(
  stage: Stage,
  files: ReadonlyMap<Path, FileState>,
  { writeBackNs = SECOND, selects, leftOut = [], ...changes }: EvidenceChanges = {},
): DataEvidence {
  const restore = restoreOf(stage, changes);
  const readings = readingsOf(
    files,
    restore.volumes.map(({ letter }) => letter),
  );
  const { truth, workloads } = stage;
  const input = { restore, readings, truth, workloads, writeBackNs, leftOut };
  return new DataEvidence(selects === undefined ? input : { ...input, selects });
}

/** The one verdict of a check. */
export function only(verdicts: readonly Verdict[]): Verdict {
  const [verdict] = verdicts;
  if (verdict === undefined || verdicts.length !== 1) throw new Error(`${verdicts.length} verdicts`);
  return verdict;
}

/** Files of one picture, with those named from another. */
export function mixed<T>(one: ReadonlyMap<Path, T>, other: ReadonlyMap<Path, T>, paths: readonly Path[]): Map<Path, T> {
  const files = new Map(one);
  for (const path of paths) {
    const state = other.get(path);
    if (state === undefined) files.delete(path);
    else files.set(path, state);
  }
  return files;
}
