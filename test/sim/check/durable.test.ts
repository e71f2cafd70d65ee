/** `durable` on a drive that keeps what it promised, and on drives that lie about a flush. */
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModules } from '../../../host/modules.ts';
import { durable } from '../../../sim/check/durable.ts';
import type { Modules } from '../../../sim/modules.ts';
import type { World } from '../../../sim/world/world.ts';
import { runWorld, SQLITE, scenarioOf } from '../world/cut-world.ts';

let modules: Modules;
beforeAll(async () => {
  modules = await loadModules({ sqlite: true });
});

/** A planted defect: flushes are acknowledged, and nothing becomes durable by them. */
function forgetFlushes(world: World): void {
  for (const { drive } of world.drives.values()) {
    const { cache } = drive as unknown as { cache: { flushed(mark: number): void } };
    cache.flushed = () => {};
  }
}

const CUT = '{ kind: power-cut, at: 900 ms, back: 200 ms }';

function verdictsOf(faults: string, seed: number, before: (world: World) => void, ...sets: string[]) {
  const { world } = runWorld(modules, scenarioOf(faults, ...sets), seed, before);
  const ids = world.workloads.map(({ application }) => application.id);
  return new Map(durable(ids, world.survivals).map(verdict => [verdict.workload, verdict]));
}

describe('durable', () => {
  test('holds, over all that was acknowledged, when drives keep their word', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const verdicts = verdictsOf(CUT, seed, () => {});
      for (const id of ['bank', 'post']) expect(verdicts.get(id), `seed ${seed}`).toMatchObject({ verdict: 'held' });
      expect(verdicts.get('bank')!.looked).toBeGreaterThan(3);
    }
  });

  test('is violated when a drive forgets what was flushed, and names the first transaction', () => {
    const found = Array.from({ length: 6 }, (_, at) => verdictsOf(CUT, at + 1, forgetFlushes).get('bank')!);
    const violated = found.filter(({ verdict }) => verdict === 'violated');
    expect(violated.length).toBeGreaterThan(3);
    expect(violated[0]!.summary).toMatch(/^after a power cut .* not there; the first is \d+$/);
    expect(violated[0]!.story.at(-1)).toMatch(/^Acknowledged after an fsync, and not there: \d+/);
  });

  test('is violated for SQLite, too', () => {
    const sets = [SQLITE.replace('JOURNAL', 'wal'), 'backups.volumes=[C]'];
    const found = Array.from({ length: 6 }, (_, at) => verdictsOf(CUT, at + 1, forgetFlushes, ...sets).get('shop')!);
    expect(found.filter(({ verdict }) => verdict === 'violated').length).toBeGreaterThan(3);
    for (let seed = 1; seed <= 6; seed++) {
      expect(verdictsOf(CUT, seed, () => {}, ...sets).get('shop')).toMatchObject({ verdict: 'held' });
    }
  });

  test('does not apply when nothing was promised, and when no machine started again', () => {
    const never = verdictsOf(CUT, 1, () => {}, 'workloads.bank.fsync=never').get('bank')!;
    expect(never).toMatchObject({ verdict: 'not-applicable', summary: 'nothing had been acknowledged as durable' });
    const none = verdictsOf('{ kind: power-cut, nth: 1000000 }', 1, () => {}).get('bank')!;
    expect(none).toMatchObject({ verdict: 'not-applicable', looked: 0 });
  });

  test('holds after a kill: drives live on', () => {
    const verdicts = verdictsOf('{ kind: kill, at: 900 ms, back: 200 ms }', 1, forgetFlushes);
    expect(verdicts.get('bank')).toMatchObject({ verdict: 'held' });
  });
});
