/**
 * The limits of a snapshot that is enabled: one task for each limit, no timer for each request.
 *
 * Preserve limit (E9): the oldest copy that is under way is looked at; copies stand in the order of beginning.
 * Idle limit (E17): the time since the last virtual read.
 */
import type { Snapshot } from './snapshot.ts';
import { Latch, type Task, wait } from './task.ts';
import { type Nanoseconds, SECOND } from './units.ts';

export function* watchPreserving(snapshot: Snapshot): Task<void> {
  const { preserveLimitNs } = snapshot.options;
  const { scheduler } = snapshot.owner;
  while (snapshot.isEnabled) {
    const oldest = oldestCopy(snapshot);
    if (oldest === null) {
      snapshot.copyBegins = new Latch<void>('a copy to watch');
      yield* wait(snapshot.copyBegins);
      continue;
    }
    const left = oldest.since + preserveLimitNs - scheduler.now();
    if (left > 0) {
      yield left;
      continue;
    }
    const detail = `no answer for ${preserveLimitNs / SECOND} s`;
    snapshot.cannotPreserve(oldest.volume, [oldest.granule], 'preserve-limit', detail);
  }
}

function oldestCopy(
  snapshot: Snapshot,
): { volume: Snapshot['volumes'][number]; granule: number; since: Nanoseconds } | null {
  let oldest: ReturnType<typeof oldestCopy> = null;
  for (const volume of snapshot.volumes) {
    for (const [granule, { since }] of volume.copying) {
      if (oldest === null || since < oldest.since) oldest = { volume, granule, since };
      break;
    }
  }
  return oldest;
}

export function* watchIdle(snapshot: Snapshot, limitNs: Nanoseconds): Task<void> {
  const { scheduler } = snapshot.owner;
  while (snapshot.isEnabled) {
    const left = snapshot.lastReadAt + limitNs - scheduler.now();
    if (left > 0) {
      yield left;
      continue;
    }
    snapshot.release('idle');
  }
}
