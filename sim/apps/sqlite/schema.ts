/**
 * The tables, and the statements over them. Accounts are in one database and transfers in others, so that nothing but one
 * commit over all of them keeps them together; inside a database foreign keys do.
 */
import type { Bytes } from '../../../engine/units.ts';
import { RandomStream } from '../../kernel/random.ts';
import { PAGE_BYTES } from './calls.ts';
import type { Connection } from './connection.ts';
import { type Database, type Layout, ROW_TEXT_BYTES } from './layout.ts';
import type { Transfer } from './transfer.ts';

/** What each account holds at 0 s. */
export const OPENING_BALANCE = 10_000;
const TOWNS = ['Astheim', 'Bremen', 'Celle', 'Dornbirn', 'Eupen', 'Fulda', 'Genthin', 'Husum'];
/** SQLite's own default: small enough for reads to happen. */
const CACHE_KIB = 2000;

/** Rows are filled up with blanks. What a row should say is made from its numbers, in SQL and, to check it, here. */
function holderOf(id: string): string {
  return `printf('%-${ROW_TEXT_BYTES}s', printf('Holder of account %d', ${id}))`;
}

export function holderText(id: number): string {
  return `Holder of account ${id}`;
}

function noteOf(tx: string, amount: string, payer: string, payee: string): string {
  const text = `printf('Transfer %d: %d from account %d to account %d', ${tx}, ${amount}, ${payer}, ${payee})`;
  return `printf('%-${ROW_TEXT_BYTES}s', ${text})`;
}

export function noteText(row: Pick<Transfer, 'number' | 'amount' | 'payer' | 'payee'>): string {
  return `Transfer ${row.number}: ${row.amount} from account ${row.payer} to account ${row.payee}`;
}

/** Opens all databases of a workload in one connection, and sets what SQLite does not keep in the files. */
export function openAll(
  connection: Connection,
  layout: Layout,
  how: 'to make' | 'to work' | 'to look',
  opening: (database: Database) => void = () => undefined,
): void {
  for (const database of layout.databases) {
    const { schema, path } = database;
    opening(database);
    if (schema === 'main') {
      connection.open(path, how === 'to make');
      connection.run('PRAGMA temp_store = MEMORY');
      connection.run('PRAGMA foreign_keys = ON');
    } else {
      connection.run(`ATTACH ?1 AS ${schema}`, [path]);
    }
    connection.run(`PRAGMA ${schema}.cache_size = -${CACHE_KIB}`);
    if (how !== 'to work') continue;
    connection.run(`PRAGMA ${schema}.synchronous = ${synchronousOf(layout)}`);
    connection.run(`PRAGMA ${schema}.journal_mode = ${layout.journal}`);
  }
}

/**
 * `fsync: never` is what a user of SQLite means by it: no syncs, and then SQLite makes no super-journal either, so that a
 * commit over several databases is not atomic when it is cut. With syncs a commit is durable when it returns: by the
 * removal of the super-journal, whose directory is synced, by the WAL, or, for one database alone, by that of its
 * journal, whose directory only EXTRA syncs.
 */
function synchronousOf(layout: Layout): 'OFF' | 'FULL' | 'EXTRA' {
  if (!layout.isDurable) return 'OFF';
  return layout.databases.length === 1 && layout.journal === 'delete' ? 'EXTRA' : 'FULL';
}

/** Makes the databases as they are at 0 s. */
export function makeAll(connection: Connection, layout: Layout): void {
  for (const { schema } of layout.databases) {
    connection.run(`PRAGMA ${schema}.page_size = ${PAGE_BYTES satisfies Bytes}`);
    connection.run(`PRAGMA ${schema}.auto_vacuum = NONE`);
    connection.run(`PRAGMA ${schema}.synchronous = OFF`);
  }
  connection.run('BEGIN');
  for (const database of layout.databases) {
    if (database.holdsAccounts) makeAccounts(connection, database, layout);
    if (database.holdsTransfers) makeTransfers(connection, database, layout);
  }
  connection.run('COMMIT');
  if (layout.journal !== 'wal') return;
  for (const { schema } of layout.databases) connection.run(`PRAGMA ${schema}.journal_mode = wal`);
}

function makeAccounts(connection: Connection, { schema }: Database, layout: Layout): void {
  connection.run(`CREATE TABLE ${schema}.state (id INTEGER PRIMARY KEY CHECK (id = 1), last_tx INTEGER NOT NULL)`);
  connection.run(`CREATE TABLE ${schema}.branches (id INTEGER PRIMARY KEY, town TEXT NOT NULL)`);
  connection.run(
    `CREATE TABLE ${schema}.accounts (id INTEGER PRIMARY KEY, branch INTEGER NOT NULL REFERENCES branches (id),
     balance INTEGER NOT NULL, last_tx INTEGER NOT NULL, holder TEXT NOT NULL)`,
  );
  connection.run(`INSERT INTO ${schema}.state VALUES (1, 0)`);
  for (const town of TOWNS) connection.run(`INSERT INTO ${schema}.branches (town) VALUES (?1)`, [town]);
  connection.run(
    `WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < ?1) INSERT INTO ${schema}.accounts
     SELECT id, 1 + id % ${TOWNS.length}, ${OPENING_BALANCE}, 0, ${holderOf('id')} FROM ids`,
    [layout.accountCount],
  );
}

function makeTransfers(connection: Connection, database: Database, layout: Layout): void {
  const { schema } = database;
  connection.run(
    `CREATE TABLE ${schema}.transfers (tx INTEGER PRIMARY KEY, payer INTEGER NOT NULL, payee INTEGER NOT NULL,
     amount INTEGER NOT NULL CHECK (amount > 0), note TEXT NOT NULL)`,
  );
  if (database.holdsDocuments) {
    connection.run(
      `CREATE TABLE ${schema}.documents (tx INTEGER PRIMARY KEY REFERENCES transfers (tx), name TEXT NOT NULL UNIQUE,
       size_bytes INTEGER NOT NULL, checksum INTEGER NOT NULL)`,
    );
  }
  // Transfers of before 0 s are of no seed, and in the opening balances.
  connection.run(
    `WITH RECURSIVE old (tx, payer, payee, amount) AS (SELECT 1 - ?1, 1, 2, 1 UNION ALL
       SELECT tx + 1, 1 + (payer + 7919) % ?2, 1 + (payee + 104729) % ?2, 1 + (amount + 373) % 500 FROM old WHERE tx < 0)
     INSERT INTO ${schema}.transfers SELECT tx, payer, payee, amount, ${noteOf('tx', 'amount', 'payer', 'payee')} FROM old`,
    [layout.historyCount, layout.accountCount],
  );
  // Made last, its pages are full and in order.
  connection.run(`CREATE INDEX ${schema}.transfers_by_payer ON transfers (payer)`);
}

export function insertTransfer(schema: string): string {
  return `INSERT INTO ${schema}.transfers VALUES (?1, ?2, ?3, ?4, ${noteOf('?1', '?4', '?2', '?3')})`;
}

export function transferValues({ number, payer, payee, amount }: Transfer): number[] {
  return [number, payer, payee, amount];
}

/** Chance and time while databases are made: of no seed. */
export function fillSurroundings(layout: Layout) {
  const random = new RandomStream(0, `${layout.workloadId}/fill/sqlite`);
  return { random, pace: random, unixMilliseconds: 0 };
}
