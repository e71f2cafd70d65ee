/**
 * What a ledger says of restored files: it reads the journal B, replays it over the balances that every account had at
 * first, and compares with A. From the bytes alone, but for A's transfers that later ones have covered: those are named
 * from the truth.
 */
import { sameWords, wordsOf } from '../../engine/bytes.ts';
import type { Path } from '../fs/file-system.ts';
import type { LedgerWorkload } from '../scenario/scenario.ts';
import type { Loading, RestoredFile, RestoredTree } from './application.ts';
import { BLOCK_BYTES } from './base-content.ts';
import {
  type AccountRecord,
  FIRST_BALANCE,
  RECORD_BYTES,
  readAccount,
  readTransfer,
  type TransferRecord,
} from './ledger-records.ts';
import { counted, grouped } from './wording.ts';
import type { WorkloadTruth } from './workload-truth.ts';

const RECORD_WORDS = RECORD_BYTES / 4;

/** What there was at 0 s of a table that was not there. */
const NOTHING = new Uint8Array(0);

/** The accounts that differ from what they were at 0 s, by number. */
interface Accounts {
  readonly changed: ReadonlyMap<number, AccountRecord>;
  readonly damaged: number;
  readonly last: number;
}

interface Journal {
  readonly transfers: ReadonlyMap<number, TransferRecord>;
  readonly damaged: number;
  readonly last: number;
}

/** How A and B tell different transfers. */
interface Mismatch {
  readonly lackingInA: number;
  readonly lackingInB: number;
  readonly half: number;
  readonly firstHole: number | null;
  readonly offBy: number;
}

export function loadLedger(
  workload: LedgerWorkload,
  history: readonly TransferRecord[],
  tree: RestoredTree,
  truth: WorkloadTruth,
): Loading {
  const { A, B } = workload.files;
  const table = tree.file(A);
  const book = tree.file(B);
  const unread = unreadable('A', A, table) ?? unreadable('B', B, book);
  if (table === null || book === null || unread !== null) return refusal(unread ?? '', {});
  const accounts = readAccounts(workload, table, tree, truth);
  const journal = readJournal(book);
  const mismatch = compare(history, truth, accounts, journal);
  const evidence = {
    lastInA: accounts.last,
    lastInB: journal.last,
    firstHole: mismatch.firstHole,
    lackingInA: mismatch.lackingInA,
    lackingInB: mismatch.lackingInB,
    offBy: mismatch.offBy,
  };
  const refused = reasons(mismatch, accounts, journal);
  if (refused !== null) return refusal(refused, evidence);
  const count = journal.transfers.size;
  const summary = `A and B match: ${count === 0 ? 'no transfer' : `${counted(count, 'transfer')}, the last is ${grouped(journal.last)}`}`;
  return { accepts: true, summary, evidence, transactions: null, ownChecks: [] };
}

function unreadable(part: string, path: Path, file: RestoredFile | null): string | null {
  if (file === null) return `${part} (${path}) is missing`;
  return file.damage === null ? null : `${part} (${path}) can't be read: ${file.damage}`;
}

function refusal(summary: string, evidence: Loading['evidence']): Loading {
  return { accepts: false, summary, evidence, transactions: null, ownChecks: [] };
}

function readAccounts(
  workload: LedgerWorkload,
  table: RestoredFile,
  tree: RestoredTree,
  truth: WorkloadTruth,
): Accounts {
  const changed = new Map<number, AccountRecord>();
  const block = new Uint8Array(BLOCK_BYTES);
  const words = wordsOf(block);
  const base = truth.truth.base.file(table.path);
  const before = wordsOf(base === null ? NOTHING : base.padded());
  let damaged = table.sizeBytes === workload.accounts * RECORD_BYTES ? 0 : 1;
  let last = 0;
  for (const number of tree.blocks(table, base).changed) {
    const offset = number * BLOCK_BYTES;
    table.read(offset, block);
    const end = Math.min(BLOCK_BYTES, table.sizeBytes - offset);
    for (let at = 0; at < end; at += RECORD_BYTES) {
      if (isSame(words, at / 4, before, (offset + at) / 4)) continue;
      const record = readAccount(block, at);
      if (record === null || record.account !== (offset + at) / RECORD_BYTES) {
        damaged += 1;
        continue;
      }
      changed.set(record.account, record);
      if (record.transaction > last) last = record.transaction;
    }
  }
  return { changed, damaged, last };
}

