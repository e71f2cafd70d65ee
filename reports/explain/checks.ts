/** The checks: what each compares with what. A checker believes nothing that an agent or the engine says of itself. */
import type { CheckName } from '../../sim/scenario/expectation.ts';
import type { Entry } from './entry.ts';

type CheckText = Omit<Entry, 'word' | 'kind'>;

const dataChecks = {
  mountable: {
    says: 'The restored volume mounts, and every directory on it can be walked.',
    more: [
      'It reads boot sector, FATs and directories of the restored bytes, nothing else. When it is violated, so is every check of what the volume should hold: a file that cannot be reached is not "not applicable".',
    ],
    example: 'expect: { live-image: { mountable: held } }',
    see: ['fs', 'intact'],
  },
  fs: {
    says: 'The restored file system is in order: no cross links, no broken chains, sizes that fit.',
    more: [
      'Lost clusters and a stale count of free ones are counted only when the picture is quiescent: FAT keeps no mark of being in use, so a picture of a busy volume has them by nature.',
    ],
    example: 'expect: { otm: { fs: held } }',
    see: ['mountable', 'quiescent'],
  },
  intact: {
    says: 'Each file, alone, is as it was at some one instant.',
    more: [
      'For every 512-byte block the truth knows all versions and when they were current. An instant at which every block of the file had the restored content makes the check hold, unless it is after the picture or after the end of the copy; without one the nearest instant and the blocks that disagree are the evidence.',
      'Files that are intact need not fit each other: that is `relational`. There is one verdict for all files that were selected, not one for each workload.',
    ],
    example: 'expect: { open-file-agent: { intact: held, relational: violated } }',
    see: ['relational', 'open-file-agent'],
  },
  relational: {
    says: 'All files of an application are as they were at one instant at which no transaction was open.',
    more: [
      'This is the timestamp problem: A is copied now and B some seconds later, each intact, and together they tell a story that never happened.',
      'SQLite recovers first, under the paths that it had, and is compared by rows. Ledger, mail and script have no recovery: their files must tell the same transactions as they stand.',
    ],
    example: 'expect: { naive-copy: { relational: { bank: violated } } }',
    see: ['intact', 'prefix', 'script'],
  },
  prefix: {
    says: 'The restored transactions are the first n: no hole, nothing durable missing, nothing from after T.',
    more: [
      'Transaction numbers are given under the lock of the application, so their order is the order of commits. What was durable before T must be there; with a quiet period of at least the write-back also what was acknowledged one write-back before T.',
      'Methods without one T satisfy it when some instant between start and end of the copy does.',
    ],
    example: 'expect: { otm: { prefix: held } }',
    see: ['relational', 'quiet'],
  },
  sqlite: {
    says: "SQLite's own `integrity_check` and `foreign_key_check` find nothing.",
    more: [
      'The restored databases are opened under the letters and paths that they had, since a journal names its super-journal by path.',
    ],
    example: 'expect: { live-image: { sqlite: may } }',
    see: ['relational'],
  },
  timestamps: {
    says: 'Every restored file has the stamp that it had, and none is newer than the instant at which it was taken.',
    more: [
      'To the two seconds that FAT keeps, by the clock of the world. For file agents the instant is that of each file, for a naive copy the end of its copy.',
    ],
    example: 'expect: { otm: { timestamps: held } }',
    see: ['intact'],
  },
  durable: {
    says: 'After a power cut or a kill what had been acknowledged as durable is there.',
    more: [
      'Read from the drives when the machine starts again, before its applications do. A transaction is owed when its client was told that it is done after an fsync of all its files; with `fsync: never` none is. SQLite recovers before it is asked.',
      'It judges the live volumes, not what was restored, so it applies whatever became of the backup.',
    ],
    example: 'expect: { otm: { outcome: failed, durable: held } }',
    see: ['prefix', 'power-cut', 'kill'],
  },
} as const satisfies { readonly [Name in CheckName]?: CheckText };

