/**
 * Model: the engine against a fork of all sectors at T, and live drives against one disk that is fed the same requests
 * in the same order. Random interleavings of writes, overlapping writes, backup reads, discards, zeroes and flushes, on
 * one and several volumes and snapshots.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IoRequest } from '../../engine/device.ts';
import type { Snapshot } from '../../engine/snapshot.ts';
import { type Task, wait } from '../../engine/task.ts';
import { KIB, MILLISECOND } from '../../engine/units.ts';
import { BenchWorld, contents, SECTOR } from './bench-world.ts';

const SIZE = 96;

type Step =
  | {
      readonly do: 'write' | 'discard' | 'zeroes' | 'read';
      readonly drive: 0 | 1;
      readonly sector: number;
      readonly count: number;
    }
  | { readonly do: 'flush'; readonly drive: 0 | 1 }
  | { readonly do: 'wait'; readonly us: number }
  | {
      readonly do: 'snapshot';
      readonly granule: number;
      readonly volumes: number;
      readonly drop: boolean;
      readonly anyway: boolean;
      readonly durable: boolean;
    }
  | { readonly do: 'virtual'; readonly which: number; readonly sector: number; readonly count: number }
  | { readonly do: 'release'; readonly which: number };

const range = { sector: fc.nat(SIZE - 1), count: fc.integer({ min: 1, max: 24 }) };
const snapshotStep = fc.record({
  do: fc.constant('snapshot' as const),
  granule: fc.constantFrom(512, KIB, 2 * KIB, 8 * KIB),
  volumes: fc.integer({ min: 1, max: 7 }),
  drop: fc.boolean(),
  anyway: fc.boolean(),
  durable: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('write' as const),
      drive: fc.constantFrom(0 as const, 1 as const),
      ...range,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('discard' as const, 'zeroes' as const, 'read' as const),
      drive: fc.constantFrom(0 as const, 1 as const),
      ...range,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('flush' as const), drive: fc.constantFrom(0 as const, 1 as const) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), us: fc.integer({ min: 1, max: 30_000 }) }) },
  { weight: 2, arbitrary: snapshotStep },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('virtual' as const), which: fc.nat(3), ...range }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(3) }) },
);

/** Most scripts begin with a snapshot that has time to be enabled. */
const first: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(snapshotStep, fc.constant<Step>({ do: 'wait', us: 20_000 })) },
  { weight: 1, arbitrary: fc.constant<Step[]>([]) },
);

/** Three volumes: two on drive a (the second with an odd size), and all of drive b. */
const VOLUMES = [
  { name: 'C', drive: 'a', extent: { first: 0, count: 41 } },
  { name: 'D', drive: 'a', extent: { first: 45, count: SIZE - 45 } },
  { name: 'E', drive: 'b', extent: { first: 0, count: SIZE } },
];

class Model {
  readonly world: BenchWorld;
  readonly snapshots: Snapshot[] = [];
  private readonly live = new Map<string, Uint8Array[]>();
  private version = 1;
  private reads = 0;
  private asked = 0;
  comparedReads = 0;

  constructor(seed: number) {
    this.world = new BenchWorld(seed, { a: SIZE, b: SIZE, cache: 65_536 });
    for (const id of ['a', 'b']) {
      this.world.fill(id, 0, SIZE - 20);
      const { drive } = this.world.drive(id);
      const sectors = Array.from({ length: SIZE }, (_, sector) => {
        const bytes = new Uint8Array(SECTOR);
        drive.sectors.read(sector * SECTOR, bytes);
        return bytes;
      });
      this.live.set(id, sectors);
    }
  }

  *script(steps: readonly Step[]): Task<void> {
    const pending: IoRequest[] = [];
    let dropping = false;
    for (const each of steps) {
      switch (each.do) {
        case 'wait':
          yield each.us * 1000;
          break;
        case 'flush':
          pending.push(this.world.submit(id(each.drive), 'flush', 0, 0));
          break;
        case 'snapshot': {
          dropping ||= each.drop;
          const volumes = VOLUMES.filter((_, index) => Math.floor(each.volumes / [1, 2, 4][index]!) % 2 === 1);
          const name = `s${this.asked++}`;
          this.world.owner.spawn(name, this.take(name, each, volumes));
          break;
        }
        case 'virtual':
          this.world.owner.spawn('virtual read', this.readVirtual(each.which, each.sector, each.count));
          break;
        case 'release':
          this.snapshots[each.which % Math.max(1, this.snapshots.length)]?.release();
          break;
        default:
          pending.push(this.request(each, dropping));
      }
    }
    for (const request of pending) expect(yield* wait(request)).toBeNull();
    yield 100 * MILLISECOND;
    for (const snapshot of this.snapshots) yield* this.readAll(snapshot);
    for (const snapshot of this.snapshots) yield* wait(snapshot.release());
    if (!dropping) this.compareLive();
  }