/** Whether a record is as it was at 0 s: most are, and need not be read. */
function isSame(words: Int32Array, at: number, before: Int32Array, from: number): boolean {
  return from + RECORD_WORDS <= before.length && sameWords(words, at, before, from, RECORD_WORDS);
}

function readJournal(book: RestoredFile): Journal {
  const transfers = new Map<number, TransferRecord>();
  const bytes = book.bytes();
  let damaged = 0;
  let last = 0;
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    const record = readTransfer(bytes, at);
    if (record === null || transfers.has(record.transaction)) {
      damaged += 1;
      continue;
    }
    transfers.set(record.transaction, record);
    last = Math.max(last, record.transaction);
  }
  return { transfers, damaged, last };
}

function compare(
  history: readonly TransferRecord[],
  truth: WorkloadTruth,
  accounts: Accounts,
  journal: Journal,
): Mismatch {
  const last = Math.max(accounts.last, journal.last);
  let lackingInA = 0;
  let lackingInB = 0;
  let half = 0;
  let firstHole: number | null = null;
  for (const { transaction, from, to } of history) {
    const paid = (accounts.changed.get(from)?.transaction ?? 0) >= transaction;
    const received = (accounts.changed.get(to)?.transaction ?? 0) >= transaction;
    const written = journal.transfers.has(transaction);
    if (paid && received && written) continue;
    if (paid !== received) half += 1;
    else if (written) lackingInA += 1;
    else if (paid) lackingInB += 1;
    const isOwed = truth.transactions[transaction - 1]?.abortedBecause === null && transaction <= last;
    if (isOwed && firstHole === null) firstHole = transaction;
  }
  return { lackingInA, lackingInB, half, firstHole, offBy: balancesOff(accounts, journal) };
}

/** The money that is in the wrong accounts, if B is right. */
function balancesOff({ changed }: Accounts, { transfers }: Journal): number {
  const owed = new Map<number, number>();
  const add = (account: number, amount: number) => {
    owed.set(account, (owed.get(account) ?? FIRST_BALANCE) + amount);
  };
  for (const { from, to, amount } of transfers.values()) {
    add(from, -amount);
    add(to, amount);
  }
  for (const account of changed.keys()) add(account, 0);
  let tooMuch = 0;
  let tooLittle = 0;
  for (const [account, balance] of owed) {
    const difference = (changed.get(account)?.balance ?? FIRST_BALANCE) - balance;
    if (difference > 0) tooMuch += difference;
    else tooLittle -= difference;
  }
  return Math.max(tooMuch, tooLittle);
}

function reasons(
  { lackingInA, lackingInB, half, offBy }: Mismatch,
  accounts: Accounts,
  journal: Journal,
): string | null {
  const damage: string[] = [];
  if (accounts.damaged > 0) damage.push(`${counted(accounts.damaged, 'record')} of A damaged`);
  if (journal.damaged > 0) damage.push(`${counted(journal.damaged, 'record')} of B damaged`);
  const parts: string[] = [];
  if (lackingInA > 0) parts.push(`B holds ${counted(lackingInA, 'transfer')} that A lacks`);
  if (lackingInB > 0) parts.push(`A holds ${counted(lackingInB, 'transfer')} that B lacks`);
  if (half > 0) parts.push(`${counted(half, 'transfer is', 'transfers are')} half in A`);
  if (damage.length === 0 && parts.length === 0 && offBy === 0) return null;
  const balances = offBy === 0 ? 'the balances agree all the same' : `balances are off by ${grouped(offBy)}`;
  return [...damage, parts.length === 0 ? balances : `${parts.join(', ')}: ${balances}`].join('; ');
}
