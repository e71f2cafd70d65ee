/** The files are opened by another build of SQLite: Debian's `sqlite3`, with its own VFS, on real files. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FileImages } from '../../../../sim/apps/sqlite/shadow-files.ts';
import { requireTool, runTool } from '../../../real-tools.ts';
import { ACCOUNTS, filled, JOURNALS, ORDERS, replayNow, shop } from './shop.ts';

const hasSqlite = requireTool('sqlite3');

/** Writes files to a folder of the host, by their last name, in lower case but for what SQLite names. */
function exported<T>(images: FileImages, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'otm-sqlite-'));
  try {
    mkdirSync(folder, { recursive: true });
    for (const [path, bytes] of images) {
      const name = path.slice(path.lastIndexOf('\\') + 1);
      writeFileSync(join(folder, name.replace('-JOURNAL', '-journal').replace('-WAL', '-wal')), bytes);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ask(folder: string, sql: string): string[] {
  const script = `ATTACH '${join(folder, 'ORDERS.DB')}' AS orders; ${sql}`;
  const { status, output } = runTool('sqlite3', [join(folder, 'ACCOUNTS.DB')], script);
  expect(output).not.toContain('Error');
  expect(status).toBe(0);
  return output.trim().split('\n');
}

describe.skipIf(!hasSqlite)('Debian’s sqlite3', () => {
  test.each(JOURNALS)('%s: finds the files after 20 transactions right, and the same rows in both', journal => {
    const { recorder, replayer, volume } = filled(shop({ journal, blobs: true }), 3);
    replayNow(replayer, recorder.opening());
    for (let number = 1; number <= 20; number++) replayNow(replayer, recorder.transaction(number));
    exported(volume.files(), folder => {
      expect(ask(folder, 'PRAGMA main.integrity_check; PRAGMA orders.integrity_check;')).toEqual(['ok', 'ok']);
      expect(ask(folder, 'SELECT last_tx FROM state; SELECT max(tx) FROM orders.transfers;')).toEqual(['20', '20']);
      const moved = `SELECT sum(balance) - count(*) * 10000 FROM accounts;
        SELECT count(*) FROM accounts a WHERE balance <> 10000
          + coalesce((SELECT sum(amount) FROM orders.transfers WHERE tx > 0 AND payee = a.id), 0)
          - coalesce((SELECT sum(amount) FROM orders.transfers WHERE tx > 0 AND payer = a.id), 0);`;
      expect(ask(folder, moved)).toEqual(['0', '0']);
      expect(ask(folder, 'PRAGMA orders.foreign_key_check; SELECT count(*) FROM orders.documents;')).toEqual(['17']);
    });
  });

  test('rolls back a transfer from the journals alone', () => {
    const { recorder, replayer, volume } = filled(shop(), 3);
    replayNow(replayer, recorder.opening(), recorder.transaction(1));
    const calls = recorder.transaction(2);
    const commit = calls.findIndex(call => call.is === 'delete' && call.path.includes('-MJ'));
    replayNow(replayer, calls.slice(0, commit));
    // On this host the super-journal has another path, so it is left out: each journal is then taken for stale, as
    // SQLite has it. Without its name at the end a journal stands alone.
    const alone = new Map([...volume.files()].map(([path, bytes]) => [path, withoutSuperJournal(path, bytes)]));
    for (const path of [...alone.keys()]) if (path.includes('-MJ')) alone.delete(path);
    exported(alone, folder => {
      expect(ask(folder, 'SELECT last_tx FROM state; SELECT max(tx) FROM orders.transfers;')).toEqual(['1', '1']);
      expect(ask(folder, 'PRAGMA main.integrity_check; PRAGMA orders.integrity_check;')).toEqual(['ok', 'ok']);
    });
  });
});

/** Damages the magic at the end of a journal, behind the super-journal's name. */
function withoutSuperJournal(path: string, bytes: Uint8Array): Uint8Array {
  if (path !== `${ACCOUNTS}-JOURNAL` && path !== `${ORDERS}-JOURNAL`) return bytes;
  const copy = bytes.slice();
  copy[copy.length - 1]! ^= 255;
  return copy;
}
