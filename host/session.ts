/** What a command runs: scenarios, each with its seeds, one run after the other. */
import type { Result, SuiteProgress } from '../sim/result.ts';
import type { SeedRange } from '../sim/scenario/scenario.ts';
import { seedCount, seedsIn } from '../sim/scenario/seeds.ts';
import { writeDefect } from './defect-file.ts';
import { folderOfVariant } from './keep.ts';
import type { LoadedScenario } from './load-scenarios.ts';
import { repeatCommand } from './repeat-command.ts';
import { openSimulator, type Simulator } from './simulator.ts';
import { type DefectFile, runSuite, type SuiteEnd, type SuiteRun } from './suite.ts';

/** Seeds of one scenario: ranges, so that a range of any length costs nothing, or a list. */
export type SessionSeeds =
  | { readonly is: 'ranges'; readonly ranges: readonly SeedRange[] }
  | { readonly is: 'list'; readonly seeds: readonly number[] };

export interface SessionOptions {
  readonly scenarios: readonly LoadedScenario[];
  readonly seedsOf: (loaded: LoadedScenario) => SessionSeeds;
  /** Ids; null: all. */
  readonly methods: readonly string[] | null;
  /** A folder to keep everything in; null: nothing is kept. */
  readonly keep: string | null;
  readonly failFast: boolean;
  readonly limitMs: number | null;
  readonly signal: AbortSignal;
  /** Where a defect is written to. */
  readonly folder: string;
  readonly onResult: (result: Result, loaded: LoadedScenario) => void;
  readonly onProgress: (progress: SuiteProgress) => void;
}

interface SessionRun extends SuiteRun {
  readonly loaded: LoadedScenario;
}

export async function runSession(options: SessionOptions): Promise<SuiteEnd> {
  const { scenarios, seedsOf, failFast, limitMs, signal, onResult, onProgress } = options;
  const simulator = await openSimulator(scenarios.map(({ scenario }) => scenario));
  return runSuite<SessionRun>({
    runs: runsOf(options, simulator),
    count: scenarios.reduce((sum, loaded) => sum + countOf(seedsOf(loaded)), 0),
    failFast,
    limitMs,
    signal,
    now: () => performance.now(),
    onResult: (result, { loaded }) => onResult(result, loaded),
    onDefect: (run, error) => defectFile(run, error, options.folder),
    onProgress,
  });
}

function countOf(seeds: SessionSeeds): number {
  return seeds.is === 'ranges' ? seedCount(seeds.ranges) : seeds.seeds.length;
}

function* runsOf({ scenarios, seedsOf, methods, keep }: SessionOptions, simulator: Simulator): Generator<SessionRun> {
  for (const loaded of scenarios) {
    const seeds = seedsOf(loaded);
    for (const seed of seeds.is === 'ranges' ? seedsIn(seeds.ranges) : seeds.seeds) {
      const { baseName, variant } = loaded.scenario;
      const { file, overrides } = loaded;
      const method = methods?.length === 1 ? (methods[0] ?? null) : null;
      const command = repeatCommand({ argument: file.argument, variant, seed, method, overrides });
      const run = () =>
        simulator.run(loaded, seed, { methods, keep: keep === null ? null : folderOfVariant(keep, variant) });
      yield { scenario: baseName, variant, seed, command, loaded, run };
    }
  }
}

function defectFile(
  { scenario, variant, seed, command, loaded }: SessionRun,
  error: unknown,
  folder: string,
): DefectFile {
  const { file, text, overrides } = loaded;
  const source = { path: file.shown, overrides, text };
  try {
    return { is: 'written', name: writeDefect(folder, { scenario, variant, seed, source, command, error }) };
  } catch (problem) {
    return { is: 'not-written', why: problem instanceof Error ? problem.message : String(problem) };
  }
}
