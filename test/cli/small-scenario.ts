/** A scenario that runs in a moment: a small ledger, two methods, and what is expected of them. */
export interface SmallOptions {
  readonly name?: string;
  readonly expect?: string;
  readonly extra?: string;
  readonly methods?: string;
  readonly start?: string;
}

export function smallScenario({
  name = 'small',
  expect = '{ open-file-agent: { intact: held, relational: violated }, otm: held }',
  methods = '[open-file-agent, { otm: { quiet: 2 s, cache: { on: D, limit: 4 MiB } } }]',
  extra = '',
  start = '2 s',
}: SmallOptions = {}): string {
  return `# A small bank. The agent copies A first and B two seconds later.
schema: otm/scenario@1
name: ${name}
world:
  drives:
    - { id: disk0, size: 8 MiB, volumes: [{ letter: C, size: 6 MiB, fs: fat12 }] }
    - { id: disk1, size: 8 MiB, volumes: [{ letter: D, size: 6 MiB, fs: fat12 }] }
  pageCache: { size: 4 MiB, writeBack: 1 s }
workloads:
  - { id: bank, app: ledger, files: { A: 'C:\\A.DAT', B: 'C:\\B.DAT' }, accounts: 4096, fsync: never, rate: 20/s, pauses: { every: 10 s, for: 5 s } }
backups:
  start: ${start}
  copyRate: 128 KiB/s
  volumes: [C]
  methods: ${methods}
seeds: 1..3
expect: ${expect}
${extra}`;
}
