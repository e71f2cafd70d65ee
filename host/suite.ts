/**
 * Runs many scenarios over many seeds, one after the other, and counts. Between two slices of a run the event loop turns,
 * so that Ctrl-C gets its chance: it leaves the run that is under way; the time limit lets it end.
 */
import { DefectError } from '../engine/invariant.ts';
import { SECOND } from '../engine/units.ts';
import type { Failure, Result, SuiteProgress, SuiteResult } from '../sim/result.ts';
import type { Slice, Sliced } from '../sim/slices.ts';
import { groupsOf, SuiteTally } from './suite-tally.ts';

/** A turn of the event loop costs as much as a small slice. */
const TURN_EVERY_MS = 50;

/** What was written of a defect, or why nothing was: the defect is told in any case. */
export type DefectFile =
  | { readonly is: 'written'; readonly name: string }
  | { readonly is: 'not-written'; readonly why: string };

/** One run of a suite: a scenario variant with a seed. */
export interface SuiteRun {
  readonly scenario: string;
  readonly variant: string | null;
  readonly seed: number;
  /** The command that repeats it. */
  readonly command: string;
  /** Runs it; an error is a defect. */
  run(): Sliced<Result>;
}

export interface SuiteOptions<Run extends SuiteRun> {
  readonly runs: Iterable<Run>;
  /** How many `runs` has. */
  readonly count: number;
  readonly failFast: boolean;
  /** Wall time after which no further run is begun; null: no limit. */
  readonly limitMs: number | null;
  /** Ends the suite at once; its reason says why. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly onResult: (result: Result, run: Run) => void;
  readonly onDefect: (run: Run, error: unknown) => DefectFile;
  readonly onProgress: (progress: SuiteProgress) => void;
}

export interface SuiteEnd {
  readonly result: SuiteResult;
  readonly endedEarly: string | null;
  readonly defectFiles: readonly string[];
  /** Why the file of a defect could not be written. */
  readonly defectProblems: readonly string[];
}

export async function runSuite<Run extends SuiteRun>(options: SuiteOptions<Run>): Promise<SuiteEnd> {
  const tally = new SuiteTally(options.count);
  const started = options.now();
  const elapsed = () => options.now() - started;
  const written: DefectFile[] = [];
  let endedEarly: string | null = null;
  const tell = (now: SuiteProgress['underWay']) => {
    const { runs, finished, failed, defects } = tally;
    options.onProgress({ runs, finished, failed, defects, seconds: elapsed() / 1000, underWay: now });
  };
  for (const run of options.runs) {
    await turn();
    endedEarly = whyEnd(options, tally, elapsed());
    if (endedEarly !== null) break;
    try {
      const result = await inTurns(run.run(), options.signal, slice => tell(underWay(run, slice)));
      if (result === null) {
        endedEarly = String(options.signal.reason);
        break;
      }
      tally.add(result);
      options.onResult(result, run);
    } catch (error) {
      if (isUsers(error)) throw error;
      tally.addDefect(defectOf(run, error));
      written.push(options.onDefect(run, error));
    }
    tell(null);
  }
  const defectFiles = written.flatMap(file => (file.is === 'written' ? [file.name] : []));
  const defectProblems = written.flatMap(file => (file.is === 'written' ? [] : [file.why]));
  return { result: summary(tally, elapsed() / 1000), endedEarly, defectFiles, defectProblems };
}

function underWay({ seed }: SuiteRun, { method, atNs }: Slice): SuiteProgress['underWay'] {
  return { seed, method, virtualSeconds: atNs / SECOND };
}

/** Null when the signal came before the work was done. */
async function inTurns<T>(work: Sliced<T>, signal: AbortSignal, tell: (slice: Slice) => void): Promise<T | null> {
  for (let turned = performance.now(); ; ) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - turned < TURN_EVERY_MS) continue;
    tell(step.value);
    await turn();
    if (signal.aborted) return null;
    turned = performance.now();
  }
}

/** Signals and timers are served. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

type Ends = Pick<SuiteOptions<SuiteRun>, 'signal' | 'failFast' | 'limitMs'>;

function whyEnd({ signal, failFast, limitMs }: Ends, tally: SuiteTally, elapsedMs: number): string | null {
  if (signal.aborted) return String(signal.reason);
  if (failFast && tally.failed + tally.defects > 0) return '--fail-fast';
  if (limitMs !== null && elapsedMs >= limitMs) return 'the time of --for is over';
  return null;
}

/** What the surroundings refuse, a full disk for one, ends the suite; anything else is a defect of the program. */
function isUsers(error: unknown): boolean {
  return error instanceof Error && error.name === 'UserError';
}

function defectOf({ scenario, variant, seed, command }: SuiteRun, error: unknown): Failure {
  const summary = error instanceof Error ? error.message : String(error);
  const check = error instanceof DefectError ? 'defect' : 'crash';
  return { scenario, variant, seed, method: '', check, expected: null, verdict: 'defect', summary, command };
}

function summary(tally: SuiteTally, seconds: number): SuiteResult {
  const failures = tally.allFailures();
  const { runs, passed, failed, defects, noExpectation, methodRuns, ios } = tally;
  return {
    schema: 'otm/suite@1',
    runs,
    passed,
    failed,
    defects,
    notRun: runs - tally.finished,
    fromStore: 0,
    noExpectation,
    seconds: Math.round(seconds * 1000) / 1000,
    methodRuns,
    ios,
    // Kilobytes on every system.
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    marks: {},
    groups: groupsOf(failures),
    failures,
  };
}
