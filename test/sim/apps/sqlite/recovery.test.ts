/**
 * What a cut in the middle of a transaction leaves. The file system in memory keeps every call that was made, so these are
 * the pictures of a machine that stops between two calls (a crash of the program, a snapshot that waited for nothing).
 */
import { describe, expect, test } from 'vitest';
import { runNow } from '../../../../engine/task.ts';
import type { RestoredTree } from '../../../../sim/apps/application.ts';
import { loadRestored } from '../../../../sim/apps/sqlite/load-restored.ts';
import type { FileImages } from '../../../../sim/apps/sqlite/shadow-files.ts';
import { NEVER } from '../../../../sim/apps/workload-truth.ts';
import type { SqliteWorkload } from '../../../../sim/scenario/scenario.ts';
import { FOLDER, filled, hexOf, library, replayNow, shop, treeOf, truthOf, withoutThinking } from './shop.ts';

const BEFORE = 4;

/** The files after each call of transaction BEFORE + 1, from none to all of them. */
function cuts(workload: SqliteWorkload, seed = 1) {
  const { layout, recorder, replayer, volume } = filled(workload, seed);
  replayNow(replayer, recorder.opening());
  for (let number = 1; number <= BEFORE; number++) replayNow(replayer, recorder.transaction(number));
  const pictures: FileImages[] = [volume.files()];
  const calls = withoutThinking(recorder.transaction(BEFORE + 1));
  for (const call of calls) {
    runNow(replayer.replay([call]));
    pictures.push(volume.files());
  }
  const load = (tree: RestoredTree, committed = BEFORE + 1) => {
    const told = { truth: truthOf(committed), foundLater: new Set<number>(), until: NEVER };
    return loadRestored(library, layout, seed, tree, told);
  };
  return { layout, calls, pictures, load };
}

describe('a cut at every call of a transaction', () => {
  const atomic = (['delete', 'truncate', 'persist'] as const).flatMap(journal =>
    [false, true].map(blobs => ({ journal, blobs })),
  );

  test.each(atomic)('journal $journal, blobs $blobs: both databases have it, or neither has', workload => {
    const { calls, pictures, load } = cuts(shop(workload));
    const held = pictures.map(picture => {
      const { accepts, summary, transactions, ownChecks } = load(treeOf(picture));
      expect({ accepts, summary, torn: transactions?.torn.size }).toMatchObject({ accepts: true, torn: 0 });
      expect(ownChecks[0]?.verdict).toBe('held');
      return transactions?.whole.size;
    });
    // The removal of the super-journal is the commit.
    const commit = calls.findIndex(call => call.is === 'delete' && call.path.includes('-MJ'));
    expect(held).toEqual(pictures.map((_, cut) => (cut <= commit ? BEFORE : BEFORE + 1)));
  });

  test('the journals that were used are told', () => {
    const { calls, pictures, load } = cuts(shop());
    const commit = calls.findIndex(call => call.is === 'delete' && call.path.includes('-MJ'));
    const { evidence } = load(treeOf(pictures[commit]!));
    expect(evidence.filesUsed).toEqual([
      'accounts.db',
      'accounts.db-journal',
      expect.stringMatching(/^accounts\.db-mj/),
      'orders.db-journal',
      'orders.db',
    ]);
  });

  test('one database alone needs no super-journal', () => {
    const files = [{ name: 'A', path: 'C:\\SHOP\\ALL.DB' }];
    const { pictures, load } = cuts(shop({ files }));
    const held = pictures.map(picture => load(treeOf(picture)));
    expect(held.map(({ accepts }) => accepts)).not.toContain(false);
    expect(new Set(held.map(({ transactions }) => transactions?.whole.size))).toEqual(new Set([BEFORE, BEFORE + 1]));
  });

  test('a document that was written before its row is no loss, and goes when the program starts', () => {
    const { pictures, load } = cuts(shop({ blobs: true }));
    const withOrphan = pictures.find(picture => {
      const documents = [...picture.keys()].filter(path => path.startsWith(FOLDER));
      return documents.length === BEFORE + 1 && load(treeOf(picture)).transactions?.whole.size === BEFORE;
    });
    expect(withOrphan).toBeDefined();
    const recorder = library.privateRecorder(filled(shop({ blobs: true })).layout, 1, withOrphan!);
    expect(recorder.lastAtOpening()).toBe(BEFORE);
    expect([...recorder.images().keys()].filter(path => path.startsWith(FOLDER))).toHaveLength(BEFORE);
    library.suspend(recorder);
  });
});

describe('without a super-journal', () => {
  const torn = [shop({ journal: 'wal' }), shop({ journal: 'delete', fsync: 'never' })];

  test.each(torn)('journal $journal, fsync $fsync: a commit over two databases is not atomic', workload => {
    const { pictures, load } = cuts(workload);
    const loads = pictures.map(picture => load(treeOf(picture)));
    const refused = loads.filter(({ accepts }) => !accepts);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.summary).toMatch(
      /^(accounts\.db holds 1 transfer that orders\.db lacks|orders\.db holds 1 transfer that accounts\.db lacks: balances are off by \d+)$/,
    );
    expect(refused[0]?.transactions?.torn).toEqual(new Set([BEFORE + 1]));
    expect(loads.every(({ ownChecks }) => ownChecks[0]?.verdict === 'held')).toBe(true);
  });

  test.each(torn)('journal $journal, fsync $fsync: the program, started again, does the rest', workload => {
    const { layout, pictures, load } = cuts(workload);
    const torn = pictures.find(picture => !load(treeOf(picture)).accepts)!;
    const recorder = library.privateRecorder(layout, 1, torn);
    expect(recorder.lastAtOpening()).toBe(BEFORE + 1);
    expect(load(treeOf(recorder.images()))).toMatchObject({ accepts: true });
    library.suspend(recorder);
  });
});

test.each(['delete', 'truncate', 'persist', 'wal'] as const)(
  '%s: recovery, replayed, gives the files of its shadow, and work goes on',
  journal => {
    const workload = shop({ journal, blobs: true });
    const { layout, pictures } = cuts(workload);
    for (let cut = 0; cut < pictures.length; cut += 3) {
      const { volume, replayer } = filled(workload);
      for (const path of volume.files().keys()) runNow(volume.remove(path));
      for (const [path, bytes] of pictures[cut]!) {
        const file = runNow(volume.create(path));
        runNow(file.write(0, bytes));
      }
      const recorder = library.privateRecorder(layout, 1, pictures[cut]!);
      const last = recorder.lastAtOpening();
      replayNow(replayer, recorder.opening(), recorder.transaction(last + 1), recorder.transaction(last + 2));
      expect(hexOf(volume.files())).toEqual(hexOf(recorder.images()));
      library.suspend(recorder);
    }
  },
);
