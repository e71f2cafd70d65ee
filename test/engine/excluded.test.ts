/**
 * Sectors that a picture leaves out (E11): they read as zeroes, to the sector and not to the granule, whatever is written
 * to them; nothing is preserved for them, and they do not break the quiet. All else is exact as ever.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IoRequest } from '../../engine/device.ts';
import { ExtentSet } from '../../engine/extent-set.ts';
import type { Snapshot } from '../../engine/snapshot.ts';
import { type Task, wait } from '../../engine/task.ts';
import { type Extent, KIB, MILLISECOND } from '../../engine/units.ts';
import { BenchWorld, SECTOR } from './bench-world.ts';

const SIZE = 96;
/** An odd place and size, so that granules lie across its ends. */
const VOLUME: Extent = { first: 3, count: 90 };

interface Write {
  readonly op: 'write' | 'discard' | 'zeroes';
  readonly sector: number;
  readonly count: number;
  readonly pauseUs: number;
}

const extent = fc.record({ first: fc.nat(SIZE - 1), count: fc.integer({ min: 1, max: 20 }) });
const write: fc.Arbitrary<Write> = fc.record({
  op: fc.constantFrom('write' as const, 'write' as const, 'discard' as const, 'zeroes' as const),
  sector: fc.nat(SIZE - 1),
  count: fc.integer({ min: 1, max: 24 }),
  pauseUs: fc.nat(8000),
});

/** Is a sector in one of the extents? By the plainest of means. */
function isIn(extents: readonly Extent[], sector: number): boolean {
  return extents.some(({ first, count }) => first <= sector && sector < first + count);
}

class Model {
  readonly world: BenchWorld;
  readonly excluded: readonly Extent[];

  constructor(seed: number, excluded: readonly Extent[]) {
    this.world = new BenchWorld(seed, { a: SIZE, cache: 65_536 });
    this.world.fill('a');
    this.excluded = excluded;
  }

  take(granuleBytes: number): Snapshot {
    const volume = { name: 'C', drive: 'a', extent: VOLUME, excluded: () => this.excluded };
    const options = this.world.options('s', { volumes: [volume], granuleBytes });
    const taken = this.world.owner.spawn('take', this.world.engine.takeSnapshot(options));
    while (!taken.end.isSettled) this.world.kernel.advance(1);
    return taken.end.value;
  }

  /** Writes in pairs at a time, and backup reads in between. */
  *script(snapshot: Snapshot, writes: readonly Write[]): Task<void> {
    const pending: IoRequest[] = [];
    for (const [at, { op, sector, count, pauseUs }] of writes.entries()) {
      pending.push(this.world.submit('a', op, sector, Math.min(count, SIZE - sector), at + 1));
      if (at % 3 === 0) yield* this.compare(snapshot);
      yield pauseUs * 1000;
    }
    for (const request of pending) expect(yield* wait(request)).toBeNull();
    yield* this.compare(snapshot);
    yield* wait(snapshot.release());
  }

  private *compare(snapshot: Snapshot): Task<void> {
    const device = this.world.engine.virtualVolume(snapshot, 'C', 'V');
    const request = new IoRequest('read', 0, VOLUME.count, new Uint8Array(VOLUME.count * SECTOR).fill(9));
    expect(yield* wait(device.submit(request))).toBeNull();
    const expected = this.world.expected(snapshot, 0, 0, VOLUME.count);
    for (let sector = 0; sector < VOLUME.count; sector++) {
      const at = sector * SECTOR;
      if (isIn(this.excluded, VOLUME.first + sector)) expected.fill(0, at, at + SECTOR);
      const got = request.data!.subarray(at, at + SECTOR);
      if (Buffer.compare(got, expected.subarray(at, at + SECTOR)) !== 0) throw new Error(`sector ${sector} differs`);
    }
  }

  /** Requests of a purpose that drive a got. */
  count(purpose: 'preserve' | 'virtual'): number {
    return this.world.drive('a').ports[purpose].requests;
  }
}

test('reads as zeroes where it is excluded, and is exact everywhere else', () => {
  const extents = fc.array(extent, { maxLength: 5 });
  const writes = fc.array(write, { minLength: 3, maxLength: 25 });
  fc.assert(
    fc.property(fc.nat(1e6), extents, fc.constantFrom(512, KIB, 8 * KIB), writes, (seed, excluded, granule, script) => {
      const model = new Model(seed, excluded);
      const snapshot = model.take(granule);
      const process = model.world.owner.spawn('script', model.script(snapshot, script));
      expect(model.world.kernel.settle()).toEqual([]);
      process.end.value;
    }),
    { numRuns: 300 },
  );
});

