/** What is printed resolved loads again to the same Scenario. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printResolved } from '../../../sim/scenario/print.ts';
import type { Scenario } from '../../../sim/scenario/scenario.ts';
import { FLAGSHIP, loadTexts, SMALL, scenarioOf, variantsOf } from './sample.ts';

function comesBack(scenario: Scenario): void {
  const text = printResolved(scenario);
  const result = loadTexts({ 'printed.yaml': text });
  expect(result.ok ? result.scenarios : [...result.errors.map(({ message }) => message), text]).toEqual([scenario]);
}

describe('examples', () => {
  test('the flagship, every application, variants', () => {
    comesBack(scenarioOf(FLAGSHIP));
    comesBack(scenarioOf(SMALL));
    for (const variant of variantsOf(`${SMALL}matrix: { workloads.bank.rate: [1/s, 2.5/min], seed: [1, 2] }\n`))
      comesBack(variant);
  });

  test('everything is there, in the manner of a scenario', () => {
    const text = printResolved(scenarioOf(FLAGSHIP));
    expect(text).toMatch(/^# Files A and B are updated together/);
    for (const line of [
      "A: 'C:\\BANK\\ACCOUNTS.DAT'",
      'cluster: 512 B',
      'idleLimit: 2 h',
      'writeCache: off',
      'seeds: 1..20',
    ]) {
      expect(text).toContain(line);
    }
    expect(printResolved(scenarioOf(text))).toBe(text);
  });
});

describe('property', () => {
  const time = fc.constantFrom('0 s', '250 us', '20 ms', '1.5 s', '2 min');
  const someTime = fc.constantFrom('1 us', '20 ms', '1.5 s', '2 min');
  const size = fc.constantFrom('4 KiB', '64 KiB', '1 MiB', '4 MiB');
  const rate = fc.constantFrom('40/s', '1.5/s', '100/min', '0.7/h', '3/s');
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

  const transactional = {
    rate,
    clients: fc.integer({ min: 1, max: 1000 }),
    start: fc.constantFrom('0 s', '1 s'),
    until: optional(fc.constantFrom('9 s', '30 s', '2 h')),
    pauses: optional(fc.constant({ every: '20 s', for: '8 s' })),
    idle: fc.boolean(),
  };
  const fsync = fc.constantFrom('always', 'group', 'never');
  const step = fc.oneof(
    fc.record({ write: fc.constantFrom('A', 'B'), size, at: fc.constantFrom('random', 'next', '512 B', '0 B') }),
    fc.record({ append: fc.constant('A'), size }),
    fc.record({ wait: time }),
    fc.record({ rename: fc.constant(['A', 'B']) }),
    fc.record({ sync: fc.constant('B') }),
  );
  const workloads = fc.tuple(
    fc.record({
      id: fc.constant('bank'),
      app: fc.constant('ledger'),
      files: fc.constant({ A: 'C:\\BANK\\A', B: 'c:/bank/b' }),
      accounts: fc.integer({ min: 2, max: 70_000 }),
      fsync,
      ...transactional,
    }),
    fc.record({
      id: fc.constant('shop'),
      app: fc.constant('sqlite'),
      files: fc.constant({ main: 'C:\\X.DB', other: 'C:\\Y.DB' }),
      journal: fc.constantFrom('delete', 'wal'),
      size: fc.constantFrom('64 KiB', '4 MiB'),
      blobs: fc.boolean(),
      ...transactional,
    }),
    fc.record({
      id: fc.constant('post'),
      app: fc.constant('mail'),
      at: fc.constant('C:\\POST'),
      messages: fc.nat(1000),
      fsync,
      ...transactional,
    }),
    fc.record({
      id: fc.constant('rest'),
      app: fc.constant('static'),
      at: fc.constant('C:\\REST'),
      files: fc.integer({ min: 1, max: 5 }),
      size,
      idle: fc.boolean(),
    }),
    fc.record({
      id: fc.constant('work'),
      app: fc.constant('script'),
      files: fc.constant({ A: 'D:\\A', B: 'D:\\B' }),
      size: fc.constantFrom('4 MiB', '5 MiB'),
      transaction: fc.array(step, { minLength: 1, maxLength: 4 }),
      fsync,
      ...transactional,
    }),
  );

  const cache = fc.record({
    on: optional(fc.constantFrom('D', 'disk1', 'disk2')),
    min: size,
    limit: fc.oneof(size, fc.constantFrom('10%', '12.5%', '100%')),
  });
  const quiet = { quiet: time, waitLimit: time };
  const beside = fc.record({
    start: time,
    volumes: optional(fc.constant(['C'])),
    for: optional(time),
    granule: optional(size),
    cache,
  });
  const otm = fc.record({
    ...quiet,
    neverQuiet: fc.constantFrom('fail', 'take-anyway'),
    holdLimit: time,
    idleLimit: fc.oneof(time, fc.constant('never')),
    preserveLimit: time,
    granule: fc.constantFrom('512 B', '4 KiB', '1 MiB'),
    protect: fc.constantFrom('application', 'backup'),
    discards: fc.constantFrom('preserve', 'drop'),
    cache,
    beside: fc.array(beside, { maxLength: 2 }),
  });
  const methods = fc.tuple(
    fc.constantFrom('naive-copy', 'open-file-agent', 'live-image', 'cold-backup'),
    fc.record({
      id: fc.constant('groups'),
      'group-agent': fc.record({ groups: fc.constant([['C:\\BANK', '*.DB'], ['c:/x*']]), ...quiet }),
    }),
    fc.record({ id: fc.constant('first'), otm }),
    fc.record({ otm }),
  );
  const backups = fc.record({
    start: fc.constantFrom('2 s', '10 s'),
    volumes: fc.constant(['C']),
    copyRate: fc.constantFrom('1 MiB/s', '100 KiB/s', 'unlimited'),
    count: fc.integer({ min: 1, max: 5 }),
    every: someTime,
    order: fc.constantFrom('name', 'size', 'random', ['C:\\BANK', '*.DB']),
    include: optional(fc.constant(['C:\\'])),
    exclude: fc.constantFrom([], ['*.TMP']),
    methods,
  });

  const trigger = fc.constantFrom({}, { at: '12 s' }, { nth: 3 }, { perMillion: 50 });
  const lasting = fc.constantFrom('once', 'ever', '5 s');
  const aimed = fc.record({
    on: fc.constantFrom('C', 'disk1', 'cache', 'target'),
    sectors: optional(fc.constantFrom('7', '100..199')),
    for: lasting,
  });
  const fault = fc
    .oneof(
      fc.tuple(fc.constant({ kind: 'read-error' }), aimed, trigger),
      fc.tuple(
        fc.record({
          kind: fc.constant('write-error'),
          op: fc.constantFrom('write', 'discard'),
          done: fc.constantFrom('nothing', 'part', 'all'),
        }),
        aimed,
        trigger,
      ),
      fc.tuple(
        fc.record({
          kind: fc.constant('latency'),
          op: optional(fc.constantFrom('read', 'write')),
          factor: fc.constantFrom('x10', 'x1000', 'hang'),
        }),
        aimed,
        trigger,
      ),
      fc.tuple(
        fc.record({
          kind: fc.constant('drive-gone'),
          on: fc.constantFrom('disk1', 'cache'),
          for: fc.constantFrom('ever', '5 s'),
        }),
        trigger,
      ),
      fc.tuple(
        fc.record({ kind: fc.constant('agent-dies'), how: fc.constantFrom('dies', 'stops') }),
        fc.constantFrom({}, { nth: 3 }),
      ),
      fc.tuple(
        fc.record({ kind: fc.constant('power-cut'), back: fc.constantFrom('1 s', '250 ms'), torn: fc.boolean() }),
        fc.constantFrom({ at: '3 s' }, { nth: 3 }, { nth: 3, on: 'C', op: 'write' }, { nth: 1, on: 'target' }),
      ),
      fc.tuple(
        fc.record({ kind: fc.constant('kill'), back: fc.constantFrom('1 s', '0 s') }),
        fc.constantFrom({ at: '3 s' }, { nth: 3, on: 'cache' }),
      ),
      fc.tuple(
        fc.record({
          kind: fc.constant('writer-at-T'),
          on: fc.constantFrom('C', 'disk0'),
          sectors: optional(fc.constant('1..8')),
          when: fc.constantFrom('both', 'after'),
        }),
      ),
    )
    .map(parts => Object.assign({}, ...parts));

  const word = fc.constantFrom('held', 'violated', 'sometimes-violated', 'may');
  const mapping = fc.record({
    outcome: fc.constant('completed'),
    intact: optional(word),
    relational: optional(fc.oneof(word, fc.record({ bank: word, shop: word }))),
    exact: optional(fc.constant('held')),
    metrics: optional(
      fc.record({
        backupSeconds: fc.constantFrom('<= 180 s', '> 20 s', '10 s..20 s'),
        bytesRead: optional(fc.constant('< 1 MiB')),
      }),
    ),
  });
  const expectations = fc.record({
    otm: optional(fc.oneof(word, fc.constantFrom('lost', 'timed-out', 'failed'), mapping)),
    groups: optional(fc.constantFrom('held', 'timed-out')),
  });

  const figures = fc.constantFrom('hdd', 'nvme', 'server-1999', {
    command: '1 ms',
    transfer: '1 MiB/s',
    seekMin: '1 ms',
    rotation: '8333 us',
    cacheSize: '1 MiB',
  });
  const world = fc.record({
    clock: fc.constantFrom('1999-12-31T23:59:59Z', '2000-01-01T00:00:00Z'),
    drives: fc.tuple(
      fc.record({
        id: fc.constant('disk0'),
        size: fc.constant('128 MiB'),
        model: figures,
        queueDepth: optional(fc.integer({ min: 1, max: 64 })),
        volumes: fc.constant([{ letter: 'C', size: '64 MiB', fs: 'fat32' }]),
      }),
      fc.record({
        id: fc.constant('disk1'),
        size: fc.constant('96 MiB'),
        writeCache: optional(fc.constantFrom('on', 'off')),
        volumes: fc.constant([{ letter: 'D', size: '48 MiB', fs: 'fat16', cluster: '1 KiB' }]),
      }),
      fc.record({
        id: fc.constant('disk2'),
        size: fc.constant('96 MiB'),
        sectorSize: fc.constantFrom('512 B', '4 KiB'),
      }),
    ),
    pageCache: fc.record({
      size: fc.constantFrom('8 MiB', '32 MiB'),
      writeBack: someTime.filter(text => text !== '1 us'),
      dirtyLimit: fc.constantFrom('20%', '33.3%', '1 MiB'),
    }),
  });

  const scenario = fc.record({
    schema: fc.constant('otm/scenario@1'),
    name: fc.constantFrom('a', 'small[x=1,y=4KiB]'),
    world,
    workloads,
    backups,
    faults: fc.array(fault, { maxLength: 3 }),
    end: fc.record({ after: fc.constantFrom('backups', '120 s'), limit: fc.constantFrom('1 h', '3 min') }),
    seed: fc.maxSafeNat(),
    seeds: fc.constantFrom('1..20', 7, '1,5,9..20'),
    expect: expectations,
  });

  test('every scenario that is right comes back', () => {
    fc.assert(
      fc.property(scenario, value => {
        const result = loadTexts({ 'a.yaml': `# A story.\n${JSON.stringify(value)}` });
        if (!result.ok) throw new Error(result.errors.map(({ message }) => message).join('\n'));
        for (const resolved of result.scenarios) comesBack(resolved);
      }),
      { numRuns: 40 },
    );
  });
});
