/**
 * A run is a function of scenario and seed: the same digest twice, with and without a trace, with one method or all, alone
 * and after other scenarios in the same process. And the flagship tells the story that its comment promises.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModules } from '../../host/modules.ts';
import type { Modules } from '../../sim/modules.ts';
import type { MethodRun, RunResult } from '../../sim/result.ts';
import { type FinishedMethod, Simulation } from '../../sim/run.ts';
import { load } from '../../sim/scenario/load.ts';
import type { Scenario } from '../../sim/scenario/scenario.ts';

function shipped(name: string, ...sets: string[]): Scenario {
  const loaded = load(`scenarios/${name}.yaml`, path => readFileSync(path, 'utf8'), { sets });
  if (!loaded.ok) throw new Error(loaded.errors.map(({ message }) => message).join('; '));
  return loaded.scenarios[0]!;
}

let modules: Modules;
beforeAll(async () => {
  modules = await loadModules({ sqlite: true });
});

/** Metrics depend on the base run, which is as long as the longest method: the digests and verdicts do not. */
function essence({ method, digest, outcome, checks }: MethodRun) {
  return {
    method,
    digest,
    outcome,
    checks: checks.map(({ check, workload, verdict, looked }) => ({ check, workload, verdict, looked })),
  };
}

describe('the flagship', () => {
  let result: RunResult;
  let scenario: Scenario;
  beforeAll(() => {
    scenario = shipped('timestamp-problem');
    result = new Simulation(modules).run(scenario, 1);
  });

  const methodOf = (id: string): MethodRun => result.methods.find(({ method }) => method === id)!;
  const relational = (id: string) => methodOf(id).checks.find(({ check }) => check === 'relational')!;

  test('passes every expectation', () => {
    expect(result.methods.flatMap(({ checks }) => checks.filter(({ pass }) => !pass))).toEqual([]);
    expect(result.pass).toBe(true);
  });

  test('finds copies that lost the relation of A and B, each in its own way', () => {
    expect(methodOf('naive-copy').checks.find(({ check }) => check === 'intact')!.verdict).toBe('violated');
    expect(methodOf('open-file-agent').checks.find(({ check }) => check === 'intact')!.verdict).toBe('held');
    for (const id of ['naive-copy', 'open-file-agent', 'group-agent', 'live-image']) {
      expect(relational(id).verdict, id).toBe('violated');
    }
  });

  test('finds 30 transfers or more between A and B of the open-file agent, 20 or more of the group agent', () => {
    const between = (id: string): number =>
      Number(/B holds (\d+) transfers that A lacks/.exec(relational(id).summary)?.[1]);
    expect(between('open-file-agent')).toBeGreaterThanOrEqual(30);
    expect(between('group-agent')).toBeGreaterThanOrEqual(20);
  });

  test('loads what OTM and the cold backup restored, and only the latter stops the application', () => {
    for (const id of ['cold-backup', 'otm']) expect(methodOf(id).restore?.loadings[0]?.accepts).toBe(true);
    expect(methodOf('cold-backup').metrics.appDownSeconds).toBeGreaterThan(4);
    expect(methodOf('otm').metrics.appDownSeconds).toBe(0);
    expect(methodOf('otm').consistency).toBe('quiescent');
  });

  test('gives the same result a second time', () => {
    expect(new Simulation(modules).run(scenario, 1)).toEqual(result);
  });

  test('gives another digest for another seed', () => {
    expect(new Simulation(modules).run(scenario, 2).digest).not.toBe(result.digest);
  });

  test('gives the same result with a trace', () => {
    let entries = 0;
    const traced = new Simulation(modules).run(scenario, 1, {
      trace: true,
      onMethod: ({ trace }) => {
        entries += trace?.entries.length ?? 0;
      },
    });
    expect(traced).toEqual(result);
    expect(entries).toBeGreaterThan(0);
  });

  test('gives each method alone the digest that it has among all', () => {
    const simulation = new Simulation(modules);
    for (const method of result.methods) {
      const alone = simulation.run(scenario, 1, { methods: [method.method] });
      expect(essence(alone.methods[0]!)).toEqual(essence(method));
    }
  });

  test('gives the same result after other scenarios in the same process', () => {
    const simulation = new Simulation(modules);
    simulation.run(shipped('mail-store'), 3, { methods: ['otm'] });
    simulation.run(shipped('timestamp-problem-sqlite'), 2, { methods: ['open-file-agent'] });
    expect(simulation.run(scenario, 1)).toEqual(result);
  });
});

test('SQLite gives the same result twice, and after another seed', () => {
  const scenario = shipped('timestamp-problem-sqlite');
  const options = { methods: ['open-file-agent', 'otm'] };
  const simulation = new Simulation(modules);
  const first = simulation.run(scenario, 5, options);
  simulation.run(scenario, 6, options);
  expect(simulation.run(scenario, 5, options)).toEqual(first);
  expect(new Simulation(modules).run(scenario, 5, options)).toEqual(first);
});

test('a machine that can not read its volumes makes no backup, and says why (regression)', () => {
  const scenario = shipped('timestamp-problem', 'faults=[{ kind: read-error, on: C, at: 0 s, for: ever }]');
  const { methods } = new Simulation(modules).run(scenario, 1);
  for (const { outcome, reason } of methods) {
    expect(outcome).toBe('failed');
    expect(reason).toContain('the machine did not start');
  }
});

