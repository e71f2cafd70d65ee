import { describe, expect, it } from 'vitest';
import { MILLISECOND, SECOND } from '../../../engine/units.ts';
import { Script } from '../../../sim/apps/script.ts';
import { StaticData } from '../../../sim/apps/static-data.ts';
import { DataEvidence } from '../../../sim/check/data-evidence.ts';
import type { ScriptStep, ScriptWorkload } from '../../../sim/scenario/scenario.ts';
import { restoreOf } from '../check/restores.ts';
import { type FileState, readingsOf, Stage, type StageOptions } from './stage.ts';
import { script, staticData } from './workloads.ts';

const path = (name: string) => `C:\\DATA\\${name}.BIN`;

const STEPS: ScriptStep[] = [
  { does: 'write', file: 'A', sizeBytes: 4096, at: { is: 'random' } },
  { does: 'wait', forNs: 2 * MILLISECOND },
  { does: 'append', file: 'B', sizeBytes: 512 },
];

function job(steps: ScriptStep[], changes: Partial<ScriptWorkload> = {}, options: StageOptions = {}): Stage {
  return new Stage([new Script(script(steps, changes))], options);
}

function load(stage: Stage, files: ReadonlyMap<string, FileState>) {
  const { truth, workloads } = stage;
  const restore = restoreOf(stage, {});
  const evidence = new DataEvidence({ restore, readings: readingsOf(files), truth, workloads, writeBackNs: SECOND });
  return evidence.loading(stage.workloads[0]!);
}

function textAt({ bytes }: FileState, offset: number): string {
  return new TextDecoder().decode(bytes.subarray(offset, offset + 64));
}

