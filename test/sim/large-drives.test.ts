/** Volumes beyond 2 TiB on a drive with a GPT, and sectors of 4 KiB: sparse, so they cost what is written. */
import { beforeAll, expect, test } from 'vitest';
import { loadModules } from '../../host/modules.ts';
import type { Modules } from '../../sim/modules.ts';
import { Simulation } from '../../sim/run.ts';
import { load } from '../../sim/scenario/load.ts';

const TEXT = `
# Related files on two large drives.
schema: otm/scenario@1
name: large
world:
  drives:
    - { id: disk0, size: 6 TiB, partitions: gpt, volumes: [{ letter: R, size: 3 TiB, fs: raw }, { letter: C, size: 64 MiB, fs: fat32 }] }
    - { id: disk1, size: 4 TiB, partitions: gpt, sectorSize: 4 KiB, volumes: [{ letter: Q, size: 3 TiB, fs: raw }, { letter: D, size: 64 MiB, fs: fat16 }] }
    - { id: disk2, size: 64 MiB, volumes: [{ letter: E, size: 48 MiB, fs: fat16 }] }
  pageCache: { size: 8 MiB, writeBack: 1 s }
workloads:
  - { id: bank, app: ledger, files: { A: 'C:\\BANK\\A.DAT', B: 'D:\\BANK\\B.DAT' }, accounts: 8192, rate: 60/s, pauses: { every: 20 s, for: 8 s } }
backups:
  start: 10 s
  copyRate: 512 KiB/s
  volumes: [C, D]
  methods:
    - open-file-agent
    - { otm: { quiet: 5 s, granule: 16 KiB, cache: { on: E, limit: 16 MiB } } }
expect:
  open-file-agent: { intact: held }
  otm: held
`;

let modules: Modules;
beforeAll(async () => {
  modules = await loadModules({ sqlite: false });
});

test('OTM preserves and restores what lies beyond 2 TiB', () => {
  const loaded = load('large.yaml', path => (path === 'large.yaml' ? TEXT : null));
  if (!loaded.ok) throw new Error(loaded.errors.map(({ message }) => message).join('; '));
  const { pass, methods } = new Simulation(modules).run(loaded.scenarios[0]!, 1);
  expect(methods.flatMap(({ checks }) => checks.filter(each => !each.pass))).toEqual([]);
  expect(pass).toBe(true);
  const otm = methods.find(({ method }) => method === 'otm')!;
  for (const check of ['exact', 'one-instant', 'transparent', 'once', 'relational', 'fs']) {
    expect(
      otm.checks.find(each => each.check === check),
      check,
    ).toMatchObject({ verdict: 'held' });
  }
  expect(otm.metrics.granulesPreserved).toBeGreaterThan(0);
});
