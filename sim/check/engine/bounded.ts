/** `bounded` (E8): the sectors of the cache file that were ever written, as the drive saw them, never exceed its limit. */
import type { Verdict } from '../verdict.ts';
import { byDrive, coverage } from './coverage.ts';
import { type EngineEvidence, engineVerdict } from './engine-verdict.ts';

export function bounded({ world, snapshots }: EngineEvidence): Verdict {
  const writes = [...world.requests.rows('cache')].filter(({ op }) => op === 'write' || op === 'zeroes');
  const written = byDrive(writes);
  const looked = writes.reduce((sum, { count }) => sum + count, 0);
  const violations: string[] = [];
  for (const on of world.drives.values()) {
    const { union } = coverage(written.get(on.drive.place) ?? [], 1);
    const bytes = union * on.spec.sectorSizeBytes;
    const limits = snapshots.filter(({ cacheDrive }) => cacheDrive === on.spec.id);
    const limit = limits.reduce((sum, { request }) => sum + request.options.cache.limitBytes, 0);
    if (bytes > limit)
      violations.push(`${bytes} bytes of cache files were written on ${on.spec.id}, the limit is ${limit}`);
  }
  return engineVerdict('bounded', 'E8', {
    looked,
    violations,
    summary: `${looked} sectors of the cache, within its limit`,
    nothing: 'nothing was written to a cache',
  });
}
