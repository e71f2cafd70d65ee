/**
 * Caches on protected volumes (E11): of the snapshot's own volume, of the other one's, of each other's. The host that
 * allocates writes a sector of the volume for it, as a file system does. Whatever is written meanwhile, no picture is wrong
 * by a byte, none has a cache that was there at its T, and nobody waits for ever.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CacheSpace } from '../../engine/cache-file.ts';
import { IoRequest } from '../../engine/device.ts';
import { NotTaken } from '../../engine/engine.ts';
import type { Snapshot, SnapshotOptions } from '../../engine/snapshot.ts';
import { type Task, wait } from '../../engine/task.ts';
import { type Extent, KIB, MILLISECOND } from '../../engine/units.ts';
import { BenchWorld, SECTOR } from './bench-world.ts';

const SIZE = 600;
/** Where both volumes lie on their drives; caches come from the end of them, applications write to the rest. */
const VOLUME: Extent = { first: 3, count: 590 };
const CACHES_FROM = 200;
/** What the host writes when it allocates. */
const TABLE = 7;
const LIMIT = 64 * KIB;

type DriveId = 'a' | 'b';
const OTHER: Readonly<Record<DriveId, DriveId>> = { a: 'b', b: 'a' };

interface Lent extends Extent {
  readonly drive: DriveId;
  readonly by: string;
}

class SelfWorld {
  readonly world: BenchWorld;
  /** Extents that caches have now. */
  lent: Lent[] = [];
  /** Those that they had at each T. */
  readonly lentAtT = new Map<string, readonly Lent[]>();
  /** Sizes of each cache, in the order of growth. */
  readonly grown = new Map<string, number[]>();
  private readonly next = { a: CACHES_FROM, b: CACHES_FROM };

  /** Where caches will be there may be old data, or nothing that was ever written. */
  constructor(seed: number, hasOldData: boolean) {
    this.world = new BenchWorld(seed, { a: SIZE, b: SIZE, cache: 8 });
    for (const drive of ['a', 'b']) this.world.fill(drive, 0, hasOldData ? SIZE : CACHES_FROM);
    this.world.onEvent = ({ kind, snapshot }) => {
      if (kind === 'enabled') this.lentAtT.set(snapshot, [...this.lent]);
    };
  }

  /** A host that allocates on a protected volume, through its filter. */
  space(id: string, drive: DriveId): CacheSpace {
    const self = this;
    const table = function* (): Task<void> {
      const error = yield* wait(self.world.submit(drive, 'write', TABLE, 1, 1));
      if (error !== null) throw error;
    };
    return {
      device: this.world.drive(drive).ports.cache,
      within: { drive, extent: VOLUME },
      place: `${drive}:${id}`,
      *grow(bytes): Task<readonly Extent[]> {
        yield* table();
        const count = bytes / SECTOR;
        const half = Math.floor(count / 2);
        const extents = [half, count - half].map(part => {
          const first = self.next[drive];
          self.next[drive] += part + 1;
          return { first, count: part };
        });
        self.lent.push(...extents.map(extent => ({ ...extent, drive, by: id })));
        self.grown.set(id, [...(self.grown.get(id) ?? []), bytes]);
        return extents;
      },
      *free(): Task<void> {
        yield* table();
        self.lent = self.lent.filter(({ by }) => by !== id);
      },
    };
  }

  options(id: string, drives: readonly DriveId[], cacheOn: DriveId, more: Partial<SnapshotOptions>): SnapshotOptions {
    return this.world.options(id, {
      volumes: drives.map(drive => ({ name: drive, drive, extent: VOLUME })),
      cache: this.space(id, cacheOn),
      cacheSize: { minBytes: 8 * KIB, limitBytes: LIMIT },
      ...more,
    });
  }

