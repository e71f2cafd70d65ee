/** The one place that waits: planning again until all pages are there, and sharing memory without a deadlock. */
import { describe, expect, test } from 'vitest';
import { DefectError } from '../../../engine/invariant.ts';
import { SECOND } from '../../../engine/units.ts';
import type { CachedVolume } from '../../../sim/fs/cached-volume.ts';
import { Edits } from '../../../sim/fs/fat/edits.ts';
import { mkfs } from '../../../sim/fs/fat/mkfs.ts';
import { FatState } from '../../../sim/fs/fat/state.ts';
import { type Operation, run, View } from '../../../sim/fs/operation.ts';
import { PageCache } from '../../../sim/fs/page-cache.ts';
import { HeldDevice } from './ram-device.ts';
import { TestScheduler } from './test-scheduler.ts';
import { START, testHash } from './volumes.ts';

class Needs implements Operation<number, string> {
  readonly path: string;
  readonly changesPages: boolean;
  plans = 0;
  private readonly pages: readonly number[];
  private readonly oneByOne: boolean;

  constructor(path: string, pages: readonly number[], oneByOne = false, changesPages = false) {
    this.path = path;
    this.pages = pages;
    this.oneByOne = oneByOne;
    this.changesPages = changesPages;
  }

  plan(view: View): number | null {
    this.plans += 1;
    for (const number of this.pages) if (view.page(number) === null && this.oneByOne) return null;
    return view.isMissing ? null : this.plans;
  }

  apply(plans: number): string {
    return `${this.path} after ${plans}`;
  }
}

function bench(frames: number, dirtyLimitPages = frames) {
  const scheduler = new TestScheduler();
  const device = new HeldDevice(new Uint8Array(64 * 4096));
  const cache = new PageCache({
    owner: scheduler.owner,
    sizeBytes: frames * 4096,
    writeBackNs: SECOND,
    dirtyLimitBytes: dirtyLimitPages * 4096,
    hash: testHash,
  });
  const volume = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: 512 });
  const start = (operation: Operation<number, string>) => scheduler.spawn(run(volume, operation), operation.path);
  const pagesWaiting = () => device.waiting.map(({ sector }) => sector / 8);
  const releaseOne = () => {
    device.release();
    scheduler.run();
  };
  return { scheduler, device, cache, volume, start, pagesWaiting, releaseOne };
}

/** Makes pages dirty, as somebody else's operation would. */
function dirty(volume: CachedVolume, numbers: readonly number[]): void {
  for (const number of numbers) {
    const page = volume.cache.frame(volume, number)!;
    volume.cache.pin(page);
    volume.cache.blank(page);
    volume.cache.change(page, { mark: 0 }, null);
    volume.cache.unpin(page);
  }
}

describe('an operation', () => {
  test('that misses nothing runs at once', () => {
    const b = bench(16);
    expect(b.start(new Needs('A', [])).end.value).toBe('A after 1');
  });

  test('asks for all pages that it can tell, and is planned again when they are there', () => {
    const b = bench(16);
    const process = b.start(new Needs('A', [1, 2, 3]));
    expect(b.pagesWaiting()).toEqual([1, 2, 3]);
    b.device.releaseAll();
    b.scheduler.run();
    expect(process.end.value).toBe('A after 2');
    expect(b.start(new Needs('B', [1, 2, 3])).end.value).toBe('B after 1');
  });

  test('that learns of its pages one by one keeps those that it has', () => {
    const b = bench(16);
    const process = b.start(new Needs('A', [1, 2, 3], true));
    for (const page of [1, 2, 3]) {
      expect(b.pagesWaiting()).toEqual([page]);
      b.releaseOne();
    }
    expect(process.end.value).toBe('A after 4');
  });

  test('that changes pages waits at the dirty limit before it is planned', () => {
    const b = bench(16, 2);
    dirty(b.volume, [5, 6]);
    const writer = new Needs('writer', [], false, true);
    const reader = new Needs('reader', [5]);
    const waiting = b.start(writer);
    expect([writer.plans, b.start(reader).end.isSettled]).toEqual([0, true]);
    b.releaseOne();
    expect([writer.plans, waiting.end.isSettled]).toEqual([1, true]);
  });
});

