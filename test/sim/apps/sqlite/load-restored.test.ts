import { describe, expect, test } from 'vitest';
import type { Loading } from '../../../../sim/apps/application.ts';
import { RestoredFiles } from '../../../../sim/apps/restored-files.ts';
import { heldByAccounts, offBalance } from '../../../../sim/apps/sqlite/held-transfers.ts';
import { layoutOf } from '../../../../sim/apps/sqlite/layout.ts';
import { loadRestored } from '../../../../sim/apps/sqlite/load-restored.ts';
import { OPENING_BALANCE } from '../../../../sim/apps/sqlite/schema.ts';
import type { FileImages } from '../../../../sim/apps/sqlite/shadow-files.ts';
import { transferOf } from '../../../../sim/apps/sqlite/transfer.ts';
import { NEVER } from '../../../../sim/apps/workload-truth.ts';
import { RandomStream } from '../../../../sim/kernel/random.ts';
import type { SqliteWorkload } from '../../../../sim/scenario/scenario.ts';
import { ACCOUNTS, FOLDER, JOURNALS, library, noFiles, ORDERS, restoredFile, shop, treeOf, truthOf } from './shop.ts';

const LAST = 30;

/** The files after each transaction, 0 to LAST. */
function history(workload: SqliteWorkload): FileImages[] {
  const layout = layoutOf(workload);
  const recorder = library.privateRecorder(layout, 1, library.fill(layout));
  const states = [recorder.images()];
  for (let number = 1; number <= LAST; number++) {
    recorder.transaction(number);
    states.push(recorder.images());
  }
  library.suspend(recorder);
  return states;
}

function load(workload: SqliteWorkload, images: FileImages, committed = LAST): Loading {
  const told = { truth: truthOf(committed), foundLater: new Set<number>(), until: NEVER };
  return loadRestored(library, layoutOf(workload), 1, treeOf(images), told);
}

/** Databases of one instant with other files of another one. */
function mixed(of: FileImages, ...others: [(path: string) => boolean, FileImages][]): FileImages {
  const images = new Map(of);
  for (const [picks, from] of others) {
    for (const path of images.keys()) if (picks(path)) images.delete(path);
    for (const [path, bytes] of from) if (picks(path)) images.set(path, bytes);
  }
  return images;
}

const isOrders = (path: string) => path === ORDERS;
const isDocument = (path: string) => path.startsWith(FOLDER);

describe('databases of one instant', () => {
  test.each([0, 1, 17, LAST])('after %i transfers they are accepted', n => {
    const loading = load(shop(), history(shop())[n]!);
    expect(loading).toMatchObject({ accepts: true, transactions: { torn: new Set() } });
    expect(loading.transactions?.whole.size).toBe(n);
    expect(loading.ownChecks).toMatchObject([{ check: 'sqlite', verdict: 'held', workload: 'shop' }]);
    expect(loading.ownChecks[0]!.looked).toBeGreaterThan(60);
    const transfers = n === 1 ? '1 transfer' : `${n} transfers`;
    expect(loading.summary).toBe(`accounts.db and orders.db hold the same ${transfers}`);
  });

  test('what was never committed is refused', () => {
    const loading = load(shop(), history(shop())[17]!, 15);
    expect(loading.accepts).toBe(false);
    expect(loading.summary).toMatch(
      /^accounts\.db holds 4 accounts with a balance of no instant, the first is \d+: balances/,
    );
  });
});

