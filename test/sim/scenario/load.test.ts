/** What a scenario comes to when it is right: defaults, units, cross-references. */
import { describe, expect, test } from 'vitest';
import { DRIVE_MODELS } from '../../../sim/scenario/drive-models.ts';
import { errorsOf, FLAGSHIP, loadTexts, SMALL, scenarioOf } from './sample.ts';

const MIB = 1_048_576;
const SECOND = 1_000_000_000;

describe('the flagship', () => {
  const scenario = scenarioOf(FLAGSHIP);

  test('world', () => {
    const { drives, pageCache } = scenario;
    const { writeCacheDefault, ...figures } = DRIVE_MODELS['server-1999'];
    expect(drives[0]).toEqual({
      id: 'disk0',
      sizeBytes: 96 * MIB,
      model: 'server-1999',
      figures,
      sectorSizeBytes: 512,
      partitions: 'mbr',
      writeCache: writeCacheDefault,
      volumes: [
        {
          letter: 'C',
          driveId: 'disk0',
          offsetBytes: MIB,
          sizeBytes: 64 * MIB,
          fs: 'fat32',
          clusterBytes: 512,
          trimEveryNs: null,
        },
      ],
    });
    expect(pageCache).toEqual({
      sizeBytes: 32 * MIB,
      writeBackNs: SECOND,
      dirtyLimitBytes: Math.floor(32 * MIB * 0.2),
    });
    expect(scenario.clockSeconds).toBe(Date.UTC(2000, 0, 1) / 1000);
  });

  test('workload', () => {
    expect(scenario.workloads).toEqual([
      {
        id: 'bank',
        app: 'ledger',
        files: { A: 'C:\\BANK\\ACCOUNTS.DAT', B: 'C:\\BANK\\JOURNAL.DAT' },
        accounts: 65536,
        fsync: 'never',
        rate: { count: 40, perNs: SECOND },
        clients: 8,
        startNs: 0,
        untilNs: null,
        pauses: { everyNs: 20 * SECOND, forNs: 8 * SECOND },
        idle: false,
      },
    ]);
  });

  test('backups, methods in the order of the file', () => {
    const { methods, ...backups } = scenario.backups;
    expect(backups).toEqual({
      startNs: 10 * SECOND,
      selection: { by: 'volumes', volumes: ['C'], drives: [] },
      walk: { order: { by: 'name' }, include: null, exclude: [] },
      copyRateBytesPerSecond: MIB,
      count: 1,
      everyNs: null,
    });
    expect(methods.map(({ id }) => id)).toEqual([
      'naive-copy',
      'open-file-agent',
      'group-agent',
      'live-image',
      'cold-backup',
      'otm',
    ]);
    expect(methods[2]).toMatchObject({
      groups: [['C:\\BANK\\ACCOUNTS.DAT']],
      quietNs: 5 * SECOND,
      waitLimitNs: 300 * SECOND,
    });
    expect(methods[5]).toEqual({
      kind: 'otm',
      id: 'otm',
      expectation: { is: 'held' },
      beside: [],
      options: {
        quietNs: 5 * SECOND,
        waitLimitNs: 300 * SECOND,
        neverQuiet: 'fail',
        holdLimitNs: 10 * SECOND,
        idleLimitNs: 7200 * SECOND,
        preserveLimitNs: 10 * SECOND,
        granuleBytes: 16_384,
        protect: 'application',
        durable: false,
        discards: 'preserve',
        exclude: [],
        cache: { on: { is: 'volume', letter: 'D' }, minBytes: 4 * MIB, limitBytes: 32 * MIB },
      },
    });
  });

  test('expectations, end, seeds, story', () => {
    expect(scenario.backups.methods[1]!.expectation).toEqual({
      is: 'checks',
      outcome: 'completed',
      checks: [
        { check: 'intact', workload: null, expected: 'held' },
        { check: 'relational', workload: null, expected: 'violated' },
      ],
      metrics: [],
    });
    expect(scenario.end).toEqual({ afterNs: null, limitNs: 3600 * SECOND });
    expect(scenario).toMatchObject({ seed: 1, seeds: [{ first: 1, last: 20 }], faults: [], phases: null });
    expect(scenario.story.split('\n')).toEqual([
      'Files A and B are updated together, all the time. The agent copies A first and B four seconds later:',
      '30 transfers or more fall between. OTM waits for five seconds of rest and takes both at one instant.',
    ]);
  });
});

