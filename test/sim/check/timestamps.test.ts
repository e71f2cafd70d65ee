import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../engine/units.ts';
import { Ledger } from '../../../sim/apps/ledger.ts';
import { timestamps } from '../../../sim/check/timestamps.ts';
import type { TakenFile } from '../../../sim/evidence.ts';
import { type FileState, Stage } from '../apps/stage.ts';
import { ledger } from '../apps/workloads.ts';
import { CLOCK_SECONDS, type EvidenceChanges, evidenceOf, only } from './restores.ts';

const A = 'C:\\BANK\\ACCOUNTS.DAT';
const B = 'C:\\BANK\\JOURNAL.DAT';

/** Pictures at 5 and at 9 s. */
function pictures() {
  const stage = new Stage([new Ledger(ledger())]);
  const [five, nine] = [5, 9].map(seconds => {
    stage.run(seconds * SECOND).rest();
    return { files: stage.snapshot(), at: stage.truth.now(), wallSeconds: CLOCK_SECONDS + seconds };
  });
  return { stage, five: five!, nine: nine! };
}

function stamped(files: ReadonlyMap<string, FileState>, path: string, seconds: number): Map<string, FileState> {
  return new Map([...files, [path, { bytes: files.get(path)!.bytes, modified: CLOCK_SECONDS + seconds }]]);
}

function judge(stage: Stage, files: ReadonlyMap<string, FileState>, changes: EvidenceChanges) {
  return only(timestamps(evidenceOf(stage, files, changes)));
}

