/**
 * A small world whose power is cut, or that is killed, at many requests: every run ends, the same one each time, the
 * engine keeps its promises, and nothing is judged wrongly that a cut has done.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../../engine/task.ts';
import { loadModules } from '../../../host/modules.ts';
import { transparent } from '../../../sim/check/engine/transparent.ts';
import { readRestored } from '../../../sim/check/read-restored.ts';
import type { Sectors } from '../../../sim/disk/sectors.ts';
import type { Modules } from '../../../sim/modules.ts';
import type { BackupResult, RunResult } from '../../../sim/result.ts';
import { type FinishedMethod, Simulation } from '../../../sim/run.ts';
import type { World } from '../../../sim/world/world.ts';
import { runWorld, SQLITE, scenarioOf } from './cut-world.ts';

let modules: Modules;
let simulation: Simulation;
beforeAll(async () => {
  modules = await loadModules({ sqlite: true });
  simulation = new Simulation(modules);
});

function backupsOf({ methods: [method] }: RunResult): readonly BackupResult[] {
  return method!.backups!;
}

function violationsOf(result: RunResult): string[] {
  return backupsOf(result).flatMap(({ checks }) =>
    checks
      .filter(({ verdict }) => verdict === 'violated')
      .map(({ check, workload, summary }) => `${check} ${workload}: ${summary}`),
  );
}

describe('at many requests', () => {
  const NTH = [1, 3, 8, 21, 55, 120, 230, 400];

  test.each([
    ['power-cut', 'back: 200 ms'],
    ['power-cut', 'back: 200 ms, torn: true'],
    ['power-cut', 'back: 1 s, on: C, op: write'],
    ['kill', 'back: 200 ms'],
    ['kill', 'back: 0 s, on: D'],
  ])('%s, %s: every run ends, and is the same a second time', (kind, more) => {
    for (const nth of NTH) {
      const scenario = scenarioOf(`{ kind: ${kind}, nth: ${nth}, ${more} }`);
      const result = simulation.run(scenario, nth);
      expect(violationsOf(result), `nth ${nth}`).toEqual([]);
      expect(simulation.run(scenario, nth).digest, `nth ${nth}`).toBe(result.digest);
      for (const { outcome, reason } of backupsOf(result)) {
        if (outcome !== 'completed') expect(reason).toMatch(/^the machine (lost its power|was killed)$/);
      }
    }
  });

  test.each(['delete', 'truncate', 'persist', 'wal'])('SQLite with journal %s recovers', journal => {
    for (const at of [310, 480, 620, 750, 880, 960]) {
      const faults = `{ kind: power-cut, at: ${at} ms, back: 200 ms }`;
      const result = simulation.run(scenarioOf(faults, SQLITE.replace('JOURNAL', journal), 'backups.volumes=[C]'), at);
      expect(violationsOf(result), `${at} ms`).toEqual([]);
      const last = backupsOf(result)[1]!;
      expect(last.outcome).toBe('completed');
      const held = last.checks.filter(({ verdict }) => verdict === 'held').map(({ check }) => check);
      expect(held).toEqual(
        expect.arrayContaining(['durable', 'relational', 'prefix', 'sqlite', 'fs', 'exact', 'transparent']),
      );
    }
  });

  test('a machine that ends while it starts is started again, and one that is down stays down for as long as is said', () => {
    const cuts = [1, 2, 3].map(nth => `{ kind: power-cut, nth: ${nth}, back: 1 s }`).join(', ');
    const lives: number[] = [];
    const onMethod = ({ session: { world } }: FinishedMethod) => {
      for (const { endedNs } of world.lives) if (endedNs !== null) lives.push(endedNs / 1e9);
    };
    const result = simulation.run(scenarioOf(`${cuts}, { kind: kill, at: 1.5 s, back: 2 s }`), 1, { onMethod });
    expect(lives.map(Math.floor)).toEqual([0, 1, 3]);
    expect(violationsOf(result)).toEqual([]);
  });
});

test('a live page that is not what was last written is found though its machine has ended', () => {
  const spoil = (world: World): void => {
    const { door } = world.drive('disk0');
    world.kernel.owner('spoiler').spawn(
      'spoil',
      (function* (): Task<void> {
        yield 1.6e9 - 1;
        const [first] = [...world.cached.get('C')!.expectations()];
        const sector = world.volume('C').firstSector + first!.page * 8;
        world.drive('disk0').drive.sectors.write(sector * door.sectorSize, new Uint8Array(512).fill(0x5a));
      })(),
    );
  };
  const scenario = scenarioOf('{ kind: kill, at: 1.6 s, back: 200 ms }', 'backups.count=1');
  for (const [before, word] of [
    [() => {}, 'held'],
    [spoil, 'violated'],
  ] as const) {
    const { world } = runWorld(modules, scenario, 1, before);
    expect(transparent({ world, snapshots: world.snapshots, backups: [] }).verdict).toBe(word);
  }
});

describe('what a cut leaves behind', () => {
  test('a backup that was under way has failed, and the next one completes', () => {
    const [first, second] = backupsOf(simulation.run(scenarioOf('{ kind: power-cut, at: 1.6 s, back: 200 ms }'), 1));
    expect(first).toMatchObject({ outcome: 'failed', reason: 'the machine lost its power' });
    expect(second).toMatchObject({ outcome: 'completed', consistency: 'quiescent' });
  });

  test('a snapshot that ended with its machine is gone: no letter, no place, no event', () => {
    const cache = 'backups.methods=[{ otm: { quiet: 500 ms, granule: 16 KiB, cache: { on: D, limit: 2 MiB } } }]';
    const scenario = scenarioOf('{ kind: kill, at: 1.6 s, back: 200 ms }', cache, 'backups.volumes=[C]');
    const left: string[][] = [];
    const { world, backups } = runWorld(modules, scenario, 1, world => {
      world.engineListeners.push(({ kind }) => {
        if (kind === 'enabled') left.push(cacheFilesOf(world));
      });
    });
    expect(backups.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
    // At each T only the snapshot's own file is there: that of the first has been removed when the machine started.
    expect(left).toEqual([['D:\\OTM\\OTM-1.CACHE'], ['D:\\OTM\\OTM-2.CACHE']]);
    expect(world.engineEvents.some(({ kind, snapshot }) => kind === 'released' && snapshot === 'otm-1')).toBe(false);
    expect(world.snapshots[0]!.diedNs).toBe(1.6e9);
    expect(world.lentLetters.size).toBe(0);
  });

  test('requests that were at a drive when the power was cut never complete, and those of a kill do', () => {
    for (const kind of ['power-cut', 'kill'] as const) {
      const { world } = runWorld(modules, scenarioOf(`{ kind: ${kind}, nth: 100, op: write, back: 1 s }`), 1, () => {});
      const [life, next] = world.lives;
      const flying = Array.from({ length: next!.firstIssue }, (_, at) => world.requests.row(at)).filter(
        ({ completedAt }) => completedAt >= life!.endedNs!,
      );
      expect(flying.length).toBeGreaterThan(0);
      expect(flying.every(({ takenAway }) => takenAway)).toBe(kind === 'power-cut');
    }
  });

  test('the truth is what the drives hold when the machine starts', () => {
    let drives: ReadonlyMap<string, Sectors> = new Map();
    const watch = (world: World): void => {
      const { truth } = world;
      const told = truth.restarted.bind(truth);
      truth.restarted = (...of) => {
        drives = world.fork();
        return told(...of);
      };
    };
    const { world } = runWorld(modules, scenarioOf('{ kind: power-cut, nth: 150, back: 200 ms }'), 4, watch);
    const { startedAt } = world.lives[1]!;
    const found = new Set<string>();
    for (const { spec, on } of world.volumes.values()) {
      const sectors = drives.get(spec.driveId)!;
      const volume = {
        letter: spec.letter,
        fileSystem: spec.fs,
        sectorSize: on.spec.sectorSizeBytes,
        sectors,
      } as const;
      const { files, problems } = readRestored({ ...volume, offsetBytes: spec.offsetBytes, sizeBytes: spec.sizeBytes });
      expect(problems).toEqual([]);
      for (const file of files) {
        found.add(file.path);
        const known = world.truth.fileAt(file.path, startedAt)!;
        expect(known.sizes.at(startedAt, -1), file.path).toBe(file.sizeBytes);
        const bytes = new Uint8Array(512);
        for (const slot of known.slots) {
          const block = world.truth.blocks.blocks[slot]!;
          file.read(block * 512, bytes);
          const version = world.truth.blocks.at(slot, startedAt);
          expect(world.truth.blocks.hashes[version], `${file.path}, block ${block}`).toBe(modules.hash(bytes));
        }
      }
    }
    const there = world.truth.paths().filter(path => world.truth.fileAt(path, startedAt) !== null);
    expect(there.sort()).toEqual([...found].sort());
  });
});

function cacheFilesOf(world: World): string[] {
  const paths = world.truth.paths().filter(path => path.endsWith('.CACHE'));
  return paths.filter(path => world.truth.fileAt(path, world.truth.lastEvent) !== null);
}
