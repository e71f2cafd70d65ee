/**
 * What a power cut leaves on a drive, against a brute-force model of the fault model: every set of requests that can be
 * lost, every order of those in flight, every way to tear one, is tried, and what the drive holds must be one of them.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IoRequest, type Op } from '../../../engine/device.ts';
import { KIB } from '../../../engine/units.ts';
import { Arena } from '../../../sim/disk/arena.ts';
import { type Boot, Drive } from '../../../sim/disk/drive.ts';
import type { CutChoices } from '../../../sim/disk/power-cut.ts';
import { Sectors } from '../../../sim/disk/sectors.ts';
import { WriteCache } from '../../../sim/disk/write-cache.ts';
import { Kernel } from '../../../sim/kernel/kernel.ts';
import { Choices } from '../../../sim/kernel/random.ts';
import { plainHash, SHUFFLING } from '../../engine/bench-world.ts';

const SECTORS = 24;

/** A destructive request as the model sees it. `fill` 0: zeroes or a discard. */
interface Change {
  readonly sector: number;
  readonly count: number;
  readonly fill: number;
  readonly fua: boolean;
}

/** The model: what completed, in order, each with whether it is durable; and what is in flight. */
class Model {
  readonly completed: { readonly change: Change; isDurable: boolean }[] = [];
  readonly inFlight: Change[] = [];

  issued(change: Change): void {
    this.inFlight.push(change);
  }

  ended(change: Change): void {
    this.inFlight.splice(this.inFlight.indexOf(change), 1);
    this.completed.push({ change, isDurable: change.fua });
  }

  /** A flush that was issued after so many completions has ended. */
  flushed(count: number): void {
    for (const entry of this.completed.slice(0, count)) entry.isDurable = true;
  }

  /** Every image that a cut may leave; with `tears`, of one request that is not durable a part is there. */
  images(tears: boolean): Set<string> {
    const images = new Set<string>();
    const loose = [
      ...this.completed.filter(({ isDurable }) => !isDurable).map(({ change }) => change),
      ...this.inFlight,
    ];
    const parts = tears ? loose.flatMap(change => tornParts(change).map(part => ({ change, part }))) : [];
    for (const lost of subsets(loose)) {
      for (const order of permutations(this.inFlight)) {
        if (parts.length === 0) images.add(this.image(order, change => (lost.has(change) ? null : change)));
        for (const { change: torn, part } of parts) {
          images.add(this.image(order, change => (change === torn ? part : lost.has(change) ? null : change)));
        }
      }
    }
    return images;
  }

  private image(order: readonly Change[], reaches: (change: Change) => Change | null): string {
    const fills = new Array<number>(SECTORS).fill(0);
    const apply = (change: Change | null) => {
      if (change !== null) fills.fill(change.fill, change.sector, change.sector + change.count);
    };
    for (const { change, isDurable } of this.completed) apply(isDurable ? change : reaches(change));
    for (const change of order) apply(reaches(change));
    return fills.join(' ');
  }
}

/** The first sectors of a request, or the last, but not all. */
function tornParts(change: Change): Change[] {
  const parts: Change[] = [];
  for (let kept = 1; kept < change.count; kept++) {
    parts.push({ ...change, count: kept }, { ...change, sector: change.sector + change.count - kept, count: kept });
  }
  return parts;
}

function* subsets<T>(list: readonly T[]): Generator<Set<T>> {
  for (let mask = 0; mask < 2 ** list.length; mask++) {
    yield new Set(list.filter((_, at) => Math.floor(mask / 2 ** at) % 2 === 1));
  }
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((first, at) =>
    permutations(list.filter((_, other) => other !== at)).map(rest => [first, ...rest]),
  );
}

function makeDrive(seed: number, writeCache: boolean) {
  const kernel = new Kernel(new Choices(seed));
  const boot: Boot = { number: 1, isAlive: true };
  const options = { id: 'disk0', index: 1, sectorSize: 512, figures: SHUFFLING, writeCache } as const;
  const drive = new Drive(kernel, new Sectors(SECTORS * 512, new Arena()), options, plainHash);
  return { kernel, boot, drive, device: drive.handle('application', boot) };
}

type World = ReturnType<typeof makeDrive>;

function choicesOf({ kernel }: World): CutChoices {
  const chooser = (why: string) => kernel.choices.chooser('disk0', why);
  return { fate: chooser('fate'), order: chooser('order'), torn: chooser('torn') };
}

interface Step {
  readonly op: Op;
  readonly sector: number;
  readonly count: number;
  readonly fua: boolean;
  /** Everything before it has completed when it is issued. */
  readonly settles: boolean;
}

