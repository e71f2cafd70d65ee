import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../engine/units.ts';
import type { Application, Loading } from '../../../sim/apps/application.ts';
import { Ledger } from '../../../sim/apps/ledger.ts';
import { MailStore } from '../../../sim/apps/mail.ts';
import { Script } from '../../../sim/apps/script.ts';
import { judgeData } from '../../../sim/check/data-checks.ts';
import { judgeExpectation } from '../../../sim/check/expect.ts';
import { prefix } from '../../../sim/check/prefix.ts';
import { relational } from '../../../sim/check/relational.ts';
import { noMetrics } from '../../reports/made-results.ts';
import { type FileState, Stage } from '../apps/stage.ts';
import { ledger, mail, script } from '../apps/workloads.ts';
import { type EvidenceChanges, evidenceOf, mixed, only } from './restores.ts';

const A = 'C:\\BANK\\ACCOUNTS.DAT';
const B = 'C:\\BANK\\JOURNAL.DAT';

describe('relational', () => {
  it('holds at T, between two transactions', () => {
    const stage = new Stage([new Ledger(ledger())]).run(3 * SECOND).rest();
    const at = stage.truth.now();
    const verdict = only(relational(evidenceOf(stage, stage.snapshot(), { at, settledAt: at })));
    expect(verdict).toMatchObject({ check: 'relational', workload: 'bank', verdict: 'held', evidence: { event: at } });
    expect(verdict.looked).toBe(stage.workload.transactions.length);
    expect(verdict.summary).toMatch(
      /^2 files as all were at one instant, at T \(event [\d,]+\), after transaction \d+$/,
    );
  });

  it('is violated when A was taken before B, and tells why no instant fits', () => {
    const stage = new Stage([new Ledger(ledger())]).run(2 * SECOND);
    const early = stage.rest().snapshot();
    const late = stage.run(4 * SECOND).snapshot();
    const verdict = only(relational(evidenceOf(stage, mixed(late, early, [A]))));
    expect(verdict.verdict).toBe('violated');
    expect(verdict.summary).toMatch(/^B holds \d+ transfers that A lacks.*: balances are off by [\d,]+$/);
    const { lastInA, lastInB, firstHole, differs } = verdict.evidence;
    expect(Number(firstHole)).toBeGreaterThan(Number(lastInA) - 2);
    expect(Number(lastInB)).toBeGreaterThan(Number(firstHole) + 50);
    expect(Number(differs)).toBeGreaterThan(0);
    expect(verdict.story[0]).toMatch(/^Restored: C:\\BANK\\ACCOUNTS\.DAT \(64,000 bytes\), C:\\BANK\\JOURNAL\.DAT/);
    expect(verdict.story[1]).toMatch(
      /^C:\\BANK\\ACCOUNTS\.DAT was so from [\d.]+ s \((after|in the middle of) transaction \d+\) to/,
    );
    expect(verdict.story[2]).toMatch(/^C:\\BANK\\JOURNAL\.DAT was so from/);
    expect(verdict.story[3]).toMatch(/^No instant has them all\. The nearest is at .*; there .* differ/);
  });

  it('is violated by a picture in the middle of a transaction', () => {
    const stage = new Stage([new Ledger(ledger())], { times: { writeNs: 2 * MILLISECOND } }).run(SECOND);
    while (!halfDone(stage)) stage.kernel.advance(1);
    const at = stage.truth.now();
    const verdict = only(relational(evidenceOf(stage, stage.snapshot(), { at, settledAt: at })));
    expect(verdict.verdict).toBe('violated');
    expect(verdict.story[1]).toMatch(
      /^All its files were so at .*in the middle of transaction \d+: only while a transaction was open\.$/,
    );
    expect(verdict.summary).toMatch(/^(1 transfer is half in A|A holds 1 transfer that B lacks)/);
  });

  it('is violated by files that are as all were at one instant, but after the picture', () => {
    const stage = new Stage([new Ledger(ledger())]).run(SECOND).rest();
    const at = stage.truth.now();
    const early = stage.snapshot();
    const late = stage
      .run(2 * SECOND)
      .rest()
      .snapshot();
    const { committed } = stage.workload.transactions.at(-1)!;
    stage.run(3 * SECOND).rest();
    const judge = (files: typeof late, changes: EvidenceChanges) => only(relational(evidenceOf(stage, files, changes)));
    for (const changes of [{ at }, { endedAt: at }]) {
      expect(judge(early, changes).verdict).toBe('held');
      expect(judge(late, changes).verdict).toBe('violated');
      expect(judge(late, changes).story[1]).toMatch(/^All its files were so at .*: only after the picture\.$/);
    }
    expect(judge(late, { at: committed }).verdict).toBe('held');
    expect(judge(late, { at: committed - 1 }).verdict).toBe('violated');
  });

  it('is violated by a file that lacks', () => {
    const stage = new Stage([new Ledger(ledger())]).run(SECOND);
    const verdict = only(relational(evidenceOf(stage, new Map([...stage.snapshot()].filter(([path]) => path !== B)))));
    expect(verdict).toMatchObject({ verdict: 'violated', summary: `B (${B}) is missing` });
  });

  it('is violated by a file of the application that never was', () => {
    const stage = new Stage([new MailStore(mail())]).run(2 * SECOND).rest();
    const stranger = 'C:\\MAIL\\M9999999.EML';
    expect(stage.truth.occupantsOf(stranger)).toBeNull();
    const files = new Map([...stage.snapshot(), [stranger, { bytes: new Uint8Array(64), modified: 0 }]]);
    const verdict = only(relational(evidenceOf(stage, files)));
    expect(verdict.verdict).toBe('violated');
    expect(verdict.story.at(-1)).toContain(`${stranger}: there was no such file`);
  });

  it('is violated by an index of the mail that is older than the messages, and by renames that came late', () => {
    const stage = new Stage([new MailStore(mail())]).run(2 * SECOND);
    const early = stage.rest().snapshot();
    const late = stage
      .run(3 * SECOND)
      .rest()
      .snapshot();
    expect(only(relational(evidenceOf(stage, late))).verdict).toBe('held');
    const stale = only(relational(evidenceOf(stage, mixed(late, early, ['C:\\MAIL\\INDEX.DAT']))));
    expect(stale.verdict).toBe('violated');
    const gone = [...early.keys()].find(path => !late.has(path))!;
    const back = only(relational(evidenceOf(stage, mixed(late, early, [gone]))));
    expect(back.verdict).toBe('violated');
    expect(back.story.at(-1)).toContain(`${gone}: there was no such file`);
    const fresh = [...late.keys()].find(path => !early.has(path))!;
    const temporary = new Map(
      [...late].map(([path, state]) => [path === fresh ? 'C:\\MAIL\\T0000001.TMP' : path, state]),
    );
    expect(only(relational(evidenceOf(stage, temporary))).verdict).toBe('violated');
  });

  it('is what looking at every instant finds', () => {
    const stage = new Stage([new Ledger(ledger({ accounts: 4 }))], { times: { writeNs: 3 * MILLISECOND } });
    const pictures: { event: number; a: FileState; b: FileState; open: boolean }[] = [];
    while (stage.kernel.now() < SECOND) {
      stage.kernel.advance(1);
      const event = stage.truth.now();
      const files = stage.snapshot();
      const { transactions } = stage.workload;
      const open = transactions.at(-1) !== undefined && transactions.at(-1)!.closed > event;
      if (pictures.at(-1)?.event !== event) pictures.push({ event, a: files.get(A)!, b: files.get(B)!, open });
    }
    const same = (one: FileState, other: FileState) => Buffer.compare(one.bytes, other.bytes) === 0;
    const index = fc.nat(pictures.length - 1);
    const seen = new Set<string>();
    fc.assert(
      fc.property(index, fc.integer({ min: -3, max: 3 }), (one, ahead) => {
        const other = Math.min(pictures.length - 1, Math.max(0, one + ahead));
        const files = new Map([
          [A, pictures[one]!.a],
          [B, pictures[other]!.b],
        ]);
        const fits = pictures.some(({ a, b, open }) => !open && same(a, files.get(A)!) && same(b, files.get(B)!));
        const { verdict } = only(relational(evidenceOf(stage, files)));
        seen.add(verdict);
        expect(verdict).toBe(fits ? 'held' : 'violated');
      }),
      { numRuns: 300 },
    );
    expect([...seen].sort()).toEqual(['held', 'violated']);
  });

  it('has nothing to say of a workload elsewhere, nor can it of one on both sides', () => {
    const files = { A: 'C:\\BANK\\A.DAT', B: 'D:\\BANK\\B.DAT' };
    const stage = new Stage([new Ledger(ledger({ files })), new MailStore(mail({ at: 'D:\\MAIL' }))], {
      letters: ['C', 'D', 'E'],
    }).run(SECOND);
    const judge = (...letters: string[]) =>
      relational(evidenceOf(stage, stage.snapshot(), { volumes: letters.map(letter => ({ letter }) as never) })).map(
        ({ workload, verdict }) => [workload, verdict],
      );
    expect(judge('E')).toEqual([]);
    expect(judge('D')).toEqual([
      ['bank', 'not-applicable'],
      ['post', 'held'],
    ]);
    expect(judge('C', 'D').map(([workload]) => workload)).toEqual(['bank', 'post']);
  });
});

