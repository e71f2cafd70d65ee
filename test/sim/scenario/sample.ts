/** Texts of scenarios for the tests, and short ways to load them. */
import { type LoadOptions, load } from '../../../sim/scenario/load.ts';
import type { Scenario } from '../../../sim/scenario/scenario.ts';
import type { UserError } from '../../../sim/user-error.ts';

/** The flagship, as it is published. */
export const FLAGSHIP = String.raw`# yaml-language-server: $schema=../schema/scenario.json
# Files A and B are updated together, all the time. The agent copies A first and B four seconds later:
# 30 transfers or more fall between. OTM waits for five seconds of rest and takes both at one instant.
schema: otm/scenario@1
name: timestamp-problem
world:
  drives:
    - { id: disk0, size: 96 MiB, model: server-1999, volumes: [{ letter: C, size: 64 MiB, fs: fat32 }] }
    - { id: disk1, size: 64 MiB, model: server-1999, volumes: [{ letter: D, size: 48 MiB, fs: fat32 }] }
  pageCache: { size: 32 MiB, writeBack: 1 s }
workloads:
  - { id: bank, app: ledger, files: { A: 'C:\BANK\ACCOUNTS.DAT', B: 'C:\BANK\JOURNAL.DAT' }, accounts: 65536, fsync: never, rate: 40/s, pauses: { every: 20 s, for: 8 s } }
backups:
  start: 10 s
  copyRate: 1 MiB/s
  volumes: [C]
  methods:
    - naive-copy
    - open-file-agent
    - { group-agent: { quiet: 5 s, groups: [['C:\BANK\ACCOUNTS.DAT']] } }
    - live-image
    - cold-backup
    - { otm: { quiet: 5 s, waitLimit: 300 s, granule: 16 KiB, cache: { on: D, limit: 32 MiB } } }
faults: []
expect:
  naive-copy: { relational: violated }
  open-file-agent: { intact: held, relational: violated }
  group-agent: { relational: violated }
  live-image: { relational: violated }
  cold-backup: held
  otm: held
`;

/** A small one that most tests change by `--set`. */
export const SMALL = String.raw`# A small story.
schema: otm/scenario@1
name: small
world:
  drives:
    - { id: disk0, size: 96 MiB, volumes: [{ letter: C, size: 48 MiB, fs: fat32 }, { letter: E, size: 4 MiB, fs: fat12 }] }
    - { id: disk1, size: 96 MiB, volumes: [{ letter: D, size: 48 MiB, fs: fat32 }, { letter: R, size: 8 MiB, fs: raw }] }
workloads:
  - { id: bank, app: ledger, files: { A: 'C:\BANK\A.DAT', B: 'C:\BANK\B.DAT' }, rate: 40/s }
  - { id: shop, app: sqlite, files: { main: 'C:\SHOP\ORDERS.DB', stock: 'C:\SHOP\STOCK.DB' }, rate: 10/s }
  - { id: post, app: mail, rate: 2/s }
  - { id: rest, app: static, at: 'E:\REST', files: 10, size: 64 KiB }
  - id: work
    app: script
    rate: 1.5/s
    files: { A: 'D:\WORK\A', B: 'D:\WORK\B' }
    transaction: [{ write: A, size: 4 KiB }, { wait: 20 ms }, { append: B, size: 512 B }, { rename: [A, B] }, { sync: B }]
backups:
  volumes: [C, E]
  methods: [open-file-agent, otm]
expect:
  open-file-agent: { relational: { bank: violated, shop: held } }
  otm: { metrics: { backupSeconds: <= 180 s } }
`;

type Texts = { readonly [path: string]: string };

export function loadTexts(texts: Texts, options: LoadOptions = {}) {
  const entry = Object.keys(texts)[0] ?? '';
  return load(entry, path => texts[path] ?? null, options);
}

/** All variants of a scenario that must be right. */
export function variantsOf(texts: Texts | string, ...sets: readonly string[]): readonly Scenario[] {
  const result = loadTexts(typeof texts === 'string' ? { 'a.yaml': texts } : texts, { sets });
  if (!result.ok) throw new Error(result.errors.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  return result.scenarios;
}

export function scenarioOf(texts: Texts | string, ...sets: readonly string[]): Scenario {
  const [scenario] = variantsOf(texts, ...sets);
  if (scenario === undefined) throw new Error('a template');
  return scenario;
}

/** All errors of a scenario; none when it is right. */
export function errorsOf(texts: Texts | string, ...sets: readonly string[]): readonly UserError[] {
  const result = loadTexts(typeof texts === 'string' ? { 'a.yaml': texts } : texts, { sets });
  return result.ok ? [] : result.errors;
}

/** `code file:line:column message`, for a test to compare. */
export function told(errors: readonly UserError[]): string[] {
  return errors.map(({ code, place, message }) => {
    return `${code} ${place === null ? '-' : `${place.file}:${place.line}:${place.column}`} ${message}`;
  });
}
