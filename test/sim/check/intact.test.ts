import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../engine/units.ts';
import { Ledger } from '../../../sim/apps/ledger.ts';
import { MailStore } from '../../../sim/apps/mail.ts';
import { StaticData } from '../../../sim/apps/static-data.ts';
import { DataEvidence } from '../../../sim/check/data-evidence.ts';
import { intact } from '../../../sim/check/intact.ts';
import { readingsOf, Stage } from '../apps/stage.ts';
import { ledger, mail, staticData } from '../apps/workloads.ts';
import { type EvidenceChanges, evidenceOf, mixed, only, restoreOf } from './restores.ts';

const A = 'C:\\BANK\\ACCOUNTS.DAT';
const B = 'C:\\BANK\\JOURNAL.DAT';

function stage(): Stage {
  return new Stage([new Ledger(ledger()), new MailStore(mail()), new StaticData(staticData())]);
}

describe('intact', () => {
  it('holds when each file is as it was at an instant of its own', () => {
    const world = stage().run(2 * SECOND);
    const early = world.snapshot();
    const late = world.run(5 * SECOND).snapshot();
    const verdict = only(intact(evidenceOf(world, mixed(late, early, [A, 'C:\\MAIL\\INDEX.DAT']))));
    expect(verdict).toMatchObject({
      check: 'intact',
      verdict: 'held',
      looked: late.size,
      promise: null,
      workload: null,
    });
  });

  it('is violated by a file that is a mixture of two instants', () => {
    const world = stage().run(2 * SECOND);
    const early = world.snapshot().get(A)!;
    const files = world.run(5 * SECOND).snapshot();
    const late = files.get(A)!;
    const torn = late.bytes.slice();
    torn.set(early.bytes.subarray(32_000), 32_000);
    const verdict = only(intact(evidenceOf(world, new Map([...files, [A, { ...late, bytes: torn }]]))));
    expect(verdict).toMatchObject({ verdict: 'violated', evidence: { torn: [A], missing: [] } });
    expect(verdict.summary).toBe(`1 file as it never was: ${A}`);
    expect(verdict.story[0]).toMatch(
      /is nearest to what it was at [\d.]+ s \(event [\d,]+\); there \d+ blocks? of 512 bytes differ/,
    );
  });

  it('wants zeroes of the old size in a file that the picture leaves out, where all was written', () => {
    const world = stage().run(SECOND);
    const files = world.snapshot();
    const name = 'C:\\OLD\\D00002.DAT';
    const { bytes, modified } = files.get(name)!;
    const settled = { consistency: 'quiescent', at: world.truth.now(), settledAt: world.truth.now() } as const;
    const leftOut = [{ path: name, sizeBytes: bytes.length }];
    const judge = (content: Uint8Array | null, changes: EvidenceChanges = settled) => {
      const restored = new Map(files);
      if (content === null) restored.delete(name);
      else restored.set(name, { bytes: content, modified });
      return only(intact(evidenceOf(world, restored, { ...changes, leftOut, selects: path => path !== name })));
    };
    expect(judge(new Uint8Array(bytes.length))).toMatchObject({ verdict: 'held', looked: files.size });
    expect(judge(new Uint8Array(bytes.length)).summary).toMatch(/, and 1 file left out: zeroes$/);
    const oneByte = new Uint8Array(bytes.length);
    oneByte[bytes.length - 1] = 1;
    for (const wrong of [bytes, oneByte, new Uint8Array(bytes.length - 1), null]) {
      expect(judge(wrong).verdict).toBe('violated');
      expect(judge(wrong, { ...settled, consistency: 'crash-consistent', settledAt: null }).verdict).toBe('held');
    }
  });

  it('is violated by one changed byte of data that never changes, by a wrong size and by a file that never was', () => {
    const world = stage().run(SECOND);
    const files = world.snapshot();
    const name = 'C:\\OLD\\D00002.DAT';
    const { bytes, modified } = files.get(name)!;
    const judge = (path: string, content: Uint8Array) =>
      only(intact(evidenceOf(world, new Map([...files, [path, { bytes: content, modified }]]))));
    expect(judge(name, bytes.slice().fill(1, 2999))).toMatchObject({ verdict: 'violated', evidence: { torn: [name] } });
    expect(judge(name, bytes.subarray(0, 2999)).story[0]).toMatch(/its size and 1 block of 512 bytes differ: 5\.$/);
    const longer = new Uint8Array(3001);
    longer.set(bytes);
    expect(judge(name, longer).story[0]).toMatch(/its size differs\.$/);
    expect(judge('C:\\OLD\\STRANGER', bytes).story).toEqual([
      'C:\\OLD\\STRANGER was restored, and there never was such a file.',
    ]);
  });

  it('is violated by a file that is as it came to be after the picture', () => {
    const world = stage().run(2 * SECOND);
    const early = world.snapshot();
    const at = world.truth.now();
    const late = world.run(5 * SECOND).snapshot();
    const judge = (files: typeof late, changes: EvidenceChanges) => only(intact(evidenceOf(world, files, changes)));
    for (const changes of [{ at }, { at, settledAt: at }, { endedAt: at }]) {
      expect(judge(early, changes).verdict).toBe('held');
      const younger = judge(mixed(early, late, [A]), changes);
      expect(younger).toMatchObject({ verdict: 'violated', evidence: { torn: [A], missing: [] } });
      expect(younger.story).toEqual([expect.stringMatching(/ACCOUNTS\.DAT is as it was at .* after the picture/)]);
    }
    expect(judge(late, { at: world.truth.lastEvent }).verdict).toBe('held');
  });

  it('is violated by one changed byte of a file that came while the world ran, though it was not there before', () => {
    const world = stage().run(3 * SECOND);
    const files = world.snapshot();
    const path = [...files.keys()].find(each => each.endsWith('.EML') && world.truth.fileAt(each, 0) === null)!;
    const { bytes, modified } = files.get(path)!;
    const changed = new Map([...files, [path, { bytes: bytes.slice().fill(1, 0, 1), modified }]]);
    expect(only(intact(evidenceOf(world, files))).verdict).toBe('held');
    expect(only(intact(evidenceOf(world, changed)))).toMatchObject({ verdict: 'violated', evidence: { torn: [path] } });
  });

  it('is violated by a file that lacks or that can not be read back', () => {
    const world = stage().run(SECOND);
    const files = world.snapshot();
    const lacking = only(intact(evidenceOf(world, new Map([...files].filter(([path]) => path !== B)))));
    expect(lacking).toMatchObject({ verdict: 'violated', summary: `1 file missing: ${B}`, evidence: { missing: [B] } });
    const readings = readingsOf(files).map(reading => ({
      ...reading,
      files: reading.files.map(file => (file.path === B ? { ...file, damage: 'its chain breaks off' } : file)),
    }));
    const { truth, workloads } = world;
    const evidence = new DataEvidence({ restore: restoreOf(world), readings, truth, workloads, writeBackNs: SECOND });
    expect(only(intact(evidence))).toMatchObject({
      verdict: 'violated',
      story: [`${B} can't be read back: its chain breaks off.`],
    });
  });

  it('asks for what was there: at T of a settled picture, during the whole copy of a file agent, else from 0 s', () => {
    const world = stage().run(2 * SECOND);
    const { truth } = world;
    const begun = truth.now();
    const early = world.snapshot();
    const files = world.run(3 * SECOND).snapshot();
    const at = truth.now();
    const since = (from: ReadonlyMap<string, unknown>) =>
      [...files.keys()].find(path => path.endsWith('.EML') && !from.has(path) && truth.fileAt(path, at) !== null)!;
    const start = new Map([...files.keys()].filter(path => truth.fileAt(path, 0) !== null).map(path => [path, null]));
    // Delivered before the copy began, and while it ran.
    const older = [...files.keys()].find(path => early.has(path) && !start.has(path) && path.endsWith('.EML'))!;
    const newer = since(early);
    const missing = (path: string, changes: EvidenceChanges) => {
      const without = new Map([...files].filter(([name]) => name !== path));
      return only(intact(evidenceOf(world, without, { endedAt: at, ...changes }))).evidence.missing ?? [];
    };
    const settled = { at, settledAt: at };
    expect(missing(older, settled)).toEqual([older]);
    expect(missing(newer, settled)).toEqual([newer]);
    const taken = { path: B, bytes: 0, from: 0, to: 0, at: 1, wallSeconds: 0 };
    const agent = { files: [taken], startedAt: begun };
    expect(missing(older, agent)).toEqual([older]);
    expect(missing(newer, agent)).toEqual([]);
    expect(missing(older, { at })).toEqual([]);
    expect(missing(older, {})).toEqual([]);
    expect(missing('C:\\MAIL\\INDEX.DAT', {})).toEqual(['C:\\MAIL\\INDEX.DAT']);
    const gone = truth.paths().find(path => truth.fileAt(path, 0) !== null && truth.fileAt(path, at) === null)!;
    expect(missing('', { at: 0, settledAt: 0 })).toContain(gone);
    // An unsettled picture is of its T, whatever goes before the copy ends.
    expect(missing('', { at: 0 })).toContain(gone);
    expect(missing('', settled)).toEqual([]);
  });

  it('judges only what was selected, and nothing over nothing', () => {
    const world = stage().run(SECOND);
    const files = world.snapshot();
    const selects = (path: string) => path.startsWith('C:\\OLD');
    const stranger = new Map([...files, ['C:\\OTM\\X.CACHE', { bytes: new Uint8Array(9), modified: 0 }]]);
    expect(only(intact(evidenceOf(world, stranger, { selects })))).toMatchObject({ verdict: 'held', looked: 3 });
    expect(only(intact(evidenceOf(world, files, { selects: () => false })))).toMatchObject({
      verdict: 'not-applicable',
      looked: 0,
    });
  });
});
