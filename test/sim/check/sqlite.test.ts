/** Real databases that SQLite itself has made wrong: each finding of the check by itself. */
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../sim/apps/sqlite/layout.ts';
import { loadRestored } from '../../../sim/apps/sqlite/load-restored.ts';
import type { FileImages } from '../../../sim/apps/sqlite/shadow-files.ts';
import { NEVER } from '../../../sim/apps/workload-truth.ts';
import { ACCOUNTS, library, ORDERS, shop, treeOf, truthOf } from '../apps/sqlite/shop.ts';

const LAST = 6;
const sqlite = await sqlite3InitModule();

/** The shop after its last transaction. */
function images(): FileImages {
  const layout = layoutOf(shop());
  const recorder = library.privateRecorder(layout, 1, library.fill(layout));
  for (let number = 1; number <= LAST; number++) recorder.transaction(number);
  library.suspend(recorder);
  return recorder.images();
}

/** The bytes of a database after statements that a program of somebody else ran over it. */
function changed(bytes: Uint8Array, sql: string): Uint8Array {
  const { capi, oo1, wasm } = sqlite;
  const database = new oo1.DB();
  const flags = capi.SQLITE_DESERIALIZE_FREEONCLOSE + capi.SQLITE_DESERIALIZE_RESIZEABLE;
  const memory = wasm.allocFromTypedArray(bytes);
  capi.sqlite3_deserialize(database.pointer!, 'main', memory, bytes.length, bytes.length, flags);
  database.exec(sql);
  const after = capi.sqlite3_js_db_export(database.pointer!);
  database.close();
  return after;
}

function judge(path: string, sql: string) {
  const files = new Map(images());
  files.set(path, changed(files.get(path)!, sql));
  const told = { truth: truthOf(LAST), foundLater: new Set<number>(), until: NEVER };
  const { ownChecks, accepts } = loadRestored(library, layoutOf(shop()), 1, treeOf(files), told);
  return { ...ownChecks[0]!, accepts };
}

describe('sqlite', () => {
  it('holds for a database that was opened and left alone', () => {
    for (const path of [ACCOUNTS, ORDERS]) {
      expect(judge(path, 'SELECT 1')).toMatchObject({ check: 'sqlite', verdict: 'held', accepts: true });
    }
  });

  it('is violated by rows that refer to no row, though every page is in its place', () => {
    const orphaned = judge(ACCOUNTS, 'PRAGMA foreign_keys = OFF; DELETE FROM branches WHERE id = 1');
    expect(orphaned).toMatchObject({ verdict: 'violated', accepts: true });
    expect(orphaned.summary).toMatch(/^accounts\.db: \d+ rows of accounts refer to no row$/);
    expect(orphaned.looked).toBeGreaterThan(0);
    expect(orphaned.evidence.problems).toEqual([orphaned.summary]);
  });

  it('is violated by a table without its index entries, though every row refers to one that is there', () => {
    const unindexed = judge(
      ACCOUNTS,
      `CREATE TABLE extra (a INTEGER); CREATE INDEX extra_a ON extra (a); INSERT INTO extra VALUES (1);
       CREATE TABLE other (a INTEGER); PRAGMA writable_schema = ON;
       UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'other') WHERE name = 'extra'`,
    );
    expect(unindexed).toMatchObject({ verdict: 'violated', accepts: true });
    expect(unindexed.evidence.problems).not.toContainEqual(expect.stringMatching(/refer to no row/));
  });
});
