/** Who makes backups, and what lives on the machine. */
import type { AppKind, MethodKind } from '../../sim/scenario/scenario.ts';
import type { Entry } from './entry.ts';

type Text = Omit<Entry, 'word' | 'kind'>;

const methods: { readonly [Kind in MethodKind | 'none']: Text } = {
  'naive-copy': {
    says: 'Copies file by file, as `cp` does, while applications go on writing.',
    more: [
      'A file that is written during its copy comes out as a mixture of instants: not even intact. A file of any size takes time, and every other one is copied before or after it.',
    ],
    example: 'methods: [naive-copy]\nexpect: { naive-copy: { relational: violated } }',
    see: ['intact', 'open-file-agent'],
  },
  'open-file-agent': {
    says: 'Copies each file exactly as it was at the instant at which the agent opened it.',
    more: [
      'Every file is intact, and each has an instant of its own: files that are updated together do not match when a transaction falls between two of them. It skips nothing and is the honest baseline.',
    ],
    example: 'expect: { open-file-agent: { intact: held, relational: violated } }',
    see: ['relational', 'group-agent'],
  },
  'group-agent': {
    says: 'Copies the files of a list at one instant, the others as the open-file agent does.',
    more: [
      'Right when somebody has listed every file that belongs together, and wrong as soon as the list is not complete: nobody tells it of the file that was added last week.',
    ],
    example: "- { group-agent: { quiet: 5 s, groups: [['C:\\BANK\\*.DAT']] } }",
    see: ['open-file-agent', 'otm'],
  },
  'otm-incremental': {
    says: 'Takes snapshots again and again, and keeps their newest image on a backup disk that boots as it stands.',
    more: [
      'The first backup copies every sector, a later one what the map of changes says, after a look whether the disk is still what it was. Where the map is not to be trusted (the machine ended without warning) everything is compared. Older generations are kept as the granules that newer ones replaced. A run whose time passed while another one ran, or the machine was down, is missed: the next one makes up for it.',
    ],
    example: '- { otm-incremental: { every: 10 min, times: 6, keep: 3 } }',
    see: ['otm', 'tracked', 'backup-disk'],
  },
  'live-image': {
    says: 'Copies the sectors of a disk in use, as `dd` does.',
    more: ['File system and files are torn alike: tables from one minute, data from the next. It may not even mount.'],
    example: 'methods: [live-image]\nexpect: { live-image: { relational: violated } }',
    see: ['mountable', 'cold-backup'],
  },
  'cold-backup': {
    says: 'Stops the applications between transactions, flushes, copies the sectors, and starts them again.',
    more: ['Always right, and paid for with the down time: as long as the copy takes, nobody works.'],
    example: 'expect: { cold-backup: { relational: held, metrics: { appDownSeconds: > 30 s } } }',
    see: ['otm'],
  },
  otm: {
    says: 'Waits for a moment of quiet, takes all volumes at one instant T, and copies that picture while work goes on.',
    more: [
      'The first write to a granule after T preserves its old data first; a virtual volume shows everything as it was at T. Applications are neither stopped nor known: quiet on the disk is all it needs.',
    ],
    example: '- { otm: { quiet: 5 s, waitLimit: 300 s, granule: 16 KiB, cache: { on: D, limit: 32 MiB } } }',
    see: ['quiet', 'exact', 'E1', 'E7'],
  },
  none: {
    says: 'No backup at all: run without being asked, as the base of every cost.',
    more: [
      'It is not in the list of methods, not judged, and no part of the digest. "Without backup" is its rate between the same two instants as those of the method.',
    ],
    example: 'otm run timestamp-problem --method otm',
    see: ['cold-backup'],
  },
};

const applications: { readonly [App in AppKind]: Text } = {
  ledger: {
    says: 'Many clients move money between accounts: A is the table of accounts, B the journal of transfers.',
    more: [
      'Every record has the number of its transaction and a checksum, so A and B can be compared after a restore: the journal must explain the balances, to the last transfer.',
    ],
    example:
      "- { id: bank, app: ledger, rate: 40/s, files: { A: 'C:\\BANK\\ACCOUNTS.DAT', B: 'C:\\BANK\\JOURNAL.DAT' } }",
    see: ['relational', 'script'],
  },
  sqlite: {
    says: 'The real SQLite: databases that are changed together in one transaction.',
    more: [
      'It recovers by itself when it is opened after a restore, and is then compared by rows. In `journal: wal` a transaction over two databases is not atomic after a crash; SQLite says so.',
    ],
    example:
      "- { id: shop, app: sqlite, rate: 20/s, files: { orders: 'C:\\SHOP\\ORDERS.DB', stock: 'C:\\SHOP\\STOCK.DB' } }",
    see: ['relational'],
  },
  mail: {
    says: 'A mail store: an index, and a file for each message that is created, appended, renamed, deleted.',
    more: ['The index must name exactly the messages that are there.'],
    example: "- { id: mail, app: mail, rate: 10/s, at: 'C:\\MAIL', messages: 1000 }",
    see: ['relational'],
  },
  static: {
    says: 'Data that never changes.',
    more: ['Each file must come back as it was; there are no transactions to compare.'],
    example: "- { id: archive, app: static, at: 'C:\\ARCHIVE', files: 100, size: 64 KiB }",
    see: ['intact'],
  },
  script: {
    says: 'Any number of files, and a transaction over them that is written out step by step.',
    more: [
      'To model an application of your own: every piece that is written carries the number of its transaction and a checksum, so all data checks work without any code.',
    ],
    example: 'transaction: [{ write: A, size: 4 KiB, at: random }, { wait: 20 ms }, { append: B, size: 512 B }]',
    see: ['relational', 'ledger'],
  },
};

export const methodEntries: readonly Entry[] = Object.entries(methods).map(([word, text]) => ({
  word,
  kind: 'method',
  ...text,
}));

export const applicationEntries: readonly Entry[] = Object.entries(applications).map(([word, text]) => ({
  word,
  kind: 'application',
  ...text,
}));
