/**
 * A small world that is backed up again and again to a backup disk, its volume trimmed now and then. `sets` as on the
 * command line.
 */
import { loadModules } from '../../host/modules.ts';
import { Simulation } from '../../sim/run.ts';
import { load } from '../../sim/scenario/load.ts';

const TEXT = String.raw`# Backups to a disk.
schema: otm/scenario@1
name: increments
world:
  drives:
    - { id: disk0, size: 8 MiB, model: ssd, volumes: [{ letter: C, size: 6 MiB, fs: fat16, cluster: 512 B, trim: 5 s }] }
  pageCache: { size: 4 MiB, writeBack: 200 ms }
workloads:
  - { id: bank, app: ledger, files: { A: 'C:\BANK\A.DAT', B: 'C:\BANK\B.DAT' }, accounts: 2048, fsync: never, rate: 20/s, pauses: { every: 4 s, for: 2 s } }
  - { id: mail, app: mail, at: 'C:\MAIL', messages: 40, fsync: never, rate: 5/s, pauses: { every: 4 s, for: 2 s } }
backups:
  start: 1 s
  copyRate: unlimited
  drives: [disk0]
  methods:
    - { otm-incremental: { every: 4 s, times: 4, keep: 3, quiet: 500 ms, cache: { limit: 2 MiB } } }
end: { limit: 20 min }
`;

export interface IncrementalRun {
  readonly outcomes: readonly string[];
  /** Names of the checks that are violated. */
  readonly violated: readonly string[];
  /** What the checks say, by name. */
  readonly says: ReadonlyMap<string, string>;
  readonly digest: string;
}

export async function openIncrementalWorld(): Promise<(seed: number, sets?: readonly string[]) => IncrementalRun> {
  const modules = await loadModules({ sqlite: false });
  const simulation = new Simulation(modules);
  return (seed, sets = []) => {
    const loaded = load('increments.yaml', path => (path === 'increments.yaml' ? TEXT : null), { sets });
    if (!loaded.ok) throw new Error(loaded.errors.map(({ message }) => message).join('; '));
    const result = simulation.run(loaded.scenarios[0]!, seed);
    const [method] = result.methods;
    const backups = method!.backups ?? [method!];
    const checks = backups.flatMap(each => each.checks);
    return {
      outcomes: backups.map(({ outcome }) => outcome),
      violated: checks.filter(({ verdict }) => verdict === 'violated').map(({ check }) => check),
      says: new Map(checks.map(({ check, summary }) => [check, summary])),
      digest: result.digest,
    };
  };
}
