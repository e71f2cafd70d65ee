/** How data checks build their verdicts: over zero they are not applicable, and a violation carries its proof. */
import { counted, listed } from '../apps/wording.ts';
import type { DataEvidence, JudgedWorkload } from './data-evidence.ts';
import type { EvidenceValue, Verdict } from './verdict.ts';

/** Why a check over nothing does not apply. */
export const NO_FILE_SYSTEM = 'no restored volume has a file system';
export const NO_FILE = 'no file was selected and restored';
export const NO_TRANSACTION = 'no transaction was committed before the picture, or during the copy';

export interface Finding {
  readonly looked: number;
  readonly summary: string;
  readonly evidence?: { readonly [key: string]: EvidenceValue };
  readonly story?: readonly string[];
}

function verdict(check: string, workload: string | null, word: Verdict['verdict'], finding: Finding): Verdict {
  const { looked, summary, evidence = {}, story = [] } = finding;
  return { check, promise: null, workload, verdict: word, looked, summary, evidence, story };
}

/** Held, unless there was nothing to look at: `nothing` says what was not there. */
export function held(check: string, workload: string | null, nothing: string, finding: Finding): Verdict {
  return finding.looked === 0 ? notApplicable(check, workload, nothing) : verdict(check, workload, 'held', finding);
}

/** Violated, also when little could be looked at: what can't be read back is a violation. */
export function violated(check: string, workload: string | null, finding: Finding): Verdict {
  return verdict(check, workload, 'violated', finding);
}

export function notApplicable(check: string, workload: string | null, summary: string): Verdict {
  return verdict(check, workload, 'not-applicable', { looked: 0, summary });
}

/**
 * Judges each workload that has files on the restored volumes. One of which a part only was taken can't be judged, nor one
 * whose files did not match when its machine started again.
 */
export function byWorkload(
  evidence: DataEvidence,
  check: string,
  judge: (workload: JudgedWorkload) => Verdict,
  workloads: readonly JudgedWorkload[] = evidence.workloads,
): Verdict[] {
  return workloads.flatMap(workload => {
    const scope = evidence.scope(workload);
    if (scope === 'outside') return [];
    if (scope === 'inside') {
      const unjudged = workload.truth.whyUnjudged(evidence.until);
      return [unjudged === null ? judge(workload) : notApplicable(check, workload.application.id, unjudged)];
    }
    return [notApplicable(check, workload.application.id, whyNotJudged(evidence, workload))];
  });
}

function whyNotJudged(evidence: DataEvidence, workload: JudgedWorkload): string {
  const left = evidence.unselectedOf(workload);
  if (left.length === 0) return 'some of its files are on volumes that were not selected';
  if (evidence.filesOf(workload).length === 0) return `none of its files was selected: not ${listed(left)}`;
  return `${counted(left.length, 'file')} of it ${left.length === 1 ? 'was' : 'were'} not selected: ${listed(left)}`;
}