const engineChecks = {
  exact: {
    says: 'Every byte that the virtual volume gave is the byte that the live volume held at T.',
    more: [
      'In the very event in which a snapshot is enabled the checker forks every drive. What the backup read, and a full read after the backup, are compared with that fork, byte for byte. A read may fail only with its snapshot, or over a drive that failed.',
    ],
    example: 'expect: { otm: { exact: held } }',
    see: ['E1', 'E5', 'E6', 'E15'],
  },
  'one-instant': {
    says: 'All volumes of the picture stand at the same place in the log of writes.',
    more: [
      'The world logs every write. At the place of the event `enabled` every volume must be exactly what the log had written by then; else the first write that is missing and the first that is too much are the evidence.',
    ],
    example: 'backups: { volumes: [C, D], methods: [otm] }',
    see: ['E2'],
  },
  transparent: {
    says: 'Applications read what they last wrote, and every write reaches the drive once, unchanged and in order.',
    more: [
      'The page cache remembers what the last write of each page left, and every read that comes back is compared with it. Each request that reaches a drive must match the earliest overlapping one that came in above the filter: one left over, doubled, changed or overtaken is a violation.',
    ],
    example: 'expect: { otm: { transparent: held } }',
    see: ['E3', 'E18'],
  },
  once: {
    says: 'Each granule is read and written to the cache at most once in a snapshot, and writes wait for nothing else.',
    more: [
      'Counted at the handles of the drives that the host gives to the engine, one for each purpose; their sum must be what the drive saw. Old data may be read only for a granule that a held write touches, once for each snapshot that lacks it; each cache is judged by itself.',
      'A write may wait for a hold before T, for an earlier write that it overlaps, and for a copy or a backup read of its own granules, and it goes on in the instant in which that ends.',
    ],
    example: 'otm run hot-sector --method otm',
    see: ['E4'],
  },
  bounded: {
    says: 'The cache file, header and index included, never grew past its limit.',
    more: [
      'Judged for each cache file over its own life: by its sectors that were ever written, as the drive has them, and by what the host lent. Nothing may be written for a cache beside the places that were lent.',
    ],
    example: '- { otm: { cache: { limit: 8 MiB } } }',
    see: ['E8', 'lost'],
  },
  quiet: {
    says: 'For a whole quiet period before T no selected volume was written, and nothing was in flight.',
    more: [
      'Judged by the log of writes at the devices. With `neverQuiet: take-anyway`: nothing in flight at T, writes held no longer than the limit, and the result says crash-consistent. A wait that was given up lasted to its limit, and no quiet period lay in it.',
    ],
    example: '- { otm: { quiet: 5 s, waitLimit: 300 s } }',
    see: ['E7', 'crash-consistent'],
  },
  released: {
    says: 'After the release nothing of the snapshot is left: no letter, no cache space, no work on the write path.',
    more: ['Judged by the requests at the devices after it, the space and the letters.'],
    example: 'expect: { otm: { released: held } }',
    see: ['E12'],
  },
  'fault-rule': {
    says: 'After a fault the application went on and the snapshot was lost, or with `protect: backup` the other way round.',
    more: [
      'It applies when a fault was injected that the rule is about: an error while preserving, a full or vanished cache, one that does not answer in time.',
    ],
    example: 'faults: [{ kind: write-error, on: cache, nth: 3 }]\nexpect: { otm: lost }',
    see: ['E9', 'lost'],
  },
  recovered: {
    says: 'After a power cut or a kill a durable snapshot is back, and exact.',
    more: [
      'It has to come back when it had been enabled, its user told so, no end of it asked for, and nothing else failed in its cache or state. It must not come back when it was never enabled, or when its end was durable. In between either is right. One that is back is compared like any other: with the drives as they were at T.',
      'Judged by what the world knows of the life that ended, not by what the engine says. It applies to methods with `durable: true` and a fault that ends the machine.',
    ],
    example: 'faults: [{ kind: power-cut, at: 30 s }]\nexpect: { otm: { recovered: held } }',
    see: ['E10', 'power-cut', 'kill', 'durable'],
  },
  self: {
    says: 'A cache file on a protected volume, and files that are excluded, are left out of the picture, to the sector.',
    more: [
      'They are zeroes in the picture, and nothing of them was preserved. What is left out is read from the file systems as they were in the event of T, by the reader of the checks. A cache there had all of its limit, zeroed and flushed, before its own T, does not grow in the life of another snapshot that protects it, and is gone afterwards; the engine writes nothing else to what is protected.',
    ],
    example: '- { otm: { cache: { on: C } } }',
    see: ['E11'],
  },
  several: {
    says: 'Several snapshots that are alive at once are each exact, and losing one leaves the others.',
    more: [
      'A loss needs a cause of its own in the log of the world, and a release must have been asked for, or be due to the idle limit.',
      'It applies with `beside`: the snapshots of `count` come one after the other, and prove nothing of it.',
    ],
    example: '- { otm: { beside: [{ start: 2 s, volumes: [C, D], for: 30 s }] } }',
    see: ['E16'],
  },
  idle: {
    says: 'A snapshot that nobody reads is released after the idle limit, and says so.',
    more: [
      'It applies when the backup program stops reading, and to a snapshot `beside`, which nobody reads. Without any fault and without `beside`, expecting it is bad input.',
    ],
    example: 'faults: [{ kind: agent-dies, nth: 10, how: stops }]',
    see: ['E17', 'agent-dies'],
  },
  tracked: {
    says: 'An image brought up to date by an increment equals a full copy of the new picture.',
    more: [
      'After each backup the image is compared, sector by sector, with the fork of T. With `usedOnly` sectors that no file uses are left out. A map of changes that a machine lost when it ended without warning must not have been trusted.',
    ],
    example: '- { otm-incremental: { every: 10 min } }',
    see: ['E13'],
  },
  'backup-disk': {
    says: 'The backup disk holds the last complete image at every moment, whatever is cut off.',
    more: [
      'After each backup, and after each power cut or kill, the disk is opened anew from what its drive holds: the image must be that of the last complete backup, or of the one that was under way; nothing on it may be damaged; and every older generation that it lists must read as the drive was at its T.',
    ],
    example: '- { otm-incremental: { every: 10 min, keep: 3 } }',
    see: ['E14'],
  },
} as const satisfies { readonly [Name in CheckName]?: CheckText };

