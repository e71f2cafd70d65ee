import { describe, expect, test } from 'vitest';
import { runNow } from '../../../../engine/task.ts';
import { type Nanoseconds, SECOND } from '../../../../engine/units.ts';
import type { SqliteWorkload } from '../../../../sim/scenario/scenario.ts';
import { ACCOUNTS, hexOf, JOURNALS, ORDERS, shop, treeOf, world } from './shop.ts';

type World = ReturnType<typeof world>;

/** What the application says of the files as they are. */
function loaded({ application, volume, truth }: World) {
  return application.load(treeOf(volume.files()), truth);
}

function committed({ truth }: World): number[] {
  return truth.transactions.filter(one => one.abortedBecause === null && one.closed < Infinity).map(one => one.number);
}

describe('at work', () => {
  test.each(JOURNALS)('%s: its transactions are committed in order, and its files tell them', journal => {
    const shopped = world(shop({ journal, blobs: true }));
    shopped.runUntilCommitted(40);
    expect(shopped.kernel.now()).toBeLessThan(3 * SECOND);
    expect(committed(shopped)).toEqual(shopped.truth.transactions.map((_, at) => at + 1));
    expect(loaded(shopped)).toMatchObject({ accepts: true });
    expect(loaded(shopped).transactions?.whole.size).toBe(committed(shopped).length);
  });

  test('a slow disk and a fast one have the same files after the same transaction', () => {
    const fast = world(shop());
    fast.runUntilCommitted(40);
    const slow = world(shop());
    slow.volume.times = { fsyncNs: 0.02 * SECOND };
    slow.runUntilCommitted(40);
    expect(slow.kernel.now()).toBeGreaterThan(2 * fast.kernel.now());
    expect(hexOf(slow.volume.files())).toEqual(hexOf(fast.volume.files()));
  });

  test('it stops between two transactions, and goes on', () => {
    const shopped = world(shop());
    shopped.volume.times = { fsyncNs: 0.01 * SECOND };
    shopped.runUntil(SECOND);
    const stopping = shopped.host.spawn('stop', shopped.application.stop());
    while (!stopping.end.isSettled) shopped.kernel.advance(1);
    const count = committed(shopped).length;
    expect(shopped.truth.transactions).toHaveLength(count);
    const images = hexOf(shopped.volume.files());
    shopped.runUntil(shopped.kernel.now() + 2 * SECOND);
    expect(hexOf(shopped.volume.files())).toEqual(images);
    shopped.application.resume();
    shopped.runUntil(shopped.kernel.now() + SECOND);
    expect(committed(shopped).length).toBeGreaterThan(count + 5);
    expect(loaded(shopped)).toMatchObject({ accepts: true });
  });

  test('what it says when one opens it: parts, letters, paths that are its own', () => {
    const { application } = world(shop({ blobs: true }));
    expect(application.parts).toEqual(['A', 'B']);
    expect(application.letters).toEqual(['C']);
    for (const path of [ACCOUNTS, `${ORDERS}-JOURNAL`, `${ACCOUNTS}-MJ0A1B2C93D`, `${ORDERS}-WAL`]) {
      expect(application.owns(path)).toBe(true);
    }
    expect(application.owns('C:\\SHOP\\ORDERS-DOCUMENTS\\D0000001.DOC')).toBe(true);
    expect(application.owns('C:\\SHOP\\OTHER.DB')).toBe(false);
  });
});

