/** Hostile texts: whatever is done to a scenario, loading ends, throws nothing, and points inside a text. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBadInput } from '../../../sim/scenario/bad-input.ts';
import type { LoadOptions } from '../../../sim/scenario/load.ts';
import { FLAGSHIP, loadTexts, SMALL } from './sample.ts';

function endsWell(texts: { readonly [path: string]: string }, options: LoadOptions = {}): void {
  const result = loadTexts(texts, options);
  if (result.ok) return;
  expect(result.errors.length).toBeGreaterThan(0);
  for (const { code, place, message } of result.errors) {
    expect(message, code).not.toMatch(/undefined|\[object|(?<!`)NaN/);
    expect(place, `${code}: ${message}`).not.toBeNull();
    const { file, line, column } = place!;
    const lines = result.texts.get(file)!.split('\n');
    expect(line, message).toBeLessThanOrEqual(lines.length);
    expect(column, message).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    expect(Math.min(line, column)).toBeGreaterThan(0);
  }
  expect(formatBadInput(result.errors, result.texts)).not.toContain('\u001b');
}

/** Words, numbers, quoted texts, signs and blanks of YAML. */
const tokensOf = (text: string) => text.match(/'[^'\n]*'|[\w.%/-]+|\s+|[^\w\s]/g) ?? [];

const junk = fc.constantFrom(
  ...[
    '',
    '{',
    '}',
    '[',
    ']',
    ':',
    ': ',
    '- ',
    ',',
    '|',
    '>',
    '> 5 s',
    '&a ',
    '*a',
    '!!str ',
    '!x ',
    '"',
    "'",
    '#',
    '\n',
    '\t',
    '%',
    '? ',
    '~',
  ],
  ...[
    'null',
    'true',
    'on',
    '-1',
    '0',
    '1e9',
    '.nan',
    '0x10',
    '9007199254740993',
    '10',
    '5 s',
    '16 KB',
    '1 MiB',
    '40/s',
    '1..3',
  ],
  ...[
    'C',
    'disk0',
    'cache',
    'otm',
    'held',
    '__proto__',
    'constructor',
    '<<',
    "'C:\\X'",
    '"C:\\bank"',
    '\u0000',
    '\u001b[31m',
    '\ud800',
    'ü',
  ],
);

const change = fc.tuple(
  fc.nat(),
  fc.constantFrom('delete', 'double', 'replace', 'insert', 'swap', 'cut'),
  junk,
  fc.nat(),
);

function changed(text: string, changes: readonly (readonly [number, string, string, number])[]): string {
  let tokens = [...tokensOf(text)];
  for (const [where, how, token, other] of changes) {
    if (tokens.length === 0) break;
    const at = where % tokens.length;
    const to = other % tokens.length;
    if (how === 'delete') tokens.splice(at, 1);
    if (how === 'double') tokens.splice(at, 0, tokens[at]!);
    if (how === 'replace') tokens[at] = token;
    if (how === 'insert') tokens.splice(at, 0, token);
    if (how === 'swap') [tokens[at], tokens[to]] = [tokens[to]!, tokens[at]!];
    if (how === 'cut') tokens = tokens.slice(0, Math.max(at, 20));
  }
  return tokens.join('');
}