describe('world', () => {
  test.each([
    ['48 MiB', 'fat32', 512],
    ['64 MiB', 'fat32', 512],
    ['96 MiB', 'fat32', 1024],
    ['128 MiB', 'fat32', 1024],
    ['192 MiB', 'fat32', 2048],
    ['33 MiB', 'fat32', 512],
    ['64 MiB', 'fat16', 1024],
    ['1 MiB', 'fat12', 512],
    ['8 MiB', 'fat12', 2048],
  ])('%s as %s has clusters of %d', (size, fs, cluster) => {
    const scenario = scenarioOf(
      SMALL,
      'workloads=[]',
      'expect={}',
      `world.drives=[{ id: disk0, size: 1 GiB, volumes: [{ letter: C, size: ${size}, fs: ${fs} }, { letter: E, size: 4 MiB, fs: raw }] }]`,
      'backups.methods=[otm]',
    );
    expect(scenario.drives[0]!.volumes[0]!.clusterBytes).toBe(cluster);
    expect(scenario.drives[0]!.volumes[1]!.clusterBytes).toBeNull();
  });

  test('volumes begin at multiples of 1 MiB', () => {
    const drive =
      '{ id: disk9, size: 1 TiB, volumes: [{ letter: X, size: 512 KiB, fs: raw }, { letter: Y, size: 3 MiB, fs: raw }, { letter: Z, size: 1 MiB, fs: raw }] }';
    const { drives } = scenarioOf(
      SMALL,
      'workloads=[]',
      'expect={}',
      `world.drives=[${drive}]`,
      'backups.volumes=[X]',
      'backups.methods=[otm]',
    );
    expect(drives[0]!.volumes.map(({ offsetBytes }) => offsetBytes / MIB)).toEqual([1, 2, 5]);
  });

  test('figures of its own, and the own queue depth', () => {
    const { drives } = scenarioOf(
      SMALL,
      'world.drives.disk0.model={ command: 1.5 ms, transfer: 10 MiB/s, seekMin: 2 ms, cacheSize: 1 MiB }',
      'world.drives.disk0.queueDepth=7',
      'world.drives.disk1.writeCache=off',
      'world.drives.disk1.queueDepth=3',
    );
    expect(drives[0]).toMatchObject({
      model: null,
      writeCache: true,
      figures: {
        commandNs: 1_500_000,
        transferBytesPerSecond: 10 * MIB,
        seekMinNs: 2_000_000,
        seekMaxNs: 2_000_000,
        strokeBytes: 96 * MIB,
        rotationNs: 0,
        queueDepth: 7,
        channels: 1,
        writeCacheBytes: MIB,
      },
    });
    expect(drives[1]).toMatchObject({ model: 'ssd', writeCache: false, figures: { queueDepth: 3 } });
  });

  test('a drive of 16 TiB is fine: it is sparse', () => {
    const { drives } = scenarioOf(SMALL, 'world.drives.disk0.size=16 TiB');
    expect(drives[0]!.sizeBytes).toBe(16 * 1024 * 1024 * MIB);
  });

  test('`on` and `off` are words, also N and Y as letters', () => {
    const drive =
      '{ id: disk9, size: 1 GiB, writeCache: on, volumes: [{ letter: N, size: 1 MiB, fs: raw }, { letter: y, size: 1 MiB, fs: raw }] }';
    const { drives } = scenarioOf(
      SMALL,
      'workloads=[]',
      'expect={}',
      `world.drives=[${drive}]`,
      'backups.volumes=[n, Y]',
      'backups.methods=[live-image]',
    );
    expect(drives[0]!.volumes.map(({ letter }) => letter)).toEqual(['N', 'Y']);
  });
});

