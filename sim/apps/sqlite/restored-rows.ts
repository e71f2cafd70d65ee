/**
 * What is in restored databases, as rows: read by SQLite itself, after its own recovery, from a shadow that has the files
 * under the letters and paths that they had (journals name their super-journal by path).
 */
import type { RestoredTree } from '../application.ts';
import { type Connection, SqliteError } from './connection.ts';
import { baseName, type Database, type Layout, owns, ROW_TEXT_BYTES } from './layout.ts';
import type { SqliteLibrary } from './library.ts';
import { holderText, noteText, openAll } from './schema.ts';
import { ShadowFiles } from './shadow-files.ts';

export interface AccountRow {
  readonly id: number;
  readonly balance: number;
  readonly lastTransfer: number;
}

export interface TransferRow {
  readonly number: number;
  readonly payer: number;
  readonly payee: number;
  readonly amount: number;
}

export interface DocumentRow {
  readonly transfer: number;
  readonly sizeBytes: number;
  readonly checksum: number;
}

/** What one database holds. Lists are empty when it holds no such table. */
export interface DatabaseRows {
  readonly database: Database;
  readonly lastTransfer: number;
  readonly accounts: readonly AccountRow[];
  /** Of after 0 s. */
  readonly transfers: readonly TransferRow[];
  readonly historyCount: number;
  readonly documents: readonly DocumentRow[];
  /** Rows whose text is not what belongs to their numbers. */
  readonly wrongTexts: number;
}

/** Why a database tells nothing. */
export interface Refused {
  readonly database: Database;
  readonly because: string;
}

/** Restored databases that are open. The caller closes the connection. */
export interface OpenRestored {
  readonly connection: Connection;
  /** Files that SQLite found and used beside the databases: journals, logs, super-journals. */
  readonly files: ShadowFiles;
}

/** Opens what was restored; `Refused` names the database that is not there or does not open. */
export function openRestored(library: SqliteLibrary, layout: Layout, tree: RestoredTree): OpenRestored | Refused {
  for (const database of layout.databases) {
    const file = tree.file(database.path);
    if (file === null) return { database, because: 'is missing' };
    if (file.damage !== null) return { database, because: `can't be read back: ${file.damage}` };
  }
  let damage: string | null = null;
  const files = new ShadowFiles(new Map(), path => {
    const file = owns(layout, path) ? tree.file(path) : null;
    if (file === null) return null;
    if (file.damage !== null) damage ??= `${baseName(path).toLowerCase()} can't be read back: ${file.damage}`;
    return file.bytes();
  });
  const connection = library.connection(files, layout);
  let opening = layout.databases[0]!;
  try {
    openAll(connection, layout, 'to look', database => {
      opening = database;
    });
    // SQLite reads a database, and recovers it, when it is asked for something in it.
    for (const database of layout.databases) {
      opening = database;
      connection.integer(`SELECT count(*) FROM ${database.schema}.sqlite_schema`);
      if (damage !== null) throw new SqliteError(0, damage);
    }
    return { connection, files };
  } catch (error) {
    connection.close();
    if (!(error instanceof SqliteError)) throw error;
    return { database: opening, because: `does not open: ${error.message}` };
  }
}

/** Reads all rows of a database; `Refused` when SQLite finds it damaged on the way. */
export function readRows(connection: Connection, database: Database): DatabaseRows | Refused {
  try {
    const accounts = readAccounts(connection, database);
    const transfers = readTransfers(connection, database);
    return {
      database,
      ...accounts,
      ...transfers,
      documents: readDocuments(connection, database),
      wrongTexts: accounts.wrongTexts + transfers.wrongTexts,
    };
  } catch (error) {
    if (!(error instanceof SqliteError)) throw error;
    return { database, because: `can't be read: ${error.message}` };
  }
}

function readAccounts(connection: Connection, { schema, holdsAccounts }: Database) {
  const accounts: AccountRow[] = [];
  let wrongTexts = 0;
  if (!holdsAccounts) return { accounts, wrongTexts, lastTransfer: 0 };
  connection.run(`SELECT id, balance, last_tx, holder FROM ${schema}.accounts ORDER BY id`, [], row => {
    const id = row.integer(0);
    accounts.push({ id, balance: row.integer(1), lastTransfer: row.integer(2) });
    if (!row.isPadded(3, holderText(id), ROW_TEXT_BYTES)) wrongTexts += 1;
  });
  return { accounts, wrongTexts, lastTransfer: connection.integer(`SELECT last_tx FROM ${schema}.state`) };
}

function readTransfers(connection: Connection, { schema, holdsTransfers }: Database) {
  const transfers: TransferRow[] = [];
  let historyCount = 0;
  let wrongTexts = 0;
  if (!holdsTransfers) return { transfers, historyCount, wrongTexts };
  connection.run(`SELECT tx, payer, payee, amount, note FROM ${schema}.transfers ORDER BY tx`, [], columns => {
    const row = {
      number: columns.integer(0),
      payer: columns.integer(1),
      payee: columns.integer(2),
      amount: columns.integer(3),
    };
    if (row.number > 0) transfers.push(row);
    else historyCount += 1;
    if (!columns.isPadded(4, noteText(row), ROW_TEXT_BYTES)) wrongTexts += 1;
  });
  return { transfers, historyCount, wrongTexts };
}

function readDocuments(connection: Connection, { schema, holdsDocuments }: Database): DocumentRow[] {
  const documents: DocumentRow[] = [];
  if (!holdsDocuments) return documents;
  connection.run(`SELECT tx, size_bytes, checksum FROM ${schema}.documents ORDER BY tx`, [], row => {
    documents.push({ transfer: row.integer(0), sizeBytes: row.integer(1), checksum: row.integer(2) });
  });
  return documents;
}
