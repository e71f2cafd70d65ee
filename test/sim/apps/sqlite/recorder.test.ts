import { describe, expect, test } from 'vitest';
import type { Recording } from '../../../../sim/apps/sqlite/calls.ts';
import { layoutOf } from '../../../../sim/apps/sqlite/layout.ts';
import type { SqliteLibrary } from '../../../../sim/apps/sqlite/library.ts';
import type { SqliteWorkload } from '../../../../sim/scenario/scenario.ts';
import { hexOf, JOURNALS, library, otherLibrary, secondLibrary, shop } from './shop.ts';

const COUNT = 12;
/** Over a WebAssembly module of its own. */
const there = await otherLibrary();

/** Opening and the first transactions of a seed, from a recorder of its own, as text. */
function record(from: SqliteLibrary, workload: SqliteWorkload, seed: number, count = COUNT): string[] {
  const layout = layoutOf(workload);
  const recorder = from.recorder(layout, seed);
  const lists = [told(recorder.opening())];
  for (let number = 1; number <= count; number++) lists.push(told(recorder.transaction(number)));
  return lists;
}

function told(recording: Recording): string {
  const text = (_key: string, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  return recording.map(call => JSON.stringify(call, text)).join('\n');
}

describe('a recorder', () => {
  test.each(JOURNALS)('%s: two modules record the same calls with the same bytes', journal => {
    const workload = shop({ journal, blobs: true });
    const lists = record(library, workload, 7);
    expect(record(there, workload, 7)).toEqual(lists);
    const layout = layoutOf(workload);
    expect(hexOf(there.recorder(layout, 7).images())).toEqual(hexOf(library.recorder(layout, 7).images()));
  });

  test('a seed records the same whatever another seed, another workload or another connection does in between', () => {
    const workload = shop({ journal: 'delete' });
    const alone = record(library, workload, 3);
    const busy = library.recorder(layoutOf(shop({ id: 'other', journal: 'wal' })), 8);
    record(library, workload, 4);
    const recorder = library.recorder(layoutOf(workload), 3);
    const lists = [told(recorder.opening())];
    for (let number = 1; number <= COUNT; number++) {
      busy.transaction(number);
      lists.push(told(recorder.transaction(number)));
    }
    expect(lists).toEqual(alone);
  });

  test('another seed moves other money', () => {
    expect(record(library, shop(), 1)).not.toEqual(record(library, shop(), 2));
  });

  test('files at 0 s are of no seed', () => {
    const layout = layoutOf(shop({ journal: 'wal' }));
    expect(hexOf(there.fill(layout))).toEqual(hexOf(library.fill(layout)));
  });

  test('suspended between two transactions, it goes on with the same lists', () => {
    const workload = shop({ journal: 'truncate', blobs: true });
    const lists = record(library, workload, 5);
    const recorder = library.recorder(layoutOf(workload), 6);
    library.suspend(recorder);
    const again = library.recorder(layoutOf(workload), 5);
    for (let number = 1; number <= 6; number++) again.transaction(number);
    library.suspend(again);
    expect(told(again.opening())).toBe(lists[0]);
    for (let number = 1; number <= COUNT; number++) {
      if (number === 9) library.suspend(again);
      expect(told(again.transaction(number))).toBe(lists[number]);
    }
  });

  test('a transaction asked for twice is the same list, not another transaction', () => {
    const recorder = library.recorder(layoutOf(shop()), 1);
    expect(recorder.transaction(1)).toBe(recorder.transaction(1));
  });
});

test('two libraries over one module share its VFS and its bound', () => {
  const workload = shop({ journal: 'wal' });
  const lists = record(library, workload, 9);
  const second = secondLibrary.recorder(layoutOf(workload), 9);
  expect(told(second.transaction(1))).toBe(lists[1]);
  expect(record(library, workload, 9)).toEqual(lists);
  expect(told(second.transaction(2))).toBe(lists[2]);
  expect(secondLibrary.vfs).toBe(library.vfs);
  expect(secondLibrary.runningCount).toBe(library.runningCount);
});

describe('what a transaction calls', () => {
  const kinds = (workload: SqliteWorkload) => {
    const recorder = library.recorder(layoutOf(workload), 2);
    recorder.transaction(1);
    const calls = recorder.transaction(2);
    const files = calls.flatMap(call =>
      'path' in call && call.is !== 'exists' ? [`${call.is} ${call.path.replace(/MJ.*/, 'MJ')}`] : [],
    );
    return { files, syncs: calls.filter(call => call.is === 'sync').length };
  };

  test('with a rollback journal a super-journal holds both databases together', () => {
    const { files, syncs } = kinds(shop({ journal: 'delete' }));
    expect(files).toEqual([
      'create C:\\SHOP\\ACCOUNTS.DB-JOURNAL',
      'create C:\\SHOP\\ORDERS.DB-JOURNAL',
      'create C:\\SHOP\\ACCOUNTS.DB-MJ',
      'delete C:\\SHOP\\ACCOUNTS.DB-MJ',
      'delete C:\\SHOP\\ACCOUNTS.DB-JOURNAL',
      'delete C:\\SHOP\\ORDERS.DB-JOURNAL',
    ]);
    expect(syncs).toBe(7);
  });

  test('with a WAL nothing does', () => {
    expect(kinds(shop({ journal: 'wal' }))).toEqual({ files: [], syncs: 2 });
  });

  test('without fsync there is no sync, and no super-journal', () => {
    const { files, syncs } = kinds(shop({ journal: 'delete', fsync: 'never' }));
    expect(files.filter(file => file.includes('-MJ'))).toEqual([]);
    expect(syncs).toBe(0);
  });

  test('a document is written and synced before its row, and removed after it', () => {
    const recorder = library.recorder(layoutOf(shop({ blobs: true })), 2);
    for (let number = 1; number < 6; number++) recorder.transaction(number);
    const calls = recorder.transaction(6);
    const told = calls.flatMap(call =>
      'path' in call && /DOC$|-MJ/.test(call.path) && call.is !== 'exists' ? [call.is] : [],
    );
    expect(told).toEqual(['create', 'create', 'delete', 'delete']);
    expect(calls[calls.length - 1]).toEqual({
      is: 'delete',
      path: 'C:\\SHOP\\ORDERS-DOCUMENTS\\D0000001.DOC',
      syncDirectory: true,
    });
    expect(calls.findIndex(call => call.is === 'sync')).toBeLessThan(calls.findIndex(call => call.is === 'close'));
  });
});

describe('memory', () => {
  test('connections, open files and mapped memory are bounded over many seeds', () => {
    for (const journal of JOURNALS) {
      for (let seed = 1; seed <= 40; seed++) {
        const recorder = library.recorder(layoutOf(shop({ journal })), seed);
        recorder.transaction(1);
        recorder.transaction(2);
      }
    }
    expect(library.runningCount).toBeLessThanOrEqual(8);
    expect(library.vfs.openFileCount).toBeLessThanOrEqual(8 * 4);
    expect(library.vfs.regionCount).toBeLessThanOrEqual(8 * 2);
  });

  test('private recorders are bounded, and a suspended one leaves nothing', () => {
    const layout = layoutOf(shop({ journal: 'wal' }));
    for (let run = 1; run <= 30; run++) library.privateRecorder(layout, run, library.fill(layout)).transaction(1);
    expect(library.runningCount).toBeLessThanOrEqual(8);
    library.suspendAll();
    expect(library.runningCount).toBe(0);
    expect(library.vfs.openFileCount).toBe(0);
    expect(library.vfs.regionCount).toBe(0);
  });

  test('the heap of the module does not grow with seeds', () => {
    const layout = layoutOf(shop({ journal: 'wal', blobs: true }));
    const run = (seed: number) => {
      const recorder = library.recorder(layout, seed);
      for (let number = 1; number <= 3; number++) recorder.transaction(number);
    };
    for (let seed = 1; seed <= 20; seed++) run(seed);
    const before = library.heapBytes;
    for (let seed = 21; seed <= 220; seed++) run(seed);
    expect(library.heapBytes).toBe(before);
  });
});