describe('workloads', () => {
  test('every application with its defaults', () => {
    const [, shop, post, rest, work] = scenarioOf(SMALL).workloads;
    expect(shop).toMatchObject({
      files: [
        { name: 'main', path: 'C:\\SHOP\\ORDERS.DB' },
        { name: 'stock', path: 'C:\\SHOP\\STOCK.DB' },
      ],
      journal: 'delete',
      sizeBytes: 4 * MIB,
      blobs: false,
      fsync: 'always',
    });
    expect(post).toMatchObject({ app: 'mail', at: 'C:\\MAIL', messages: 1000, rate: { count: 2, perNs: SECOND } });
    expect(rest).toEqual({ id: 'rest', app: 'static', at: 'E:\\REST', fileCount: 10, sizeBytes: 65_536, idle: false });
    expect(work).toMatchObject({
      app: 'script',
      rate: { count: 3, perNs: 2 * SECOND },
      sizeBytes: MIB,
      transaction: [
        { does: 'write', file: 'A', sizeBytes: 4096, at: { is: 'random' } },
        { does: 'wait', forNs: 20_000_000 },
        { does: 'append', file: 'B', sizeBytes: 512 },
        { does: 'rename', from: 'A', to: 'B' },
        { does: 'sync', file: 'B' },
      ],
    });
  });

  test('an end before the backup implies that it is idle', () => {
    const until = (time: string) => scenarioOf(SMALL, `workloads.bank.until=${time}`).workloads[0]!.idle;
    expect([until('10 s'), until('9 s'), until('11 s')]).toEqual([true, true, false]);
  });

  test('paths: either slash, any case', () => {
    const { workloads } = scenarioOf(SMALL, 'workloads.bank.files.A=c:/bank/accounts.dat');
    expect(workloads[0]).toMatchObject({ files: { A: 'C:\\BANK\\ACCOUNTS.DAT' } });
  });
});

describe('backups', () => {
  test('without a selection: every volume; by drives: all on them', () => {
    const bare = SMALL.replace('  volumes: [C, E]\n', '')
      .replace('[open-file-agent, otm]', '[otm]')
      .replace(/ {2}open-file-agent:.*\n/, '');
    expect(scenarioOf(bare).backups.selection).toEqual({ by: 'volumes', volumes: ['C', 'E', 'D', 'R'], drives: [] });
    expect(scenarioOf(bare, 'backups.drives=[disk1, disk0]', 'expect={}').backups.selection).toEqual({
      by: 'drives',
      volumes: ['C', 'E', 'D', 'R'],
      drives: ['disk1', 'disk0'],
    });
  });

  test('a cache: 10% of the volumes, `limit` lowers `min`, a spare drive', () => {
    const cache = (...sets: string[]) => {
      const method = scenarioOf(SMALL, ...sets).backups.methods.at(-1)!;
      return method.kind === 'otm' ? method.options.cache : null;
    };
    const tenth = Math.floor((52 * MIB) / 10);
    expect(cache()).toEqual({ on: { is: 'spare' }, minBytes: 4 * MIB, limitBytes: tenth - (tenth % 4096) });
    expect(cache('backups.methods.otm.cache={ limit: 1 MiB, on: disk1 }')).toEqual({
      on: { is: 'drive', driveId: 'disk1' },
      minBytes: MIB,
      limitBytes: MIB,
    });
  });

  test('methods: ids, options, snapshots beside', () => {
    const { methods } = scenarioOf(
      SMALL,
      'backups.methods=[otm, { id: otm-fast, otm: { quiet: 0 s, idleLimit: never, beside: [{ start: 2 s, volumes: [C], for: 30 s, granule: 4 KiB }] } }, { id: second, naive-copy: }]',
      'expect={ second: may }',
    ).backups;
    expect(methods.map(({ id, kind }) => [id, kind])).toEqual([
      ['otm', 'otm'],
      ['otm-fast', 'otm'],
      ['second', 'naive-copy'],
    ]);
    expect(methods[1]).toMatchObject({
      options: { quietNs: 0, idleLimitNs: null, granuleBytes: 16_384 },
      beside: [
        {
          id: 'otm-fast-beside-1',
          startNs: 2 * SECOND,
          forNs: 30 * SECOND,
          selection: { volumes: ['C'] },
          options: { quietNs: 0, granuleBytes: 4096, cache: { on: { is: 'spare' } } },
        },
      ],
    });
    expect(methods.map(({ expectation }) => expectation)).toEqual([null, null, { is: 'may' }]);
  });

  test('walk', () => {
    const { walk } = scenarioOf(
      SMALL,
      "backups.order=['C:\\BANK', '*.DB']",
      'backups.include=[c:/]',
      "backups.exclude=['*.tmp']",
    ).backups;
    expect(walk).toEqual({
      order: { by: 'paths', paths: ['C:\\BANK', '*.DB'] },
      include: ['C:\\'],
      exclude: ['*.TMP'],
    });
  });
});

