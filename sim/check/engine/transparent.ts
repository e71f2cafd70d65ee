/**
 * `transparent` (E3, E18): applications read what was last written, live volumes end as that says, and each destructive
 * request reaches its drive once, unchanged and in its turn. What drives hold is compared at the end of each life of the
 * machine, before a power cut takes anything back.
 */
import { compareLivePages } from '../../world/live-pages.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, engineVerdict } from './engine-verdict.ts';

export function transparent({ world }: EngineEvidence): Verdict {
  const { doors, oracleLog } = world;
  const violations = doors.violations.map(
    ({ drive, what, op, sector, count }) => `${op} of sectors ${sector}+${count} of ${drive}: ${MEANING[what]}`,
  );
  for (const { volume, page } of oracleLog.mismatches) {
    violations.push(`page ${page} of ${volume}: reads as something that was not last written there`);
  }
  const lives = world.machine.boot.isAlive
    ? [...world.livePages, compareLivePages(world, world.machine)]
    : world.livePages;
  for (const { letter, page } of lives.flatMap(({ differing }) => differing)) {
    violations.push(`page ${page} of ${letter}: on the drive is not what was last written there`);
  }
  const live = lives.reduce((sum, { looked }) => sum + looked, 0);
  const looked = doors.matched + oracleLog.comparisons + live;
  return engineVerdict('transparent', 'E3', {
    looked,
    violations,
    summary: `${doors.matched} writes passed unchanged and in order, ${oracleLog.comparisons + live} pages hold what was last written`,
    nothing: 'nobody read or wrote a protected volume',
    evidence: { refused: doors.refused },
  });
}

const MEANING = {
  unknown: 'reached the drive, and no application asked for it',
  overtaken: 'reached the drive before an earlier one that it overlaps, or over another range',
  changed: 'reached the drive with other bytes, or without its FUA',
  held: 'waited in the engine, and reads and flushes never do',
  early: 'was answered before the drive had done it',
  'other-answer': 'was answered otherwise than the drive did',
  dropped: 'was answered, and never reached the drive',
} as const;
