/** `intact`: each restored file, alone, equals its content at some one instant of the truth. */

import { counted, listed } from '../apps/wording.ts';
import type { Comparison } from './comparison.ts';
import type { DataEvidence } from './data-evidence.ts';
import { held, NO_FILE, violated } from './data-verdict.ts';
import { differencesText, instantText } from './differences.ts';
import { hasFreeInstant } from './instants.ts';
import type { Verdict } from './verdict.ts';

const TOLD = 3;
const SHOWN = 20;

export function intact(evidence: DataEvidence): Verdict[] {
  const { tree, truth } = evidence;
  const restored = tree.paths.filter(path => evidence.isJudged(path));
  const missing = truth.paths().filter(path => tree.file(path) === null && evidence.mustBeThere(path));
  const torn = restored
    .map(path => evidence.compare(path))
    .filter(({ spans }) => !hasFreeInstant(spans, truth.lastEvent));
  const looked = restored.length + missing.length;
  if (torn.length === 0 && missing.length === 0) {
    return [
      held('intact', null, NO_FILE, {
        looked,
        summary: `${counted(looked, 'file')}, each as it was at some one instant`,
      }),
    ];
  }
  const parts: string[] = [];
  const tornPaths = torn.map(({ path }) => path);
  if (torn.length > 0) parts.push(`${counted(torn.length, 'file')} as it never was: ${listed(tornPaths)}`);
  if (missing.length > 0) parts.push(`${counted(missing.length, 'file')} missing: ${listed(missing)}`);
  return [
    violated('intact', null, {
      looked,
      summary: parts.join('; '),
      evidence: { torn: tornPaths.slice(0, SHOWN), missing: missing.slice(0, SHOWN) },
      story: torn.slice(0, TOLD).flatMap(comparison => tell(evidence, comparison)),
    }),
  ];
}

/** Why no instant fits one file. */
function tell({ comparer, truth }: DataEvidence, comparison: Comparison): string[] {
  const { path, restored } = comparison;
  if (restored?.damage != null) return [`${path} can't be read back: ${restored.damage}.`];
  if (truth.occupantsOf(path) === null) return [`${path} was restored, and there never was such a file.`];
  const { nearest } = comparer.solve([comparison], null);
  if (nearest === null) return [];
  return [
    `${path}, as restored, is nearest to what it was ${instantText(truth, nearest)}; there ${differencesText(comparison, nearest)}.`,
  ];
}
