/**
 * `transparent` (E3, E18): applications read what was last written, live volumes end as that says, and each destructive
 * request reaches its drive once, unchanged and in its turn.
 */
import { PAGE_BYTES } from '../../disk/arena.ts';
import type { World } from '../../world/world.ts';
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, engineVerdict } from './engine-verdict.ts';

export function transparent({ world }: EngineEvidence): Verdict {
  const { doors, pageCache } = world;
  const violations = doors.violations.map(
    ({ drive, what, op, sector, count }) => `${op} of sectors ${sector}+${count} of ${drive}: ${MEANING[what]}`,
  );
  for (const { volume, page } of pageCache.oracleLog.mismatches) {
    violations.push(`page ${page} of ${volume}: reads as something that was not last written there`);
  }
  const live = compareLive(world, violations);
  const looked = doors.matched + pageCache.oracleLog.comparisons + live;
  return engineVerdict('transparent', 'E3', {
    looked,
    violations,
    summary: `${doors.matched} writes passed unchanged and in order, ${pageCache.oracleLog.comparisons + live} pages hold what was last written`,
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

/** Pages that are not being written hold what the page cache last left there. */
function compareLive(world: World, violations: string[]): number {
  const bytes = new Uint8Array(PAGE_BYTES);
  let looked = 0;
  for (const [letter, cached] of world.cached) {
    const { on, firstSector } = world.volume(letter);
    const start = firstSector * on.spec.sectorSizeBytes;
    for (const { page, expected } of cached.oracle.expectations()) {
      const known = cached.find(page);
      if (known !== null && known.flight !== null) continue;
      const length = cached.lengthOf(page);
      const held = bytes.subarray(0, length);
      on.drive.sectors.read(start + page * PAGE_BYTES, held);
      looked += 1;
      if (world.modules.hash(held) !== expected) {
        violations.push(`page ${page} of ${letter}: on the drive is not what was last written there`);
      }
    }
  }
  return looked;
}