describe('random changes', () => {
  const matrix = `${SMALL}matrix: { backups.methods.otm.granule: [4 KiB, 64 KiB], include: [{ seed: 3, expect: { otm: may } }] }\n`;
  const text = fc.constantFrom(FLAGSHIP, SMALL, matrix);

  test('of a scenario', () => {
    fc.assert(
      fc.property(text, fc.array(change, { minLength: 1, maxLength: 4 }), (original, changes) => {
        endsWell({ 'a.yaml': changed(original, changes) });
      }),
      { numRuns: 200 },
    );
  });

  test('of both files of an extended one', () => {
    const child =
      'extends: base.yaml\nname: child\nworkloads: [{ id: bank, rate: 5/s, pauses: null }]\nexpect: { otm: held }\n';
    fc.assert(
      fc.property(fc.array(change, { maxLength: 2 }), fc.array(change, { maxLength: 3 }), (above, below) => {
        endsWell({ 'a.yaml': changed(child, above), 'base.yaml': changed(SMALL, below) });
      }),
      { numRuns: 100 },
    );
  });

  test('of settings', () => {
    const word = fc.oneof(
      junk,
      fc.constantFrom(
        'world',
        'drives',
        'disk0',
        'backups',
        'methods',
        'otm',
        'quiet',
        'workloads',
        'bank',
        'volumes',
        'C',
      ),
    );
    const set = fc.tuple(fc.array(word, { maxLength: 5 }), junk).map(([path, value]) => `${path.join('.')}=${value}`);
    fc.assert(
      fc.property(fc.array(set, { minLength: 1, maxLength: 3 }), sets => {
        endsWell({ 'a.yaml': SMALL }, { sets });
      }),
      { numRuns: 100 },
    );
  });

  test('any text at all', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(junk, { maxLength: 30 }).map(pieces => pieces.join('')),
    );
    fc.assert(
      fc.property(anyText, value => {
        endsWell({ 'a.yaml': value });
      }),
      { numRuns: 150 },
    );
  });

  test('any data in place of any part', () => {
    const value = fc.json({ maxDepth: 2 });
    const path = fc.constantFrom(
      ...[
        'world',
        'world.drives',
        'world.drives.disk0',
        'world.drives.disk0.volumes',
        'world.drives.disk0.model',
        'world.pageCache',
      ],
      ...[
        'workloads',
        'workloads.bank',
        'workloads.bank.files',
        'workloads.work.transaction',
        'backups',
        'backups.methods',
        'backups.order',
      ],
      ...[
        'backups.methods.otm',
        'backups.methods.otm.cache',
        'backups.methods.otm.beside',
        'faults',
        'expect',
        'expect.otm',
        'end',
        'phases',
      ],
    );
    fc.assert(
      fc.property(path, value, (where, json) => {
        endsWell({ 'a.yaml': SMALL }, { sets: [`${where}=${json}`] });
      }),
      { numRuns: 150 },
    );
  });
});

describe('bombs', () => {
  const codes = (text: string) => {
    const result = loadTexts({ 'a.yaml': text });
    return result.ok ? [] : [...new Set(result.errors.map(({ code }) => code))];
  };

  test('aliases that explode', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let n = 1; n < 30; n++) lines.push(`a${n}: &a${n} [${`*a${n - 1}, `.repeat(10)}]`);
    expect(codes(lines.join('\n'))).toContain('yaml-alias');
  });

  test('an alias that contains itself', () => {
    expect(codes('a: &a [*a]\n')).toContain('yaml-alias');
    expect(codes('a: &a { b: *a }\n')).toContain('yaml-alias');
  });

  test('aliases that nest without end of depth', () => {
    const lines = ['a0: &a0 [x]'];
    for (let n = 1; n < 200; n++) lines.push(`a${n}: &a${n} [*a${n - 1}]`);
    expect(codes(lines.join('\n'))).toContain('yaml-alias');
  });

  test.each([
    ['brackets', '['.repeat(100_000)],
    ['braces', '{a: '.repeat(100_000)],
    ['dashes', `${'- '.repeat(20_000)}x`],
    ['question marks', '? '.repeat(20_000)],
    ['closed brackets', `a: ${'['.repeat(2000)}${']'.repeat(2000)}`],
  ])('nested %s', (_, text) => {
    expect(codes(text).length).toBeGreaterThan(0);
  });

  test('many wrong keys, many duplicates, one long line', () => {
    const keys = Array.from({ length: 20_000 }, (_, n) => `key${n}: 1`);
    expect(codes(keys.join('\n'))).toContain('unknown-key');
    expect(codes('a: 1\n'.repeat(20_000))).toContain('key-twice');
    expect(codes(`name: ${'x'.repeat(500_000)}`)).toContain('bad-name');
    expect(codes(`workloads: [${'{},'.repeat(20_000)}]`)).toContain('missing-key');
  });

  test('a matrix of many variants', () => {
    expect(codes(`${SMALL}matrix: { seed: [${Array.from({ length: 200 }, (_, n) => n)}] }\n`)).toEqual([]);
    const axes = Array.from({ length: 40 }, (_, n) => `workloads.bank.x${n}: [1, 2, 3]`);
    expect(codes(`${SMALL}matrix: { ${axes} }\n`)).toEqual(['bad-matrix']);
  });
});