describe('faults', () => {
  const fault = (text: string) => scenarioOf(SMALL, `faults=[${text}]`).faults[0];

  test('each kind with its defaults', () => {
    expect(fault('{ kind: read-error, on: C, sectors: 100..199 }')).toEqual({
      kind: 'read-error',
      on: { is: 'volume', letter: 'C' },
      sectors: { first: 100, last: 199 },
      trigger: { is: 'at', atNs: 0 },
      duration: { is: 'once' },
    });
    expect(fault('{ kind: write-error, on: cache, nth: 3, op: flush, done: part, for: ever }')).toEqual({
      kind: 'write-error',
      on: { is: 'cache' },
      sectors: null,
      trigger: { is: 'nth', nth: 3 },
      duration: { is: 'ever' },
      op: 'flush',
      done: 'part',
    });
    expect(fault('{ kind: latency, on: disk1, perMillion: 50, factor: x1000, for: 5 s, op: write }')).toEqual({
      kind: 'latency',
      on: { is: 'drive', driveId: 'disk1' },
      sectors: null,
      trigger: { is: 'per-million', perMillion: 50 },
      duration: { is: 'for', forNs: 5 * SECOND },
      op: 'write',
      factor: 1000,
    });
    expect(fault('{ kind: latency, on: target, factor: hang }')).toMatchObject({ factor: null, op: null });
    expect(fault('{ kind: drive-gone, on: target, at: 12 s }')).toEqual({
      kind: 'drive-gone',
      on: { is: 'target' },
      trigger: { is: 'at', atNs: 12 * SECOND },
      duration: { is: 'ever' },
    });
    expect(fault('{ kind: power-cut, nth: 40, on: C, op: write, torn: true, back: 5 s }')).toEqual({
      kind: 'power-cut',
      trigger: { is: 'nth', nth: 40 },
      on: { is: 'volume', letter: 'C' },
      op: 'write',
      backNs: 5 * SECOND,
      torn: true,
    });
    expect(fault('{ kind: power-cut, at: 12 s }')).toMatchObject({ on: null, op: null, backNs: SECOND, torn: false });
    expect(fault('{ kind: kill, at: 12 s }')).toEqual({
      kind: 'kill',
      trigger: { is: 'at', atNs: 12 * SECOND },
      on: null,
      op: null,
      backNs: SECOND,
    });
    expect(fault('{ kind: agent-dies, nth: 7, how: stops }')).toEqual({
      kind: 'agent-dies',
      trigger: { is: 'nth', nth: 7 },
      how: 'stops',
    });
    expect(fault('{ kind: writer-at-T, on: c }')).toEqual({
      kind: 'writer-at-T',
      on: { is: 'volume', letter: 'C' },
      sectors: null,
      when: 'both',
    });
  });
});

describe('expectations', () => {
  const expected = (text: string, ...sets: string[]) =>
    scenarioOf(SMALL, ...sets, `expect={ otm: ${text} }`).backups.methods[1]!.expectation;

  test.each(['held', 'violated', 'sometimes-violated', 'may'])('%s', word => {
    expect(expected(word)).toEqual({ is: word });
  });

  test.each(['lost', 'timed-out', 'failed'])('%s', word => {
    expect(expected(word)).toEqual({ is: 'outcome', outcome: word });
  });

  test('a mapping: words, by workload, an outcome, engine checks', () => {
    expect(expected('{ relational: { bank: violated, shop: held }, exact: held, fs: may }')).toEqual({
      is: 'checks',
      outcome: 'completed',
      checks: [
        { check: 'relational', workload: 'bank', expected: 'violated' },
        { check: 'relational', workload: 'shop', expected: 'held' },
        { check: 'fs', workload: null, expected: 'may' },
        { check: 'exact', workload: null, expected: 'held' },
      ],
      metrics: [],
    });
    expect(expected('{ outcome: lost, bounded: held }')).toMatchObject({
      outcome: 'lost',
      checks: [{ check: 'bounded' }],
    });
  });

  test('thresholds', () => {
    const metrics = (text: string) => {
      const expectation = expected(`{ metrics: { ${text} } }`);
      return expectation?.is === 'checks' ? expectation.metrics : null;
    };
    expect(metrics('backupSeconds: <= 180 s, appWriteDelayP99Us: <= 20 ms, cachePeakBytes: < 64 MiB')).toEqual([
      {
        metric: 'backupSeconds',
        unit: 'nanoseconds',
        min: null,
        max: { value: 180 * SECOND, inclusive: true },
        text: '<= 180 s',
      },
      {
        metric: 'cachePeakBytes',
        unit: 'bytes',
        min: null,
        max: { value: 64 * MIB, inclusive: false },
        text: '< 64 MiB',
      },
      {
        metric: 'appWriteDelayP99Us',
        unit: 'nanoseconds',
        min: null,
        max: { value: 20_000_000, inclusive: true },
        text: '<= 20 ms',
      },
    ]);
    expect(metrics("holdSeconds: '> 20 s', quietWaitSeconds: '>= 20s'")).toMatchObject([
      { metric: 'quietWaitSeconds', min: { value: 20 * SECOND, inclusive: true }, max: null },
      { metric: 'holdSeconds', min: { value: 20 * SECOND, inclusive: false }, max: null },
    ]);
    expect(metrics('granulesPreserved: 10..20, appTransactionsPerSecond: 0.5/s..100/min')).toMatchObject([
      { metric: 'granulesPreserved', min: { value: 10, inclusive: true }, max: { value: 20, inclusive: true } },
      { metric: 'appTransactionsPerSecond', min: { value: 0.5 }, max: { value: 100 / 60 } },
    ]);
  });
});