describe('databases of two instants', () => {
  test('orders of a later one: they hold transfers that the accounts lack', () => {
    const states = history(shop());
    const loading = load(shop(), mixed(states[10]!, [isOrders, states[22]!]));
    expect(loading.accepts).toBe(false);
    expect(loading.summary).toMatch(/^orders\.db holds 12 transfers that accounts\.db lacks: balances are off by \d/);
    expect(loading.evidence).toMatchObject({ 'last in accounts.db': 10, 'last in orders.db': 22 });
    expect(loading.transactions?.whole.size).toBe(10);
    expect(loading.transactions?.torn).toEqual(new Set([11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]));
    expect(loading.ownChecks[0]?.verdict).toBe('held');
  });

  test('accounts of a later one: they hold transfers that the orders lack', () => {
    const states = history(shop());
    const loading = load(shop(), mixed(states[22]!, [isOrders, states[21]!]));
    expect(loading.summary).toBe('accounts.db holds 1 transfer that orders.db lacks');
    expect(loading.transactions?.torn).toEqual(new Set([22]));
  });

  test('WAL: a log of another instant counts with its database', () => {
    const states = history(shop({ journal: 'wal' }));
    const isOfOrders = (path: string) => path.startsWith(ORDERS);
    const loading = load(shop({ journal: 'wal' }), mixed(states[9]!, [isOfOrders, states[12]!]));
    expect(loading.summary).toMatch(/^orders\.db holds 3 transfers that accounts\.db lacks/);
    expect(load(shop({ journal: 'wal' }), states[9]!)).toMatchObject({ accepts: true });
  });

  test('WAL: without its log a database is what it was at the last checkpoint', () => {
    const [last] = history(shop({ journal: 'wal' })).slice(-1);
    const loading = load(shop({ journal: 'wal' }), mixed(last!, [path => path.endsWith('-WAL'), new Map()]));
    expect(loading).toMatchObject({ accepts: true, summary: 'accounts.db and orders.db hold the same 0 transfers' });
  });

  test('pages of two instants in one database', () => {
    const states = history(shop());
    const early = states[5]!.get(ACCOUNTS)!;
    const late = states[LAST]!.get(ACCOUNTS)!;
    const torn = late.slice();
    const half = Math.floor(torn.length / 2 / 4096) * 4096;
    torn.set(early.subarray(half, Math.min(early.length, torn.length)), half);
    const loading = load(shop(), new Map(states[LAST]!).set(ACCOUNTS, torn));
    expect(loading.accepts).toBe(false);
    expect(loading.summary).toMatch(/accounts\.db (lacks|holds \d+ transfers? in part, the first is \d+)/);
    expect(loading.transactions!.torn.size).toBeGreaterThan(5);
  });
});

describe('what one instant can’t have', () => {
  test('a transfer that is missing in all parts, with another behind it', () => {
    const layout = layoutOf(shop());
    const recorder = library.privateRecorder(layout, 1, library.fill(layout));
    for (const number of [1, 2, 4, 5]) recorder.transaction(number);
    const loading = load(shop(), recorder.images(), 5);
    library.suspend(recorder);
    expect(loading).toMatchObject({
      accepts: false,
      summary: 'transfer 3 is missing, and transfer 4 behind it is there',
      transactions: { whole: new Set([1, 2, 4, 5]), torn: new Set() },
    });
  });

  test('a transfer in one of its two accounts', () => {
    const layout = layoutOf(shop());
    const { payer, payee, amount } = transferOf(layout, 1, 1);
    const [accounts] = layout.databases;
    const row = (id: number) => ({
      id,
      balance: OPENING_BALANCE - (id === payer ? amount : 0),
      lastTransfer: id === payer ? 1 : 0,
    });
    const rows = {
      database: accounts!,
      lastTransfer: 1,
      accounts: Array.from({ length: layout.accountCount }, (_, at) => row(at + 1)),
      transfers: [],
      historyCount: 0,
      documents: [],
      wrongTexts: 0,
    };
    const model = new Map([[1, transferOf(layout, 1, 1)]]);
    const part = heldByAccounts(layout, model, rows);
    expect(part.whole).toEqual(new Set());
    expect(part.torn).toEqual(new Set([1]));
    expect(part.complaints).toEqual(['accounts.db holds 1 transfer in part, the first is 1']);
    expect(offBalance(model, new Set([1]), rows)).toBe(Math.round(amount / 2));
    expect(payee).not.toBe(payer);
  });
});

