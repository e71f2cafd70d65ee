import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../engine/units.ts';
import { MailStore } from '../../../sim/apps/mail.ts';
import { Script } from '../../../sim/apps/script.ts';
import type { ScriptStep } from '../../../sim/scenario/scenario.ts';
import { type FileState, Stage } from '../apps/stage.ts';
import { mail, script } from '../apps/workloads.ts';
import { evidenceOf } from './restores.ts';

const name = fc.constantFrom('A', 'B');
const step: fc.Arbitrary<ScriptStep> = fc.oneof(
  fc.record({
    does: fc.constant('write' as const),
    file: name,
    sizeBytes: fc.integer({ min: 1, max: 1500 }),
    at: fc.oneof(
      fc.constant({ is: 'random' as const }),
      fc.constant({ is: 'next' as const }),
      fc.record({ is: fc.constant('offset' as const), offsetBytes: fc.nat(3000) }),
    ),
  }),
  fc.record({ does: fc.constant('append' as const), file: name, sizeBytes: fc.integer({ min: 1, max: 600 }) }),
  fc.constant({ does: 'rename' as const, from: 'C', to: 'C2' }),
);

/** Pictures after each transaction: the first is that of 0 s. */
function pictures(stage: Stage, count: number): Map<string, FileState>[] {
  const taken = [stage.snapshot()];
  while (taken.length <= count) {
    stage.kernel.advance(1);
    const { transactions } = stage.workload;
    if (transactions[taken.length - 1]?.closed !== undefined && transactions[taken.length - 1]!.closed < Infinity) {
      taken.push(stage.snapshot());
    }
  }
  return taken;
}

function heldBy(stage: Stage, files: ReadonlyMap<string, FileState>) {
  const { whole, torn } = evidenceOf(stage, files).heldBy(stage.workloads[0]!);
  return { whole: [...whole].sort((a, b) => a - b), torn: [...torn].sort((a, b) => a - b) };
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}

const COUNT = 12;

describe('held transactions', () => {
  it('are those before the picture, whatever the steps are and however they overlap', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), fc.nat(COUNT), fc.nat(1000), (steps, at, seed) => {
        // The stamped piece makes every transaction leave something of its own behind.
        const own: ScriptStep = { does: 'append', file: 'B', sizeBytes: 64 };
        const stage = new Stage([new Script(script([...steps, own], { sizeBytes: 4096 }))], { seed });
        const taken = pictures(stage, COUNT);
        expect(heldBy(stage, taken[at]!)).toEqual({ whole: upTo(at), torn: [] });
      }),
      { numRuns: 60 },
    );
  });

  it('are torn when one file is of an earlier picture than another', () => {
    const steps = ['A', 'B'].map(file => ({ does: 'append', file, sizeBytes: 200 }) as const);
    fc.assert(
      fc.property(fc.nat(COUNT), fc.nat(COUNT), (a, b) => {
        const stage = new Stage([new Script(script(steps, { sizeBytes: 4096 }))]);
        const taken = pictures(stage, COUNT);
        const files = new Map([...taken[a]!, ['C:\\DATA\\B.BIN', taken[b]!.get('C:\\DATA\\B.BIN')!]]);
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        expect(heldBy(stage, files)).toEqual({ whole: upTo(low), torn: upTo(high).slice(low) });
      }),
      { numRuns: 30 },
    );
  });

  it('are told by files that come, change their name and go, too', () => {
    const stage = new Stage([new MailStore(mail())]);
    const taken = pictures(stage, 60);
    stage.run(4 * SECOND);
    for (const at of [0, 1, 30, 60]) expect(heldBy(stage, taken[at]!)).toEqual({ whole: upTo(at), torn: [] });
    // A message that is there to the end: of one that is deleted later, absence could be either.
    const staying = [...stage.snapshot().keys()].find(path => !taken[0]!.has(path) && path.endsWith('.EML'))!;
    const before = taken.findIndex(files => files.has(staying)) - 1;
    const without = new Map([...taken[before + 1]!].filter(([path]) => path !== staying));
    expect(heldBy(stage, without)).toEqual({ whole: upTo(before), torn: [before + 1] });
    const index = 'C:\\MAIL\\INDEX.DAT';
    const stale = heldBy(stage, new Map([...taken[50]!, [index, taken[20]!.get(index)!]]));
    expect(stale.torn[0]).toBe(21);
    expect(stale.whole).toEqual(upTo(20));
  });

  it('are torn when a renamed file has its old name and its new one', () => {
    const stage = new Stage([new Script(script([{ does: 'rename', from: 'C', to: 'C2' }]))]);
    const [before, after] = pictures(stage, 1);
    const old = 'C:\\DATA\\C.BIN';
    expect(heldBy(stage, after!)).toEqual({ whole: [1], torn: [] });
    expect(heldBy(stage, new Map([...after!, [old, before!.get(old)!]]))).toEqual({ whole: [], torn: [1] });
  });

  it('are torn when a name is of another transaction than the other files, though it comes back again and again', () => {
    const steps = [
      { does: 'write', file: 'A', sizeBytes: 512, at: { is: 'next' } },
      { does: 'rename', from: 'C', to: 'C2' },
    ] as const;
    const names = ['C', 'C2'].map(name => `C:\\DATA\\${name}.BIN`);
    const stage = new Stage([new Script(script(steps))]);
    const taken = pictures(stage, COUNT);
    fc.assert(
      fc.property(fc.nat(COUNT), fc.nat(COUNT), (a, b) => {
        const files = new Map([...taken[a]!].filter(([path]) => !names.includes(path)));
        for (const name of names) if (taken[b]!.has(name)) files.set(name, taken[b]!.get(name)!);
        const { whole, torn } = heldBy(stage, files);
        // Before the first rename both names had a file of their own.
        const isSame = a === b || (a > 0 && b > 0 && a % 2 === b % 2);
        if (isSame) expect({ whole, torn }).toEqual({ whole: upTo(a), torn: [] });
        else expect(torn.length).toBeGreaterThan(0);
      }),
      { numRuns: 100 },
    );
  });
});