describe('a workload of which not all files were selected', () => {
  const stage = new Stage([new Ledger(ledger())]).run(2 * SECOND).rest();
  const judge = (selects: (path: string) => boolean) => {
    const files = new Map([...stage.snapshot()].filter(([path]) => selects(path)));
    const evidence = evidenceOf(stage, files, { selects });
    return { evidence, verdicts: [only(relational(evidence)), only(prefix(evidence))] };
  };

  it('is not judged when none was, and says so (regression)', () => {
    for (const verdict of judge(() => false).verdicts) {
      expect(verdict).toMatchObject({
        workload: 'bank',
        verdict: 'not-applicable',
        looked: 0,
        summary: `none of its files was selected: not ${A}, ${B}`,
      });
    }
  });

  it('is not judged when one was not, and names it', () => {
    for (const verdict of judge(path => path !== A).verdicts) {
      expect(verdict).toMatchObject({
        verdict: 'not-applicable',
        looked: 0,
        summary: `1 file of it was not selected: ${A}`,
      });
    }
  });

  it('proves nothing to an expectation of `held` when nothing at all was selected', () => {
    const verdicts = judgeData(judge(() => false).evidence);
    expect(verdicts.filter(({ verdict }) => verdict === 'held').map(({ check }) => check)).not.toContain('intact');
    const judged = {
      outcome: 'completed',
      reason: null,
      verdicts,
      metrics: noMetrics,
      inactive: [],
      hasFaults: false,
    } as const;
    const failed = judgeExpectation({ is: 'held' }, judged).filter(({ pass }) => !pass);
    expect(failed).toMatchObject([{ check: 'data', summary: expect.stringContaining('nothing was proved') }]);
  });

  it('is judged when all were', () => {
    expect(judge(() => true).verdicts.map(({ verdict }) => verdict)).toEqual(['held', 'held']);
  });
});

