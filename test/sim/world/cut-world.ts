/** A small world with an application or two of each kind, for tests that cut its power or kill it. */

import { SqliteLibrary } from '../../../sim/apps/sqlite/library.ts';
import type { Modules } from '../../../sim/modules.ts';
import { load } from '../../../sim/scenario/load.ts';
import type { Scenario } from '../../../sim/scenario/scenario.ts';
import { toEnd } from '../../../sim/slices.ts';
import { makeApplications } from '../../../sim/world/applications.ts';
import { fillDrives } from '../../../sim/world/filled-drives.ts';
import { runSession, type Session } from '../../../sim/world/session.ts';
import { World } from '../../../sim/world/world.ts';

const TEXT = String.raw`
# A small world.
schema: otm/scenario@1
name: cut
world:
  drives:
    - { id: disk0, size: 24 MiB, model: ssd, volumes: [{ letter: C, size: 16 MiB, fs: fat16 }] }
    - { id: disk1, size: 16 MiB, model: hdd, volumes: [{ letter: D, size: 12 MiB, fs: fat12 }] }
  pageCache: { size: 4 MiB, writeBack: 300 ms }
workloads:
  - { id: bank, app: ledger, files: { A: 'C:\BANK\A.DAT', B: 'C:\BANK\B.DAT' }, accounts: 256, fsync: always, rate: 10/s, clients: 1, pauses: { every: 3 s, for: 2 s } }
  - { id: post, app: mail, at: 'D:\MAIL', messages: 20, fsync: group, rate: 8/s, pauses: { every: 3 s, for: 2 s } }
backups:
  start: 500 ms
  every: 3 s
  count: 2
  volumes: [C, D]
  methods:
    - { otm: { quiet: 500 ms, waitLimit: 60 s, granule: 16 KiB, cache: { limit: 2 MiB } } }
end: { limit: 60 s }
`;

export const SQLITE = String.raw`workloads=[{ id: shop, app: sqlite, files: { ACCOUNTS: 'C:\SHOP\ACCOUNTS.DB', ORDERS: 'C:\SHOP\ORDERS.DB' }, journal: JOURNAL, size: 64 KiB, fsync: always, rate: 8/s, pauses: { every: 3 s, for: 2 s } }]`;

export function scenarioOf(faults: string, ...sets: string[]): Scenario {
  const loaded = load('cut.yaml', () => TEXT, { sets: [`faults=[${faults}]`, ...sets] });
  if (!loaded.ok) throw new Error(loaded.errors.map(({ message }) => message).join('; '));
  return loaded.scenarios[0]!;
}

/** Runs its only method; `before` may change the world that was built. */
export function runWorld(modules: Modules, scenario: Scenario, seed: number, before: (world: World) => void): Session {
  modules.methodArena.reset();
  modules.pageBuffers.reset();
  const sqlite = modules.sqlite === null ? null : new SqliteLibrary(modules.sqlite);
  const filled = fillDrives(scenario, makeApplications(scenario, sqlite), modules);
  const applications = makeApplications(scenario, sqlite);
  const method = scenario.backups.methods[0]!;
  const world = new World({ scenario, seed, method, modules, filled, applications, trace: null });
  before(world);
  return toEnd(runSession(world));
}