describe('writes to excluded sectors', () => {
  const EXCLUDED = [{ first: 20, count: 11 }];
  const within: Write[] = [
    { op: 'write', sector: 20, count: 11, pauseUs: 100 },
    { op: 'zeroes', sector: 24, count: 3, pauseUs: 0 },
    { op: 'discard', sector: 30, count: 1, pauseUs: 0 },
  ];

  test('preserve nothing; one sector beside them does, and takes the whole granule', () => {
    const model = new Model(1, EXCLUDED);
    const snapshot = model.take(8 * KIB);
    const process = model.world.owner.spawn('script', model.script(snapshot, within));
    model.world.kernel.settle();
    process.end.value;
    expect(model.count('preserve')).toBe(0);
    expect(snapshot.granulesPreserved).toBe(0);

    const other = new Model(1, EXCLUDED);
    const second = other.take(8 * KIB);
    const beside: Write[] = [{ op: 'write', sector: 25, count: 7, pauseUs: 0 }];
    const more = other.world.owner.spawn('script', other.script(second, beside));
    other.world.kernel.settle();
    more.end.value;
    expect(second.granulesPreserved).toBe(1);
  });

  test('that lie within a larger write preserve nothing of their own', () => {
    const model = new Model(1, EXCLUDED);
    const snapshot = model.take(SECTOR);
    const script = model.script(snapshot, [{ op: 'write', sector: 18, count: 15, pauseUs: 0 }]);
    const process = model.world.owner.spawn('script', script);
    model.world.kernel.settle();
    process.end.value;
    expect(snapshot.granulesPreserved).toBe(15 - 11);
  });

  test('do not break the quiet; those that reach beyond do', () => {
    const busy = (sector: number, count: number): string[] => {
      const { world } = new Model(1, EXCLUDED);
      const volume = { name: 'C', drive: 'a', extent: VOLUME, excluded: () => EXCLUDED };
      const options = world.options('s', { volumes: [volume], waitLimitNs: 100 * MILLISECOND });
      world.owner.spawn('take', world.engine.takeSnapshot(options));
      const writer = function* (): Task<void> {
        for (let at = 0; at < 60; at++) {
          yield* wait(world.submit('a', 'write', sector, count, at));
          yield MILLISECOND;
        }
      };
      world.owner.spawn('writer', writer());
      world.kernel.settle();
      return world.events.map(({ kind }) => kind);
    };
    expect(busy(22, 9)).toContain('enabled');
    expect(busy(22, 9)).not.toContain('quiet-broken');
    expect(busy(22, 10)).toContain('timed-out');
  });
});

test('a write in flight to what is excluded no more breaks the quiet (its file is gone, another has the sectors)', () => {
  const { world } = new Model(1, []);
  let excluded: readonly Extent[] = [{ first: 20, count: 11 }];
  const volume = { name: 'C', drive: 'a', extent: VOLUME, excluded: () => excluded };
  const options = world.options('s', { volumes: [volume], quietNs: 50 * MILLISECOND, granuleBytes: SECTOR });
  const ends: number[] = [];
  const script = function* (): Task<void> {
    yield 50 * MILLISECOND - 1000;
    const request = world.submit('a', 'write', 22, 4, 7);
    excluded = [];
    yield* wait(request);
    ends.push(world.kernel.now());
  };
  world.onEvent = ({ kind }) => {
    if (kind === 'waiting') world.owner.spawn('script', script());
    if (kind === 'enabled') ends.push(world.kernel.now());
  };
  const taking = world.owner.spawn('take', world.engine.takeSnapshot(options));
  world.kernel.settle();
  expect(taking.end.value.isEnabled).toBe(true);
  expect(ends[1]! - ends[0]!).toBe(50 * MILLISECOND);
});

test('a set of extents is what its sectors are', () => {
  fc.assert(
    fc.property(fc.array(extent, { maxLength: 8 }), extent, (extents, { first, count }) => {
      const set = new ExtentSet(extents);
      const sectors = Array.from({ length: count }, (_, at) => first + at);
      const outside = set.outside(first, count);
      expect(sectors.filter(sector => isIn(outside, sector))).toEqual(sectors.filter(each => !isIn(extents, each)));
      expect(outside.every(part => part.count > 0)).toBe(true);
      expect(set.covers(first, count)).toBe(outside.length === 0);
      expect(set.isEmpty).toBe(extents.length === 0);
    }),
  );
});