describe('a check over nothing', () => {
  it('says why it does not apply, not that all is well', () => {
    const stage = new Stage([new Ledger(ledger())]);
    const files = new Map<string, FileState>();
    const [, , intact, , , timestamps] = judgeData(evidenceOf(stage, files, { selects: () => false }));
    for (const verdict of [intact!, timestamps!]) {
      expect(verdict).toMatchObject({ verdict: 'not-applicable', summary: 'no file was selected and restored' });
    }
    const beforeAll = evidenceOf(stage, stage.snapshot(), { at: 0 });
    expect(only(prefix(beforeAll))).toMatchObject({
      verdict: 'not-applicable',
      summary: 'no transaction was committed before the picture, or during the copy',
    });
  });
});

describe('applications that recover', () => {
  /** A ledger that is judged by rows: `whole` and `torn` are what its recovery found. */
  function recovering(whole: number[], torn: number[], accepts = true, changes: Partial<Loading> = {}) {
    const inner = new Ledger(ledger());
    const loading: Loading = {
      accepts,
      summary: accepts ? 'the databases agree' : 'the database does not open',
      evidence: { rows: 7 },
      transactions: accepts ? { whole: new Set(whole), torn: new Set(torn) } : null,
      ownChecks: [],
      ...changes,
    };
    const application = new Proxy<Application>(inner, {
      get: (target, key) => {
        if (key === 'recovers') return true;
        if (key === 'ownCheckNames') return ['sqlite'];
        if (key === 'load') return () => loading;
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const stage = new Stage([application]).run(SECOND);
    return evidenceOf(stage, new Map());
  }
  const words = (evidence: ReturnType<typeof recovering>) => [
    only(relational(evidence)).verdict,
    only(prefix(evidence)).verdict,
  ];

  it('hold the first so many transactions, and none in part', () => {
    expect(words(recovering([1, 2, 3], []))).toEqual(['held', 'held']);
    expect(words(recovering([1, 2, 4], []))).toEqual(['violated', 'violated']);
    expect(words(recovering([1, 2], [3]))).toEqual(['violated', 'violated']);
    expect(words(recovering([], [], false))).toEqual(['violated', 'violated']);
    expect(only(relational(recovering([1, 2, 4], []))).summary).toBe(
      'after recovery 1 transaction lacks; the first is 3, the last one that left a trace 4',
    );
    expect(only(relational(recovering([1, 2], []))).summary).toBe('its rows are those after transaction 2');
  });

  it('are not related when the application refuses its rows, whatever transactions they hold', () => {
    const transactions = { whole: new Set([1, 2, 3]), torn: new Set<number>() };
    const refusing = recovering([], [], false, { transactions, summary: 'a row has a text that is not its own' });
    expect(only(relational(refusing))).toMatchObject({
      verdict: 'violated',
      summary: 'a row has a text that is not its own',
      evidence: { firstHole: null, rows: 7 },
    });
    expect(only(relational(recovering([], [], true, { transactions: null }))).verdict).toBe('not-applicable');
  });

  it('bring the verdicts of their own checks along, and one that lacks proves nothing', () => {
    const own = { ...only(relational(recovering([1], []))), check: 'sqlite', workload: null };
    const sqlite = (ownChecks: Loading['ownChecks']) =>
      judgeData(recovering([1], [], true, { ownChecks })).filter(({ check }) => check === 'sqlite');
    for (const verdict of ['held', 'violated'] as const) {
      expect(sqlite([{ ...own, verdict }])).toEqual([{ ...own, verdict, workload: 'bank' }]);
    }
    expect(sqlite([])).toMatchObject([{ workload: 'bank', verdict: 'not-applicable', looked: 0 }]);
  });
});

describe('related files of a script', () => {
  it('match or not, wherever their pieces stand and whatever is renamed', () => {
    const steps = [
      { does: 'write', file: 'A', sizeBytes: 700, at: { is: 'random' } },
      { does: 'write', file: 'A', sizeBytes: 300, at: { is: 'next' } },
      { does: 'append', file: 'B', sizeBytes: 100 },
      { does: 'append', file: 'C', sizeBytes: 900 },
      { does: 'rename', from: 'C', to: 'C2' },
    ] as const;
    const stage = new Stage([new Script(script(steps))]).run(2 * SECOND);
    const early = stage.rest().snapshot();
    const late = stage
      .run(3 * SECOND)
      .rest()
      .snapshot();
    const judge = (...stale: string[]) =>
      only(
        relational(
          evidenceOf(
            stage,
            mixed(
              late,
              early,
              stale.map(name => `C:\\DATA\\${name}.BIN`),
            ),
          ),
        ),
      ).verdict;
    expect(judge()).toBe('held');
    for (const name of ['A', 'B', 'C2']) expect(judge(name)).toBe('violated');
    expect(judge('A', 'B', 'C', 'C2')).toBe('held');
  });
});

/** The first account of a transfer was changed, and the journal does not know it yet. */
function halfDone(stage: Stage): boolean {
  const last = stage.workload.transactions.at(-1)!;
  return last.closed === Infinity && stage.volume().log.at(-1)!.startsWith('write');
}
