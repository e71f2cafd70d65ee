/** Many worlds that are cut off, and many faults to what each leaves. */
import fc from 'fast-check';
import type { Snapshot } from '../../../engine/snapshot.ts';
import { KIB } from '../../../engine/units.ts';
import type { Hash } from '../../../sim/disk/drive.ts';
import type { Sectors } from '../../../sim/disk/sectors.ts';
import { Choices } from '../../../sim/kernel/random.ts';
import { type Answer, answerOf, type Draw, type Left, leftOf, recordsOf } from './damage.ts';
import { DurableWorld } from './durable-world.ts';
import { anyScript, play } from './script.ts';

export interface FuzzResult {
  readonly answers: ReadonlyMap<Answer, number>;
  /** By what was done, then by answer. */
  readonly byDamage: ReadonlyMap<string, ReadonlyMap<Answer, number>>;
  /** States of a power cut alone that were opened: all exact. */
  readonly untouched: number;
  readonly wrong: readonly string[];
}

const FAULTS_EACH = 100;

export function fuzzDurableCache(hash: Hash, { seed, corruptions }: { seed: number; corruptions: number }): FuzzResult {
  const answers = new Map<Answer, number>();
  const byDamage = new Map<string, Map<Answer, number>>();
  const wrong: string[] = [];
  let untouched = 0;
  let done = 0;
  for (let world = 0; done < corruptions; world++) {
    const left = cutOff(hash, seed * 10_000 + world);
    if (left === null) continue;
    const { answer, found } = answerOf(left, hash, () => {});
    untouched += 1;
    if (answer !== 'exact' || found === null) {
      wrong.push(`world ${world}: untouched, and ${answer}`);
      continue;
    }
    const records = recordsOf(left, found);
    const draw = drawer(`${seed}/${world}`);
    for (let fault = 0; fault < FAULTS_EACH && done < corruptions; fault++, done++) {
      let what = '';
      const result = answerOf(left, hash, copy => {
        what = copy.damage(draw, records);
      });
      answers.set(result.answer, (answers.get(result.answer) ?? 0) + 1);
      const of = byDamage.get(what) ?? new Map<Answer, number>();
      of.set(result.answer, (of.get(result.answer) ?? 0) + 1);
      byDamage.set(what, of);
      if (result.answer === 'wrong') wrong.push(`world ${world}, fault ${fault}: ${what}`);
    }
  }
  return { answers, byDamage, untouched, wrong };
}

function drawer(name: string): Draw {
  const stream = new Choices(1).stream(name);
  return bound => stream.below(bound);
}

/** A snapshot that lives when the power goes; null when it did not. */
function cutOff(hash: Hash, seed: number): Left | null {
  const draw = drawer(`world ${seed}`);
  const script = fc.sample(anyScript, { seed, numRuns: 1 })[0]!;
  const cacheSectorSize = draw(3) === 0 ? 4096 : 512;
  const granuleBytes = [512, KIB, 2 * KIB, 8 * KIB][draw(4)]!;
  const world = new DurableWorld({ seed, hash, cacheSectorSize, terms: { granuleBytes } });
  const state: { taken: Snapshot | null; isDone?: boolean } = { taken: null };
  play(world, { ...script, isReleased: false }, state);
  const earlier: Map<string, Sectors>[] = [];
  const isTaken = world.until(() => state.taken !== null || state.isDone === true);
  if (!isTaken || state.taken === null) return null;
  const end = world.issued + draw(120);
  for (const at of [world.issued, world.issued + draw(20), world.issued + draw(60)]) {
    world.until(() => state.isDone === true || world.issued >= Math.min(at, end));
    earlier.push(new Map(['a', 'cache'].map(id => [id, world.drive(id).fork()])));
  }
  world.until(() => state.isDone === true || world.issued >= end);
  if (!state.taken.isEnabled) return null;
  world.powerCut();
  return leftOf(world, earlier);
}
