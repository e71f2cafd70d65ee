/** How data checks build their verdicts: over zero they are not applicable, and a violation carries its proof. */
import type { DataEvidence, JudgedWorkload } from './data-evidence.ts';
import type { EvidenceValue, Verdict } from './verdict.ts';

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

/** Held, unless there was nothing to look at. */
export function held(check: string, workload: string | null, finding: Finding): Verdict {
  return verdict(check, workload, finding.looked === 0 ? 'not-applicable' : 'held', finding);
}

/** Violated, also when little could be looked at: what can't be read back is a violation. */
export function violated(check: string, workload: string | null, finding: Finding): Verdict {
  return verdict(check, workload, 'violated', finding);
}

export function notApplicable(check: string, workload: string | null, summary: string): Verdict {
  return verdict(check, workload, 'not-applicable', { looked: 0, summary });
}

/** Judges each workload that has files on the restored volumes; one with files elsewhere too can't be judged. */
export function byWorkload(
  evidence: DataEvidence,
  check: string,
  judge: (workload: JudgedWorkload) => Verdict,
  workloads: readonly JudgedWorkload[] = evidence.workloads,
): Verdict[] {
  return workloads.flatMap(workload => {
    const scope = evidence.scope(workload);
    if (scope === 'outside') return [];
    if (scope === 'inside') return [judge(workload)];
    return [notApplicable(check, workload.application.id, 'some of its files are on volumes that were not selected')];
  });
}
