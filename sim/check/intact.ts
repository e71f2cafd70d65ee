/** `intact`: each restored file, alone, equals its content at some one instant of the truth, up to the picture. */

import { counted, grouped, listed } from '../apps/wording.ts';
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
    .filter(({ spans }) => !hasFreeInstant(spans, truth.lastEvent, evidence.until));
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
function tell({ comparer, truth, until }: DataEvidence, comparison: Comparison): string[] {
  const { path, restored } = comparison;
  if (restored?.damage != null) return [`${path} can't be read back: ${restored.damage}.`];
  if (truth.occupantsOf(path) === null) return [`${path} was restored, and there never was such a file.`];
  const { fits, nearest } = comparer.solve([comparison], null);
  if (nearest === null) return [];
  const [later] = fits;
  if (later !== undefined) {
    return [`${path} is as it was ${instantText(truth, later.from)}, after the picture (event ${grouped(until)}).`];
  }
  return [
    `${path}, as restored, is nearest to what it was ${instantText(truth, nearest)}; there ${differencesText(comparison, nearest)}.`,
  ];
}
