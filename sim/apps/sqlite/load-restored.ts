/**
 * Loads a restored set of databases as the program would: SQLite recovers, all rows are read and compared with the model,
 * and the parts must tell of the same transfers, which must be the first n of those that were committed.
 */

import { judgeSqlite } from '../../check/sqlite.ts';
import type { Verdict } from '../../check/verdict.ts';
import type { HeldTransactions, Loading, RestoredTree } from '../application.ts';
import type { EventNumber } from '../truth.ts';
import { counted, grouped } from '../wording.ts';
import { NEVER, type WorkloadTruth } from '../workload-truth.ts';
import { heldByAccounts, heldByBook, heldByFolder, type Model, offBalance, type Part } from './held-transfers.ts';
import { baseName, type Layout } from './layout.ts';
import type { SqliteLibrary } from './library.ts';
import { type DatabaseRows, openRestored, type Refused, readRows } from './restored-rows.ts';
import { type Transfer, transferOf } from './transfer.ts';

export interface LoadTruth {
  readonly truth: WorkloadTruth;
  /** Transactions that were given up, and found to be committed afterwards. */
  readonly foundLater: ReadonlySet<number>;
  /** The event of the picture. */
  readonly until: EventNumber;
}

export function loadRestored(
  library: SqliteLibrary,
  layout: Layout,
  seed: number,
  tree: RestoredTree,
  told: LoadTruth,
): Loading {
  const opened = openRestored(library, layout, tree);
  if ('because' in opened) return refused(layout, opened, [judgeSqlite(layout, null, sentence(opened))]);
  const { connection, files } = opened;
  try {
    // Rows first: SQLite recovers when it is asked, and the check of the pages is of what it has then.
    const rows: DatabaseRows[] = [];
    let unreadable: Refused | null = null;
    for (const database of layout.databases) {
      const found = readRows(connection, database);
      if ('because' in found) unreadable ??= found;
      else rows.push(found);
    }
    const ownChecks = [judgeSqlite(layout, connection, null)];
    if (unreadable !== null) return refused(layout, unreadable, ownChecks);
    const used = files.given.map(path => baseName(path).toLowerCase());
    return compared(layout, modelOf(layout, seed, told), rows, tree, { ownChecks, used });
  } finally {
    connection.close();
  }
}

/** Transfers that can be in a picture: committed ones that no end of a machine took back, and one that is open then. */
function modelOf(layout: Layout, seed: number, { truth, foundLater, until }: LoadTruth): Model {
  const model = new Map<number, Transfer>();
  for (const transaction of truth.transactions) {
    const { number, committed, closed } = transaction;
    if (transaction.isLostAt(until)) continue;
    if (committed === NEVER && closed !== NEVER && !foundLater.has(number)) continue;
    model.set(number, transferOf(layout, seed, number));
  }
  return model;
}

function refused(layout: Layout, why: Refused, ownChecks: readonly Verdict[]): Loading {
  return {
    accepts: false,
    summary: sentence(why),
    evidence: { database: why.database.name, databases: layout.databases.map(({ name }) => name) },
    transactions: null,
    ownChecks,
  };
}

function sentence({ database, because }: Refused): string {
  return `${database.name} ${because}`;
}

function compared(
  layout: Layout,
  model: Model,
  rows: readonly DatabaseRows[],
  tree: RestoredTree,
  found: { readonly ownChecks: readonly Verdict[]; readonly used: readonly string[] },
): Loading {
  const parts: Part[] = [];
  for (const one of rows) {
    if (one.database.holdsAccounts) parts.push(heldByAccounts(layout, model, one));
    if (one.database.holdsTransfers) parts.push(heldByBook(layout, model, one));
  }
  const withDocuments = rows.find(({ database }) => database.holdsDocuments);
  const folder = withDocuments === undefined ? null : heldByFolder(layout, model, withDocuments, tree);
  const all = folder === null ? parts : [...parts, folder];
  const transactions = together(model, all);
  const complaints = [...complaintsOf(model, all), ...holes(model, transactions)];
  const evidence: { [key: string]: string | number | null | readonly string[] } = { filesUsed: found.used };
  for (const part of all) evidence[`last in ${part.name}`] = Math.max(0, ...part.whole);
  const held = new Set(parts.flatMap(({ whole, torn }) => [...whole, ...torn]));
  const off = offBalance(model, held, rows[0]!);
  evidence.balancesOffBy = off;
  const first = complaints[0];
  const summary =
    first === undefined ? accepted(layout, transactions.whole.size) : first + (off > 0 ? offSentence(off) : '');
  return {
    accepts: complaints.length === 0,
    summary,
    evidence: complaints.length > 1 ? { ...evidence, more: complaints.slice(1) } : evidence,
    transactions,
    ownChecks: found.ownChecks,
  };
}

function accepted(layout: Layout, transfers: number): string {
  const names = layout.databases.map(({ name }) => name);
  const last = names.pop();
  const where = names.length === 0 ? last : `${names.join(', ')} and ${last}`;
  return `${where} hold${names.length === 0 ? 's' : ''} ${names.length === 0 ? '' : 'the same '}${counted(transfers, 'transfer')}`;
}

function offSentence(off: number): string {
  return `: balances are off by ${grouped(off)}`;
}

/** A transfer is whole when every part holds it, torn when some do. */
function together(model: Model, parts: readonly Part[]): HeldTransactions {
  const whole = new Set<number>();
  const torn = new Set<number>();
  for (const number of model.keys()) {
    const holding = parts.filter(part => part.whole.has(number)).length;
    if (parts.some(part => part.torn.has(number))) torn.add(number);
    else if (holding === parts.length) whole.add(number);
    else if (holding > 0) torn.add(number);
  }
  return { whole, torn };
}

/** What is wrong, the most telling first: parts against each other, then each in itself. */
function complaintsOf(model: Model, parts: readonly Part[]): string[] {
  const complaints: string[] = [];
  const [accounts, ...others] = parts;
  for (const other of others) {
    // Documents are told of by the first book, which stands before their folder.
    const against = other.noun === 'document' ? parts[1]! : accounts!;
    complaints.push(...lacks(model, other, against), ...lacks(model, against, other));
  }
  return [...complaints, ...parts.flatMap(part => part.complaints)];
}

/** Transfers that one part holds, wholly, and of which another has nothing. */
function lacks(model: Model, one: Part, other: Part): string[] {
  const lacking = [...model.keys()].filter(
    number => one.whole.has(number) && !other.whole.has(number) && !other.torn.has(number),
  );
  if (lacking.length === 0) return [];
  const noun = one.noun === 'document' ? one.noun : other.noun;
  return [
    `${one.name} ${other.noun === noun && noun === 'document' ? 'tells of' : 'holds'} ${counted(lacking.length, noun)} that ${other.name} lacks`,
  ];
}

/** All parts agree, but on something that never was. */
function holes(model: Model, { whole, torn }: HeldTransactions): string[] {
  if (torn.size > 0) return [];
  let missing: number | null = null;
  for (const number of model.keys()) {
    if (!whole.has(number)) missing ??= number;
    else if (missing !== null) return [`transfer ${missing} is missing, and transfer ${number} behind it is there`];
  }
  return [];
}