  /** Every sector of every picture is that of T, and zero where a cache was. */
  *compare(snapshot: Snapshot): Task<void> {
    for (const [at, { name, filter }] of snapshot.volumes.entries()) {
      const device = this.world.engine.virtualVolume(snapshot, name, 'V');
      const request = new IoRequest('read', 0, VOLUME.count, new Uint8Array(VOLUME.count * SECTOR).fill(9));
      const error = yield* wait(device.submit(request));
      if (error !== null) {
        expect(snapshot.isEnabled, error.message).toBe(false);
        continue;
      }
      const expected = this.world.expected(snapshot, at, 0, VOLUME.count);
      for (const { first, count, drive } of this.lentAtT.get(snapshot.options.id)!) {
        const from = (first - VOLUME.first) * SECTOR;
        if (drive === filter.name) expected.fill(0, from, from + count * SECTOR);
      }
      for (let sector = 0; sector < VOLUME.count; sector++) {
        const [from, to] = [sector * SECTOR, (sector + 1) * SECTOR];
        const isSame = Buffer.compare(request.data!.subarray(from, to), expected.subarray(from, to)) === 0;
        if (!isSame) throw new Error(`${snapshot.options.id}: sector ${sector} of ${name} differs`);
      }
    }
  }

  /** Takes one, compares it, keeps it for a while, compares it again and releases it. */
  *life(options: SnapshotOptions, startNs: number, forNs: number): Task<void> {
    yield startNs;
    let snapshot: Snapshot;
    try {
      snapshot = yield* this.world.engine.takeSnapshot(options);
    } catch (error) {
      if (error instanceof NotTaken && error.because !== 'hold-limit') return;
      throw error;
    }
    yield* this.compare(snapshot);
    yield forNs;
    yield* this.compare(snapshot);
    yield* wait(snapshot.release());
  }

  *write(script: readonly Write[]): Task<void> {
    for (const [at, { op, drive, sector, count, pauseUs }] of script.entries()) {
      this.world.submit(drive, op, sector, Math.min(count, CACHES_FROM - sector), at + 1);
      yield pauseUs * 1000;
    }
  }

  run(...tasks: Task<void>[]): void {
    const processes = tasks.map((task, at) => this.world.owner.spawn(`task ${at}`, task));
    expect(this.world.kernel.settle()).toEqual([]);
    for (const { end } of processes) end.value;
  }
}

interface Write {
  readonly op: 'write' | 'discard' | 'zeroes';
  readonly drive: DriveId;
  readonly sector: number;
  readonly count: number;
  readonly pauseUs: number;
}

const write: fc.Arbitrary<Write> = fc.record({
  op: fc.constantFrom('write' as const, 'write' as const, 'discard' as const, 'zeroes' as const),
  drive: fc.constantFrom('a' as const, 'b' as const),
  sector: fc.nat(CACHES_FROM - 1),
  count: fc.integer({ min: 1, max: 24 }),
  pauseUs: fc.oneof(fc.nat(8000), fc.constant(20_000)),
});
const life = fc.record({
  drives: fc.constantFrom<DriveId[][]>(['a'], ['b'], ['a', 'b']),
  cacheOn: fc.constantFrom<DriveId[]>('a', 'b'),
  granuleBytes: fc.constantFrom(512, 2 * KIB, 8 * KIB),
  neverQuiet: fc.constantFrom('fail' as const, 'take-anyway' as const),
  protect: fc.constantFrom('application' as const, 'backup' as const),
  waitMs: fc.constantFrom(15, 200),
  startUs: fc.nat(100_000),
  forUs: fc.nat(150_000),
});

test('no picture has a cache in it, and all else is exact, wherever the caches of two snapshots lie', () => {
  const kinds = { lost: 0, taken: 0, 'timed out': 0 };
  fc.assert(
    fc.property(fc.nat(1e6), fc.tuple(life, life), fc.array(write, { maxLength: 60 }), (seed, lives, script) => {
      const self = new SelfWorld(seed, seed % 2 === 0);
      const tasks = lives.map(({ drives, cacheOn, startUs, forUs, waitMs, ...more }, at) => {
        const options = { ...more, waitLimitNs: waitMs * MILLISECOND };
        return self.life(self.options(`s${at}`, drives, cacheOn, options), startUs * 1000, forUs * 1000);
      });
      self.run(...tasks, self.write(script));
      // Who protects its backup may refuse the host the write that would free a cache.
      const stuck = self.world.events.flatMap(({ kind, snapshot }) => (kind === 'cache-not-freed' ? [snapshot] : []));
      expect(self.lent.filter(({ by }) => !stuck.includes(by))).toEqual([]);
      for (const { kind } of self.world.events) {
        if (kind === 'enabled') kinds.taken += 1;
        if (kind === 'lost') kinds.lost += 1;
        if (kind === 'timed-out') kinds['timed out'] += 1;
      }
    }),
    { numRuns: 400 },
  );
  expect(kinds.taken).toBeGreaterThan(300);
});

