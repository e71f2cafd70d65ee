/**
 * The limits of a snapshot that is enabled: one task for each limit, no timer for each request.
 *
 * Preserve limit (E9): the oldest copy that is under way is looked at, and the oldest backup read that a write waits for;
 * both stand in the order of beginning.
 * Idle limit (E17): the time since the last virtual read.
 */
import type { Snapshot } from './snapshot.ts';
import { Latch, type Task, wait } from './task.ts';
import { type Nanoseconds, SECOND } from './units.ts';

export function* watchPreserving(snapshot: Snapshot): Task<void> {
  const { preserveLimitNs } = snapshot.options;
  const { scheduler } = snapshot.owner;
  while (snapshot.isEnabled) {
    const oldest = oldestWait(snapshot);
    if (oldest === null) {
      snapshot.somethingToWatch = new Latch<void>('a copy to watch');
      yield* wait(snapshot.somethingToWatch);
      continue;
    }
    const left = oldest.since + preserveLimitNs - scheduler.now();
    if (left > 0) yield left;
    else oldest.giveUp(`no answer for ${preserveLimitNs / SECOND} s`);
  }
}

/** Something that an application's write waits for. */
interface Watched {
  readonly since: Nanoseconds;
  readonly giveUp: (detail: string) => void;
}

function oldestWait(snapshot: Snapshot): Watched | null {
  let oldest: Watched | null = null;
  for (const volume of snapshot.volumes) {
    for (const [granule, { since }] of volume.copying) {
      const giveUp = (detail: string) => snapshot.cannotPreserve(volume, [granule], 'preserve-limit', detail);
      if (oldest === null || since < oldest.since) oldest = { since, giveUp };
      break;
    }
  }
  for (const [reader, since] of snapshot.waitedFor) {
    const giveUp = (detail: string) => snapshot.cannotWait(reader, `a backup read: ${detail}`);
    if (oldest === null || since < oldest.since) oldest = { since, giveUp };
    break;
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
