/** Commented scenarios to start from, one for each kind of application. Each validates and runs as it stands. */

export const templateApps = ['ledger', 'sqlite', 'mail', 'script'] as const;
export type TemplateApp = (typeof templateApps)[number];

const world = `world:
  drives:
    # \`model\`: hdd, ssd, nvme or server-1999; \`fs\`: fat12, fat16, fat32 or raw.
    - { id: disk0, size: 96 MiB, model: server-1999, volumes: [{ letter: C, size: 64 MiB, fs: fat32 }] }
    - { id: disk1, size: 64 MiB, model: server-1999, volumes: [{ letter: D, size: 48 MiB, fs: fat32 }] }
  # A changed page is written \`writeBack\` after its first change: what is quiet above may not be quiet below.
  pageCache: { size: 32 MiB, writeBack: 1 s }
`;

const backups = `backups:
  start: 10 s
  # The target is the bottleneck, as a tape was. While it fills, the applications go on.
  copyRate: 1 MiB/s
  volumes: [C]
  methods:
    - open-file-agent
    - cold-backup
    - { otm: { quiet: 5 s, waitLimit: 300 s, cache: { on: D, limit: 32 MiB } } }
`;

/** Without a pause nothing is ever quiet. */
const pauses = `# The last 8 s of every 20 s begin no transaction: OTM needs a moment of quiet.
    pauses: { every: 20 s, for: 8 s }`;

interface Template {
  /** Lines of the first comment. */
  readonly story: readonly string[];
  readonly workloads: string;
  readonly expect: string;
}

const templates: { readonly [App in TemplateApp]: Template } = {
  ledger: {
    story: [
      'Files A and B are updated together. The agent copies A first and B later: transfers fall between them.',
      'OTM waits for five seconds without a write and takes both at one instant.',
      'A takes 4 s to copy at 1 MiB/s, from 10 s on; until the pause at 12 s 40 transfers a second go on: 70 or more.',
    ],
    workloads: `  # The ledger moves money between accounts (A) and writes each transfer to its journal (B).
  - id: bank
    app: ledger
    files: { A: 'C:\\BANK\\ACCOUNTS.DAT', B: 'C:\\BANK\\JOURNAL.DAT' }
    accounts: 65536
    fsync: never
    rate: 40/s
    ${pauses}
`,
    expect: `  # Each file alone is fine, and together they tell a story that never happened.
  open-file-agent: { intact: held, relational: violated }
  cold-backup: held
  otm: held
`,
  },
  sqlite: {
    story: [
      'One transaction of SQLite changes two databases. The agent copies one of them first and the other one later.',
      'OTM waits for five seconds without a write and takes both at one instant.',
      'The first one takes 4 s to copy at 1 MiB/s, from 10 s on; until the pause at 12 s 10 transactions a second go on.',
    ],
    workloads: `  # The real SQLite. A restored database is opened, recovers by itself, and is compared by rows.
  - id: shop
    app: sqlite
    files: { orders: 'C:\\SHOP\\ORDERS.DB', stock: 'C:\\SHOP\\STOCK.DB' }
    journal: delete
    size: 4 MiB
    rate: 10/s
    ${pauses}
`,
    expect: `  # What an agent makes of a database and its journals depends on luck: write \`violated\` or \`held\` when you know.
  open-file-agent: { relational: may }
  cold-backup: held
  otm: held
`,
  },
  mail: {
    story: [
      'A mail store: an index, and a file for each message. The agent copies them one after the other.',
      'OTM waits for five seconds without a write and takes all of them at one instant.',
    ],
    workloads: `  # Messages come, grow, move and go; the index must name exactly those that are there.
  - id: mail
    app: mail
    at: 'C:\\MAIL'
    messages: 500
    rate: 20/s
    ${pauses}
`,
    expect: `  # Whether index and messages match depends on which message came when: write \`violated\` when you are sure.
  open-file-agent: { relational: may }
  cold-backup: held
  otm: held
`,
  },
  script: {
    story: [
      'Files that belong together, and one transaction over them, written out: put in what your application does.',
      'The agent copies one file after the other; OTM waits for five seconds without a write and takes all at one instant.',
      'A is taken at 10 s and C at 12 s: the 20 transactions a second between them, 30 or more, are in C and not in A.',
    ],
    workloads: `  # Every piece that is written is stamped with its transaction and a checksum: the checks need no code of yours.
  - id: app
    app: script
    files:
      A: 'C:\\APP\\A.DAT'
      B: 'C:\\APP\\B.DAT'
      C: 'C:\\APP\\C.DAT'
      D: 'C:\\APP\\D.DAT'
      E: 'C:\\APP\\E.LOG'
    # Of each file before 0 s.
    size: 1 MiB
    rate: 20/s
    ${pauses}
    transaction:
      # \`at\`: random, next (behind the last one, wrapping), or an offset.
      - { write: A, size: 4 KiB, at: random }
      - { write: B, size: 4 KiB, at: random }
      - { wait: 2 ms }
      - { write: C, size: 512 B, at: next }
      - { write: D, size: 512 B, at: next }
      - { append: E, size: 512 B }
      # Also: { rename: [C, D] }, { sync: E }
`,
    expect: `  # Each file alone is fine, and together they tell a story that never happened.
  open-file-agent: { intact: held, relational: violated }
  cold-backup: held
  otm: held
`,
  },
};

export function templateText(app: TemplateApp, name: string): string {
  const { story, workloads, expect } = templates[app];
  return [
    ...story.map(line => `# ${line}`),
    '#',
    `# Try it:            otm run ${name}.yaml`,
    '# Every key:         otm explain keys',
    '# Keys in an editor: otm schema > scenario.schema.json, and as the first line of this file',
    '#                    yaml-language-server: $schema=scenario.schema.json (behind a #)',
    'schema: otm/scenario@1',
    `name: ${name}`,
    `${world.trimEnd()}`,
    `workloads:\n${workloads.trimEnd()}`,
    `${backups.trimEnd()}`,
    'expect:',
    `${expect.trimEnd()}`,
    '',
  ].join('\n');
}
