/** What the truth says after a machine has found other things on its drives than applications had last seen. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runNow } from '../../../engine/task.ts';
import { Truth } from '../../../sim/apps/truth.ts';
import { NEVER, type WorkloadTruth } from '../../../sim/apps/workload-truth.ts';
import { Comparer } from '../../../sim/check/comparison.ts';
import { FakeVolume } from './fake-volume.ts';
import { baseOf, type FileState, restoredTree } from './stage.ts';

const fill = (size: number, value: number) => new Uint8Array(size).fill(value);

/** A volume with files A (3000 bytes) and B (700), observed from 0 s on. */
function observed() {
  const base = new FakeVolume('C');
  for (const [path, size] of [
    ['C:\\A', 3000],
    ['C:\\B', 700],
  ] as const) {
    runNow(runNow(base.create(path)).append(fill(size, path.charCodeAt(3))));
  }
  const truth = new Truth({ base: baseOf([base]), clock: () => 0 });
  const volume = base.remounted();
  volume.observer = truth;
  return { truth, volume };
}

function stateOf(volume: FakeVolume): Map<string, FileState> {
  return new Map([...volume.files()].map(([path, bytes]) => [path, { bytes, modified: volume.modifiedOf(path) }]));
}

/** The volume as the machine finds it when it starts again. */
function restart(truth: Truth, files: ReadonlyMap<string, FileState>, isForeign = (_path: string) => false): number {
  return truth.restarted(restoredTree(files, truth.base), ['C'], isForeign);
}

/** The instants at which all these files were as they are given. */
function fitsOf(truth: Truth, files: ReadonlyMap<string, FileState>): number[] {
  const comparer = new Comparer(truth, restoredTree(files, truth.base));
  const paths = new Set([...truth.paths(), ...files.keys()]);
  const { fits } = comparer.solve(
    [...paths].map(path => comparer.compare(path)),
    null,
  );
  return fits.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at));
}

describe('the truth after a restart', () => {
  test('a block, a size and a stamp that were taken back are versions of one event', () => {
    const { truth, volume } = observed();
    const before = stateOf(volume);
    const file = runNow(volume.open('C:\\A'));
    runNow(file.write(512, fill(512, 1)));
    runNow(file.append(fill(1000, 2)));
    const last = truth.now();
    const event = restart(truth, before);
    expect(event).toBe(last + 1);
    expect(fitsOf(truth, before)).toEqual([0, event]);
    expect(truth.fileAt('C:\\A', event)!.sizes.at(event, -1)).toBe(3000);
    expect(truth.fileAt('C:\\A', last)!.sizes.at(last, -1)).toBe(4000);
  });

  test('a rename that was taken back is of the same file', () => {
    const { truth, volume } = observed();
    const made = runNow(volume.create('C:\\T'));
    runNow(made.append(fill(600, 7)));
    const written = stateOf(volume);
    const file = truth.fileAt('C:\\T', truth.now());
    runNow(volume.rename('C:\\T', 'C:\\M'));
    const event = restart(truth, written);
    expect(truth.fileAt('C:\\T', event)).toBe(file);
    expect(truth.fileAt('C:\\M', event)).toBeNull();
  });

  test('a file that was lost is not there, and one that nobody knew is', () => {
    const { truth, volume } = observed();
    runNow(volume.create('C:\\N'));
    const strange = new Map([...stateOf(observed().volume), ['C:\\FOUND', { bytes: fill(10, 3), modified: 5 }]]);
    const event = restart(truth, strange);
    expect(truth.fileAt('C:\\N', event)).toBeNull();
    expect(truth.fileAt('C:\\FOUND', event)!.sizes.at(event, -1)).toBe(10);
    expect(fitsOf(truth, strange)).toEqual([event]);
  });

  test('what the next machine tells of its files is understood, whatever numbers it gives them', () => {
    const { truth, volume } = observed();
    runNow(runNow(volume.create('C:\\N')).append(fill(100, 1)));
    restart(truth, stateOf(volume));
    const next = volume.remounted();
    next.observer = truth;
    runNow(runNow(next.open('C:\\N')).append(fill(100, 2)));
    runNow(next.remove('C:\\B'));
    expect(fitsOf(truth, stateOf(next))).toEqual([truth.now()]);
  });

  test('of a foreign file it knows that it is there', () => {
    const { truth, volume } = observed();
    runNow(runNow(volume.create('C:\\X.CACHE')).append(fill(5000, 1)));
    const files = new Map([...stateOf(volume), ['C:\\X.CACHE', { bytes: fill(9000, 2), modified: 1 }]]);
    const versions = truth.blocks.versionCount;
    const event = restart(truth, files, path => path.endsWith('.CACHE'));
    expect(truth.fileAt('C:\\X.CACHE', event)!.sizes.at(event, -1)).toBe(9000);
    expect(truth.blocks.versionCount).toBe(versions);
  });

  test('property: whatever drives hold, that instant is the one that fits', () => {
    const content = fc
      .tuple(fc.nat(3000), fc.nat(3))
      .map(([size, value]) => ({ bytes: fill(size, value), modified: 0 }));
    const found = fc.dictionary(fc.constantFrom('C:\\A', 'C:\\B', 'C:\\N', 'C:\\O'), content);
    const write = fc.tuple(
      fc.constantFrom('C:\\A', 'C:\\B'),
      fc.nat(2500),
      fc.integer({ min: 1, max: 900 }),
      fc.nat(3),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(write, { maxLength: 6 }), found), { minLength: 1, maxLength: 3 }),
        lives => {
          const { truth, volume: first } = observed();
          let volume = first;
          for (const [writes, files] of lives) {
            for (const [path, at, size, value] of writes) {
              if (!volume.files().has(path)) continue;
              runNow(runNow(volume.open(path)).write(at, fill(size, value)));
            }
            const there = new Map(Object.entries(files));
            const event = restart(truth, there);
            expect(fitsOf(truth, there)).toContain(event);
            volume = new FakeVolume('C');
            for (const [path, { bytes }] of there) runNow(runNow(volume.create(path)).append(bytes));
            volume.observer = truth;
          }
        },
      ),
    );
  });
});

