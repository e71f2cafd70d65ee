/**
 * SQLite's way to its files: a synchronous VFS in JavaScript over shadow files, for every connection of one WebAssembly
 * module. It is the default one, so that SQLite's own generator, which is seeded from the default VFS, has nothing of the
 * host in it.
 *
 * Invariants
 * V1 SQLite runs only inside `within(session, ...)`: names are looked up in that session's files, random bytes and time
 *    are that session's. A file that is open keeps its session.
 * V2 Nothing is thrown through SQLite's frames: what can't be is noted in `complaint`, SQLite gets an error code, and
 *    whoever called SQLite raises it.
 * V3 Memory that was mapped for a file is given back with its last mapping.
 *
 * Locks are not modelled: one connection for each set of databases. The index of a WAL is in memory, never a `-shm` file.
 */
import type { Sqlite3Static } from '@sqlite.org/sqlite-wasm';
import { invariant } from '../../../engine/invariant.ts';
import type { OpenShadow, ShadowSession } from './shadow-session.ts';

type Pointer = number;
/** 64-bit integers come as big integers, which only this file sees. */
type Wide = number | bigint;

const NAME = 'otm-shadow';
const LONGEST_PATH = 300;
/** Milliseconds from SQLite's day 0 (noon of 24 November 4714 BC) to 1970. */
const JULIAN_MILLISECONDS_OF_1970 = 210_866_760_000_000;
const MILLISECONDS_OF_A_DAY = 86_400_000;

export class ShadowVfs {
  /** What went wrong inside a call, in words (V2). */
  complaint: string | null = null;
  private readonly sqlite: Sqlite3Static;
  private readonly open = new Map<Pointer, OpenShadow>();
  private session: ShadowSession | null = null;
  private regions = 0;

  constructor(sqlite: Sqlite3Static) {
    this.sqlite = sqlite;
    const { capi } = sqlite;
    const vfs = new capi.sqlite3_vfs();
    vfs.$iVersion = 2;
    vfs.$szOsFile = (capi.sqlite3_file as unknown as { structInfo: { sizeof: number } }).structInfo.sizeof;
    vfs.$mxPathname = LONGEST_PATH;
    const io = new capi.sqlite3_io_methods();
    // The package's types have this member without its dollar sign.
    (io as unknown as { $iVersion: number }).$iVersion = 2;
    sqlite.vfs.installVfs({
      io: { struct: io, methods: this.guarded({ ...this.fileMethods(), ...this.sharedMemoryMethods() }) },
      vfs: { struct: vfs, name: NAME, methods: this.guarded(this.vfsMethods(io.pointer)), asDefault: true },
    });
  }

  /** The same methods, with what they throw kept for whoever called SQLite (V2). */
  private guarded<T extends object>(methods: T): T {
    const { SQLITE_IOERR } = this.sqlite.capi;
    const guarded: { [name: string]: unknown } = {};
    for (const [name, method] of Object.entries(methods) as [string, (...args: Wide[]) => unknown][]) {
      guarded[name] = (a: Wide, b: Wide, c: Wide, d: Wide, e: Wide) => {
        try {
          return method(a, b, c, d, e);
        } catch (error) {
          return this.fails(error instanceof Error ? error.message : String(error), SQLITE_IOERR);
        }
      };
    }
    return guarded as T;
  }

  /** Files that are open in all sessions, and mapped regions of WAL indexes. */
  get openFileCount(): number {
    return this.open.size;
  }

  get regionCount(): number {
    return this.regions;
  }

  /** Runs SQLite for a session (V1). */
  within<T>(session: ShadowSession, program: () => T): T {
    invariant(this.session === null, 'SQLite is called while it runs');
    this.session = session;
    try {
      return program();
    } finally {
      this.session = null;
    }
  }

  /** Forgets all chance of before: SQLite asks `xRandomness` anew when it needs some. */
  reseed(): void {
    this.sqlite.capi.sqlite3_randomness(0, 0);
  }

  private heap(): Uint8Array {
    return this.sqlite.wasm.heap8u();
  }

  private fails(complaint: string, code: number): number {
    this.complaint ??= complaint;
    return code;
  }

  private fileMethods() {
    const { capi, wasm } = this.sqlite;
    const { open } = this;
    const at = (pointer: Pointer): OpenShadow => open.get(pointer) as OpenShadow;
    return {
      xClose: (pointer: Pointer) => {
        const file = at(pointer);
        open.delete(pointer);
        file.session.close(file);
        return 0;
      },
      xRead: (pointer: Pointer, into: Pointer, length: number, offset: Wide) => {
        const file = at(pointer);
        const bytes = file.session.read(file, Number(offset), length);
        const heap = this.heap();
        heap.set(bytes, into);
        if (bytes.length === length) return 0;
        heap.fill(0, into + bytes.length, into + length);
        return capi.SQLITE_IOERR_SHORT_READ;
      },
      xWrite: (pointer: Pointer, from: Pointer, length: number, offset: Wide) => {
        const file = at(pointer);
        file.session.write(file, Number(offset), this.heap().subarray(from, from + length));
        return 0;
      },
      xTruncate: (pointer: Pointer, sizeBytes: Wide) => {
        const file = at(pointer);
        file.session.truncate(file, Number(sizeBytes));
        return 0;
      },
      xSync: (pointer: Pointer) => {
        const file = at(pointer);
        file.session.sync(file);
        return 0;
      },
      xFileSize: (pointer: Pointer, into: Pointer) => {
        const file = at(pointer);
        wasm.poke(into, file.session.size(file), 'i64');
        return 0;
      },
      xLock: () => 0,
      xUnlock: () => 0,
      xCheckReservedLock: (_pointer: Pointer, into: Pointer) => {
        wasm.poke32(into, 0);
        return 0;
      },
      xFileControl: () => capi.SQLITE_NOTFOUND,
      xSectorSize: () => 512,
      // As the VFSes of Unix and Windows say of every drive.
      xDeviceCharacteristics: () => capi.SQLITE_IOCAP_POWERSAFE_OVERWRITE,
    };
  }

