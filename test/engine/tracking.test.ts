/**
 * Model: what is tracked against forks of all sectors. An earlier fork, with the granules that changed since put over it,
 * is the later fork, byte for byte; and no granule is told as changed that no request touched.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bitmap } from '../../engine/bitmap.ts';
import type { IoRequest } from '../../engine/device.ts';
import { ExtentSet } from '../../engine/extent-set.ts';
import type { SelectedVolume } from '../../engine/snapshot.ts';
import { type Task, wait } from '../../engine/task.ts';
import { ChangeTracker } from '../../engine/tracking.ts';
import { KIB, MILLISECOND } from '../../engine/units.ts';
import { BenchWorld, SECTOR } from './bench-world.ts';

const SIZE = 96;
const INTERVALS = 3;
const GRANULES = [512, KIB, 4 * KIB] as const;

/** Two volumes on drive a, the second with an odd size, one over both of them, and all of drive b. */
const VOLUMES: readonly SelectedVolume[] = [
  { name: 'C', drive: 'a', extent: { first: 0, count: 41 } },
  { name: 'D', drive: 'a', extent: { first: 45, count: SIZE - 45 } },
  { name: 'whole', drive: 'a', extent: { first: 0, count: SIZE } },
  { name: 'E', drive: 'b', extent: { first: 0, count: SIZE } },
];

interface Change {
  readonly do: 'write' | 'discard' | 'zeroes';
  readonly drive: 'a' | 'b';
  readonly sector: number;
  readonly count: number;
}

type Step =
  | Change
  | { readonly do: 'wait'; readonly us: number }
  | { readonly do: 'snapshot'; readonly volumes: readonly number[]; readonly anyway: boolean; readonly drop: boolean };

const change = fc.record({
  do: fc.constantFrom('write' as const, 'write' as const, 'discard' as const, 'zeroes' as const),
  drive: fc.constantFrom('a' as const, 'b' as const),
  sector: fc.nat(SIZE - 1),
  count: fc.integer({ min: 1, max: 24 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: change },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), us: fc.integer({ min: 1, max: 30_000 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('snapshot' as const),
      volumes: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
      anyway: fc.boolean(),
      drop: fc.boolean(),
    }),
  },
);

class Model {
  readonly world: BenchWorld;
  readonly trackers: readonly ChangeTracker[];
  /** Destructive requests in the order in which they reached the drives. */
  private readonly issued: { readonly drive: string; readonly request: IoRequest }[] = [];
  /** Snapshots in the order of their T, with how much had been issued by then. */
  private readonly taken: { readonly id: string; readonly volumes: readonly number[]; readonly issued: number }[] = [];
  private asked = 0;
  compared = 0;
  forgotten = 0;

  constructor(seed: number, granuleBytes: number) {
    this.world = new BenchWorld(seed, { a: SIZE, b: SIZE, cache: 65_536 });
    const failing = this.world.kernel.choices.stream('failing');
    for (const id of ['a', 'b']) {
      this.world.fill(id, 0, SIZE - 20);
      const { drive } = this.world.drive(id);
      drive.faults = {
        serviceTime: (_handle, _request, plain) => plain,
        failure: ({ purpose }, { isDestructive, count }) =>
          purpose === 'application' && isDestructive && failing.below(8) === 0
            ? { failure: 'write-error', doneSectors: failing.below(count) }
            : null,
      };
      drive.observer = {
        issued: ({ purpose }, request) =>
          purpose === 'application' && request.isDestructive ? this.issued.push({ drive: id, request }) : 0,
        completed: () => {},
      };
    }
    this.trackers = VOLUMES.map(({ drive, extent }) =>
      this.world.engine.track({ drive, extent, granuleBytes, intervals: INTERVALS, generation: 1 }),
    );
  }

