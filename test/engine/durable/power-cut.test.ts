/**
 * A durable snapshot under power cuts and kills (E10). Model: the drives as they were at T. A scripted life of writes is
 * cut at every single request that a drive is given, and in random lives at random ones; then the machine starts again.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Snapshot } from '../../../engine/snapshot.ts';
import { KIB } from '../../../engine/units.ts';
import { makeHash } from '../../../host/modules.ts';
import type { Hash } from '../../../sim/disk/drive.ts';
import { DurableWorld, type WorldOptions } from './durable-world.ts';
import { anyScript, play, type Script, writes } from './script.ts';

let hash: Hash;
beforeAll(async () => {
  hash = await makeHash();
});

type Life = 'unborn' | 'in doubt' | 'alive' | 'ending' | 'over';

/** What a host could say of its snapshot in this moment. */
function lifeOf(world: DurableWorld, taken: Snapshot | null): Life {
  const isEnabled = world.events.some(({ kind }) => kind === 'enabled');
  if (taken === null) return isEnabled ? 'in doubt' : 'unborn';
  if (taken.isEnabled) return 'alive';
  return taken.detached.isSettled ? 'over' : 'ending';
}

/** Cuts at the n-th request, starts again, and checks what came back. Returns what became of it; null: it ended before. */
function cutAt(options: WorldOptions, script: Script, at: number, how: 'power' | 'kill'): string | null {
  const world = new DurableWorld(options);
  const state: { taken: Snapshot | null } = { taken: null };
  play(world, script, state);
  if (!world.until(() => world.issued >= at)) return null;
  const life = lifeOf(world, state.taken);
  if (how === 'power') world.powerCut();
  else world.kill();
  return startAgain(world, script, life, 3);
}

function startAgain(world: DurableWorld, script: Script, life: Life, cutsLeft: number): string {
  if (world.extents.length === 0) {
    expect(['unborn', 'over']).toContain(life);
    return 'no file';
  }
  world.start();
  const again = world.await(world.reopen().end);
  if (!(again instanceof Snapshot)) {
    expect(['unborn', 'in doubt', 'ending', 'over'], `${again.because}: ${again.detail}`).toContain(life);
    return again.because;
  }
  expect(['in doubt', 'alive', 'ending']).toContain(life);
  expect(world.differences(again)).toEqual([]);
  // It goes on to protect: writes in its second life, and then another cut.
  world.owner.spawn('writes', writes(world, script, 2000 + cutsLeft * 100));
  const until = world.issued + 7 * cutsLeft;
  world.until(() => world.issued >= until);
  expect(again.isEnabled).toBe(true);
  if (cutsLeft === 0) {
    world.until(() => false);
    expect(world.differences(again)).toEqual([]);
    world.await(again.release());
    return 'exact';
  }
  world.powerCut();
  return startAgain(world, script, 'alive', cutsLeft - 1);
}

const SCRIPT: Script = {
  volumes: 7,
  writes: [
    { drive: 'a', op: 'write', sector: 0, count: 3, thenUs: 0 },
    { drive: 'a', op: 'write', sector: 2, count: 9, thenUs: 0 },
    { drive: 'b', op: 'zeroes', sector: 4, count: 20, thenUs: 4000 },
    { drive: 'a', op: 'write', sector: 36, count: 12, thenUs: 0 },
    { drive: 'b', op: 'discard', sector: 70, count: 26, thenUs: 20_000 },
    { drive: 'a', op: 'write', sector: 1, count: 3, thenUs: 9000 },
    { drive: 'b', op: 'write', sector: 60, count: 30, thenUs: 3000 },
  ],
  isReleased: true,
};

describe.each(['power', 'kill'] as const)('a %s cut', how => {
  test.each([512, 4096] as const)('at every single request, the cache in sectors of %i bytes', sectorSize => {
    const counts = new Map<string, number>();
    for (let seed = 1; seed <= 4; seed++) {
      for (let at = 1; ; at++) {
        const became = cutAt({ seed, hash, cacheSectorSize: sectorSize }, SCRIPT, at, how);
        if (became === null) break;
        counts.set(became, (counts.get(became) ?? 0) + 1);
      }
    }
    console.log(`${how}, ${sectorSize}: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')}`);
    expect(counts.get('exact')).toBeGreaterThan(50);
    expect(counts.get('ended')).toBeGreaterThan(0);
  });
});

test('at every single request of the recovery', () => {
  const counts = new Map<string, number>();
  for (let at = 20; ; at += 3) {
    for (let within = 1; ; within++) {
      const world = new DurableWorld({ seed: at, hash });
      const state: { taken: Snapshot | null } = { taken: null };
      play(world, SCRIPT, state);
      if (!world.until(() => world.issued >= at)) {
        console.log([...counts].map(([name, count]) => `${name} ${count}`).join(', '));
        expect(counts.get('exact')).toBeGreaterThan(30);
        return;
      }
      const life = lifeOf(world, state.taken);
      world.powerCut();
      if (world.extents.length === 0) break;
      world.start();
      const { end } = world.reopen();
      const before = world.issued;
      world.until(() => end.isSettled || world.issued >= before + within);
      if (end.isSettled) break;
      world.powerCut();
      // A snapshot that was being refused is refused again; one that was coming back comes back.
      const became = startAgain(world, SCRIPT, life, 0);
      counts.set(became, (counts.get(became) ?? 0) + 1);
    }
  }
});

test('random lives, cut at random requests', () => {
  let exact = 0;
  fc.assert(
    fc.property(
      anyScript,
      fc.integer({ min: 5, max: 200 }),
      fc.nat(1000),
      fc.constantFrom(512, KIB, 2 * KIB, 8 * KIB),
      fc.boolean(),
      (script, at, seed, granuleBytes, isKill) => {
        const became = cutAt({ seed, hash, terms: { granuleBytes } }, script, at, isKill ? 'kill' : 'power');
        if (became === 'exact') exact += 1;
      },
    ),
    { numRuns: 150 },
  );
  expect(exact).toBeGreaterThan(5);
});