  /** Where the index of a WAL lives. One connection needs no locks and no barrier. */
  private sharedMemoryMethods() {
    const { wasm } = this.sqlite;
    return {
      xShmMap: (pointer: Pointer, region: number, sizeBytes: number, extend: number, into: Pointer) => {
        const { file } = this.open.get(pointer) as OpenShadow;
        let memory = file.regions[region] ?? 0;
        if (memory === 0 && extend !== 0) {
          memory = wasm.alloc(sizeBytes);
          this.heap().fill(0, memory, memory + sizeBytes);
          file.regions[region] = memory;
          this.regions += 1;
        }
        wasm.pokePtr(into, memory);
        return 0;
      },
      xShmLock: () => 0,
      xShmBarrier: () => undefined,
      xShmUnmap: (pointer: Pointer) => {
        const { file } = this.open.get(pointer) as OpenShadow;
        for (const memory of file.regions) wasm.dealloc(memory);
        this.regions -= file.regions.length;
        file.regions = [];
        return 0;
      },
    };
  }

  private vfsMethods(ioMethods: Pointer) {
    const { capi, wasm } = this.sqlite;
    const name = (pointer: Pointer): string => wasm.cstrToJs(pointer) as unknown as string;
    return {
      xOpen: (_vfs: Pointer, path: Pointer, pointer: Pointer, flags: number, into: Pointer) => {
        const opened = this.xOpen(path === 0 ? null : name(path), flags);
        if (opened === null) return capi.SQLITE_CANTOPEN;
        const file = new capi.sqlite3_file(pointer);
        file.$pMethods = ioMethods;
        file.dispose();
        this.open.set(pointer, opened);
        if (into !== 0) wasm.poke32(into, flags);
        return 0;
      },
      xDelete: (_vfs: Pointer, path: Pointer, syncDirectory: number) => {
        if (this.session === null) return this.fails('a delete outside of a session', capi.SQLITE_IOERR);
        return this.session.delete(name(path), syncDirectory !== 0) ? 0 : capi.SQLITE_IOERR_DELETE_NOENT;
      },
      xAccess: (_vfs: Pointer, path: Pointer, _flags: number, into: Pointer) => {
        if (this.session === null) return this.fails('a question outside of a session', capi.SQLITE_IOERR);
        wasm.poke32(into, this.session.exists(name(path)) ? 1 : 0);
        return 0;
      },
      xFullPathname: (_vfs: Pointer, path: Pointer, length: number, into: Pointer) =>
        wasm.cstrncpy(into, path, length) < length ? 0 : this.fails('a path that is too long', capi.SQLITE_CANTOPEN),
      xGetLastError: () => 0,
      xRandomness: (_vfs: Pointer, length: number, into: Pointer) => this.xRandomness(length, into),
      xSleep: (_vfs: Pointer, microseconds: number) => microseconds,
      xCurrentTime: (_vfs: Pointer, into: Pointer) => {
        wasm.poke64f(into, this.julianMilliseconds() / MILLISECONDS_OF_A_DAY);
        return 0;
      },
      xCurrentTimeInt64: (_vfs: Pointer, into: Pointer) => {
        wasm.poke(into, this.julianMilliseconds(), 'i64');
        return 0;
      },
    };
  }

  private xOpen(name: string | null, flags: number): OpenShadow | null {
    const { capi } = this.sqlite;
    if (this.session === null) this.fails('an open outside of a session', 0);
    // Everything temporary is in memory, so that a temporary file is a mistake of ours.
    if (name === null || (flags & capi.SQLITE_OPEN_DELETEONCLOSE) !== 0) this.fails('a temporary file', 0);
    if (this.session === null || name === null) return null;
    const isJournal = (flags & capi.SQLITE_OPEN_MAIN_JOURNAL) !== 0;
    return this.session.open(name, (flags & capi.SQLITE_OPEN_CREATE) !== 0, isJournal);
  }

  private xRandomness(length: number, into: Pointer): number {
    if (this.session === null) return this.fails('chance outside of a session', 0);
    this.session.surroundings.random.fill(this.heap().subarray(into, into + length));
    return length;
  }

  private julianMilliseconds(): number {
    return JULIAN_MILLISECONDS_OF_1970 + (this.session === null ? 0 : this.session.surroundings.unixMilliseconds);
  }
}