describe('memory', () => {
  test('beyond a quarter of the cache goes to one operation at a time, in the order in which they came', () => {
    const b = bench(16);
    const order: string[] = [];
    const big = (name: string, first: number) => {
      const process = b.start(
        new Needs(
          name,
          [0, 1, 2, 3, 4, 5].map(at => first + at),
        ),
      );
      process.end.attach({ settled: () => order.push(name) });
    };
    big('A', 0);
    big('B', 10);
    big('C', 20);
    const small = b.start(new Needs('small', [40]));
    expect(b.pagesWaiting()).toEqual([0, 1, 2, 3, 4, 5, 40]);
    b.device.release(6);
    b.scheduler.run();
    expect(small.end.isSettled).toBe(true);
    while (b.device.waiting.length > 0) b.releaseOne();
    expect(order).toEqual(['A', 'B', 'C']);
  });

  test('that is dirty is written for who waits for it', () => {
    const b = bench(4);
    dirty(b.volume, [10, 11, 12, 13]);
    const process = b.start(new Needs('A', [1, 2]));
    expect(b.device.waiting.every(({ op }) => op === 'write')).toBe(true);
    while (b.device.waiting.length > 0) b.releaseOne();
    expect(process.end.value).toBe('A after 3');
  });

  test('is let go by all who wait for it but the first, so that none waits for ever', () => {
    const b = bench(8);
    const processes = [0, 10, 20, 30, 40].map(first => b.start(new Needs(`${first}`, [first, first + 1], true)));
    let left = 1000;
    for (; b.device.waiting.length > 0 && left > 0; left--) b.releaseOne();
    expect(processes.map(({ end }) => end.isSettled)).toEqual([true, true, true, true, true]);
  });

  test('that is not there at all is an error, not a wait for ever', () => {
    const b = bench(4);
    const process = b.start(new Needs('A', [1, 2, 3, 4, 5]));
    while (b.device.waiting.length > 0) b.releaseOne();
    expect(process.end.error).toMatchObject({ failure: 'no-memory' });
    expect(b.start(new Needs('B', [1, 2])).end.isSettled || b.device.waiting.length > 0).toBe(true);
  });

  test('that an operation holds is counted once, also when it asks for a page in two ways', () => {
    const b = bench(4);
    let plans = 0;
    const operation: Operation<number, string> = {
      path: 'A',
      changesPages: false,
      plan: view => {
        plans += 1;
        if (plans < 3) view.blank(1);
        else view.page(1);
        for (const number of plans < 3 ? [2] : [2, 3, 4, 5]) view.page(number);
        return null;
      },
      apply: () => 'never',
    };
    const process = b.start(operation);
    while (b.device.waiting.length > 0) b.releaseOne();
    expect(process.end.error).toMatchObject({ failure: 'no-memory' });
    b.cache.dropAll();
    expect(b.cache.usedFrames).toBe(0);
  });

  test('that can not be written is an error with its cause', () => {
    const b = bench(4);
    dirty(b.volume, [10, 11, 12, 13]);
    b.device.failing = () => 'write-error';
    const process = b.start(new Needs('A', [1, 2]));
    while (b.device.waiting.length > 0) b.releaseOne();
    expect(process.end.error).toMatchObject({ failure: 'io', cause: { failure: 'write-error' } });
  });

  test('in line is left by who is cancelled', () => {
    const b = bench(16);
    const numbers = [0, 1, 2, 3, 4, 5];
    const first = b.start(new Needs('A', numbers));
    const second = b.start(
      new Needs(
        'B',
        numbers.map(at => 10 + at),
      ),
    );
    const third = b.start(
      new Needs(
        'C',
        numbers.map(at => 20 + at),
      ),
    );
    second.cancel();
    first.cancel();
    b.scheduler.run();
    while (b.device.waiting.length > 0) b.releaseOne();
    expect(third.end.value).toBe('C after 3');
  });
});

test('a page that is missing after the first change is a defect', () => {
  const b = bench(16);
  const { layout } = mkfs({ kind: 'fat12', sectorSize: 512, sectorCount: 512, serial: 1 });
  const state = new FatState(b.volume, layout, { now: () => START, ids: { next: 1 } });
  const edits = new Edits(state);
  edits.patch(new View(b.volume), 5 * 4096, new Uint8Array(10));
  expect(() => edits.apply({ mark: 0 }, null)).toThrow(DefectError);
});
