import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Latch, type Task, wait } from '../../../engine/task.ts';
import { SECOND } from '../../../engine/units.ts';
import { Digest, foldDigests } from '../../../sim/kernel/digest.ts';
import { EventQueue, ReadyQueue, type Timed } from '../../../sim/kernel/event-queue.ts';
import { Kernel } from '../../../sim/kernel/kernel.ts';
import { Choices, RandomStream } from '../../../sim/kernel/random.ts';

class Target implements Timed {
  ticket = 0;
  readonly name: number;
  constructor(name: number) {
    this.name = name;
  }
  step(): void {}
}

/** Model: a list sorted by (time, order of arming), without what was disarmed. */
test('events come in the order of time, then of arming; disarmed ones never', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ arm: fc.nat(30) }) },
    { weight: 2, arbitrary: fc.record({ disarm: fc.nat(100) }) },
    { weight: 3, arbitrary: fc.constant('pop' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), script => {
      const queue = new EventQueue();
      let model: { time: number; order: number; target: Target }[] = [];
      let order = 0;
      let now = 0;
      for (const each of script) {
        if (each === 'pop') {
          model.sort((a, b) => a.time - b.time || a.order - b.order);
          const next = model.shift();
          expect(queue.nextTime()).toBe(next === undefined ? Number.POSITIVE_INFINITY : next.time);
          if (next === undefined) continue;
          now = next.time;
          expect(queue.pop()).toBe(next.target);
        } else if ('arm' in each) {
          const target = new Target(order);
          queue.push(now + each.arm, target);
          model.push({ time: now + each.arm, order: order++, target });
        } else if (model.length > 0) {
          const gone = model[each.disarm % model.length]!;
          gone.target.ticket = 0;
          model = model.filter(other => other !== gone);
        }
      }
    }),
  );
});

test('what is ready comes first in, first out', () => {
  const queue = new ReadyQueue();
  const targets = Array.from({ length: 200 }, (_, name) => new Target(name));
  for (const target of targets) queue.push(target);
  targets[17]!.ticket = 0;
  const popped: number[] = [];
  for (let next = queue.pop(); next !== null; next = queue.pop()) popped.push((next as Target).name);
  expect(popped).toEqual(targets.map(({ name }) => name).filter(name => name !== 17));
});

describe('random streams', () => {
  test('are the same for the same seed and path, and others for other paths', () => {
    const draw = (seed: number, path: string) =>
      Array.from(
        { length: 20 },
        (
          (s: RandomStream) => () =>
            s.below(1000)
        )(new RandomStream(seed, path)),
      );
    expect(draw(1, 'bank#17')).toEqual(draw(1, 'bank#17'));
    expect(draw(1, 'bank#17')).not.toEqual(draw(1, 'bank#18'));
    expect(draw(1, 'bank#17')).not.toEqual(draw(2, 'bank#17'));
  });

  test('stay below, also beyond 2^32', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 2 ** 48 }), (seed, n) => {
        const stream = new RandomStream(seed, 'x');
        for (let at = 0; at < 50; at++) {
          const drawn = stream.below(n);
          expect(Number.isInteger(drawn) && drawn >= 0 && drawn < n).toBe(true);
        }
      }),
    );
  });

  test('shuffle keeps every member', () => {
    const list = Array.from({ length: 50 }, (_, at) => at);
    const shuffled = new RandomStream(3, 'walk').shuffle([...list]);
    expect(shuffled).not.toEqual(list);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(list);
  });
});

