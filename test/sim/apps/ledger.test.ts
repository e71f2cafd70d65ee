import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../engine/units.ts';
import { Ledger } from '../../../sim/apps/ledger.ts';
import { FIRST_BALANCE, readAccount, readTransfer } from '../../../sim/apps/ledger-records.ts';
import { NEVER } from '../../../sim/apps/workload-truth.ts';
import type { LedgerWorkload } from '../../../sim/scenario/scenario.ts';
import { type FileState, Stage, type StageOptions } from './stage.ts';
import { ledger } from './workloads.ts';

const A = 'C:\\BANK\\ACCOUNTS.DAT';
const B = 'C:\\BANK\\JOURNAL.DAT';
const nothingHeld = () => ({ whole: new Set<number>(), torn: new Set<number>() });

function bank(changes: Partial<LedgerWorkload> = {}, options: StageOptions = {}): Stage {
  return new Stage([new Ledger(ledger(changes))], options);
}

function load(stage: Stage, files: ReadonlyMap<string, FileState>) {
  return stage.application.load(stage.tree(files), stage.workload, nothingHeld, stage.truth.lastEvent);
}

function transfers({ bytes }: FileState) {
  return Array.from({ length: bytes.length / 64 }, (_, at) => readTransfer(bytes, at * 64));
}