  *script(steps: readonly Step[]): Task<void> {
    const pending: IoRequest[] = [];
    for (const each of steps) {
      if (each.do === 'wait') yield each.us * 1000;
      else if (each.do === 'snapshot') this.world.owner.spawn('backup', this.backup(each));
      else
        pending.push(this.world.submit(each.drive, each.do, each.sector, Math.min(each.count, SIZE - each.sector), 1));
    }
    for (const request of pending) yield* wait(request);
    yield 500 * MILLISECOND;
  }

  private *backup({ volumes, anyway, drop }: Extract<Step, { do: 'snapshot' }>): Task<void> {
    const name = `s${this.asked++}`;
    const options = this.world.options(name, {
      volumes: volumes.map(at => VOLUMES[at]!),
      granuleBytes: KIB,
      discards: drop ? 'drop' : 'preserve',
      waitLimitNs: anyway ? 20 * MILLISECOND : 100_000 * MILLISECOND,
      neverQuiet: anyway ? 'take-anyway' : 'fail',
    });
    const snapshot = yield* this.world.engine.takeSnapshot(options);
    // Whatever let go of a held write in this step did so after T.
    this.taken.push({ id: name, volumes, issued: this.issuedAtT.get(name)! });
    yield 30 * MILLISECOND;
    yield* wait(snapshot.release());
  }

  private readonly issuedAtT = new Map<string, number>();

  /** To be called before the script runs. */
  hear(): this {
    this.world.onEvent = event => {
      if (event.kind === 'enabled') this.issuedAtT.set(event.snapshot, this.issued.length);
    };
    return this;
  }

  judge(): void {
    VOLUMES.forEach((volume, at) => {
      const mine = this.taken
        .filter(({ volumes }) => volumes.includes(at))
        .sort((a, b) => a.issued - b.issued || this.order(a.id) - this.order(b.id));
      mine.forEach((base, first) => {
        mine.slice(first + 1).forEach(next => {
          const changed = this.trackers[at]!.changedBetween(base.id, next.id);
          expect(changed !== null, `${base.id} to ${next.id} of ${volume.name}`).toBe(first >= mine.length - INTERVALS);
          if (changed === null) this.forgotten += 1;
          else this.compare(volume, this.trackers[at]!, changed, base, next);
        });
      });
    });
  }

  private order(id: string): number {
    return this.world.events.findIndex(event => event.kind === 'enabled' && event.snapshot === id);
  }

  private compare(
    volume: SelectedVolume,
    { grid }: ChangeTracker,
    changed: Bitmap,
    base: { readonly id: string; readonly issued: number },
    next: { readonly id: string; readonly issued: number },
  ): void {
    const requests = this.issued.slice(base.issued, next.issued).filter(({ drive }) => drive === volume.drive);
    for (let granule = 0; granule < grid.granuleCount; granule++) {
      const first = grid.start(granule);
      const count = grid.length(granule);
      const wasTouched = requests.some(
        ({ request }) => request.sector < first + count && first < request.sector + request.count,
      );
      expect(changed.get(granule), `granule ${granule} of ${volume.name}`).toBe(wasTouched);
      if (wasTouched) continue;
      expect(Buffer.compare(this.bytes(base.id, volume, first, count), this.bytes(next.id, volume, first, count))).toBe(
        0,
      );
    }
    this.compared += 1;
  }

  private bytes(snapshot: string, { drive }: SelectedVolume, first: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count * SECTOR);
    this.world.forks
      .get(snapshot)!
      .get(drive)!
      .read(first * SECTOR, bytes);
    return bytes;
  }
}

test('an earlier picture and what changed since are the later picture', () => {
  let compared = 0;
  let forgotten = 0;
  const steps = fc.array(step, { minLength: 10, maxLength: 80 });
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.constantFrom(...GRANULES), steps, (seed, granuleBytes, script) => {
      const model = new Model(seed, granuleBytes).hear();
      const process = model.world.owner.spawn('script', model.script(script));
      expect(model.world.kernel.settle()).toEqual([]);
      process.end.value;
      model.judge();
      compared += model.compared;
      forgotten += model.forgotten;
    }),
    { numRuns: 300 },
  );
  expect(compared).toBeGreaterThan(200);
  expect(forgotten).toBeGreaterThan(20);
});

