/**
 * A Result: what one run (a scenario variant, a seed, all its methods) comes to, as `--json` and `--jsonl` print it.
 *
 * Invariants
 * I1 Seconds are virtual, from 0 s of the run; sizes are bytes; `Us` are microseconds.
 * I2 What was not measured is null, never 0.
 * I3 Fields are added, never renamed or given another meaning, without a new number of the schema.
 * I4 A `RunResult` is a function of scenario, seed and version. What only the host knows (where the scenario came from, the
 *    command that repeats it, versions, wall time) makes it a `Result`; `host/` fills that in.
 */
import type { EvidenceValue, VerdictWord } from './check/verdict.ts';
import type { Consistency, Outcome } from './evidence.ts';

export type { EvidenceValue, VerdictWord } from './check/verdict.ts';
export type { Consistency, Outcome } from './evidence.ts';

/** What `expect` says of a check: a verdict, or a word that leaves it open. Null: nothing is expected of it. */
export type ExpectedWord = string;

export interface Evidence {
  readonly [key: string]: EvidenceValue;
}

/** One check of one method, with what was expected of it. */
export interface CheckResult {
  /** Its name in `expect`; thresholds are `metric:<name>`. */
  readonly check: string;
  /** The engine's promise that it judges, `E1` to `E18`. */
  readonly promise: string | null;
  readonly workload: string | null;
  readonly verdict: VerdictWord;
  /** Null when nothing is expected of it. */
  readonly expected: ExpectedWord | null;
  readonly pass: boolean;
  /** How much was compared: sectors, granules, files or transactions. */
  readonly looked: number;
  readonly summary: string;
  readonly evidence: Evidence;
  /** In the manner of a proof, a sentence each. */
  readonly story: readonly string[];
}

/** A file as a file agent read it. */
export interface CopiedFile {
  readonly path: string;
  readonly bytes: number;
  readonly readFrom: number;
  readonly readTo: number;
  readonly wallClock: string;
}

export interface Metrics {
  readonly quietWaitSeconds: number | null;
  readonly holdSeconds: number | null;
  readonly backupSeconds: number | null;
  readonly bytesRead: number | null;
  readonly targetBytesWritten: number | null;
  readonly bytesPreserved: number | null;
  readonly granulesPreserved: number | null;
  readonly cachePeakBytes: number | null;
  readonly appTransactionsPerSecond: number | null;
  readonly appTransactionsPerSecondWithoutBackup: number | null;
  readonly appDownSeconds: number | null;
  readonly appWriteDelayP50Us: number | null;
  readonly appWriteDelayP99Us: number | null;
  readonly appReadDelayP99Us: number | null;
}

/** What a picture leaves out: it reads as zeroes in the image (E11). */
export interface ExcludedFile {
  /** A file, or the drive on which raw sectors are. */
  readonly path: string;
  readonly bytes: number;
  /** A cache file of the engine, or one that the scenario excludes. */
  readonly because: 'cache' | 'state' | 'excluded';
}

/** An application that was started over the restored files. */
export interface Loading {
  readonly workload: string;
  /** The kind of application: `ledger`, `sqlite`, `mail`, `static`, `script`. */
  readonly app: string;
  /** What must match, in the application's words: `A`, `B`; `index`, `messages`. */
  readonly parts: readonly string[];
  readonly accepts: boolean;
  /** What it says: "B holds 80 transfers that A lacks: balances are off by 4,310". */
  readonly summary: string;
}

/** The restore, made to a fresh drive before anything is judged. */
export interface RestoreStep {
  /** Letters of the volumes that were restored. */
  readonly volumes: readonly string[];
  /** How many files they hold. */
  readonly files: number;
  readonly loadings: readonly Loading[];
}

/** One of several backups that a method made. */
export interface BackupResult {
  readonly T: number | null;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly consistency: Consistency | null;
  readonly excluded: readonly ExcludedFile[];
  readonly restore: RestoreStep | null;
  readonly checks: readonly CheckResult[];
  readonly metrics: Metrics;
}