describe('timestamps', () => {
  it('holds for the stamps at T, to two seconds', () => {
    const { stage, five } = pictures();
    const picture = { at: five.at, wallSeconds: five.wallSeconds, settledAt: five.at };
    expect(judge(stage, five.files, picture)).toMatchObject({ check: 'timestamps', verdict: 'held', looked: 2 });
    expect(judge(stage, stamped(five.files, B, 4), picture).verdict).toBe('held');
  });

  it('is violated by a stamp that is newer than T', () => {
    const { stage, five } = pictures();
    const picture = { at: five.at, wallSeconds: five.wallSeconds, settledAt: five.at };
    const verdict = judge(stage, stamped(five.files, B, 6), picture);
    expect(verdict).toMatchObject({ verdict: 'violated', evidence: { newer: [B], wrong: [] } });
    expect(verdict.summary).toBe(`1 file is newer than the picture: ${B}`);
  });

  it('is violated by an older stamp in a settled picture, not in one of a disk in use', () => {
    const { stage, five } = pictures();
    const old = stamped(five.files, A, 2);
    const picture = { at: five.at, wallSeconds: five.wallSeconds };
    expect(judge(stage, old, { ...picture, settledAt: picture.at })).toMatchObject({
      verdict: 'violated',
      evidence: { newer: [], wrong: [A] },
    });
    expect(judge(stage, old, { ...picture, settledAt: null }).verdict).toBe('held');
    expect(judge(stage, stamped(five.files, A, -50), { ...picture, settledAt: null }).verdict).toBe('violated');
  });

  it('goes by the instant of each file with a file agent, and by the span of its copy with a naive one', () => {
    const { stage, five, nine } = pictures();
    const taken = (at: number | null, wallSeconds: number): TakenFile[] =>
      [A, B].map(path => ({ path, bytes: 0, from: 4 * SECOND, to: 6.5 * SECOND, at, wallSeconds }));
    const agent = (files: ReadonlyMap<string, FileState>) =>
      judge(stage, files, { files: taken(five.at, five.wallSeconds) });
    expect(agent(five.files).verdict).toBe('held');
    expect(agent(nine.files).evidence.newer).toEqual([A, B]);
    expect(agent(stamped(five.files, A, 2)).evidence.wrong).toEqual([A]);
    const naive = (files: ReadonlyMap<string, FileState>) =>
      judge(stage, files, { files: taken(null, CLOCK_SECONDS + 6) });
    expect(naive(five.files).verdict).toBe('held');
    expect(naive(stamped(five.files, A, 6)).verdict).toBe('held');
    expect(naive(nine.files).evidence.newer).toEqual([A, B]);
    expect(naive(stamped(five.files, A, 0)).evidence.wrong).toEqual([A]);
  });

  describe('lets no stamp be newer than', () => {
    /** The world in the middle of a second, and going on after it: what came later has its stamps, too. */
    function goneOn(second: number) {
      const stage = new Stage([new Ledger(ledger())]).run((second + 0.5) * SECOND).rest();
      const files = stage.snapshot();
      const instant = { event: stage.truth.now(), wallSeconds: CLOCK_SECONDS + second };
      stage.run((second + 5.5) * SECOND).rest();
      return { stage, files, instant };
    }
    type Instant = ReturnType<typeof goneOn>['instant'];

    const picture = ({ event, wallSeconds }: Instant) => ({ at: event, wallSeconds });
    const settled = (instant: Instant) => ({ ...picture(instant), settledAt: instant.event });
    const taken = (path: string, { event, wallSeconds }: Instant, isNaive: boolean): TakenFile => {
      const to = (wallSeconds - CLOCK_SECONDS + 0.6) * SECOND;
      return { path, bytes: 0, from: to - SECOND, to, at: isNaive ? null : event, wallSeconds };
    };
    const bounds: readonly [string, (instant: Instant) => EvidenceChanges][] = [
      ['T of a settled picture of otm', settled],
      ['T of a picture of otm that was taken anyway', picture],
      ['T of a cold backup', settled],
      ['the end of a live image', ({ event, wallSeconds }) => ({ endedAt: event, endedWallSeconds: wallSeconds })],
      ['the instant at which an agent took the file', at => ({ files: [A, B].map(path => taken(path, at, false)) })],
      ['the end of the naive copy of the file', at => ({ files: [A, B].map(path => taken(path, at, true)) })],
    ];

    it.each(bounds)('%s, in the two seconds that FAT keeps', (_bound, changes) => {
      for (const [second, last] of [
        [5, 4],
        [6, 6],
      ] as const) {
        const { stage, files, instant } = goneOn(second);
        const stampedAt = (seconds: number) => judge(stage, stamped(files, B, seconds), changes(instant));
        expect(stampedAt(last)).toMatchObject({ verdict: 'held', looked: 2 });
        expect(stampedAt(last + 1).verdict).toBe('held');
        expect(stampedAt(last + 2)).toMatchObject({ verdict: 'violated', evidence: { newer: [B], wrong: [] } });
      }
    });

    it('its own instant, though others of the same copy were taken later', () => {
      const { stage, files, instant } = goneOn(5);
      const later = { event: stage.truth.lastEvent, wallSeconds: CLOCK_SECONDS + 10 };
      const copied = stamped(stamped(files, A, 4), B, 10);
      for (const isNaive of [false, true]) {
        const changes = (first: Instant, second: Instant) => ({
          files: [taken(A, first, isNaive), taken(B, second, isNaive)],
        });
        expect(judge(stage, copied, changes(instant, later)).verdict).toBe('held');
        expect(judge(stage, copied, changes(later, instant)).evidence.newer).toEqual([B]);
      }
    });
  });

  it('goes by the file that had the path, and by the stamps that it had under that name', () => {
    const stage = new Stage([new Ledger(ledger())]).run(SECOND);
    const volume = stage.volume();
    const [early, name, late] = ['T', 'X', 'Y'].map(letter => `C:\\BANK\\${letter}.DAT`) as [string, string, string];
    const stamps = { first: -100, before: -50, during: -20, after: -10 };
    // Asking for the instant ends it: a stamp that comes with a rename would be of the same one.
    stage.spawn(
      (function* () {
        yield* volume.create(early);
        for (const seconds of [stamps.first, stamps.before]) {
          stage.truth.now();
          yield* volume.setModified(early, CLOCK_SECONDS + seconds);
        }
        stage.truth.now();
        yield* volume.rename(early, name);
        stage.truth.now();
        yield* volume.setModified(name, CLOCK_SECONDS + stamps.during);
        yield* volume.rename(name, late);
        stage.truth.now();
        yield* volume.setModified(late, CLOCK_SECONDS + stamps.after);
      })(),
    );
    stage.run(2 * SECOND).rest();
    const at = stage.truth.now();
    const judged = (seconds: number, settledAt: number | null) => {
      const files = new Map([[name, { bytes: new Uint8Array(0), modified: CLOCK_SECONDS + seconds }]]);
      return judge(stage, files, { at, wallSeconds: CLOCK_SECONDS + 2, settledAt });
    };
    const words = (settledAt: number | null) =>
      Object.values(stamps).map(seconds => judged(seconds, settledAt).evidence.wrong !== undefined);
    // Of a disk in use any stamp will do that the path had; of a settled picture it has none any more.
    expect(words(null)).toEqual([true, false, false, true]);
    expect(words(at)).toEqual([true, true, true, true]);
  });

  it('is violated by a file that never was, unless nobody asked for it', () => {
    const { stage, five } = pictures();
    const stranger = 'C:\\OTM\\X.CACHE';
    const files = new Map([...five.files, [stranger, { bytes: new Uint8Array(9), modified: CLOCK_SECONDS }]]);
    const picture = { at: five.at, wallSeconds: five.wallSeconds, settledAt: five.at };
    expect(judge(stage, files, picture).evidence.wrong).toEqual([stranger]);
    const selects = (path: string) => path !== stranger;
    expect(judge(stage, files, { ...picture, selects })).toMatchObject({ verdict: 'held', looked: 2 });
  });

  it('does not apply to no file', () => {
    const { stage } = pictures();
    expect(judge(stage, new Map(), {}).verdict).toBe('not-applicable');
  });
});
