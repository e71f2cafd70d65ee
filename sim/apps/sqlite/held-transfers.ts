/**
 * Which transfers restored rows hold, part by part: the accounts, each book of transfers, the folder of documents. Every
 * row is compared with the model: an account with what it must hold after the last transfer that it tells of.
 *
 * Invariants
 * H1 A row that fits no state of the model is complained of, whatever it tells.
 * H2 The accounts hold a transfer when both accounts and the table of state tell of it or of a later one; in part, when
 *    one of the two does, or the state tells of this very one.
 */
import type { RestoredTree } from '../application.ts';
import { counted, grouped } from '../wording.ts';
import { baseName, type Database, documentPath, type Layout } from './layout.ts';
import type { DatabaseRows, DocumentRow } from './restored-rows.ts';
import { OPENING_BALANCE } from './schema.ts';
import { checksum, type Transfer } from './transfer.ts';

/** What one part holds of the transfers. */
export interface Part {
  /** In sentences: `orders.db`. */
  readonly name: string;
  readonly whole: ReadonlySet<number>;
  /** There in part only: in one of two accounts, a document that is cut off. */
  readonly torn: ReadonlySet<number>;
  /** What it calls the thing that it has of each transfer. */
  readonly noun: 'transfer' | 'document';
  /** What is wrong with it, whatever the other parts say. */
  readonly complaints: readonly string[];
}

/** The transfers that can be there, rising, and what each of them does. */
export type Model = ReadonlyMap<number, Transfer>;

/** The accounts of a database against the model. */
export function heldByAccounts(layout: Layout, model: Model, rows: DatabaseRows): Part {
  const { database, accounts, lastTransfer } = rows;
  const chains = chainsOf(model);
  const knows = new Map<number, number>();
  let wrong = 0;
  let firstWrong = 0;
  for (const { id, balance, lastTransfer: last } of accounts) {
    knows.set(id, last);
    if (fits(chains.get(id) ?? [], balance, last)) continue;
    if (wrong === 0) firstWrong = id;
    wrong += 1;
  }
  const whole = new Set<number>();
  const torn = new Set<number>();
  for (const { number, payer, payee } of model.values()) {
    const signs = [payer, payee].filter(account => (knows.get(account) ?? 0) >= number).length;
    if (signs === 2 && lastTransfer >= number) whole.add(number);
    else if (signs > 0 || lastTransfer === number) torn.add(number);
  }
  const name = partName(layout, database, 'accounts');
  const complaints: string[] = [];
  const tell = (what: string) => complaints.push(`${name} holds ${what}`);
  if (torn.size > 0) tell(`${counted(torn.size, 'transfer')} in part, the first is ${Math.min(...torn)}`);
  if (wrong > 0) tell(`${counted(wrong, 'account')} with a balance of no instant, the first is ${firstWrong}`);
  if (accounts.length !== layout.accountCount) tell(`${accounts.length} of ${layout.accountCount} accounts`);
  if (!database.holdsTransfers) tellTexts(rows, tell);
  return { name, whole, torn, noun: 'transfer', complaints };
}

/** By account: the transfers that touch it, with what they add, rising. */
function chainsOf(model: Model): Map<number, { number: number; adds: number }[]> {
  const chains = new Map<number, { number: number; adds: number }[]>();
  const touch = (account: number, number: number, adds: number) => {
    const chain = chains.get(account);
    if (chain === undefined) chains.set(account, [{ number, adds }]);
    else chain.push({ number, adds });
  };
  for (const { number, payer, payee, amount } of model.values()) {
    touch(payer, number, -amount);
    touch(payee, number, amount);
  }
  return chains;
}

function fits(chain: readonly { number: number; adds: number }[], balance: number, last: number): boolean {
  let should = OPENING_BALANCE;
  if (last === 0) return balance === should;
  for (const { number, adds } of chain) {
    should += adds;
    if (number === last) return balance === should;
  }
  return false;
}

