/**
 * The program around SQLite: what it does for one transfer, and what it does when it starts, after a failure too.
 *
 * Invariants
 * P1 A document is written, and synced, before the row that tells of it; it is removed after the row has gone. So a row
 *    without its document is never left by a cut, a document without a row may be.
 * P2 After `reconcile` all databases tell the same transfers, and the folder holds no document without a row.
 */
import type { Nanoseconds } from '../../../engine/units.ts';
import type { Connection } from './connection.ts';
import { type Database, documentName, type Layout } from './layout.ts';
import { insertTransfer, transferValues } from './schema.ts';
import type { ShadowSession } from './shadow-session.ts';
import { checksum, documentBytes, type Transfer } from './transfer.ts';

/** Documents are written in pieces, as a stream is. */
const PIECE_BYTES = 4096;

/** One transfer, from its document to its commit, and the removal of the document that it drops. */
export function runTransfer(connection: Connection, layout: Layout, transfer: Transfer): void {
  const { session } = connection;
  writeDocument(session, layout, transfer);
  connection.run('BEGIN');
  applyTransfer(connection, layout.databases, transfer, transfer.thinkNs);
  connection.run('COMMIT');
  if (layout.folder === null || transfer.dropped === null) return;
  const path = `${layout.folder}\\${documentName(transfer.dropped)}`;
  if (session.files.find(path) !== null) session.delete(path, layout.isDurable);
}

/** The statements of a transfer in some of the databases, inside a transaction. */
function applyTransfer(
  connection: Connection,
  databases: readonly Database[],
  transfer: Transfer,
  thinkNs: readonly Nanoseconds[],
): void {
  const { session } = connection;
  const { number, payer, payee, amount } = transfer;
  for (const { schema, holdsAccounts, holdsTransfers, holdsDocuments } of databases) {
    if (holdsAccounts) {
      const update = `UPDATE ${schema}.accounts SET balance = balance + ?1, last_tx = ?2 WHERE id = ?3`;
      connection.integer(`SELECT balance FROM ${schema}.accounts WHERE id = ?1`, [payer]);
      session.think(thinkNs[0] ?? 0);
      connection.run(update, [-amount, number, payer]);
      session.think(thinkNs[1] ?? 0);
      connection.run(update, [amount, number, payee]);
      connection.run(`UPDATE ${schema}.state SET last_tx = ?1`, [number]);
      session.think(thinkNs[2] ?? 0);
    }
    if (holdsTransfers) connection.run(insertTransfer(schema), transferValues(transfer));
    if (holdsDocuments) applyDocuments(connection, schema, transfer);
  }
  session.think(thinkNs[3] ?? 0);
}

function applyDocuments(connection: Connection, schema: string, { number, document, dropped }: Transfer): void {
  if (document !== null) {
    const sum = checksum(documentBytes(number, document.sizeBytes));
    const values = [number, documentName(number), document.sizeBytes, sum];
    connection.run(`INSERT INTO ${schema}.documents VALUES (?1, ?2, ?3, ?4)`, values);
  }
  if (dropped !== null) connection.run(`DELETE FROM ${schema}.documents WHERE tx = ?1`, [dropped]);
}

function writeDocument(session: ShadowSession, layout: Layout, { number, document }: Transfer): void {
  if (document === null) return;
  const file = session.open(document.path, true, false);
  if (file === null) return;
  session.truncate(file, 0);
  const bytes = documentBytes(number, document.sizeBytes);
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) session.write(file, at, bytes.subarray(at, at + PIECE_BYTES));
  if (layout.isDurable) session.sync(file);
  session.close(file);
}

/** Numbers of the last transfer that each database tells of. */
function lastTransfers(connection: Connection, layout: Layout): number[] {
  return layout.databases.map(({ schema, holdsAccounts }) =>
    connection.integer(
      holdsAccounts ? `SELECT last_tx FROM ${schema}.state` : `SELECT coalesce(max(tx), 0) FROM ${schema}.transfers`,
    ),
  );
}

/**
 * Looks what is there, and puts right what a commit that was cut has left: without a super-journal (WAL, no syncs) one
 * database can have a transfer that another lacks, and the program, which still knows what it was asked to do, does the
 * rest of it. Only the last one can be lacking: the one before was committed everywhere. Says its number.
 */
export function reconcile(connection: Connection, layout: Layout, transferOf: (number: number) => Transfer): number {
  const lasts = lastTransfers(connection, layout);
  const last = Math.max(...lasts);
  for (const [index, database] of layout.databases.entries()) {
    if (lasts[index] === last) continue;
    const transfer = transferOf(last);
    if (database.holdsDocuments) writeDocument(connection.session, layout, transfer);
    connection.run('BEGIN');
    applyTransfer(connection, [database], transfer, []);
    connection.run('COMMIT');
  }
  if (layout.folder !== null) removeOrphans(connection, layout, layout.folder);
  return last;
}

function removeOrphans(connection: Connection, layout: Layout, folder: string): void {
  const { session } = connection;
  const known = new Set<string>();
  for (const { schema, holdsDocuments } of layout.databases) {
    if (holdsDocuments) for (const name of connection.texts(`SELECT name FROM ${schema}.documents`)) known.add(name);
  }
  for (const path of session.files.paths) {
    if (!path.startsWith(`${folder}\\`) || known.has(path.slice(folder.length + 1))) continue;
    session.delete(path, layout.isDurable);
  }
}