/** The first one has room for the old data of all that becomes the cache of the second. */
const SIZES = [LIMIT + 16 * KIB, LIMIT].map(limitBytes => ({ minBytes: 8 * KIB, limitBytes }));

/** Several snapshots that are taken one after the other, and all live for a while. */
function taken(
  hasOldData: boolean,
  ...which: readonly (readonly [drives: readonly DriveId[], cacheOn: DriveId])[]
): SelfWorld {
  const self = new SelfWorld(1, hasOldData);
  const lives = which.map(([drives, cacheOn], at) =>
    self.life(
      self.options(`s${at}`, drives, cacheOn, { cacheSize: SIZES[at]! }),
      at * 100 * MILLISECOND,
      500 * MILLISECOND,
    ),
  );
  self.run(...lives);
  return self;
}

describe('all of its limit is reserved before T', () => {
  test('by a cache on its own volume, at once; elsewhere it begins with the least', () => {
    expect(taken(true, [['a'], 'a']).grown).toEqual(new Map([['s0', [LIMIT + 16 * KIB]]]));
    expect(taken(true, [['a'], 'b']).grown).toEqual(new Map([['s0', [8 * KIB]]]));
  });

  test("by a cache on the volume of another one, whether the other's T is past or still to come", () => {
    const both = taken(false, [['a'], 'b'], [['b'], 'a']);
    const sectors = both.lentAtT.get('s1')!.reduce((sum, { count }) => sum + count, 0);
    expect(sectors * SECTOR).toBe(LIMIT + LIMIT + 16 * KIB);
    expect(both.grown.get('s1')).toEqual([LIMIT]);
  });

  test('and is zeroed and flushed', () => {
    const self = new SelfWorld(1, true);
    const { cache } = self.world.drive('a').ports;
    const flushes: number[] = [];
    const device = Object.create(cache, {
      submit: {
        value: (request: IoRequest) => {
          if (request.op === 'flush') flushes.push(self.lent.length);
          return cache.submit(request);
        },
      },
    });
    const space = { ...self.space('s', 'a'), device };
    self.run(self.life(self.options('s', ['a'], 'a', { cache: space }), 0, 0));
    expect(flushes).toEqual([2]);
    const enabled = self.world.events.findIndex(({ kind }) => kind === 'enabled');
    const fork = self.world.forks.get('s')!.get('a')!;
    const first = new Uint8Array(LIMIT / 2).fill(9);
    fork.read(CACHES_FROM * SECTOR, first);
    expect(enabled).toBeGreaterThan(0);
    expect(first.every(byte => byte === 0)).toBe(true);
  });
});

test('what becomes a cache after T is preserved like anything else that is written', () => {
  const { world, grown } = taken(true, [['a'], 'b'], [['b'], 'a']);
  const first = world.events.filter(event => event.snapshot === 's0' && event.kind === 'preserved');
  // All of the second one's cache, and the sector that the host wrote for it.
  const sectors = first.reduce((sum, event) => sum + ('count' in event ? event.count * 4 : 0), 0);
  expect(sectors).toBeGreaterThanOrEqual(LIMIT / SECTOR);
  expect(grown.get('s1')).toEqual([LIMIT]);
});

test('each other: they share no wait, so neither stands in the way of the other', () => {
  const self = new SelfWorld(3, true);
  const on = (drive: DriveId) => self.options(drive, [drive], OTHER[drive], { neverQuiet: 'take-anyway' });
  const script: Write[] = Array.from({ length: 400 }, (_, at) => {
    return { op: 'write', drive: at % 2 === 0 ? 'a' : 'b', sector: (at * 37) % 190, count: 3, pauseUs: 700 };
  });
  self.run(self.life(on('a'), 0, 200 * MILLISECOND), self.life(on('b'), 0, 200 * MILLISECOND), self.write(script));
  expect(self.world.events.filter(({ kind }) => kind === 'enabled')).toHaveLength(2);
});
