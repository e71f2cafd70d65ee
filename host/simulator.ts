/**
 * Runs scenarios on this machine: makes the modules that the simulator is given, and adds to what comes back what only the
 * host knows.
 */
import { createHash } from 'node:crypto';
import type { MethodResult, Result, RunResult } from '../sim/result.ts';
import { Simulation } from '../sim/run.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import type { Sliced } from '../sim/slices.ts';
import { keepMethod } from './keep.ts';
import type { LoadedScenario } from './load-scenarios.ts';
import { loadModules } from './modules.ts';
import { packageVersion } from './package.ts';
import { repeatCommand } from './repeat-command.ts';

export interface SimulatorOptions {
  /** Ids; null: all. */
  readonly methods: readonly string[] | null;
  /** A folder that everything of each method is kept in; null: nothing is. */
  readonly keep: string | null;
}

export interface Simulator {
  run(loaded: LoadedScenario, seed: number, options: SimulatorOptions): Sliced<Result>;
}

/** Loads what these scenarios need: SQLite only for those that have it. */
export async function openSimulator(scenarios: readonly Scenario[]): Promise<Simulator> {
  const sqlite = scenarios.some(({ workloads }) => workloads.some(({ app }) => app === 'sqlite'));
  const modules = await loadModules({ sqlite });
  const simulation = new Simulation(modules);
  const version = packageVersion();
  return {
    *run(loaded, seed, { methods, keep }) {
      const started = performance.now();
      const run = yield* simulation.slices(loaded.scenario, seed, {
        ...(methods === null ? {} : { methods }),
        ...(keep === null ? {} : { trace: true, onMethod: finished => keepMethod(keep, seed, finished) }),
      });
      const wallMs = Math.round((performance.now() - started) * 10) / 10;
      return completed(run, loaded, { version, wallMs });
    },
  };
}

interface HostFacts {
  readonly version: string;
  readonly wallMs: number;
}

/** The keys in the order in which the published format has them. */
function completed(run: RunResult, loaded: LoadedScenario, { version, wallMs }: HostFacts): Result {
  const { scenario, variant, seed, digest, virtualSeconds, events, ios, pass } = run;
  const { file, text, overrides } = loaded;
  const methods = run.methods.map((method): MethodResult => {
    const command = repeatCommand({ argument: file.argument, variant, seed, method: method.method, overrides });
    return { ...method, command };
  });
  const source = { path: file.shown, sha256: createHash('sha256').update(text).digest('hex'), overrides, text };
  return {
    schema: 'otm/result@1',
    version,
    node: process.versions.node,
    scenario,
    variant,
    seed,
    source,
    digest,
    virtualSeconds,
    events,
    ios,
    wallMs,
    pass,
    methods,
  };
}