describe('documents', () => {
  const workload = shop({ blobs: true });

  test('of the same instant are accepted, dropped ones left out', () => {
    const states = history(workload);
    for (const n of [0, 5, 6, LAST]) expect(load(workload, states[n]!)).toMatchObject({ accepts: true });
    expect([...states[LAST]!.keys()].filter(isDocument)).toHaveLength(LAST - 5);
  });

  test('of an earlier one lack', () => {
    const states = history(workload);
    const loading = load(workload, mixed(states[23]!, [isDocument, states[20]!]));
    expect(loading.accepts).toBe(false);
    expect(loading.summary).toBe('orders.db tells of 3 documents that the folder ORDERS-DOCUMENTS lacks');
    expect(loading.transactions?.torn).toEqual(new Set([21, 22, 23]));
  });

  test('of a later one are more than the rows tell of', () => {
    const states = history(workload);
    const loading = load(workload, mixed(states[20]!, [isDocument, states[23]!]));
    expect(loading.summary).toBe('the folder ORDERS-DOCUMENTS holds 2 documents that orders.db lacks');
    expect(loading.transactions?.torn).toEqual(new Set([22, 23]));
  });

  test('that were dropped before the last transfer are found', () => {
    const states = history(workload);
    const kept = [...states[11]!].find(([path]) => path.includes('D0000007'))!;
    expect(load(workload, new Map([...states[12]!, kept]))).toMatchObject({ accepts: true });
    const loading = load(workload, new Map([...states[13]!, kept]));
    expect(loading.summary).toBe('the folder ORDERS-DOCUMENTS holds 1 document that orders.db has dropped');
    expect(loading.transactions?.torn).toEqual(new Set([12]));
  });

  test('with another content are found', () => {
    const images = new Map(history(workload)[LAST]!);
    const path = `${FOLDER}\\D0000029.DOC`;
    const bytes = images.get(path)!.slice();
    bytes[100]! ^= 1;
    const loading = load(workload, images.set(path, bytes));
    expect(loading.summary).toBe('the folder ORDERS-DOCUMENTS holds 1 document not as written, the first is of 29');
    expect(loading.transactions?.torn).toEqual(new Set([29]));
  });
});

describe('rows that are not right', () => {
  /** A database in which a text was changed on the disk. */
  function altered(path: string, from: string, to: string): FileImages {
    const images = new Map(history(shop())[LAST]!);
    const bytes = Buffer.from(images.get(path)!.slice());
    const at = bytes.indexOf(from);
    expect(at).toBeGreaterThan(0);
    bytes.write(to, at, 'latin1');
    return images.set(path, new Uint8Array(bytes));
  }

  test.each([
    ['the first blank', 60],
    ['one in the middle', 500],
    ['the last one', 959],
  ])('%s of a text counts', (_which, at) => {
    const title = 'Holder of account 21 ';
    const { accepts, summary } = load(shop(), altered(ACCOUNTS, title.padEnd(at), `${title.padEnd(at - 1)}x`));
    expect({ accepts, summary }).toEqual({
      accepts: false,
      summary: 'accounts.db holds 1 row with a text that is not its own',
    });
  });

  test('a text that is another’s is found in either database', () => {
    const holder = load(shop(), altered(ACCOUNTS, 'Holder of account 9 ', 'Holder of account 8 '));
    expect(holder).toMatchObject({
      accepts: false,
      summary: 'accounts.db holds 1 row with a text that is not its own',
    });
    const note = load(shop(), altered(ORDERS, 'Transfer 12:', 'Transfer 13:'));
    expect(note).toMatchObject({ accepts: false, summary: 'orders.db holds 1 row with a text that is not its own' });
  });
});