/** Every check, so that one that is added without a text does not compile. */
const checkTexts: { readonly [Name in CheckName]: CheckText } = { ...dataChecks, ...engineChecks };

/** What else stands among the checks of a result: judged of the run, not of the data. */
const runChecks: { readonly [name: string]: CheckText } = {
  activity: {
    says: 'Every application with a rate committed something before the backup, and something while it ran.',
    more: [
      'A check over nothing proves nothing. It is looked at when an expectation is judged and the backup completed; a cold backup needs no transactions while it runs. `idle: true` and `static` are left out.',
    ],
    example: 'workloads: [{ id: bank, app: ledger, idle: true }]',
    see: ['completed'],
  },
  data: {
    says: 'An expectation of the data as a whole found something to judge.',
    more: [
      '`violated` needs a data check that is; `held` one of intact, relational, prefix and sqlite that applies and, of course, none that is violated.',
    ],
    example: 'expect: { naive-copy: violated, otm: held }',
    see: ['intact', 'relational'],
  },
  metric: {
    says: 'A measured figure is within the limit that the scenario sets: `metric:backupSeconds` and the like.',
    more: [],
    example: 'expect: { otm: { metrics: { backupSeconds: <= 180 s } } }',
  },
};

function entriesOf(texts: { readonly [name: string]: CheckText }): Entry[] {
  return Object.entries(texts).map(([word, text]) => ({ word, kind: 'check', ...text }));
}

export const checkEntries: readonly Entry[] = entriesOf(checkTexts);
export const runCheckEntries: readonly Entry[] = entriesOf(runChecks);