/** Runs a script on the drive and on the model, which hears of completions as they come. */
function play(world: World, script: readonly Step[], events: number): Model {
  const { kernel, device } = world;
  const model = new Model();
  script.forEach(({ op, sector, count, fua, settles }, at) => {
    if (settles) kernel.settle();
    if (op === 'flush') {
      const sent = new IoRequest('flush', 0, 0, null);
      const before = model.completed.length;
      sent.attach({ settled: () => model.flushed(before) });
      device.submit(sent);
      return;
    }
    const length = Math.min(count, SECTORS - sector);
    const change = { sector, count: length, fill: op === 'write' ? at + 1 : 0, fua };
    const data = op === 'write' ? new Uint8Array(length * 512).fill(at + 1) : null;
    const sent = new IoRequest(op, sector, length, data, fua);
    model.issued(change);
    sent.attach({ settled: () => model.ended(change) });
    device.submit(sent);
  });
  if (events > 0) kernel.advance(events);
  return model;
}

function imageOf({ drive }: World): string {
  const held = new Uint8Array(SECTORS * 512);
  drive.sectors.read(0, held);
  return Array.from({ length: SECTORS }, (_, sector) => held[sector * 512]).join(' ');
}

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom<Op>('write', 'write', 'write', 'zeroes', 'discard', 'flush'),
  sector: fc.nat(SECTORS - 1),
  count: fc.integer({ min: 1, max: 12 }),
  fua: fc.integer({ min: 0, max: 4 }).map(drawn => drawn === 0),
  settles: fc.boolean(),
});

describe('a power cut', () => {
  const anyScript = fc.array(step, { minLength: 1, maxLength: 6 });

  test('leaves one of the images that the fault model allows', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.boolean(), anyScript, fc.nat(8), (seed, cached, script, events) => {
        const world = makeDrive(seed, cached);
        const model = play(world, script, events);
        if (!cached) for (const entry of model.completed) entry.isDurable = true;
        world.boot.isAlive = false;
        world.drive.cut(choicesOf(world));
        expect([...model.images(false)]).toContain(imageOf(world));
        expect(world.kernel.settle()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('tears one request at its beginning or its end', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.array(step, { minLength: 1, maxLength: 4 }), fc.nat(6), (seed, script, events) => {
        const world = makeDrive(seed, true);
        const model = play(world, script, events);
        world.boot.isAlive = false;
        world.drive.cut(choicesOf(world), true);
        expect([...model.images(true)]).toContain(imageOf(world));
      }),
      { numRuns: 200 },
    );
  });

  const write = (sector: number, count: number, settles: boolean): Step => {
    return { op: 'write', sector, count, fua: false, settles };
  };
  /** Three that completed and overlap, two in flight that overlap each other and one of those. */
  const SCRIPT = [write(0, 6, true), write(4, 6, true), write(2, 3, true), write(8, 6, true), write(10, 2, false)];

  /** One that completed, two in flight, all of them over each other. */
  const SHORT = [write(0, 3, true), write(2, 3, true), write(4, 2, false)];

  test.each([
    ['whole requests', SCRIPT, false, 600],
    ['one of them torn', SHORT, true, 1500],
  ])('can leave each of them: %s', (_name, script, tears, seeds) => {
    const seen = new Set<string>();
    let possible = new Set<string>();
    for (let seed = 1; seed <= seeds; seed++) {
      const world = makeDrive(seed, true);
      possible = play(world, script, 0).images(tears);
      world.drive.cut(choicesOf(world), tears);
      seen.add(imageOf(world));
    }
    expect([...seen].sort()).toEqual([...possible].sort());
  });

  test('takes nothing back that a cut before it has left', () => {
    const world = makeDrive(3, true);
    play(world, SCRIPT, 4);
    const choices = choicesOf(world);
    world.drive.cut(choices);
    const first = imageOf(world);
    for (let again = 0; again < 20; again++) world.drive.cut(choices);
    expect(imageOf(world)).toBe(first);
  });

  test('leaves what was there when the plain course is taken: all that completed, nothing that was in flight', () => {
    const world = makeDrive(1, true);
    play(world, SCRIPT.slice(0, 4), 0);
    const plain = new Choices(1, [], true);
    const chooser = (why: string) => plain.chooser('disk0', why);
    world.drive.cut({ fate: chooser('fate'), order: chooser('order'), torn: chooser('torn') });
    expect(imageOf(world).startsWith('1 1 3 3 3 2 2 2 2 2 0')).toBe(true);
  });
});

/** Requests of three pages each, of which the oldest has to be written back page by page. */
test('a request of which a part was written back for want of room is there in whole', () => {
  const sectors = new Sectors(64 * KIB, new Arena());
  const cache = new WriteCache(sectors, 16 * KIB);
  for (let at = 0; at < 3; at++) cache.write(at * 12 * KIB, 12 * KIB, new Uint8Array(12 * KIB).fill(at + 1), false);
  // 36 KiB in a cache of 16: the first is durable, of the second two pages are.
  expect(cache.volatileLengths()).toEqual([12 * KIB]);
  cache.cut([{ from: 0, to: 0 }]);
  const held = new Uint8Array(36 * KIB);
  sectors.read(0, held);
  for (let at = 0; at < 3; at++) {
    const part = held.subarray(at * 12 * KIB, (at + 1) * 12 * KIB);
    expect(new Set(part)).toEqual(new Set([at === 2 ? 0 : at + 1]));
  }
});
