/**
 * `recovered` (E10): whenever a machine has started again, each durable snapshot of the one before is back where it has to
 * be, and is not where it must not be; and one that is back is exact. Judged by the world's own books.
 *
 * - It has to come back when whoever asked for it had been told that it is there, nobody had released it, it was not lost,
 *   and no request to its cache or its state had failed or not been answered: a power cut or a kill alone loses nothing.
 * - It must not come back when it was never enabled, or when its end stood in its state before the machine ended.
 * - Between the two (a T or an end that was on its way) either is right.
 */

import type { LifeEnd } from '../../world/life.ts';
import type { Interruption, WatchedSnapshot } from '../../world/watched-snapshot.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, engineVerdict } from './engine-verdict.ts';
import { hadFault, stateRows } from './own-requests.ts';

const AFTER: { readonly [End in LifeEnd]: string } = {
  'power-cut': 'a power cut',
  kill: 'a kill',
  'disk-loss': 'a loss of its disk',
};

export function recovered({ world, snapshots }: EngineEvidence): Verdict {
  const violations: string[] = [];
  let back = 0;
  let refused = 0;
  let compared = 0;
  for (const snapshot of snapshots) {
    for (const [at, interruption] of snapshot.interruptions.entries()) {
      const { became, life } = interruption;
      if (became === null) continue;
      const wrong = judge(world, snapshot, interruption);
      if (wrong !== null) violations.push(`${snapshot.request.id}: after ${AFTER[life.endedBy ?? 'kill']} ${wrong}`);
      if (became !== 'back') {
        refused += 1;
        continue;
      }
      back += 1;
      const next = snapshot.interruptions[at + 1];
      const { findings } = snapshot;
      compared += (next?.comparedBefore ?? findings.comparedSectors) - interruption.comparedBefore;
      const differing = (next?.differencesBefore ?? findings.differenceCount) - interruption.differencesBefore;
      if (differing > 0)
        violations.push(`${snapshot.request.id}: is back, and ${differing} sectors are not what they were at T`);
    }
  }
  return engineVerdict('recovered', 'E10', {
    looked: back + refused + compared,
    violations,
    summary: `${back} came back and ${refused} did not, as they had to; ${compared} sectors were compared since`,
    nothing: 'no machine started again after one that had a durable snapshot',
    evidence: { back, refused },
  });
}

/** What is wrong with what became of it, or null. */
function judge(world: World, snapshot: WatchedSnapshot, interruption: Interruption): string | null {
  const { became, hadT, wasTold, hasEnded } = interruption;
  if (became === 'back') {
    if (!hadT) return 'it is back, and had never been enabled';
    return isEndDurable(world, snapshot, interruption) ? 'it is back, and its end had been durable' : null;
  }
  if (became === null || !wasTold || hasEnded || hadFault(world, snapshot)) return null;
  return `it did not come back: ${became.because}: ${became.detail}`;
}

/** By the drive that has its state: what is written there after its end says so, and is durable when it is done. */
function isEndDurable(world: World, snapshot: WatchedSnapshot, { endedAs, issued }: Interruption): boolean {
  if (endedAs === null) return false;
  return stateRows(world, snapshot).some(
    ({ op, issuedAs, failed, takenAway, completedAt }) =>
      op === 'write' &&
      issuedAs >= endedAs &&
      issuedAs < issued &&
      !failed &&
      !takenAway &&
      Number.isFinite(completedAt),
  );
}
