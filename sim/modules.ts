/** What the host gives to the simulator: pure functions and memory that are made with the host's means. */
import type { Sqlite3Static } from '@sqlite.org/sqlite-wasm';
import type { Arena } from './disk/arena.ts';
import type { Hash } from './disk/drive.ts';
import type { PageBuffers } from './fs/page-buffers.ts';

export interface Modules {
  /** xxh64, cut to 52 bits. */
  readonly hash: Hash;
  /** Null where no scenario needs it: loading it takes a while. */
  readonly sqlite: Sqlite3Static | null;
  /** Pages of what is filled once for a scenario and kept. */
  readonly baseArena: Arena;
  /** Pages of one method; reset between methods. */
  readonly methodArena: Arena;
  /** Memory of the page cache; reset between methods. */
  readonly pageBuffers: PageBuffers;
}