describe('files', () => {
  test('a template is checked for its form and gives no scenario', () => {
    const template = 'schema: otm/scenario@1\nname: base\ntemplate: true\nbackups: { start: 5 s }\n';
    expect(loadTexts({ 'base.yaml': template })).toMatchObject({ ok: true, isTemplate: true, scenarios: [] });
    expect(loadTexts({ 'base.yaml': `${template}bakups: {}\n` })).toMatchObject({ ok: false });
  });

  test('a byte order mark and Windows line ends', () => {
    expect(scenarioOf(`\uFEFF${FLAGSHIP.replaceAll('\n', '\r\n')}`)).toEqual(scenarioOf(FLAGSHIP));
  });

  test('every text that was read is handed out', () => {
    const result = loadTexts({ 'a/b.yaml': 'extends: ../base.yaml\nname: b\n', 'base.yaml': SMALL });
    expect([...result.texts.keys()]).toEqual(['a/b.yaml', 'base.yaml']);
  });

  test('the story of the base when it has none of its own', () => {
    const base = { 'base.yaml': SMALL };
    expect(scenarioOf({ 'b.yaml': 'extends: base.yaml\nname: b\n', ...base }).story).toBe('A small story.');
    expect(scenarioOf({ 'b.yaml': '# Mine.\nextends: base.yaml\nname: b\n', ...base }).story).toBe('Mine.');
  });
});

describe('a cache on what is backed up', () => {
  const otm = (text: string) => `backups.methods.otm=${text}`;
  const drive = ['backups.volumes=null', 'backups.drives=[disk0]'];

  test('needs room for all of its limit, elsewhere for the least', () => {
    const [error] = errorsOf(SMALL, ...drive, otm('{ cache: { on: disk0, limit: 48 MiB } }'));
    expect(error?.message).toMatch(/has 43 MiB outside of its volumes, .* 48 MiB, which is all of its limit/);
    expect(errorsOf(SMALL, otm('{ cache: { on: disk0, limit: 48 MiB } }'))).toEqual([]);
    expect(errorsOf(SMALL, ...drive, otm('{ cache: { on: disk0, limit: 43 MiB } }'))).toEqual([]);
  });

  test('leaves the second table of a GPT alone', () => {
    const sets = [...drive, 'world.drives.disk0.partitions=gpt'];
    expect(errorsOf(SMALL, ...sets, otm('{ cache: { on: disk0, limit: 43 MiB } }'))).toHaveLength(1);
    expect(errorsOf(SMALL, ...sets, otm('{ cache: { on: disk0, limit: 42 MiB } }'))).toEqual([]);
  });

  test('can be expected to be left out, as can files that are excluded', () => {
    const expected = 'expect={ otm: { self: held } }';
    for (const text of ['{ cache: { on: C, limit: 4 MiB } }', "{ exclude: ['*.TMP'] }"])
      expect(errorsOf(SMALL, otm(text), expected)).toEqual([]);
    expect(errorsOf(SMALL, otm('{ cache: { on: D, limit: 4 MiB } }'), expected)).toHaveLength(1);
    const beside = '{ cache: { on: D, limit: 4 MiB }, beside: [{ start: 2 s, volumes: [D] }] }';
    expect(errorsOf(SMALL, otm(beside), expected)).toEqual([]);
  });
});