describe('transactions after a restart', () => {
  function committed(count: number): { truth: Truth; mine: WorkloadTruth } {
    const truth = new Truth({ base: baseOf([new FakeVolume('C')]), clock: () => 0 });
    const mine = truth.workload('bank');
    for (let operation = 0; operation < count; operation++) mine.committed(mine.begin(operation));
    return { truth, mine };
  }

  test('what is not there any more is lost from then on, and was there before', () => {
    const { truth, mine } = committed(3);
    const before = truth.now();
    mine.restarted(truth.event());
    mine.settled(number => number <= 1);
    const [, second, third] = mine.transactions;
    expect(second!.isLostAt(before)).toBe(false);
    expect([second!, third!].every(each => each.isLostAt(truth.now()))).toBe(true);
    expect(mine.transactions[0]!.lost).toBe(NEVER);
    expect(mine.begin(9).number).toBe(4);
  });

  test('nothing is judged from the start until the application knows what it has, nor after it found that nothing matches', () => {
    const { truth, mine } = committed(1);
    const before = truth.now();
    const start = truth.event();
    mine.restarted(start);
    expect(mine.whyUnjudged(before)).toBeNull();
    expect(mine.whyUnjudged(truth.now())).toMatch(/not yet recovered/);
    mine.settled(() => true);
    expect(mine.whyUnjudged(truth.now())).toBeNull();
    mine.breaks('A and B differ');
    expect(mine.whyUnjudged(truth.now())).toBe('A and B differ');
    expect(mine.whyUnjudged(before)).toBeNull();
    // A later start mends nothing.
    mine.restarted(truth.event());
    mine.settled(() => true);
    expect(mine.whyUnjudged(truth.now())).toBe('A and B differ');
  });

  test('one that was open is given up, unless its application will say what became of it', () => {
    const { mine } = committed(0);
    const first = mine.begin(1);
    mine.machineEnded('the machine was killed', true);
    expect(first.abortedBecause).toBe('the machine was killed');
    const second = mine.begin(2);
    second.pageDirtied();
    mine.machineEnded('the machine was killed', false);
    expect(mine.open).toBe(second);
    mine.committed(second);
    expect(second.written).toBe(second.committed);
  });
});
