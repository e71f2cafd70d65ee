/** Durable snapshots of volumes with files, over machines that end at many instants. */
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModules } from '../../../host/modules.ts';
import { gptHeadSectors } from '../../../sim/disk/gpt.ts';
import type { Modules } from '../../../sim/modules.ts';
import type { BackupResult, RunResult } from '../../../sim/result.ts';
import { Simulation } from '../../../sim/run.ts';
import { statesOn } from '../../../sim/world/state-place.ts';
import type { World } from '../../../sim/world/world.ts';
import { runWorld, scenarioOf } from './cut-world.ts';

let modules: Modules;
let simulation: Simulation;
beforeAll(async () => {
  modules = await loadModules({ sqlite: true });
  simulation = new Simulation(modules);
});

const ON_D = 'backups.volumes=[C]';

function durable(more: string): string {
  return `backups.methods=[{ otm: { quiet: 500 ms, waitLimit: 60 s, granule: 16 KiB, durable: true, ${more} } }]`;
}

function backupsOf({ methods: [method] }: RunResult): readonly BackupResult[] {
  return method!.backups ?? [method!];
}

function violationsOf(result: RunResult): string[] {
  return backupsOf(result).flatMap(({ checks }) =>
    checks.filter(({ verdict }) => verdict === 'violated').map(({ check, summary }) => `${check}: ${summary}`),
  );
}

describe('at many instants', () => {
  test.each([
    ['a file on a volume beside', 'power-cut', 'cache: { on: D, min: 64 KiB, limit: 4 MiB }', ON_D],
    ['a file on a volume beside', 'kill', 'cache: { on: D, min: 64 KiB, limit: 4 MiB }', ON_D],
    ['a file on what is backed up', 'power-cut', 'cache: { on: C, limit: 2 MiB }', 'backups.volumes=[C, D]'],
    [
      'the gap of a whole drive',
      'kill',
      'cache: { on: disk0, limit: 2 MiB }',
      'backups.volumes=null',
      'backups.drives=[disk0, disk1]',
    ],
  ])(
    '%s, %s: what comes back is exact, and every run is the same a second time',
    (_where, kind, cache, ...selection) => {
      let back = 0;
      for (const at of [2600, 3150, 3400, 4000]) {
        const faults = `{ kind: ${kind}, at: ${at} ms, back: 200 ms }`;
        const scenario = scenarioOf(
          faults,
          'backups.copyRate=64 KiB/s',
          'backups.count=1',
          ...selection,
          durable(cache),
        );
        const result = simulation.run(scenario, at);
        expect(violationsOf(result), `${at} ms`).toEqual([]);
        expect(simulation.run(scenario, at).digest, `${at} ms`).toBe(result.digest);
        const judged = backupsOf(result)[0]!.checks.find(({ check }) => check === 'recovered');
        if (judged?.verdict === 'held') back += Number(judged.evidence.back);
      }
      expect(back).toBeGreaterThan(0);
    },
  );
});

test('a backup whose snapshot did not come back has failed, with the reason that the engine gave', () => {
  const scenario = scenarioOf(
    '{ kind: power-cut, at: 700 ms, back: 200 ms }',
    ON_D,
    durable('cache: { on: D, limit: 2 MiB }'),
  );
  const [first, second] = backupsOf(simulation.run(scenario, 1));
  expect(first).toMatchObject({
    outcome: 'failed',
    reason: 'the machine lost its power; the snapshot did not come back, stale: its T never became durable',
  });
  expect(second).toMatchObject({ outcome: 'completed' });
});

test('states lie between the table and the first volume, apart from one another and from the cache', () => {
  const beside = 'beside: [{ start: 100 ms, volumes: [D], for: 4 s }]';
  const scenario = scenarioOf(
    '',
    'world.drives.disk0.partitions=gpt',
    'backups.count=1',
    durable(`${beside}, cache: { limit: 2 MiB }`),
  );
  const seen = new Set<string>();
  const watch = (world: World): void => {
    world.engineListeners.push(({ kind }) => {
      if (kind !== 'enabled') return;
      for (const [id, { spec }] of world.drives) {
        const sectors = statesOn(world, id).map(({ first }) => first);
        for (const first of sectors) {
          seen.add(`${id} ${first}`);
          expect(first).toBeGreaterThanOrEqual(spec.partitions === 'gpt' ? gptHeadSectors(512) : 1);
          expect(first).toBeLessThan(spec.volumes[0]!.offsetBytes / 512);
          expect(sectors.filter(other => Math.abs(other - first) < 2)).toEqual([first]);
        }
      }
    });
  };
  const { world } = runWorld(modules, scenario, 1, watch);
  expect(seen.size).toBe(4);
  for (const { statePlace, cacheDrive } of world.snapshots) expect(statePlace?.drive).not.toBe(cacheDrive);
  for (const id of world.drives.keys()) expect(statesOn(world, id)).toEqual([]);
});