describe('a script', () => {
  it('fills its files with lines that say what they are', () => {
    const files = job(STEPS).snapshot();
    expect([...files.keys()]).toEqual(['A', 'B', 'C', 'C2'].map(path).sort());
    expect(textAt(files.get(path('C2'))!, 65_472)).toMatch(
      /^TX 0000000000 STEP 000 OF C2 {6}AT 000000065024 [0-9a-f]{8} {5}\n$/,
    );
  });

  it('writes at a multiple of the size, appends, and stamps every piece', () => {
    const stage = job(STEPS).run(3 * SECOND);
    const writes = stage.volume().log.filter(line => line.startsWith('write'));
    for (const line of writes) expect(line).toMatch(/^write C:\\DATA\\A\.BIN \d+\+4096$/);
    const offsets = writes.map(line => Number(line.split(' ')[2]!.split('+')[0]));
    expect(offsets.every(offset => offset % 4096 === 0 && offset < 65_536)).toBe(true);
    expect(new Set(offsets).size).toBe(16);
    const { transactions } = stage.workload;
    const files = stage.snapshot();
    const count = transactions.filter(({ committed }) => committed < Infinity).length;
    expect(textAt(files.get(path('B'))!, 65_536 + (count - 1) * 512)).toContain(
      `TX ${String(count).padStart(10, '0')} STEP 002`,
    );
    expect(load(stage, files)).toMatchObject({ accepts: true, evidence: { lastInA: count, lastInB: count } });
  });

  it('goes on behind the last one with `next`, and wraps', () => {
    const stage = job([
      { does: 'write', file: 'A', sizeBytes: 24 * 1024, at: { is: 'next' } },
      { does: 'write', file: 'C', sizeBytes: 100, at: { is: 'offset', offsetBytes: 77 } },
    ]).run(SECOND / 5);
    const writes = stage.volume().log.filter(line => line.startsWith('write'));
    expect(writes.slice(0, 6)).toEqual(
      ['0+24576', '24576+24576', '0+24576'].flatMap(at => [`write ${path('A')} ${at}`, `write ${path('C')} 77+100`]),
    );
  });

  it('renames there and back, makes what is not there, and syncs where it says so', () => {
    const back = job([{ does: 'rename', from: 'C', to: 'C2' }]).run(SECOND / 10);
    expect(
      back
        .volume()
        .log.filter(line => line.startsWith('rename'))
        .slice(0, 3),
    ).toEqual([
      `rename ${path('C')} ${path('C2')}`,
      `rename ${path('C2')} ${path('C')}`,
      `rename ${path('C')} ${path('C2')}`,
    ]);
    const anew = job([
      { does: 'append', file: 'C', sizeBytes: 512 },
      { does: 'sync', file: 'C' },
      { does: 'rename', from: 'C', to: 'C2' },
    ]).run(SECOND / 10);
    expect(
      anew
        .volume()
        .log.filter(line => !line.startsWith('open'))
        .slice(0, 7),
    ).toEqual([
      `append ${path('C')} +512`,
      `fsync ${path('C')}`,
      `rename ${path('C')} ${path('C2')}`,
      `create ${path('C')}`,
      `append ${path('C')} +512`,
      `fsync ${path('C')}`,
      `rename ${path('C')} ${path('C2')}`,
    ]);
  });

  it('draws for every step, so that a step that is changed moves no other', () => {
    const places = (first: ScriptStep) => {
      const stage = job([first, { does: 'write', file: 'B', sizeBytes: 512, at: { is: 'random' } }]).run(SECOND);
      return stage.volume().log.filter(line => line.startsWith(`write ${path('B')}`));
    };
    expect(places({ does: 'wait', forNs: MILLISECOND })).toEqual(
      places({ does: 'write', file: 'A', sizeBytes: 1024, at: { is: 'random' } }),
    );
  });

  it('says which transactions are in some files only, whatever the files are', () => {
    const stage = job(STEPS).run(2 * SECOND);
    const early = stage.snapshot();
    const until = stage.workload.transactions.length;
    const late = stage.run(4 * SECOND).snapshot();
    const loading = load(stage, new Map([...late, [path('A'), early.get(path('A'))!]]));
    expect(loading.accepts).toBe(false);
    expect(loading.summary).toMatch(/^A ends at transaction \d+, B at \d+: \d+ transactions are in some/);
    expect(Number(loading.evidence.lastInA)).toBeLessThanOrEqual(until);
    expect(Number(loading.evidence.lastInB)).toBeGreaterThan(until + 50);
    const missing = load(stage, new Map([...late].filter(([name]) => name !== path('B'))));
    expect(missing).toMatchObject({ accepts: false, summary: `B (${path('B')}) is missing` });
  });

  it('gives up a transaction whose step fails, and goes on', () => {
    const stage = job(STEPS);
    let failures = 0;
    stage.volume().sabotage = operation => (operation === 'append' && failures++ === 2 ? 'no-space' : null);
    stage.run(SECOND);
    const aborted = stage.workload.transactions.filter(({ abortedBecause }) => abortedBecause !== null);
    expect(aborted.map(({ number }) => number)).toEqual([3]);
    expect(stage.workload.transactions.length).toBeGreaterThan(30);
  });
});

describe('static data', () => {
  it('never changes, and says when it was restored otherwise', () => {
    const stage = new Stage([new StaticData(staticData())]).run(SECOND);
    const files = stage.snapshot();
    expect([...files.keys()]).toEqual(['C:\\OLD\\D00001.DAT', 'C:\\OLD\\D00002.DAT', 'C:\\OLD\\D00003.DAT']);
    expect(load(stage, files)).toMatchObject({ accepts: true, summary: '3 files as they were' });
    const [name, state] = [...files][1]!;
    const changed = new Map([...files, [name, { ...state, bytes: state.bytes.slice().fill(0, 1000, 1001) }]]);
    expect(load(stage, changed)).toMatchObject({ accepts: false, summary: `${name} is not what it was` });
    const missing = new Map([...files].slice(1));
    expect(load(stage, missing).summary).toBe('C:\\OLD\\D00001.DAT is missing');
  });
});
