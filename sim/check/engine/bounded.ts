/** `bounded` (E8): the sectors of the cache file that were ever written, as the drive saw them, never exceed its limit. */
import type { Verdict } from '../verdict.ts';
import { type EngineEvidence, engineVerdict } from './engine-verdict.ts';

export function bounded({ world, snapshots }: EngineEvidence): Verdict {
  const written = new Map<number, Set<number>>();
  let looked = 0;
  for (const { drive, op, sector, count } of world.requests.rows('cache')) {
    if (op !== 'write' && op !== 'zeroes') continue;
    const sectors = written.get(drive) ?? new Set<number>();
    written.set(drive, sectors);
    for (let at = sector; at < sector + count; at++) sectors.add(at);
    looked += count;
  }
  const violations: string[] = [];
  for (const on of world.drives.values()) {
    const bytes = (written.get(on.drive.place)?.size ?? 0) * on.spec.sectorSizeBytes;
    const limits = snapshots.filter(({ cacheDrive }) => cacheDrive === on.spec.id);
    const limit = limits.reduce((sum, { request }) => sum + request.options.cache.limitBytes, 0);
    if (bytes > limit)
      violations.push(`${bytes} bytes of cache files were written on ${on.spec.id}, the limit is ${limit}`);
  }
  return engineVerdict('bounded', 'E8', {
    looked,
    violations,
    summary: `${looked} sectors of the cache, within its limit`,
  });
}
