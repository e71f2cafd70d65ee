import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../engine/units.ts';
import { Ledger } from '../../../sim/apps/ledger.ts';
import { MailStore } from '../../../sim/apps/mail.ts';
import { Script } from '../../../sim/apps/script.ts';
import { prefix } from '../../../sim/check/prefix.ts';
import { type FileState, Stage, type StageOptions } from '../apps/stage.ts';
import { ledger, mail, script } from '../apps/workloads.ts';
import { type EvidenceChanges, evidenceOf, mixed, only } from './restores.ts';

const A = 'C:\\BANK\\ACCOUNTS.DAT';
const B = 'C:\\BANK\\JOURNAL.DAT';

function bank(options: StageOptions = {}): Stage {
  return new Stage([new Ledger(ledger())], options);
}

function judge(stage: Stage, files: ReadonlyMap<string, FileState>, changes: EvidenceChanges = {}) {
  return only(prefix(evidenceOf(stage, files, changes)));
}

/** Pictures at 2, 4 and 6 s, each with the event at which it was taken. */
function pictures(options: StageOptions = {}) {
  const stage = bank(options);
  const taken = [2, 4, 6].map(seconds => {
    const files = stage
      .run(seconds * SECOND)
      .rest()
      .snapshot();
    return { files, at: stage.truth.now(), last: stage.workload.transactions.length };
  });
  const [first, second, third] = taken;
  return { stage, first: first!, second: second!, third: third! };
}