describe('when a call fails', () => {
  /** Runs until `operations` of a kind were asked of a path, lets the next ones fail for a time, then works on. */
  function failing(
    workload: SqliteWorkload,
    fails: (operation: string, path: string) => boolean,
    at: number,
    forNs: Nanoseconds,
  ) {
    const shopped = world(workload);
    shopped.runUntilCommitted(10);
    let seen = 0;
    let until = 0;
    shopped.volume.sabotage = (operation, path) => {
      if (!fails(operation, path)) return null;
      seen += 1;
      if (seen === at) until = shopped.kernel.now() + forNs;
      return seen >= at && shopped.kernel.now() <= until ? 'io' : null;
    };
    shopped.runUntil(shopped.kernel.now() + forNs + 1.5 * SECOND);
    return shopped;
  }

  const failures: [string, (operation: string, path: string) => boolean][] = [
    ['a write to the accounts', (operation, path) => operation === 'write' && path === ACCOUNTS],
    ['a write to a journal', (operation, path) => operation === 'write' && /-(JOURNAL|WAL)$/.test(path)],
    ['an fsync of the orders', (operation, path) => operation === 'fsync' && path.startsWith(ORDERS)],
    ['a removal', (operation, path) => operation === 'remove' && !path.endsWith('.DOC')],
    ['the write of a document', (operation, path) => operation === 'write' && path.endsWith('.DOC')],
  ];
  const cases = failures.flatMap(([what, fails]) => JOURNALS.map(journal => ({ what, fails, journal })));

  test.each(cases)('$what, journal $journal: it starts again, and knows what it has', ({ fails, journal }) => {
    for (const at of [1, 4]) {
      const shopped = failing(shop({ journal, blobs: true }), fails, at, 0);
      const { transactions } = shopped.truth;
      const aborted = transactions.filter(({ abortedBecause }) => abortedBecause !== null);
      expect(aborted.length).toBeLessThanOrEqual(1);
      expect(transactions.length).toBeGreaterThan(18);
      const loading = loaded(shopped);
      expect({ accepts: loading.accepts, summary: loading.summary }).toMatchObject({ accepts: true });
      expect([...loading.transactions!.whole]).toEqual(committed(shopped));
    }
  });

  test('a transfer that was rolled back is given up, its number with it', () => {
    const shopped = failing(shop(), (operation, path) => operation === 'write' && path === ACCOUNTS, 1, 0);
    const given = shopped.truth.transactions.filter(({ abortedBecause }) => abortedBecause !== null);
    expect(given).toHaveLength(1);
    expect(given[0]!.abortedBecause).toMatch(/^C:\\SHOP\\ACCOUNTS\.DB: the drive failed: /);
    expect(loaded(shopped).transactions?.whole.has(given[0]!.number)).toBe(false);
    expect(loaded(shopped).transactions?.whole.has(given[0]!.number + 1)).toBe(true);
  });

  test('a transfer whose commit was made before the failure is committed', () => {
    const isLate = (operation: string, path: string) => operation === 'remove' && path === `${ORDERS}-JOURNAL`;
    const shopped = failing(shop(), isLate, 1, 0);
    expect(shopped.truth.transactions.filter(({ abortedBecause }) => abortedBecause !== null)).toEqual([]);
    const unsynced = shopped.truth.transactions.filter(
      ({ committed: at, synced }) => at < Infinity && synced === Infinity,
    );
    expect(unsynced).toHaveLength(1);
    expect(loaded(shopped)).toMatchObject({ accepts: true });
  });

  test('while files can’t be read it waits, a second each time, and makes no transaction', () => {
    const broken = (operation: string) => operation === 'read' || operation === 'write';
    const shopped = failing(shop(), broken, 30, 2.5 * SECOND);
    const { truth } = shopped;
    const gap = truth.transactions.map(
      ({ began }, at) =>
        truth.truth.timeOf(began) - (at === 0 ? 0 : truth.truth.timeOf(truth.transactions[at - 1]!.began)),
    );
    expect(Math.max(...gap)).toBeGreaterThan(2.9 * SECOND);
    expect(Math.max(...gap)).toBeLessThan(3.2 * SECOND);
    expect(loaded(shopped)).toMatchObject({ accepts: true });
  });

  test('a stop ends the waiting; what was asked for is given up, and found out later', () => {
    const shopped = world(shop());
    shopped.runUntil(SECOND);
    let isBroken = true;
    shopped.volume.sabotage = (operation, path) => {
      const isCommit = operation === 'remove' && path === `${ORDERS}-JOURNAL`;
      return isBroken && (isCommit || operation === 'read') ? (isCommit || hasFailed() ? 'io' : null) : null;
    };
    const hasFailed = () => shopped.volume.log.some((line, at) => line === `remove ${ORDERS}-JOURNAL` && at > marks);
    const marks = shopped.volume.log.length;
    shopped.runUntil(3 * SECOND);
    const stopping = shopped.host.spawn('stop', shopped.application.stop());
    while (!stopping.end.isSettled) shopped.kernel.advance(1);
    const last = shopped.truth.transactions[shopped.truth.transactions.length - 1]!;
    expect(last.abortedBecause).toMatch(/: the drive failed: sabotaged$/);
    isBroken = false;
    shopped.application.resume();
    shopped.runUntil(shopped.kernel.now() + SECOND);
    const loading = loaded(shopped);
    expect(loading).toMatchObject({ accepts: true });
    expect(loading.transactions?.whole.has(last.number)).toBe(true);
    expect(shopped.truth.transactions.length).toBeGreaterThan(last.number + 5);
  });

  test('another run of the seed goes on with what all share', () => {
    const before = world(shop());
    before.runUntil(3 * SECOND);
    const images = hexOf(before.volume.files());
    failing(shop(), operation => operation === 'write', 40, 0);
    const after = world(shop());
    after.runUntil(3 * SECOND);
    expect(hexOf(after.volume.files())).toEqual(images);
  });

  test('databases that SQLite refuses end its work', () => {
    const shopped = world(shop());
    shopped.runUntil(SECOND);
    let failed = false;
    shopped.volume.sabotage = operation => {
      if (operation !== 'fsync' || failed) return null;
      failed = true;
      runNow(runNow(shopped.volume.open(ACCOUNTS)).write(0, new Uint8Array(4096)));
      return 'io';
    };
    shopped.runUntil(3 * SECOND);
    const count = shopped.truth.transactions.length;
    expect(shopped.truth.transactions[count - 1]!.abortedBecause).not.toBeNull();
    shopped.runUntil(6 * SECOND);
    expect(shopped.truth.transactions).toHaveLength(count);
    expect(loaded(shopped)).toMatchObject({ accepts: false });
  });
});