test('an application that wrote nothing makes an expectation fail', () => {
  const scenario = shipped('timestamp-problem', 'workloads.bank.start=50s', 'workloads.bank.pauses=null');
  const { methods } = new Simulation(modules).run(scenario, 1, { methods: ['cold-backup'] });
  expect(methods[0]!.pass).toBe(false);
  expect(methods[0]!.checks.find(({ check }) => check === 'activity')?.summary).toContain('nothing before the backup');
});

describe('several backups', () => {
  let run: MethodRun;
  beforeAll(() => {
    const scenario = shipped('timestamp-problem', 'backups.count=2', 'backups.every=60s');
    run = new Simulation(modules).run(scenario, 1, { methods: ['otm'] }).methods[0]!;
  });

  test('each have a snapshot of their own, and are judged by it (regression)', () => {
    expect(run.backups!.flatMap(({ checks }) => checks.filter(({ pass }) => !pass))).toEqual([]);
    expect(run.pass).toBe(true);
    const [first, second] = run.backups!;
    expect(second!.T! - first!.T!).toBeGreaterThan(30);
  });

  test('have figures of their own', () => {
    const [first, second] = run.backups!.map(({ metrics }) => metrics);
    expect(second!.targetBytesWritten).toBeLessThan(1.5 * first!.targetBytesWritten!);
    expect(second!.granulesPreserved).not.toBe(first!.granulesPreserved);
  });

  test('the worst of them stands for the method', () => {
    const scenario = shipped('timestamp-problem', 'backups.count=3', 'backups.every=20s', 'backups.start=1s');
    const { methods } = new Simulation(modules).run(scenario, 1, { methods: ['open-file-agent'] });
    const violated = (checks: MethodRun['checks']) => checks.some(({ verdict }) => verdict === 'violated');
    expect(methods[0]!.backups!.map(({ checks }) => violated(checks))).toContain(true);
    expect(violated(methods[0]!.checks)).toBe(true);
  });
});

describe('the end of a run', () => {
  test('a backup that still runs at the limit has failed, and leaves nothing behind (regression)', () => {
    const scenario = shipped('timestamp-problem', 'end.limit=20s', 'expect={ otm: failed }');
    const { methods } = new Simulation(modules).run(scenario, 1, { methods: ['otm'] });
    expect(methods[0]).toMatchObject({ outcome: 'failed', reason: 'still running at the limit', pass: true });
  });

  test('comes when `after` says, whatever is under way', () => {
    const scenario = shipped('timestamp-problem', 'end.after=15s');
    const { virtualSeconds } = new Simulation(modules).run(scenario, 1, { methods: ['otm'] });
    expect(virtualSeconds).toBe(15);
  });
});

test('a group is taken once, at one instant, also when members come and go meanwhile (regression)', () => {
  const scenario = shipped(
    'mail-store',
    "backups.methods=[{ group-agent: { quiet: 1 s, groups: [['C:\\MAIL']] } }]",
    'expect=null',
  );
  const run = new Simulation(modules).run(scenario, 1).methods[0]!;
  expect(run.outcome).toBe('completed');
  expect(run.checks.find(({ check }) => check === 'relational')!.verdict).toBe('held');
  expect(run.metrics.quietWaitSeconds).toBeLessThan(20);
});

test('a file that another one replaced before its fsync is not synced any more (regression)', () => {
  const transaction =
    '[{ write: ORDERS, size: 512 B, at: random }, { append: AUDIT, size: 512 B }, { rename: [INDEX, ORDERS] }]';
  for (const fsync of ['always', 'group']) {
    const scenario = shipped(
      'five-related-files',
      `workloads.orders.transaction=${transaction}`,
      `workloads.orders.fsync=${fsync}`,
      'expect=null',
    );
    const { methods } = new Simulation(modules).run(scenario, 1, { methods: ['otm'] });
    expect(methods[0]!.outcome).toBe('completed');
  }
});

test('the figures of a backup leave out the full read that checks go by (regression)', () => {
  let until = 0;
  let granules = 0;
  const options = {
    methods: ['otm'],
    onMethod: ({ session }: FinishedMethod) => {
      until = session.backups[0]!.copyToNs!;
      for (const event of session.world.engineEvents) {
        if (event.kind === 'preserved' && event.at <= until) granules += event.count;
      }
    },
  };
  const { metrics } = new Simulation(modules).run(shipped('timestamp-problem'), 1, options).methods[0]!;
  expect(metrics.granulesPreserved).toBe(granules);
  expect(metrics.bytesPreserved).toBe(granules * 16_384);
  expect(metrics.cachePeakBytes).toBeGreaterThan(metrics.bytesPreserved!);
});

test('what is younger than the write-back may be in memory only at T, and nobody is blamed for it (regression)', () => {
  const scenario = shipped(
    'timestamp-problem',
    'world.pageCache.writeBack=4s',
    'workloads.bank.pauses={ every: 20 s, for: 8 s }',
    'expect=null',
  );
  for (let seed = 1; seed <= 6; seed++) {
    const { methods } = new Simulation(modules).run(scenario, seed, { methods: ['otm'] });
    expect(methods[0]!.checks.filter(({ verdict }) => verdict === 'violated')).toEqual([]);
  }
});

test('only the cache files of the engine are nobody’s data, not the folder that they lie in (regression)', () => {
  const torn = shipped(
    'timestamp-problem',
    'workloads.bank.files={ A: "C:/OTM/ACCOUNTS.DAT", B: "C:/OTM/JOURNAL.DAT" }',
    'backups.methods.group-agent=null',
    'expect=null',
  );
  const { methods } = new Simulation(modules).run(torn, 1, { methods: ['open-file-agent'] });
  expect(methods[0]!.checks.find(({ check }) => check === 'relational')!.verdict).toBe('violated');
});