describe('a ledger', () => {
  it('is filled in the same way whatever the seed, in lines that a person can read', () => {
    const one = bank().snapshot();
    expect(bank({}, { seed: 2 }).snapshot()).toEqual(one);
    const text = new TextDecoder().decode(one.get(A)!.bytes.subarray(17 * 64, 18 * 64));
    expect(text).toMatch(/^ACCOUNT 00000017 BALANCE \+00000010000 TX 0000000000 [0-9a-f]{8} {3}\n$/);
    expect(one.get(A)?.bytes.length).toBe(64_000);
    expect(one.get(B)?.bytes.length).toBe(0);
  });

  it('moves money: the journal and the accounts tell the same, and the sum never changes', () => {
    const stage = bank().run(10 * SECOND);
    const files = stage.snapshot();
    const journal = transfers(files.get(B)!);
    expect(journal.map(record => record?.transaction)).toEqual(journal.map((_, at) => at + 1));
    expect(journal.length).toBeGreaterThan(300);
    const { bytes } = files.get(A)!;
    const balances = Array.from({ length: 1000 }, (_, at) => readAccount(bytes, at * 64)?.balance ?? Number.NaN);
    expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(1000 * FIRST_BALANCE);
    const loading = load(stage, files);
    expect(loading).toMatchObject({ accepts: true, evidence: { lastInA: journal.length, lastInB: journal.length } });
    expect(loading.summary).toMatch(/^A and B match: \d+ transfers, the last is \d+$/);
  });

  it('holds its lock for the file operations only, which are up to 5 ms apart', () => {
    const stage = bank({ fsync: 'always' }, { times: { fsyncNs: 50 * MILLISECOND } }).run(5 * SECOND);
    const done = stage.workload.transactions.filter(({ acknowledged }) => acknowledged !== NEVER);
    expect(done.length).toBeGreaterThan(50);
    for (const { began, committed, acknowledged } of done) {
      const [start, commit, answer] = [began, committed, acknowledged].map(event => stage.truth.timeOf(event));
      expect(commit! - start!).toBeLessThanOrEqual(10 * MILLISECOND);
      expect(answer! - commit!).toBeGreaterThanOrEqual(100 * MILLISECOND);
    }
    const { transactions } = stage.workload;
    expect(transactions.some(({ began }, at) => at > 0 && began < transactions[at - 1]!.acknowledged)).toBe(true);
  });

  it('acknowledges at once with `fsync: never`, and is durable when its pages were written', () => {
    const stage = bank({}, { writeBackNs: SECOND }).run(5 * SECOND + 1);
    for (const { committed, acknowledged, synced, written } of stage.workload.transactions) {
      if (committed === NEVER) continue;
      expect(acknowledged).toBeGreaterThan(committed);
      expect(stage.truth.timeOf(acknowledged)).toBe(stage.truth.timeOf(committed));
      expect(synced).toBe(NEVER);
      if (written !== NEVER) expect(stage.truth.timeOf(written) % SECOND).toBe(0);
    }
    expect(stage.workload.transactions[0]?.written).not.toBe(NEVER);
  });

  it('syncs once for all that wait with `fsync: group`, and acknowledges none before its sync has returned', () => {
    const times = { fsyncNs: 40 * MILLISECOND };
    const count = (fsync: 'always' | 'group') => {
      const stage = bank({ fsync, clients: 20 }, { times }).run(5 * SECOND);
      const acknowledged = stage.workload.transactions.filter(each => each.acknowledged !== NEVER);
      for (const { committed, synced, acknowledged: answer } of acknowledged) {
        expect(stage.truth.timeOf(synced) - stage.truth.timeOf(committed)).toBeGreaterThanOrEqual(80 * MILLISECOND);
        expect(answer).toBeGreaterThan(synced);
      }
      return { syncs: stage.volume().log.filter(line => line.startsWith('fsync')).length, done: acknowledged.length };
    };
    const always = count('always');
    const group = count('group');
    expect(always.syncs / always.done).toBeGreaterThanOrEqual(2);
    expect(group.syncs / group.done).toBeLessThan(1.3);
    expect(group.done).toBeGreaterThan(100);
  });

  it('makes the same transfers whatever the disk does to their times', () => {
    const made = (options: StageOptions) => {
      const stage = bank({}, options).run(6 * SECOND);
      const journal = transfers(stage.snapshot().get(B)!);
      return new Map(journal.map((record, at) => [stage.workload.transactions[at]!.operation, record]));
    };
    const fast = made({});
    const slow = made({ times: { writeNs: 30 * MILLISECOND } });
    expect([...slow.keys()]).not.toEqual([...fast.keys()]);
    let same = 0;
    for (const [operation, record] of slow) {
      const other = fast.get(operation);
      if (other == null) continue;
      expect(record).toMatchObject({ from: other.from, to: other.to, amount: other.amount });
      same += 1;
    }
    expect(same).toBeGreaterThan(50);
    expect(made({}).size).toBe(fast.size);
    expect([...made({ seed: 2 }).values()]).not.toEqual([...fast.values()]);
  });

  it('gives up a transfer whose file operation fails, says so, and goes on', () => {
    const stage = bank();
    const volume = stage.volume();
    volume.sabotage = (operation, path) =>
      path === B && operation === 'append' && volume.files().get(B)!.length === 640 && failures++ < 3
        ? 'no-space'
        : null;
    let failures = 0;
    stage.run(5 * SECOND);
    const aborted = stage.workload.transactions.filter(({ abortedBecause }) => abortedBecause !== null);
    expect(aborted.map(({ number }) => number)).toEqual([11, 12, 13]);
    expect(aborted[0]?.abortedBecause).toBe('C:\\BANK\\JOURNAL.DAT: no space is left: sabotaged');
    expect(aborted[0]?.committed).toBe(NEVER);
    expect(stage.workload.transactions.length).toBeGreaterThan(100);
    const { accepts, summary } = load(stage, stage.snapshot());
    expect(accepts).toBe(false);
    expect(summary).toMatch(/^A holds 3 transfers that B lacks: balances are off by \d+$/);
  });

  it('never acknowledges what an fsync has failed for', () => {
    const stage = bank({ fsync: 'group' });
    stage.volume().sabotage = operation => (operation === 'fsync' ? 'io' : null);
    stage.run(2 * SECOND);
    expect(stage.workload.transactions.length).toBeGreaterThan(20);
    expect(stage.workload.transactions.every(({ acknowledged }) => acknowledged === NEVER)).toBe(true);
  });

  it('gives up a transfer over a damaged record', () => {
    const stage = bank({ accounts: 4 });
    const { bytes } = stage.snapshot().get(A)!;
    stage.at(SECOND, () => {
      const hidden = stage.volume() as unknown as { nodes: Map<string, { bytes: Uint8Array }> };
      hidden.nodes.get(A)!.bytes = bytes.map((byte, at) => (at === 70 ? byte + 1 : byte));
    });
    stage.run(3 * SECOND);
    expect(stage.workload.transactions.some(each => each.abortedBecause?.includes('no record of account 1'))).toBe(
      true,
    );
  });

  it('stops with no transfer open and none unacknowledged, and starts again', () => {
    const stage = bank({ fsync: 'group' }, { times: { fsyncNs: 30 * MILLISECOND } });
    let open = -1;
    let count = -1;
    stage.at(2 * SECOND, () =>
      stage.spawn(
        (function* () {
          yield* stage.application.stop();
          const { transactions } = stage.workload;
          open = transactions.filter(({ acknowledged }) => acknowledged === NEVER).length;
          count = transactions.length;
          yield SECOND;
          expect(transactions.length).toBe(count);
          stage.application.resume();
        })(),
      ),
    );
    stage.run(5 * SECOND);
    expect(open).toBe(0);
    expect(stage.workload.transactions.length).toBeGreaterThan(count);
  });
});