describe('prefix', () => {
  it('holds for the transactions up to T', () => {
    const { stage, second } = pictures({ writeBackNs: 100 * MILLISECOND });
    const verdict = judge(stage, second.files, { at: second.at, settledAt: second.at });
    expect(verdict).toMatchObject({
      check: 'prefix',
      workload: 'bank',
      verdict: 'held',
      looked: second.last,
      summary: `it holds transactions 1 to ${second.last}`,
      evidence: { last: second.last, firstHole: null },
    });
  });

  it('is violated by a hole: transactions of which A holds nothing and B all', () => {
    const { stage, first, second } = pictures();
    const verdict = judge(stage, mixed(second.files, first.files, [A]), { at: second.at });
    expect(verdict).toMatchObject({
      verdict: 'violated',
      evidence: { firstHole: first.last + 1, last: second.last, torn: second.last - first.last, lacking: 0 },
    });
    expect(verdict.summary).toBe(
      `${second.last - first.last} transactions are torn; the first is ${first.last + 1}, ` +
        `the last one that left a trace ${second.last}`,
    );
  });

  it('is violated by one transaction that lacks wholly, with later ones there', () => {
    const write = (file: string) => ({ does: 'write', file, sizeBytes: 512, at: { is: 'next' } }) as const;
    const stage = new Stage([new Script(script([write('A'), write('C')]))]);
    const before = stage.snapshot();
    const files = stage.run(SECOND).rest().snapshot();
    const last = stage.workload.transactions.length;
    for (const path of ['C:\\DATA\\A.BIN', 'C:\\DATA\\C.BIN']) {
      const bytes = files.get(path)!.bytes.slice();
      bytes.set(before.get(path)!.bytes.subarray(9 * 512, 10 * 512), 9 * 512);
      files.set(path, { bytes, modified: 0 });
    }
    expect(judge(stage, files)).toMatchObject({
      verdict: 'violated',
      summary: `1 transaction lacks; the first is 10, the last one that left a trace ${last}`,
      evidence: { firstHole: 10, torn: 0, lacking: 1 },
    });
  });

  it('is violated by what was durable before T and lacks', () => {
    const { stage, first, second } = pictures({ writeBackNs: 100 * MILLISECOND });
    const verdict = judge(stage, first.files, { at: second.at });
    expect(verdict).toMatchObject({ verdict: 'violated', evidence: { transaction: first.last + 1, firstHole: null } });
    expect(verdict.summary).toBe(`it lacks transaction ${first.last + 1}, which was durable before T`);
    // Nothing had been written: it may lack.
    const memory = pictures();
    expect(judge(memory.stage, memory.first.files, { at: memory.second.at }).verdict).toBe('held');
  });

  it('is violated by what began after T and is there', () => {
    const { stage, first, second } = pictures();
    const verdict = judge(stage, second.files, { at: first.at });
    expect(verdict).toMatchObject({ verdict: 'violated', evidence: { transaction: first.last + 1 } });
    expect(verdict.summary).toBe(`it holds transaction ${first.last + 1}, which began after T`);
  });

  it('counts T itself to what was before it: what began or was durable in that event', () => {
    const { stage, first, second } = pictures({ writeBackNs: 100 * MILLISECOND });
    const { transactions } = stage.workload;
    const { began } = transactions[second.last - 1]!;
    expect(judge(stage, second.files, { at: began }).verdict).toBe('held');
    expect(judge(stage, second.files, { at: began - 1 }).summary).toMatch(/which began after T$/);
    const { durable, acknowledged } = transactions[first.last]!;
    expect(judge(stage, first.files, { at: durable }).summary).toMatch(/which was durable before T$/);
    expect(judge(stage, first.files, { at: durable - 1 }).verdict).toBe('held');
    const settled = (settledAt: number) => judge(stage, first.files, { at: durable - 1, settledAt }).verdict;
    expect([settled(acknowledged), settled(acknowledged - 1)]).toEqual(['violated', 'held']);
  });

  it('is violated by a settled picture that lacks what was acknowledged more than one write-back before T', () => {
    const { stage, first, second } = pictures();
    const verdict = judge(stage, first.files, { at: second.at, settledAt: second.at });
    expect(verdict.summary).toBe(
      `it lacks transaction ${first.last + 1}, acknowledged more than one write-back before T`,
    );
    expect(judge(stage, first.files, { at: second.at, settledAt: first.at }).verdict).toBe('held');
  });

  it('asks for some instant of the copy where there is no T', () => {
    const { stage, first, second, third } = pictures({ writeBackNs: 100 * MILLISECOND });
    const copied = (files: ReadonlyMap<string, FileState>, startedAt: number, endedAt: number) =>
      judge(stage, files, { startedAt, endedAt });
    expect(copied(second.files, first.at, third.at).verdict).toBe('held');
    const early = copied(first.files, second.at, third.at);
    expect(early.summary).toBe(`it lacks transaction ${first.last + 1}, which was durable before the copy began`);
    const late = copied(third.files, first.at, second.at);
    expect(late.summary).toBe(`it holds transaction ${third.last}, which began after the copy had ended`);
    expect(late.verdict).toBe('violated');
  });

  it('is violated by a file that can not be read back, and does not apply to nothing', () => {
    const { stage, first } = pictures();
    const lacking = judge(stage, new Map([...first.files].filter(([path]) => path !== B)), { at: first.at });
    expect(lacking).toMatchObject({ verdict: 'violated', summary: `1 file can't be read back: ${B}` });
    const nothing = judge(stage, new Stage([new Ledger(ledger())]).snapshot(), { at: 0 });
    expect(nothing).toMatchObject({ verdict: 'not-applicable', looked: 0 });
  });

  it('does not ask for what the application itself gave up', () => {
    const stage = bank();
    let failures = 0;
    stage.volume().sabotage = (operation, path) =>
      operation === 'append' && path === B && failures++ === 5 ? 'no-space' : null;
    const files = stage
      .run(2 * SECOND)
      .rest()
      .snapshot();
    expect(stage.workload.transactions[5]?.abortedBecause).not.toBeNull();
    expect(judge(stage, files, { at: stage.truth.now(), settledAt: stage.truth.now() }).verdict).toBe('held');
  });

  it('is violated by a block that never was so', () => {
    const { stage, first } = pictures();
    const { bytes, modified } = first.files.get(B)!;
    const damaged = new Map([...first.files, [B, { bytes: bytes.slice().fill(1, 0, 3), modified }]]);
    expect(judge(stage, damaged, { at: first.at }).verdict).toBe('violated');
    // When nobody had written it before T, whoever did it later.
    const start = new Stage([new Ledger(ledger())]).snapshot();
    const untouched = new Map([...start, [A, { bytes: start.get(A)!.bytes.slice().fill(1), modified }]]);
    expect(judge(stage, untouched, { at: 0 }).verdict).toBe('violated');
  });

  it('says of a block that never was so that the last transaction before T is torn, not one that came later', () => {
    const stage = new Stage([new Ledger(ledger({ accounts: 4 }))]).run(SECOND).rest();
    const files = stage.snapshot();
    const at = stage.truth.now();
    const last = stage.workload.transactions.length;
    stage.run(2 * SECOND).rest();
    const { bytes, modified } = files.get(A)!;
    const damaged = new Map([...files, [A, { bytes: bytes.slice().fill(1), modified }]]);
    expect(judge(stage, damaged, { at }).evidence).toMatchObject({ last, firstHole: last, torn: 1 });
  });

  it('is violated by a size that never was', () => {
    const { stage, first } = pictures();
    const { bytes, modified } = first.files.get(B)!;
    const longer = new Uint8Array(bytes.length + 7);
    longer.set(bytes);
    const files = new Map([...first.files, [B, { bytes: longer, modified }]]);
    expect(judge(stage, files, { at: first.at })).toMatchObject({
      verdict: 'violated',
      evidence: { firstHole: first.last, last: first.last },
    });
    const start = new Stage([new Ledger(ledger())]).snapshot();
    const grown = new Map([...start, [B, { bytes: new Uint8Array(7), modified }]]);
    expect(judge(stage, grown, { at: 0 }).verdict).toBe('violated');
  });

  it('asks for no transaction that leaves nothing by which it could be known', () => {
    const stage = new Stage([new Script(script([{ does: 'rename', from: 'C', to: 'C2' }]))], {
      writeBackNs: SECOND / 50,
    });
    const files = stage
      .run(2 * SECOND)
      .rest()
      .snapshot();
    const verdict = judge(stage, files, { at: stage.truth.now(), settledAt: stage.truth.now() });
    expect(verdict).toMatchObject({ verdict: 'held', looked: stage.workload.transactions.length });
  });

  it('knows a file by what it was up to T, not by what it comes to be again later', () => {
    // Each transaction gives the file the name that the one before took away: of two names one is there.
    const stage = new Stage([new Script(script([{ does: 'rename', from: 'C', to: 'C2' }]))], {
      writeBackNs: SECOND / 50,
    });
    const taken = [stage.run(SECOND).rest().snapshot()];
    const { transactions } = stage.workload;
    const first = transactions.length;
    const isOdd = () => (transactions.length - first) % 2 === 1;
    while (!isOdd() || transactions.at(-1)!.durable > stage.truth.lastEvent) stage.kernel.advance(1);
    taken.push(stage.snapshot());
    const at = stage.truth.now();
    const last = transactions.length;
    // The names of the older picture come back with the next transaction, after T.
    stage.run(2 * SECOND).rest();
    const fault = `it lacks transaction ${last}, which was durable before`;
    const [older, newer] = taken;
    expect(judge(stage, newer!, { at }).verdict).toBe('held');
    expect(judge(stage, older!, { at })).toMatchObject({ verdict: 'violated', summary: `${fault} T` });
    const copied = { startedAt: at, endedAt: at };
    expect(judge(stage, newer!, copied).verdict).toBe('held');
    expect(judge(stage, older!, copied)).toMatchObject({
      verdict: 'violated',
      summary: `${fault} the copy began`,
    });
  });

  it('asks for a file that was durable before T and is deleted after it', () => {
    const stage = new Stage([new MailStore(mail({ fsync: 'always' }))]).run(2 * SECOND).rest();
    const { truth } = stage;
    const files = stage.snapshot();
    const at = truth.now();
    stage.run(20 * SECOND).rest();
    const wasDelivered = (path: string) => path.endsWith('.EML') && truth.fileAt(path, 0) === null;
    const gone = [...files.keys()].find(path => wasDelivered(path) && truth.fileAt(path, truth.lastEvent) === null)!;
    expect(judge(stage, files, { at }).verdict).toBe('held');
    expect(judge(stage, new Map([...files].filter(([path]) => path !== gone)), { at }).verdict).toBe('violated');
  });

  it('takes a file that holds nothing yet for one of up to T', () => {
    const stage = new Stage(
      [
        new Script(
          script([
            { does: 'append', file: 'C', sizeBytes: 64 },
            { does: 'rename', from: 'C', to: 'C2' },
          ]),
        ),
      ],
      { times: { writeNs: 2 * MILLISECOND } },
    ).run(SECOND);
    const isEmpty = () => stage.snapshot().get('C:\\DATA\\C.BIN')?.bytes.length === 0;
    while (!isEmpty()) stage.kernel.advance(1);
    const files = stage.snapshot();
    const at = stage.truth.now();
    const open = stage.workload.transactions.length;
    stage.run(2 * SECOND).rest();
    const { evidence } = judge(stage, files, { at });
    expect(evidence.last).toBe(open);
  });
});
