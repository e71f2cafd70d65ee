/**
 * A SQLite connection to a set of databases, as the program around it uses it: statements that are prepared once, and run.
 *
 * Invariants
 * K1 SQLite is entered through this class only, inside its session (V1); a complaint of the VFS is a defect.
 * K2 What SQLite itself says no to is a `SqliteError`: whether that is a defect (files that only we have written) or the
 *    world's doing (files that were read from it) is for the caller to say.
 * K3 After `close` nothing of it is left in the WebAssembly heap.
 */
import type { Sqlite3Static } from '@sqlite.org/sqlite-wasm';
import { defect, invariant, WorldError } from '../../../engine/invariant.ts';
import type { Path } from '../../fs/file-system.ts';
import type { ShadowSession } from './shadow-session.ts';
import type { ShadowVfs } from './shadow-vfs.ts';

type Pointer = number;

export class SqliteError extends WorldError {
  override readonly name = 'SqliteError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The functions that are called for each row or value, without the package's conversions of arguments. */
interface RawFunctions {
  sqlite3_step(statement: Pointer): number;
  sqlite3_reset(statement: Pointer): number;
  sqlite3_bind_int(statement: Pointer, at: number, value: number): number;
  sqlite3_bind_text(statement: Pointer, at: number, text: Pointer, bytes: number, destructor: unknown): number;
  sqlite3_column_int(statement: Pointer, at: number): number;
  sqlite3_column_text(statement: Pointer, at: number): Pointer;
  sqlite3_column_bytes(statement: Pointer, at: number): number;
  sqlite3_column_count(statement: Pointer): number;
  sqlite3_changes(database: Pointer): number;
}

export type Value = number | string;

const BLANK = 32;
const FOUR_BLANKS = 0x20202020;

export class Connection {
  readonly session: ShadowSession;
  private readonly sqlite: Sqlite3Static;
  private readonly raw: RawFunctions;
  private readonly vfs: ShadowVfs;
  private readonly statements = new Map<string, Pointer>();
  private database: Pointer = 0;

  constructor(sqlite: Sqlite3Static, vfs: ShadowVfs, session: ShadowSession) {
    this.sqlite = sqlite;
    this.raw = sqlite.wasm.exports as RawFunctions;
    this.vfs = vfs;
    this.session = session;
  }

  get isOpen(): boolean {
    return this.database !== 0;
  }

  open(path: Path, makes: boolean): void {
    invariant(this.database === 0, `${path} is opened twice`);
    const { capi, wasm } = this.sqlite;
    const flags = capi.SQLITE_OPEN_READWRITE | (makes ? capi.SQLITE_OPEN_CREATE : 0);
    const stack = wasm.pstack.pointer;
    try {
      const into = wasm.pstack.allocPtr();
      const code = this.vfs.within(this.session, () => capi.sqlite3_open_v2(path, into, flags, 0));
      this.database = wasm.peekPtr(into);
      if (code !== 0) {
        const error = this.error(code);
        this.close();
        throw error;
      }
    } finally {
      wasm.pstack.restore(stack);
    }
  }

  /** Runs a statement, from its beginning to its end; each row goes to `row`. */
  run(sql: string, values: readonly Value[] = [], row: ((columns: Columns) => void) | null = null): void {
    const statement = this.statement(sql);
    const { raw } = this;
    for (let at = 0; at < values.length; at++) this.bind(statement, at + 1, values[at]!);
    const columns = row === null ? null : new Columns(this.sqlite, raw, statement);
    let code = this.step(statement);
    while (code === this.sqlite.capi.SQLITE_ROW) {
      if (row !== null) row(columns as Columns);
      code = this.step(statement);
    }
    const error = code === this.sqlite.capi.SQLITE_DONE ? null : this.error(code);
    this.vfs.within(this.session, () => raw.sqlite3_reset(statement));
    if (error !== null) throw error;
    if (this.vfs.complaint !== null) throw this.error(0);
  }

  /** The integers of the first row; null when there is none. */
  row(sql: string, values: readonly Value[] = []): number[] | null {
    let found: number[] | null = null;
    this.run(sql, values, columns => {
      found ??= columns.integers();
    });
    return found;
  }

  /** The only integer of the first row. */
  integer(sql: string, values: readonly Value[] = []): number {
    const value = this.row(sql, values)?.[0];
    if (value === undefined) throw new SqliteError(this.sqlite.capi.SQLITE_EMPTY, `no row: ${sql}`);
    return value;
  }

  /** The first column of every row. */
  texts(sql: string, values: readonly Value[] = []): string[] {
    const texts: string[] = [];
    this.run(sql, values, columns => texts.push(columns.text(0)));
    return texts;
  }

