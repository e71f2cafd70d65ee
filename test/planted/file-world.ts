/**
 * A world with files, small and quick: two applications on a FAT volume, one of which writes what is worth nothing, and a
 * backup that leaves its files out. For defects that need a file system.
 */
import { loadModules } from '../../host/modules.ts';
import { Simulation } from '../../sim/run.ts';
import { load } from '../../sim/scenario/load.ts';

const TEXT = String.raw`# Files that are excluded.
schema: otm/scenario@1
name: files
world:
  drives:
    - { id: disk0, size: 24 MiB, model: ssd, volumes: [{ letter: C, size: 16 MiB, fs: fat16, cluster: 1 KiB }] }
  pageCache: { size: 4 MiB, writeBack: 200 ms }
workloads:
  - { id: bank, app: ledger, files: { A: 'C:\BANK\A.DAT', B: 'C:\BANK\B.DAT' }, accounts: 2048, fsync: never, rate: 20/s, pauses: { every: 4 s, for: 2 s } }
  - id: paging
    app: script
    files: { PAGES: 'C:\PAGEFILE.SYS', SWAP: 'C:\TEMP\SWAP.TMP' }
    size: 200 KiB
    rate: 40/s
    fsync: never
    pauses: { every: 4 s, for: 2 s }
    transaction: [{ write: PAGES, size: 1 KiB, at: random }, { append: SWAP, size: 1536 B }]
backups:
  start: 1 s
  copyRate: 256 KiB/s
  volumes: [C]
  methods:
    - { otm: { quiet: 1 s, granule: 16 KiB, exclude: ['C:\PAGEFILE.SYS', '*.TMP'], cache: { on: C, limit: 1 MiB } } }
`;

export interface FileRun {
  readonly outcome: string;
  /** Names of the checks that are violated. */
  readonly violated: readonly string[];
  readonly excluded: readonly { readonly path: string; readonly bytes: number; readonly because: string }[];
}

/** `sets` as on the command line. */
export async function openFileWorld(): Promise<(seed: number, sets?: readonly string[]) => FileRun> {
  const modules = await loadModules({ sqlite: false });
  const simulation = new Simulation(modules);
  return (seed, sets = []) => {
    const loaded = load('files.yaml', path => (path === 'files.yaml' ? TEXT : null), { sets });
    if (!loaded.ok) throw new Error(loaded.errors.map(({ message }) => message).join('; '));
    const [otm] = simulation.run(loaded.scenarios[0]!, seed).methods;
    const { outcome, checks, excluded } = otm!;
    return {
      outcome,
      violated: checks.filter(({ verdict }) => verdict === 'violated').map(({ check }) => check),
      excluded,
    };
  };
}