export interface MethodRun {
  /** Its id: the word of `expect`, `--method` and `--set`. */
  readonly method: string;
  readonly kind: string;
  readonly outcome: Outcome;
  /** Why it did not complete. */
  readonly reason: string | null;
  readonly consistency: Consistency | null;
  readonly digest: string;
  /** For file agents the start of the copy: shown only. */
  readonly T: number | null;
  readonly pass: boolean;
  /** False when `expect` does not name the method: it is shown, not judged. */
  readonly judged: boolean;
  /** Null when nothing could be restored. */
  readonly restore: RestoreStep | null;
  readonly checks: readonly CheckResult[];
  readonly files: readonly CopiedFile[];
  /** As of T, in the order of the volumes. */
  readonly excluded: readonly ExcludedFile[];
  readonly metrics: Metrics;
  /** Only of a method that makes several backups; its verdict is the worst of them. */
  readonly backups?: readonly BackupResult[];
}

export interface MethodResult extends MethodRun {
  /** Runs this seed with this method alone. */
  readonly command: string;
}

export interface ResultSource {
  /** As it was given, with `/`; never an absolute path of the machine for a shipped scenario. */
  readonly path: string;
  readonly sha256: string;
  readonly overrides: readonly string[];
  /** Left out of a suite's lines. */
  readonly text?: string;
}

/** What a run comes to, before the host adds what only it knows (I4). */
export interface RunResult {
  /** The scenario's name, without its variant. */
  readonly scenario: string;
  readonly variant: string | null;
  readonly seed: number;
  /** The fold of the methods' digests, in the order of the file. */
  readonly digest: string;
  readonly virtualSeconds: number;
  readonly events: number;
  readonly ios: number;
  readonly pass: boolean;
  /** Without `none`, the base of every cost. */
  readonly methods: readonly MethodRun[];
}

export interface Result extends RunResult {
  readonly schema: 'otm/result@1';
  readonly version: string;
  readonly node: string;
  readonly source: ResultSource;
  readonly wallMs: number;
  readonly methods: readonly MethodResult[];
}

/** An expectation that did not pass, or a run that could not be judged because of a defect. */
export interface Failure {
  readonly scenario: string;
  readonly variant: string | null;
  readonly seed: number;
  readonly method: string;
  readonly check: string;
  readonly expected: string | null;
  readonly verdict: string;
  readonly summary: string;
  readonly command: string;
}

/** What failures have in common that are shown as one: all but seed and summary. A defect is of no method. */
export function signatureOf(failure: Failure): string {
  const scenario = failure.variant === null ? failure.scenario : `${failure.scenario}[${failure.variant}]`;
  if (failure.verdict === 'defect') return `${scenario}: a ${failure.check} of the program`;
  return `${scenario}, ${failure.method}: ${failure.check} ${failure.verdict}, expected ${failure.expected ?? 'nothing'}`;
}

/** Failures that look the same, with how often and where first. */
export interface FailureGroup {
  readonly signature: string;
  readonly runs: number;
  /** The command that shows the first of them. */
  readonly first: string;
}

/** How far a suite has come. */
export interface SuiteProgress {
  readonly runs: number;
  readonly finished: number;
  readonly failed: number;
  readonly defects: number;
  readonly seconds: number;
  /** Where the run is that is under way; null between two. */
  readonly underWay: { readonly seed: number; readonly method: string; readonly virtualSeconds: number } | null;
}

/** The last line of a suite. passed + failed + defects + notRun = runs. */
export interface SuiteResult {
  readonly schema: 'otm/suite@1';
  readonly runs: number;
  readonly passed: number;
  readonly failed: number;
  readonly defects: number;
  readonly notRun: number;
  readonly fromStore: number;
  /** Method runs that no expectation names. */
  readonly noExpectation: number;
  /** Wall time. */
  readonly seconds: number;
  /** Methods that were run and judged, over all runs; `none` is not counted. */
  readonly methodRuns: number;
  /** Simulated I/Os of those runs. */
  readonly ios: number;
  /** Of the process, at its largest. */
  readonly peakMemoryBytes: number | null;
  readonly marks: { readonly [mark: string]: number };
  readonly groups: readonly FailureGroup[];
  readonly failures: readonly Failure[];
}

/** An error under `--json`: one line for each. */
export interface ErrorLine {
  readonly schema: 'otm/error@1';
  readonly code: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly hint: string | null;
}