describe('a tracker', () => {
  test('knows nothing between snapshots that it has not seen, or in the wrong order', () => {
    const tracker = new ChangeTracker({ first: 0, count: 64 }, 8, 8, 1);
    tracker.mark(3, 1);
    tracker.swap('monday');
    tracker.mark(60, 10);
    tracker.swap('tuesday');
    expect(tracker.changedBetween('monday', 'tuesday')?.get(7)).toBe(true);
    expect(tracker.changedBetween('monday', 'tuesday')?.count).toBe(1);
    expect(tracker.changedBetween('monday', 'monday')?.count).toBe(0);
    expect(tracker.changedBetween('tuesday', 'monday')).toBeNull();
    expect(tracker.changedBetween('sunday', 'tuesday')).toBeNull();
  });
});

test('bitmaps are added, in chunks that only one of them has, too', () => {
  const bits = fc.uniqueArray(fc.nat(99_999), { maxLength: 60 });
  fc.assert(
    fc.property(bits, bits, (mine, others) => {
      const [sum, other] = [mine, others].map(list => {
        const bitmap = new Bitmap(100_000);
        for (const bit of list) bitmap.set(bit);
        return bitmap;
      }) as [Bitmap, Bitmap];
      sum.add(other);
      const expected = new Set([...mine, ...others]);
      expect(sum.count).toBe(expected.size);
      for (const bit of expected) expect(sum.get(bit)).toBe(true);
      expect(other.count).toBe(others.length);
    }),
  );
});

/** Model: pictures as arrays of versions, with 0 where one leaves a sector out. */
describe('sectors that pictures leave out', () => {
  const SECTORS = 40;
  type Act =
    | { readonly does: 'write'; readonly first: number; readonly count: number }
    | { readonly does: 'T'; readonly excluded: readonly { readonly first: number; readonly count: number }[] };
  const range = fc.record({ first: fc.nat(SECTORS - 1), count: fc.integer({ min: 1, max: 9 }) });
  const act: fc.Arbitrary<Act> = fc.oneof(
    { weight: 3, arbitrary: range.map(each => ({ does: 'write' as const, ...each })) },
    { weight: 2, arbitrary: fc.array(range, { maxLength: 3 }).map(excluded => ({ does: 'T' as const, excluded })) },
  );

  test('are changed when one of two pictures has them, and not when neither has', () => {
    const granule = fc.constantFrom(1, 4, 7);
    fc.assert(
      fc.property(granule, fc.array(act, { maxLength: 40 }), (granuleSectors, acts) => {
        const tracker = new ChangeTracker({ first: 0, count: SECTORS }, granuleSectors, acts.length + 1, 1);
        const content = new Array<number>(SECTORS).fill(1);
        const pictures: number[][] = [];
        acts.forEach((each, at) => {
          if (each.does === 'write') {
            tracker.mark(each.first, each.count);
            content.fill(at + 2, each.first, each.first + each.count);
          } else {
            tracker.swap(`${pictures.length}`, new ExtentSet(each.excluded));
            const picture = [...content];
            for (const { first, count } of each.excluded) picture.fill(0, first, first + count);
            pictures.push(picture);
          }
        });
        pictures.forEach((base, from) => {
          pictures.forEach((next, to) => {
            if (to < from) return;
            const changed = tracker.changedBetween(`${from}`, `${to}`)!;
            const alwaysOut = pictures
              .slice(from, to + 1)
              .reduce(
                (out, picture) => out.map((is, s) => is && picture[s] === 0),
                new Array<boolean>(SECTORS).fill(true),
              );
            for (let sector = 0; sector < SECTORS; sector++) {
              const isChanged = changed.get(Math.floor(sector / granuleSectors));
              if (!isChanged) expect(base[sector]).toBe(next[sector]);
              if (granuleSectors === 1 && alwaysOut[sector]) expect(isChanged).toBe(false);
            }
          });
        });
      }),
      { numRuns: 300 },
    );
  });
});
