/** What `extends`, `matrix` and `--set` make of one another: examples of each rule, and laws. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type LocatedNode, plain, sourceText } from '../../../sim/scenario/located.ts';
import { merge, withoutNulls } from '../../../sim/scenario/merge.ts';
import { readYaml } from '../../../sim/scenario/read-yaml.ts';
import { errorsOf, SMALL, scenarioOf, variantsOf } from './sample.ts';

function node(text: string): LocatedNode {
  const { root, errors } = readYaml(sourceText('a.yaml', text));
  if (root === null || errors.length > 0) throw new Error(errors[0]?.message ?? 'no root');
  return root;
}

const merged = (base: string, over: string) =>
  JSON.parse(JSON.stringify(plain(withoutNulls(merge(node(base), node(over))))));

describe('rules of extends', () => {
  test.each([
    ['mappings merge', 'a: { x: 1, y: 2 }', 'a: { y: 3, z: 4 }', { a: { x: 1, y: 3, z: 4 } }],
    ['null removes', 'a: { x: 1, y: 2 }', 'a: { y: null }', { a: { x: 1 } }],
    ['null removes what is not there', 'a: 1', 'b: null', { a: 1 }],
    [
      'lists by id',
      'd: [{ id: a, s: 1 }, { id: b }]',
      'd: [{ id: c }, { id: a, t: 2 }]',
      { d: [{ id: 'a', s: 1, t: 2 }, { id: 'b' }, { id: 'c' }] },
    ],
    [
      'lists by letter, any case',
      'v: [{ letter: C, s: 1 }]',
      'v: [{ letter: c, s: 2 }]',
      { v: [{ letter: 'c', s: 2 }] },
    ],
    ['other lists replace', 'f: [1, 2]', 'f: [3]', { f: [3] }],
    [
      'a list without ids replaces',
      'f: [{ id: a }]',
      'f: [{ id: a }, { kind: x }]',
      { f: [{ id: 'a' }, { kind: 'x' }] },
    ],
    ['an empty list replaces', 'd: [{ id: a }]', 'd: []', { d: [] }],
    ['scalars replace, also mappings', 'a: { x: 1 }', 'a: 7', { a: 7 }],
    [
      'expect merges by method, which replaces',
      'expect: { a: { x: 1 }, b: held }',
      'expect: { a: { y: 1 } }',
      { expect: { a: { y: 1 }, b: 'held' } },
    ],
    [
      'methods by id, an entry replaces',
      'backups: { methods: [naive-copy, { otm: { quiet: 1 s, granule: 4 KiB } }] }',
      'backups: { methods: [{ otm: { quiet: 2 s } }, { id: fast, otm: {} }] }',
      { backups: { methods: ['naive-copy', { otm: { quiet: '2 s' } }, { id: 'fast', otm: {} }] } },
    ],
    [
      'a method is taken out',
      'backups: { methods: [naive-copy, otm] }',
      'backups: { methods: [{ naive-copy: null }] }',
      { backups: { methods: ['otm'] } },
    ],
  ])('%s', (_, base, over, expected) => {
    expect(merged(base, over)).toEqual(expected);
  });

  test('an id that stands twice is still found', () => {
    const texts = { 'a.yaml': 'extends: b.yaml\nworkloads: [{ id: bank }, { id: bank }]\n', 'b.yaml': SMALL };
    expect(errorsOf(texts).map(({ code }) => code)).toContain('id-twice');
  });

  test('a chain, with the place of each error in its own file', () => {
    const texts = {
      'a/top.yaml':
        'extends: ../mid.yaml\nname: top\nbackups: { start: 20 s, methods: [{ open-file-agent: null }] }\nexpect: { open-file-agent: null, otm: held }\n',
      'mid.yaml':
        'extends: base.yaml\ntemplate: true\nworkloads: [{ id: bank, rate: 5/s }, { id: post, rate: null }]\n',
      'base.yaml': SMALL,
    };
    expect(errorsOf(texts).map(({ message, place }) => [place?.file, message])).toEqual([
      ['mid.yaml', 'the key `rate` is missing in `workloads[2]`'],
    ]);
    const right = { ...texts, 'mid.yaml': texts['mid.yaml'].replace('rate: null', 'messages: 3') };
    const scenario = scenarioOf(right);
    expect(scenario).toMatchObject({ name: 'top', backups: { startNs: 20_000_000_000 } });
    expect(scenario.backups.methods.map(({ id }) => id)).toEqual(['otm']);
    expect(scenario.workloads[0]).toMatchObject({ rate: { count: 5 } });
    expect(scenario.workloads[2]).toMatchObject({ messages: 3, rate: { count: 2 } });
  });
});

describe('laws', () => {
  const key = fc.constantFrom('a', 'b', 'expect', 'backups', 'methods', 'id');
  const { tree } = fc.letrec<{ tree: unknown }>(tie => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(1, 'x', 'otm'),
      fc.dictionary(key, tie('tree'), { maxKeys: 3 }),
      fc.uniqueArray(fc.record({ id: fc.constantFrom('p', 'q', 'r'), v: tie('tree') }), {
        selector: ({ id }) => id,
        maxLength: 3,
      }),
      fc.array(fc.nat(3), { maxLength: 3 }),
    ),
  }));
  const map = fc.dictionary(key, tree, { minKeys: 1, maxKeys: 4 });
  const same = (a: LocatedNode, b: LocatedNode) => expect(plain(a)).toEqual(plain(b));
  const nodeOf = (value: unknown) => node(stringify(value, { aliasDuplicateObjects: false }));

  test('over itself it is itself', () => {
    fc.assert(
      fc.property(map, value => {
        const a = nodeOf(value);
        same(merge(a, a), a);
      }),
    );
  });

  test('over nothing, and nothing over it, it is itself', () => {
    fc.assert(
      fc.property(map, value => {
        const a = nodeOf(value);
        const empty = node('{}');
        same(merge(empty, a), a);
        same(merge(a, empty), a);
      }),
    );
  });

  test('what the upper one says in a scalar holds', () => {
    fc.assert(
      fc.property(map, map, (below, above) => {
        const result = plain(merge(nodeOf(below), nodeOf(above))) as { [key: string]: unknown };
        for (const [name, value] of Object.entries(above))
          if (typeof value !== 'object') expect(result[name]).toBe(value);
        expect(Object.keys(result).sort()).toEqual([...new Set([...Object.keys(below), ...Object.keys(above)])].sort());
      }),
    );
  });

  test('neither of the two is changed', () => {
    fc.assert(
      fc.property(map, map, (below, above) => {
        const [a, b] = [nodeOf(below), nodeOf(above)];
        const before = JSON.stringify([plain(a), plain(b)]);
        merge(a, b);
        expect(JSON.stringify([plain(a), plain(b)])).toBe(before);
      }),
    );
  });
});

describe('--set', () => {
  test('through lists by id, letter, method; last of all; null removes', () => {
    const scenario = scenarioOf(
      SMALL,
      'backups.methods.otm.quiet=0s',
      'backups.methods.otm.cache.limit=8 MiB',
      'workloads.bank.rate=100/s',
      'world.drives.disk0.volumes.c.size=64 MiB',
      'world.drives.disk0.volumes.E=null',
      'workloads.rest=null',
      'backups.volumes=[C]',
      'workloads.post.messages=5',
      'workloads.post.messages=7',
      'expect.open-file-agent=null',
    );
    expect(scenario.backups.methods[1]).toMatchObject({ options: { quietNs: 0, cache: { limitBytes: 8_388_608 } } });
    expect(scenario.backups.methods[0]!.expectation).toBeNull();
    expect(scenario.drives[0]!.volumes.map(({ letter, sizeBytes }) => [letter, sizeBytes])).toEqual([
      ['C', 67_108_864],
    ]);
    expect(scenario.workloads.map(({ id }) => id)).toEqual(['bank', 'shop', 'post', 'work']);
    expect(scenario.workloads[0]).toMatchObject({ rate: { count: 100 } });
    expect(scenario.workloads[2]).toMatchObject({ messages: 7 });
  });

  test('a method by the id that it has', () => {
    const text = SMALL.replace(
      '[open-file-agent, otm]',
      '[open-file-agent, otm, { id: fast, otm: { granule: 4 KiB } }]',
    );
    expect(scenarioOf(text, 'backups.methods.fast.quiet=1 s').backups.methods[2]).toMatchObject({
      id: 'fast',
      options: { quietNs: 1_000_000_000, granuleBytes: 4096 },
    });
  });
});

describe('matrix', () => {
  const withMatrix = (text: string) => `${SMALL}matrix: ${text}\n`;

  test('a variant for each combination, with its name everywhere', () => {
    const variants = variantsOf(
      withMatrix('{ backups.methods.otm.granule: [4 KiB, 64 KiB], workloads.bank.rate: [10/s, 40/s] }'),
    );
    expect(variants.map(({ name, baseName, variant }) => [name, baseName, variant])).toEqual([
      ['small[granule=4KiB,rate=10/s]', 'small', 'granule=4KiB,rate=10/s'],
      ['small[granule=4KiB,rate=40/s]', 'small', 'granule=4KiB,rate=40/s'],
      ['small[granule=64KiB,rate=10/s]', 'small', 'granule=64KiB,rate=10/s'],
      ['small[granule=64KiB,rate=40/s]', 'small', 'granule=64KiB,rate=40/s'],
    ]);
    expect(variants[2]!.backups.methods[1]).toMatchObject({ options: { granuleBytes: 65_536 } });
    expect(variants[2]!.workloads[0]).toMatchObject({ rate: { count: 10 } });
  });

  test('axes that end with the same word', () => {
    const [variant] = variantsOf(withMatrix('{ workloads.bank.rate: [10/s], workloads.shop.rate: [1/s] }'));
    expect(variant!.variant).toBe('bank.rate=10/s,shop.rate=1/s');
  });

  test('values that are no scalars are numbered, null is a value', () => {
    const variants = variantsOf(withMatrix('{ workloads.bank.pauses: [{ every: 20 s, for: 8 s }, null] }'));
    expect(variants.map(({ variant }) => variant)).toEqual(['pauses=#1', 'pauses=null']);
    expect(variants.map(({ workloads }) => (workloads[0]?.app === 'ledger' ? workloads[0].pauses : undefined))).toEqual(
      [{ everyNs: 20_000_000_000, forNs: 8_000_000_000 }, null],
    );
  });

  test('exclude and include', () => {
    const variants = variantsOf(
      withMatrix(
        '{ seed: [1, 2], seeds: [5, 6], exclude: [{ seed: 1, seeds: 5 }], include: [{ seed: 2, expect: { otm: may } }, { seed: 9, backups.start: 30 s }] }',
      ),
    );
    expect(variants.map(({ variant }) => variant)).toEqual([
      'seed=1,seeds=6',
      'seed=2,seeds=5',
      'seed=2,seeds=6',
      'seed=9',
    ]);
    const judged = variants.map(({ backups }) => backups.methods[1]!.expectation?.is);
    expect(judged).toEqual(['checks', 'may', 'may', 'checks']);
    expect(variants[1]!.backups.methods[0]!.expectation?.is).toBe('checks');
    expect(variants.map(({ backups }) => backups.startNs / 1e9)).toEqual([10, 10, 10, 30]);
  });

  test('--set comes after it, for every variant', () => {
    const variants = variantsOf(withMatrix('{ seed: [1, 2] }'), 'seed=7', 'name=other');
    expect(variants.map(({ seed }) => seed)).toEqual([7, 7]);
  });

  test('a matrix in a base', () => {
    const variants = variantsOf({ 'a.yaml': 'extends: b.yaml\nname: a\n', 'b.yaml': withMatrix('{ seed: [1, 2] }') });
    expect(variants.map(({ name }) => name)).toEqual(['a[seed=1]', 'a[seed=2]']);
  });
});
