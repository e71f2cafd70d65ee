/** Makes the simulator's modules: WebAssembly is compiled here, because `sim/` can't wait. */
import sqlite3InitModule, { type Sqlite3Static } from '@sqlite.org/sqlite-wasm';
import xxhash from 'xxhash-wasm';
import { Arena } from '../sim/disk/arena.ts';
import type { Hash } from '../sim/disk/drive.ts';
import { PageBuffers } from '../sim/fs/page-buffers.ts';
import type { Modules } from '../sim/modules.ts';

const TWO_20_MASK = 0xfffff;
const TWO_32 = 4_294_967_296;

/** xxh64 cut to its low 52 bits, without making numbers out of big integers on the way. */
export async function makeHash(): Promise<Hash> {
  const { h64Raw } = await xxhash();
  const seed = 0n;
  const whole = new BigUint64Array(1);
  const words = new Uint32Array(whole.buffer);
  return bytes => {
    whole[0] = h64Raw(bytes, seed);
    return words[0]! + (words[1]! & TWO_20_MASK) * TWO_32;
  };
}

let sqlite: Promise<Sqlite3Static> | null = null;

/** Loads SQLite once for each process, and only where a scenario needs it. */
export async function loadModules(options: { sqlite: boolean }): Promise<Modules> {
  if (options.sqlite) sqlite ??= sqlite3InitModule();
  return {
    hash: await makeHash(),
    sqlite: options.sqlite ? await sqlite : null,
    baseArena: new Arena(),
    methodArena: new Arena(),
    pageBuffers: new PageBuffers(),
  };
}
