/**
 * `intact`: each restored file, alone, equals its content at some one instant of the truth, up to the picture. One that the
 * picture leaves out has the size that it had, and zeroes (E11).
 */

import { isZeroes } from '../../engine/bytes.ts';
import type { RestoredFile } from '../apps/application.ts';
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
  const { checked, wrong } = notZeroes(evidence);
  const looked = restored.length + missing.length + checked;
  if (torn.length === 0 && missing.length === 0 && wrong.length === 0) {
    return [
      held('intact', null, NO_FILE, {
        looked,
        summary: `${counted(looked - checked, 'file')}, each as it was at some one instant${checked === 0 ? '' : `, and ${counted(checked, 'file')} left out: zeroes`}`,
      }),
    ];
  }
  const parts: string[] = [];
  const tornPaths = torn.map(({ path }) => path);
  if (torn.length > 0) parts.push(`${counted(torn.length, 'file')} as it never was: ${listed(tornPaths)}`);
  if (missing.length > 0) parts.push(`${counted(missing.length, 'file')} missing: ${listed(missing)}`);
  if (wrong.length > 0) parts.push(`left out, and not zeroes of the size that they had: ${listed(wrong)}`);
  return [
    violated('intact', null, {
      looked,
      summary: parts.join('; '),
      evidence: { torn: tornPaths.slice(0, SHOWN), missing: missing.slice(0, SHOWN) },
      story: torn.slice(0, TOLD).flatMap(comparison => tell(evidence, comparison)),
    }),
  ];
}

const PIECE_BYTES = 1_048_576;

/** Files that were left out; while pages were still to be written their chains on the drive may be others than in memory. */
function notZeroes({ restore, leftOut, tree }: DataEvidence): { checked: number; wrong: string[] } {
  if (restore.consistency !== 'quiescent' || restore.settledAt === null) return { checked: 0, wrong: [] };
  const files = leftOut.filter(({ sizeBytes, path }) => {
    return sizeBytes !== null && restore.volumes.some(({ letter }) => path.startsWith(letter));
  });
  const wrong = files.filter(({ path, sizeBytes }) => {
    const file = tree.file(path);
    return file === null || file.damage !== null || file.sizeBytes !== sizeBytes || !isAllZeroes(file);
  });
  return { checked: files.length, wrong: wrong.map(({ path }) => path) };
}

function isAllZeroes(file: RestoredFile): boolean {
  const bytes = new Uint8Array(Math.min(PIECE_BYTES, file.sizeBytes));
  for (let offset = 0; offset < file.sizeBytes; offset += bytes.length) {
    const piece = bytes.subarray(0, Math.min(bytes.length, file.sizeBytes - offset));
    file.read(offset, piece);
    if (!isZeroes(piece)) return false;
  }
  return true;
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