describe('damage', () => {
  const states = history(shop());

  function damagedAt(path: string, offset: number, bytes: number[]): Loading {
    const images = new Map(states[LAST]!);
    const copy = images.get(path)!.slice();
    copy.set(bytes, offset);
    return load(shop(), images.set(path, copy));
  }

  test('a page that is no page violates integrity', () => {
    const { ownChecks, accepts } = damagedAt(ORDERS, 5 * 4096, [77, 77, 77, 77, 77, 77]);
    expect(ownChecks[0]).toMatchObject({ check: 'sqlite', verdict: 'violated' });
    expect(ownChecks[0]!.summary).toMatch(/^orders\.db: /);
    expect(accepts).toBe(false);
  });

  test('an index that lacks an entry violates integrity, and the rows are as they should be', () => {
    const bytes = states[LAST]!.get(ORDERS)!;
    const index = pagesOf(bytes).findIndex(page => page[0] === 10);
    const cells = bytes[index * 4096 + 3]! * 256 + bytes[index * 4096 + 4]!;
    const { ownChecks, accepts } = damagedAt(ORDERS, index * 4096 + 3, [
      Math.floor((cells - 1) / 256),
      (cells - 1) % 256,
    ]);
    expect(ownChecks[0]).toMatchObject({ verdict: 'violated' });
    expect(accepts).toBe(true);
  });

  test('a header that is none does not open', () => {
    const { ownChecks, accepts, summary, transactions } = damagedAt(ACCOUNTS, 0, [0, 0, 0, 0]);
    expect({ accepts, summary }).toEqual({
      accepts: false,
      summary: 'accounts.db does not open: file is not a database',
    });
    expect(transactions).toBeNull();
    expect(ownChecks[0]).toMatchObject({ verdict: 'violated', looked: 0, summary });
  });

  test('a second database that does not open is named', () => {
    expect(damagedAt(ORDERS, 0, [0, 0, 0, 0]).summary).toBe('orders.db does not open: file is not a database');
  });

  test('a database that is missing, and a journal that can’t be read back, violate everything', () => {
    const missing = mixed(states[LAST]!, [isOrders, new Map()]);
    expect(load(shop(), missing)).toMatchObject({
      accepts: false,
      summary: 'orders.db is missing',
      transactions: null,
    });
    const files = [...states[LAST]!].map(([path, bytes]) => restoredFile(path, bytes, null));
    const journal = restoredFile(`${ACCOUNTS}-JOURNAL`, new Uint8Array(600).fill(1), 'its chain breaks off');
    const told = { truth: truthOf(LAST), foundLater: new Set<number>(), until: NEVER };
    const tree = new RestoredFiles([...files, journal], noFiles());
    expect(loadRestored(library, layoutOf(shop()), 1, tree, told).summary).toBe(
      "accounts.db does not open: accounts.db-journal can't be read back: its chain breaks off",
    );
  });

  test.each(JOURNALS)('%s: whatever is in the files, loading says a word and leaves nothing open', journal => {
    const workload = shop({ journal, blobs: true });
    const layout = layoutOf(workload);
    const recorder = library.privateRecorder(layout, 1, library.fill(layout));
    for (let number = 1; number <= 8; number++) recorder.transaction(number);
    const images = recorder.images();
    library.suspendAll();
    const words = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const { accepts, ownChecks } = load(workload, scrambled(images, seed), 8);
      words.add(`${accepts} ${ownChecks[0]?.verdict}`);
      expect(library.vfs.openFileCount + library.vfs.regionCount).toBe(0);
    }
    expect(words).toContain('false violated');
  });

  test('judging leaves nothing open', () => {
    library.suspendAll();
    damagedAt(ORDERS, 5 * 4096, [77, 77, 77]);
    damagedAt(ORDERS, 0, [0]);
    load(shop(), states[3]!);
    expect(library.vfs.openFileCount).toBe(0);
    expect(library.vfs.regionCount).toBe(0);
  });
});

function pagesOf(bytes: Uint8Array): Uint8Array[] {
  const pages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 4096) pages.push(bytes.subarray(at, at + 4096));
  return pages;
}

/** Files with bytes changed, cut off, or with pages of another place. */
function scrambled(images: FileImages, seed: number): FileImages {
  const random = new RandomStream(seed, 'damage');
  const damaged = new Map<string, Uint8Array>();
  for (const [path, bytes] of images) {
    const copy = bytes.slice(0, random.below(4) === 0 ? random.below(bytes.length + 1) : bytes.length);
    const places = random.below(6);
    for (let at = 0; at < places && copy.length > 4096; at++) {
      if (random.below(2) === 0) copy[random.below(copy.length)] = random.below(256);
      else
        copy.copyWithin(
          random.below(Math.floor(copy.length / 4096)) * 4096,
          random.below(copy.length - 4096),
          copy.length,
        );
    }
    damaged.set(path, copy);
  }
  return damaged;
}