  private request(each: Extract<Step, { sector: number }>, dropping: boolean): IoRequest {
    const { do: op, sector } = each;
    if (op === 'virtual') throw new Error('not a live request');
    const drive = id(each.drive);
    const count = Math.min(each.count, SIZE - sector);
    const version = this.version++;
    if (op === 'write') {
      const bytes = contents(SECTOR, sector, count, version);
      this.setLive(drive, sector, count, at => bytes.slice(at * SECTOR, (at + 1) * SECTOR));
    } else if (op === 'zeroes' || (op === 'discard' && !dropping)) {
      this.setLive(drive, sector, count, () => new Uint8Array(SECTOR));
    }
    return this.world.submit(drive, op, sector, count, version);
  }

  private setLive(drive: string, sector: number, count: number, bytes: (at: number) => Uint8Array): void {
    const sectors = this.live.get(drive)!;
    for (let at = 0; at < count; at++) sectors[sector + at] = bytes(at);
  }

  private *take(name: string, each: Extract<Step, { do: 'snapshot' }>, volumes: typeof VOLUMES): Task<void> {
    if (this.snapshots.length >= 4) return;
    const options = this.world.options(name, {
      volumes,
      granuleBytes: each.granule,
      discards: each.drop ? 'drop' : 'preserve',
      waitLimitNs: each.anyway ? 20 * MILLISECOND : 10_000 * MILLISECOND,
      neverQuiet: each.anyway ? 'take-anyway' : 'fail',
      ...(each.durable ? { durability: this.world.durability('cache') } : {}),
    });
    this.snapshots.push(yield* this.world.engine.takeSnapshot(options));
  }

  private *readVirtual(which: number, sector: number, count: number): Task<void> {
    const snapshot = this.snapshots[which % Math.max(1, this.snapshots.length)];
    if (snapshot === undefined) return;
    const volume = this.reads++ % snapshot.volumes.length;
    const { extent, name } = snapshot.options.volumes[volume]!;
    if (sector >= extent.count) return;
    const length = Math.min(count, extent.count - sector);
    const device = this.world.engine.virtualVolume(snapshot, name, `V${name}`);
    const request = new IoRequest('read', sector, length, new Uint8Array(length * SECTOR));
    const error = yield* wait(device.submit(request));
    if (error !== null) {
      expect(error.failure).toBe('snapshot-ended');
      expect(snapshot.isEnabled).toBe(false);
      return;
    }
    this.comparedReads += 1;
    same(request.data, this.world.expected(snapshot, volume, sector, length), `${name} from ${sector}`);
  }

  private *readAll(snapshot: Snapshot): Task<void> {
    if (!snapshot.isEnabled) return;
    for (const [volume, { name, extent }] of snapshot.options.volumes.entries()) {
      const device = this.world.engine.virtualVolume(snapshot, name, `V${name}`);
      const request = new IoRequest('read', 0, extent.count, new Uint8Array(extent.count * SECTOR));
      expect(yield* wait(device.submit(request))).toBeNull();
      same(request.data, this.world.expected(snapshot, volume, 0, extent.count), `all of ${name}`);
    }
  }

  private compareLive(): void {
    for (const [drive, sectors] of this.live) {
      const bytes = new Uint8Array(SIZE * SECTOR);
      this.world.drive(drive).drive.sectors.read(0, bytes);
      sectors.forEach((sector, at) => {
        same(bytes.subarray(at * SECTOR, (at + 1) * SECTOR), sector, `sector ${at} of ${drive}`);
      });
    }
  }
}

/** Compares fast, and names the first sector that differs. */
function same(got: Uint8Array | null, wanted: Uint8Array, what: string): void {
  if (got !== null && Buffer.compare(got, wanted) === 0) return;
  const at = wanted.findIndex((byte, index) => got?.[index] !== byte);
  throw new Error(`${what}: sector ${Math.floor(at / SECTOR)} differs`);
}

function id(drive: 0 | 1): string {
  return drive === 0 ? 'a' : 'b';
}

test('every virtual read equals the fork of T, and live drives end as one disk would', () => {
  let compared = 0;
  let taken = 0;
  fc.assert(
    fc.property(fc.nat(1_000_000), first, fc.array(step, { minLength: 5, maxLength: 60 }), (seed, start, steps) => {
      const model = new Model(seed);
      const script = model.world.owner.spawn('script', model.script([...start, ...steps]));
      const waiting = model.world.kernel.settle();
      expect(waiting).toEqual([]);
      script.end.value;
      compared += model.comparedReads;
      taken += model.snapshots.length;
      expect(model.world.engine.aliveCount).toBe(0);
    }),
    { numRuns: 400 },
  );
  expect(taken).toBeGreaterThan(100);
  expect(compared).toBeGreaterThan(100);
});