  /** Rows that the last statement changed. */
  get changes(): number {
    return this.raw.sqlite3_changes(this.database);
  }

  close(): void {
    if (this.database === 0) return;
    const { capi } = this.sqlite;
    const { database } = this;
    this.database = 0;
    const code = this.vfs.within(this.session, () => {
      for (const statement of this.statements.values()) capi.sqlite3_finalize(statement);
      this.statements.clear();
      return capi.sqlite3_close_v2(database);
    });
    invariant(code === 0, `a connection is not closed: code ${code}`);
    invariant(this.session.openCount === 0, `${this.session.openCount} files stay open behind a connection`);
  }

  private statement(sql: string): Pointer {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    invariant(this.database !== 0, 'a statement on a connection that is closed');
    const { capi, wasm } = this.sqlite;
    const stack = wasm.pstack.pointer;
    try {
      const into = wasm.pstack.allocPtr();
      const code = this.vfs.within(this.session, () => capi.sqlite3_prepare_v2(this.database, sql, -1, into, 0));
      if (code !== 0) throw this.error(code);
      const statement = wasm.peekPtr(into);
      this.statements.set(sql, statement);
      return statement;
    } finally {
      wasm.pstack.restore(stack);
    }
  }

  private bind(statement: Pointer, at: number, value: Value): void {
    if (typeof value === 'string') {
      this.bindText(statement, at, value);
      return;
    }
    if (value !== (value | 0)) defect(`${value} is bound as an integer of 32 bits`);
    const code = this.raw.sqlite3_bind_int(statement, at, value);
    if (code !== 0) throw this.error(code);
  }

  /** The package's own wrapper of this function throws when it is given a string. */
  private bindText(statement: Pointer, at: number, text: string): void {
    const { capi, wasm } = this.sqlite;
    const memory = wasm.allocCString(text, false);
    const code = this.raw.sqlite3_bind_text(statement, at, memory, -1, capi.SQLITE_TRANSIENT);
    wasm.dealloc(memory);
    if (code !== 0) throw this.error(code);
  }

  private step(statement: Pointer): number {
    const { vfs, session } = this;
    return vfs.within(session, () => this.raw.sqlite3_step(statement));
  }

  /** K1, K2. */
  private error(code: number): SqliteError {
    const { complaint } = this.vfs;
    this.vfs.complaint = null;
    if (complaint !== null) defect(`under SQLite: ${complaint}`);
    const { capi } = this.sqlite;
    const message = this.database === 0 ? capi.sqlite3_js_rc_str(code) : capi.sqlite3_errmsg(this.database);
    return new SqliteError(code, String(message ?? code));
  }
}

/** The row that a statement stands on. */
export class Columns {
  private readonly sqlite: Sqlite3Static;
  private readonly raw: RawFunctions;
  private readonly statement: Pointer;
  /** The heap of the module, which is another one when it has grown. */
  private words: Int32Array = new Int32Array(0);

  constructor(sqlite: Sqlite3Static, raw: RawFunctions, statement: Pointer) {
    this.sqlite = sqlite;
    this.raw = raw;
    this.statement = statement;
  }

  integer(at: number): number {
    return this.raw.sqlite3_column_int(this.statement, at);
  }

  text(at: number): string {
    return String(this.sqlite.capi.sqlite3_column_text(this.statement, at) ?? '');
  }

  /** Whether a text is `text`, filled up with blanks to `width`. Hot path: all rows of restored databases. */
  isPadded(at: number, text: string, width: number): boolean {
    const start = this.raw.sqlite3_column_text(this.statement, at);
    if (this.raw.sqlite3_column_bytes(this.statement, at) !== width) return false;
    const heap = this.sqlite.wasm.heap8u();
    for (let index = 0; index < text.length; index++) {
      if (heap[start + index] !== text.charCodeAt(index)) return false;
    }
    return this.isBlank(heap, start + text.length, start + width);
  }

  /** By words, but for what stands before the first and behind the last one. */
  private isBlank(heap: Uint8Array, from: number, to: number): boolean {
    if (this.words.buffer !== heap.buffer) this.words = new Int32Array(heap.buffer);
    const { words } = this;
    let at = from;
    for (; at < to && at % 4 !== 0; at++) if (heap[at] !== BLANK) return false;
    const lastWord = Math.floor(to / 4);
    for (let word = at / 4; word < lastWord; word++) if (words[word] !== FOUR_BLANKS) return false;
    for (at = Math.max(at, lastWord * 4); at < to; at++) if (heap[at] !== BLANK) return false;
    return true;
  }

  integers(): number[] {
    const values: number[] = [];
    const count = this.raw.sqlite3_column_count(this.statement);
    for (let at = 0; at < count; at++) values.push(this.integer(at));
    return values;
  }
}