describe('choices', () => {
  const override = { path: 'disk0', why: 'rotation', ordinal: 2, count: 5, value: 4 };

  test('are drawn from the seed, but for what an override names', () => {
    const plain = new Choices(1).chooser('disk0', 'rotation');
    const steered = new Choices(1, [override]).chooser('disk0', 'rotation');
    const before = [1, 2, 3, 4, 5].map(() => plain.choose(5));
    const after = [1, 2, 3, 4, 5].map(() => steered.choose(5));
    expect(after[2]).toBe(4);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
  });

  test('that are met with another count, or not at all, are reported as divergences', () => {
    const choices = new Choices(1, [override, { ...override, why: 'tie' }]);
    const chooser = choices.chooser('disk0', 'rotation');
    for (let at = 0; at < 3; at++) chooser.choose(3);
    expect(choices.divergences().map(({ because }) => because)).toEqual(['met with 3 possibilities', 'not met']);
  });

  test('are the plain course for explorers', () => {
    const chooser = new Choices(1, [], true).chooser('disk0', 'rotation');
    expect([1, 2, 3].map(() => chooser.choose(9))).toEqual([0, 0, 0]);
  });
});

describe('the digest', () => {
  test('tells values, orders and large numbers apart', () => {
    const of = (...values: number[]) => {
      const digest = new Digest();
      for (const value of values) digest.fold(value);
      return digest.text;
    };
    const all = [of(), of(0), of(0, 0), of(1, 2), of(2, 1), of(2 ** 32), of(2 ** 40 + 1), of(2 ** 40)];
    expect(new Set(all).size).toBe(all.length);
    expect(of(1, 2, 3)).toBe(of(1, 2, 3));
    expect(foldDigests(['a', 'b'])).not.toBe(foldDigests(['b', 'a']));
  });
});

describe('the kernel', () => {
  function* ticker(kernel: Kernel, log: string[], name: string, every: number): Task<void> {
    for (let at = 0; at < 5; at++) {
      yield every;
      log.push(`${name}@${kernel.now()}`);
    }
  }

  const runWith = (slice: number) => {
    const kernel = new Kernel(new Choices(1));
    const owner = kernel.owner('clock');
    const log: string[] = [];
    owner.spawn('a', ticker(kernel, log, 'a', 2));
    owner.spawn('b', ticker(kernel, log, 'b', 3));
    while (kernel.advance(slice) === 'more') {}
    return { log, digest: kernel.digest.text, events: kernel.events };
  };

  test('does the same in slices of any size', () => {
    expect(runWith(1)).toEqual(runWith(1000));
    expect(runWith(1).log.slice(0, 4)).toEqual(['a@2', 'b@3', 'a@4', 'b@6']);
  });

  test('is stuck when a request makes no progress, and says which', () => {
    const kernel = new Kernel(new Choices(1));
    kernel.oldestPending = () => ({ since: 0, describe: () => 'write of sector 7' });
    const owner = kernel.owner('clock');
    owner.spawn(
      'tick',
      (function* () {
        for (;;) yield SECOND;
      })(),
    );
    owner.spawn('hangs', wait(new Latch<void>('an answer')));
    const state = kernel.run();
    expect(state).toMatchObject({ waiting: expect.arrayContaining([{ task: 'clock/hangs', waitsFor: 'an answer' }]) });
    expect(state !== 'done' && state.because).toContain('write of sector 7');
  });

  test('is stuck when its budget of events is spent', () => {
    const limits = { progressBoundNs: SECOND, eventBudget: 5000 };
    const kernel = new Kernel(new Choices(1), { limits });
    kernel.owner('clock').spawn(
      'tick',
      (function* () {
        for (;;) yield 1;
      })(),
    );
    expect(kernel.run()).toMatchObject({ because: 'the event budget is spent' });
  });

  test('does what comes after a step before anything else, and in no task', () => {
    const kernel = new Kernel(new Choices(1));
    const owner = kernel.owner('machine');
    const log: string[] = [];
    owner.spawn(
      'first',
      (function* () {
        kernel.afterStep(() => {
          owner.drop();
          log.push(`cut, ${owner.aliveCount} alive`);
        });
        log.push('first goes on to the end of its step');
        yield 1;
        log.push('never');
      })(),
    );
    owner.spawn(
      'second',
      (function* (): Task<void> {
        log.push('never');
      })(),
    );
    expect(kernel.run()).toMatchObject({ because: 'no event is left', waiting: [] });
    expect(log).toEqual(['first goes on to the end of its step', 'cut, 0 alive']);
  });
});
