/**
 * `fs`: no cross links, no bad chains, sizes that fit their chains, directories that can be read. The file system keeps
 * no dirty bit, so lost clusters, a stale free count and a second FAT that is behind only count when the picture was
 * quiescent and all pages written.
 */

import { counted, listed } from '../apps/wording.ts';
import type { Problem, ProblemKind } from '../fs/fat/image.ts';
import type { DataEvidence } from './data-evidence.ts';
import { held, NO_FILE_SYSTEM, violated } from './data-verdict.ts';
import type { Verdict } from './verdict.ts';
import { problemText } from './volume-reading.ts';

const SHOWN = 20;
/** What is normal for FAT while some of its pages are not yet written. */
const WHILE_WRITING: ReadonlySet<ProblemKind> = new Set<ProblemKind>(['lost-clusters', 'free-count', 'fat-copies']);

export function fs({ readings, restore }: DataEvidence): Verdict[] {
  const volumes = readings.filter(reading => !reading.isRaw);
  const looked = volumes.reduce((sum, { directoryCount, files }) => sum + directoryCount + files.length, 0);
  const isSettled = restore.consistency === 'quiescent' && restore.settledAt !== null;
  const counts = ({ kind }: Problem) => isSettled || !WHILE_WRITING.has(kind);
  const problems = volumes.flatMap(reading => reading.problems.filter(counts));
  const refused = volumes
    .filter(({ mountError }) => mountError !== null)
    .map(({ letter, mountError }) => `${letter}: does not mount: ${mountError}`);
  const others = problems.filter(({ kind }) => kind !== 'boot');
  const descriptions = [...refused, ...others.map(problemText)];
  if (descriptions.length > 0) {
    const kinds = [...new Set(problems.map(({ kind }) => kind))].sort();
    const summary = `${counted(descriptions.length, 'fault')} of the file system: ${listed(descriptions)}`;
    return [violated('fs', null, { looked, summary, evidence: { kinds, faults: descriptions.slice(0, SHOWN) } })];
  }
  const ignored = volumes.reduce((sum, reading) => sum + reading.problems.length, 0);
  const aside = ignored === 0 ? '' : '; lost clusters and the like do not count, not all pages were written';
  const summary = `${counted(looked, 'file or directory', 'files and directories')} in order${aside}`;
  return [held('fs', null, NO_FILE_SYSTEM, { looked, summary })];
}
