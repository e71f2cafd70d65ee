/** Lives of applications and a durable snapshot, to be cut off anywhere. */
import fc from 'fast-check';
import type { Snapshot } from '../../../engine/snapshot.ts';
import type { Task } from '../../../engine/task.ts';
import { MILLISECOND } from '../../../engine/units.ts';
import { type DurableWorld, SIZE, VOLUMES } from './durable-world.ts';

export interface Script {
  /** A set of the three volumes, as bits. */
  readonly volumes: number;
  readonly writes: readonly {
    readonly drive: 'a' | 'b';
    readonly op: 'write' | 'discard' | 'zeroes';
    readonly sector: number;
    readonly count: number;
    readonly thenUs: number;
  }[];
  readonly isReleased: boolean;
}

/** Takes the snapshot and then plays the writes; says in `state` how far it is. */
export function play(world: DurableWorld, script: Script, state: { taken: Snapshot | null; isDone?: boolean }): void {
  world.owner.spawn('script', life());
  function* life(): Task<void> {
    const volumes = VOLUMES.filter((_, index) => Math.floor(script.volumes / [1, 2, 4][index]!) % 2 === 1);
    world.submit('a', 'write', 3, 4, 900);
    world.submit('b', 'write', 50, 4, 901);
    const { end } = world.ask(volumes);
    yield end;
    state.taken = end.value;
    yield* writes(world, script, 1);
    if (script.isReleased) {
      state.taken.release();
      yield* writes(world, script, 500);
    }
    yield 50 * MILLISECOND;
    state.isDone = true;
  }
}

export function* writes(world: DurableWorld, script: Script, version: number): Task<void> {
  let next = version;
  for (const { drive, op, sector, count, thenUs } of script.writes) {
    world.submit(drive, op, sector, Math.min(count, SIZE - sector), next++);
    if (thenUs > 0) yield thenUs * 1000;
  }
}

const anyWrite = fc.record({
  drive: fc.constantFrom('a' as const, 'b' as const),
  op: fc.constantFrom('write' as const, 'write' as const, 'write' as const, 'discard' as const, 'zeroes' as const),
  sector: fc.nat(SIZE - 1),
  count: fc.integer({ min: 1, max: 24 }),
  thenUs: fc.constantFrom(0, 0, 1000, 5000, 20_000),
});

export const anyScript: fc.Arbitrary<Script> = fc.record({
  volumes: fc.integer({ min: 1, max: 7 }),
  writes: fc.array(anyWrite, { minLength: 1, maxLength: 25 }),
  isReleased: fc.boolean(),
});