/** The transfers of a database against the model. */
export function heldByBook(layout: Layout, model: Model, rows: DatabaseRows): Part {
  const { database, transfers, historyCount, documents } = rows;
  const name = partName(layout, database, 'transfers');
  const complaints: string[] = [];
  const tell = (what: string) => complaints.push(`${name} holds ${what}`);
  const whole = new Set<number>();
  for (const row of transfers) {
    const transfer = model.get(row.number);
    const isRight = transfer?.payer === row.payer && transfer.payee === row.payee && transfer.amount === row.amount;
    if (isRight) whole.add(row.number);
  }
  const wrong = transfers.length - whole.size;
  if (wrong > 0) tell(counted(wrong, 'transfer that nobody made', 'transfers that nobody made'));
  tellTexts(rows, tell);
  if (historyCount !== layout.historyCount) {
    tell(`${grouped(historyCount)} of ${grouped(layout.historyCount)} transfers from before 0 s`);
  }
  if (database.holdsDocuments) {
    const shouldBe = [...model.values()].filter(({ number }) => whole.has(number) && !isDropped(model, whole, number));
    const there = new Set(documents.map(({ transfer }) => transfer));
    const lacking = shouldBe.filter(({ number }) => !there.has(number)).length;
    const tooMany = there.size - (shouldBe.length - lacking);
    if (lacking > 0) tell(`no row for ${counted(lacking, 'document')}`);
    if (tooMany > 0) tell(`${counted(tooMany, 'row')} of documents that were dropped or never written`);
  }
  return { name, whole, torn: new Set(), noun: 'transfer', complaints };
}

function tellTexts({ wrongTexts }: DatabaseRows, tell: (what: string) => void): void {
  if (wrongTexts > 0) tell(`${counted(wrongTexts, 'row')} with a text that is not its own`);
}

function isDropped(model: Model, held: ReadonlySet<number>, number: number): boolean {
  for (const transfer of model.values()) if (transfer.dropped === number && held.has(transfer.number)) return true;
  return false;
}

/**
 * The folder of documents against the rows that tell of them. A document without a row is as a cut may leave it (it is
 * written first, and removed last) when it belongs to the transfer behind the last one, or was dropped by the last one:
 * the program removes it when it starts. Any other tells of transfers that the rows don't have.
 */
export function heldByFolder(layout: Layout, model: Model, rows: DatabaseRows, tree: RestoredTree): Part | null {
  const { folder } = layout;
  if (folder === null) return null;
  const known = new Map(rows.documents.map(row => [row.transfer, row]));
  const booked = new Set(rows.transfers.map(({ number }) => number));
  const last = Math.max(0, ...booked);
  const next = [...model.keys()].find(number => number > last);
  const droppers = new Map<number, number>();
  for (const { number, dropped } of model.values()) if (dropped !== null) droppers.set(dropped, number);
  const whole = new Set<number>();
  const torn = new Set<number>();
  const damaged: number[] = [];
  const left: number[] = [];
  for (const { number, document } of model.values()) {
    const bytes = tree.file(documentPath(folder, number))?.bytes() ?? null;
    const row = known.get(number);
    if (row !== undefined) {
      if (bytes === null) continue;
      if (isDocument(bytes, row)) whole.add(number);
      else damaged.push(number);
    } else if (booked.has(number)) {
      whole.add(number);
      if (bytes !== null && model.get(last)?.dropped !== number) left.push(number);
    } else if (bytes !== null && number !== next) {
      if (bytes.length === document?.sizeBytes) whole.add(number);
      else damaged.push(number);
    }
  }
  for (const number of damaged) torn.add(number);
  for (const number of left) torn.add(droppers.get(number) ?? number);
  const name = `the folder ${baseName(folder)}`;
  const complaints: string[] = [];
  const tell = (what: string) => complaints.push(`${name} holds ${what}`);
  if (damaged.length > 0) tell(`${counted(damaged.length, 'document')} not as written, the first is of ${damaged[0]}`);
  if (left.length > 0) tell(`${counted(left.length, 'document')} that ${rows.database.name} has dropped`);
  return { name, whole, torn, noun: 'document', complaints };
}

function isDocument(bytes: Uint8Array, row: DocumentRow): boolean {
  return bytes.length === row.sizeBytes && checksum(bytes) === row.checksum;
}

/** Half of what the accounts differ by from their state after exactly the transfers of `held`. */
export function offBalance(model: Model, held: ReadonlySet<number>, rows: DatabaseRows): number {
  const should = new Map<number, number>();
  const add = (account: number, amount: number) =>
    should.set(account, (should.get(account) ?? OPENING_BALANCE) + amount);
  for (const { number, payer, payee, amount } of model.values()) {
    if (!held.has(number)) continue;
    add(payer, -amount);
    add(payee, amount);
  }
  let off = 0;
  for (const { id, balance } of rows.accounts) off += Math.abs(balance - (should.get(id) ?? OPENING_BALANCE));
  return Math.round(off / 2);
}

function partName(layout: Layout, database: Database, table: string): string {
  return layout.databases.length === 1 ? `the table ${table}` : database.name;
}
