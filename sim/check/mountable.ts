/** `mountable`: every restored volume with a file system mounts, and every directory can be walked. */

import { counted, listed } from '../apps/wording.ts';
import type { DataEvidence } from './data-evidence.ts';
import { held, NO_FILE_SYSTEM, violated } from './data-verdict.ts';
import type { Verdict } from './verdict.ts';
import { problemText } from './volume-reading.ts';

export function mountable({ readings }: DataEvidence): Verdict[] {
  const volumes = readings.filter(reading => !reading.isRaw);
  const looked = volumes.reduce((sum, reading) => sum + reading.directoryCount, 0);
  const refused = volumes.filter(reading => reading.mountError !== null);
  if (refused.length > 0) {
    const summary = listed(refused.map(({ letter, mountError }) => `${letter}: does not mount: ${mountError}`));
    return [
      violated('mountable', null, { looked, summary, evidence: { volumes: refused.map(({ letter }) => letter) } }),
    ];
  }
  const broken = volumes.flatMap(({ problems }) => problems.filter(({ kind }) => kind === 'directory'));
  const descriptions = broken.map(problemText);
  if (broken.length > 0) {
    const summary = `${counted(broken.length, 'directory', 'directories')} can't be walked: ${listed(descriptions)}`;
    return [violated('mountable', null, { looked, summary, evidence: { directories: descriptions.slice(0, 20) } })];
  }
  const mounted = listed(volumes.map(({ letter }) => `${letter}:`));
  const summary = `${mounted} mounted, ${counted(looked, 'directory', 'directories')} walked`;
  return [held('mountable', null, NO_FILE_SYSTEM, { looked, summary })];
}
