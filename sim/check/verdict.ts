/** What a checker says: a word, how much it looked at, a sentence in the application's words, and the evidence. */
export type VerdictWord = 'held' | 'violated' | 'excused' | 'not-applicable';

export type EvidenceValue =
  | string
  | number
  | boolean
  | null
  | readonly EvidenceValue[]
  | { readonly [key: string]: EvidenceValue };

export interface Verdict {
  /** Name of the check, as `expect` has it. */
  readonly check: string;
  /** The engine's promise that it judges, `E1` to `E18`; null for data checks. */
  readonly promise: string | null;
  /** The workload that it judges; null when it judges the whole backup. */
  readonly workload: string | null;
  readonly verdict: VerdictWord;
  /** Sectors, granules, files or transactions that were compared; over zero a check is not applicable. */
  readonly looked: number;
  readonly summary: string;
  readonly evidence: { readonly [key: string]: EvidenceValue };
  /** In the manner of a proof: what was restored, what the truth had at that instant, why no instant fits. */
  readonly story: readonly string[];
}
