/**
 * Where a SQLite workload keeps what: accounts in the first database, the transfers between them in each other one (or in
 * the same one when it is alone), documents in a folder beside.
 */
import type { Bytes } from '../../../engine/units.ts';
import type { Path } from '../../fs/file-system.ts';
import type { SqliteWorkload } from '../../scenario/scenario.ts';
import { folderOf, letterOf } from '../paths.ts';
import { PAGE_BYTES } from './calls.ts';

export interface Database {
  readonly path: Path;
  /** Its name inside SQLite: `main`, then `book1`, `book2` ... */
  readonly schema: string;
  /** Its name in sentences: `orders.db`. */
  readonly name: string;
  readonly holdsAccounts: boolean;
  readonly holdsTransfers: boolean;
  readonly holdsDocuments: boolean;
}

export interface Layout {
  readonly workloadId: string;
  /** `main` first. */
  readonly databases: readonly Database[];
  readonly journal: SqliteWorkload['journal'];
  /** Every commit is synced. One connection has nobody to share an fsync with, so `group` is `always`. */
  readonly isDurable: boolean;
  /** Where documents are; null without `blobs`. */
  readonly folder: Path | null;
  readonly accountCount: number;
  /** Transfers from before 0 s, numbered 0 and below. */
  readonly historyCount: number;
}

/** Rows of both tables are this wide, so that four fill a page. */
export const ROW_TEXT_BYTES: Bytes = 960;
const ROWS_PER_PAGE = 4;
/** Pages of schema, small tables and the roots of trees. */
const FIXED_PAGES = 10;
const FEWEST_ROWS = 16;

export function layoutOf(workload: SqliteWorkload): Layout {
  const { files } = workload;
  const isAlone = files.length === 1;
  const databases = files.map(({ path }, index) => ({
    path,
    schema: index === 0 ? 'main' : `book${index}`,
    name: nameOf(path, files),
    holdsAccounts: index === 0,
    holdsTransfers: index > 0 || isAlone,
    holdsDocuments: workload.blobs && index === (isAlone ? 0 : 1),
  }));
  const rows = rowsIn(workload.sizeBytes);
  const documents = databases.find(database => database.holdsDocuments);
  return {
    workloadId: workload.id,
    databases,
    journal: workload.journal,
    isDurable: workload.fsync !== 'never',
    folder: documents === undefined ? null : documentFolder(documents.path),
    accountCount: isAlone ? Math.floor(rows / 2) : rows,
    historyCount: isAlone ? Math.floor(rows / 2) : rows,
  };
}

/** Rows that make a database nearly `sizeBytes` long: 2% is for the upper levels of trees and the index. */
function rowsIn(sizeBytes: Bytes): number {
  const pages = Math.floor(sizeBytes / PAGE_BYTES) - FIXED_PAGES;
  return Math.max(FEWEST_ROWS, Math.floor((pages * 98) / 100) * ROWS_PER_PAGE);
}

export function baseName(path: Path): string {
  return path.slice(path.lastIndexOf('\\') + 1);
}

/** In sentences: without its folder, when that is enough. */
function nameOf(path: Path, files: SqliteWorkload['files']): string {
  const isOnly = files.filter(file => baseName(file.path) === baseName(path)).length === 1;
  return (isOnly ? baseName(path) : path).toLowerCase();
}

/** `C:\SHOP\ORDERS.DB` has its documents in `C:\SHOP\ORDERS-DOCUMENTS`. */
function documentFolder(path: Path): Path {
  const name = baseName(path);
  const dot = name.lastIndexOf('.');
  return `${folderOf(path) ?? `${letterOf(path)}:`}\\${dot <= 0 ? name : name.slice(0, dot)}-DOCUMENTS`;
}

export function documentPath(folder: Path, transaction: number): Path {
  return `${folder}\\${documentName(transaction)}`;
}

export function documentName(transaction: number): string {
  return `D${String(transaction).padStart(7, '0')}.DOC`;
}

/** Names that SQLite gives to files beside a database; super-journals have random digits. */
function isBesideDatabase(database: Path, path: Path): boolean {
  if (!path.startsWith(`${database}-`)) return false;
  const suffix = path.slice(database.length);
  return suffix === '-JOURNAL' || suffix === '-WAL' || suffix === '-SHM' || /^-MJ[0-9A-F]{6}9[0-9A-F]{2}$/.test(suffix);
}

/** Whether a path is a file of this workload. */
export function owns(layout: Layout, path: Path): boolean {
  if (layout.folder !== null && path.startsWith(`${layout.folder}\\`)) return true;
  return layout.databases.some(({ path: database }) => path === database || isBesideDatabase(database, path));
}