describe('what a ledger says of restored files', () => {
  function mixed(a: number, b: number) {
    const files = { A: 'C:\\BANK\\ACCOUNTS.DAT', B: 'D:\\BANK\\JOURNAL.DAT' };
    const stage = bank({ files }, { letters: ['C', 'D'] });
    const pictures = new Map<string, FileState>();
    stage.at(a * SECOND, () => pictures.set(A, stage.snapshot().get(A)!));
    stage.at(b * SECOND, () => pictures.set(files.B, stage.snapshot().get(files.B)!));
    stage.run(8 * SECOND);
    return { stage, pictures, b: pictures.get(files.B)! };
  }

  it('counts the transfers that A lacks, names the first and says how far balances are off', () => {
    const { stage, pictures, b } = mixed(3, 5);
    const lacking = transfers(b).filter(record => {
      const { committed } = stage.workload.transactions[(record?.transaction ?? 1) - 1]!;
      return stage.truth.timeOf(committed) > 3 * SECOND;
    });
    const loading = load(stage, pictures);
    const amount = lacking.reduce((sum, record) => sum + (record?.amount ?? 0), 0);
    expect(loading.accepts).toBe(false);
    expect(loading.evidence).toMatchObject({
      lastInB: b.bytes.length / 64,
      firstHole: lacking[0]?.transaction,
    });
    expect(loading.summary).toContain(`B holds ${lacking.length} transfers that A lacks`);
    const off = Number(loading.evidence.offBy);
    expect(off).toBeGreaterThan(0);
    // Money that went out of an account and came back in is not off.
    expect(off).toBeLessThanOrEqual(amount);
    expect(loading.summary).toMatch(/balances are off by [\d,]+$/);
  });

  it('counts the transfers that B lacks', () => {
    const { stage, pictures } = mixed(5, 3);
    expect(load(stage, pictures).summary).toMatch(/^A holds \d+ transfers that B lacks/);
  });

  it('tells a transfer that is half in A from one that is whole there, and from one that is nowhere', () => {
    const stage = bank();
    const told = new Set<string>();
    while (stage.kernel.now() < SECOND / 2) {
      stage.kernel.advance(1);
      told.add(load(stage, stage.snapshot()).summary.replace(/\d+/g, 'n'));
    }
    expect([...told].sort()).toEqual([
      'A and B match: n transfer, the last is n',
      'A and B match: n transfers, the last is n',
      'A and B match: no transfer',
      'A holds n transfer that B lacks: balances are off by n',
      'n transfer is half in A: balances are off by n',
    ]);
  });

  it('refuses what is missing, unreadable, cut off or damaged', () => {
    const stage = bank().run(2 * SECOND);
    const files = stage.snapshot();
    const without = (path: string) => new Map([...files].filter(([name]) => name !== path));
    expect(load(stage, without(A))).toMatchObject({ accepts: false, summary: `A (${A}) is missing` });
    expect(load(stage, without(B))).toMatchObject({ accepts: false, summary: `B (${B}) is missing` });
    const changed = (path: string, change: (bytes: Uint8Array) => Uint8Array) => {
      const { bytes, modified } = files.get(path)!;
      return load(stage, new Map([...files, [path, { bytes: change(bytes.slice()), modified }]])).summary;
    };
    const flip = (bytes: Uint8Array) => bytes.fill(0, 130, 140);
    expect(changed(A, flip)).toMatch(/^1 record of A damaged/);
    expect(changed(B, flip)).toMatch(/^1 record of B damaged/);
    expect(changed(B, bytes => bytes.subarray(0, 100))).toMatch(/^1 record of B damaged/);
    expect(changed(A, bytes => bytes.subarray(0, 6400))).toMatch(/^1 record of A damaged/);
  });
});
