/** How errors read: the place, the line with a caret, what to do; and their line of JSON. */
import { describe, expect, test } from 'vitest';
import { formatBadInput, formatError } from '../../../sim/scenario/bad-input.ts';
import { SCENARIO_ERRORS } from '../../../sim/scenario/error-codes.ts';
import { errorLine, errorsDocument, UserError } from '../../../sim/user-error.ts';
import { FLAGSHIP, loadTexts } from './sample.ts';

function formatted(texts: { readonly [path: string]: string }, ...sets: readonly string[]): string {
  const result = loadTexts(texts, { sets });
  return result.ok ? '' : formatBadInput(result.errors, result.texts);
}

describe('text', () => {
  test('a misspelt key', () => {
    expect(
      formatted({ 'scenarios/a.yaml': FLAGSHIP.replace('{ quiet: 5 s, waitLimit', '{ qiuet: 5 s, waitLimit') }),
    ).toBe(
      `scenarios/a.yaml:23:16: unknown key \`qiuet\`, did you mean \`quiet\`?
  23 |     - { otm: { qiuet: 5 s, waitLimit: 300 s, granule: 16 KiB, cache: { on: D, limit: 32 MiB } } }
     |                ^
  known here: quiet, waitLimit, neverQuiet, holdLimit, idleLimit, preserveLimit, granule, protect, durable, discards, exclude, cache, beside
`,
    );
  });

  test('several, and one of the command line', () => {
    expect(
      formatted({ 'a.yaml': FLAGSHIP.replace('size: 32 MiB, writeBack', 'size: 32, writeBack') }, 'backups.start=-1 s'),
    ).toBe(
      `a.yaml:10:22: \`32\` has no unit: write \`32 KiB\`
  10 |   pageCache: { size: 32, writeBack: 1 s }
     |                      ^
  one of \`32 B\`, \`32 KiB\`, \`32 MiB\`

--set:1:15: \`-1 s\` is negative
   1 | backups.start=-1 s
     |               ^
`,
    );
  });

  test('control characters stay out, tabs keep their place, long lines are shortened around the caret', () => {
    const place = (column: number) => ({ file: 'a', line: 1, column });
    const at = (text: string, column: number) =>
      formatError(new UserError({ code: 'x', place: place(column), message: 'm' }), new Map([['a', text]]));
    expect(at('\u001b[31m\tx', 7)).toBe('a:1:7: m\n   1 |  [31m x\n     |       ^\n');
    const long = at(`${'a'.repeat(300)}!${'b'.repeat(300)}`, 301).split('\n');
    expect(long[1]!.length).toBeLessThan(130);
    expect(long[1]![long[2]!.indexOf('^')]).toBe('!');
  });

  test('without a place, and at the end of a text', () => {
    expect(formatError(new UserError({ code: 'x', message: 'm', hint: 'do this' }), new Map())).toBe('m\n  do this\n');
    const place = { file: 'a', line: 9, column: 1 };
    expect(formatError(new UserError({ code: 'x', place, message: 'm' }), new Map([['a', 'b']]))).toBe('a:9:1: m\n');
  });
});

describe('data', () => {
  test('a line of JSON', () => {
    const place = { file: 'a.yaml', line: 3, column: 5 };
    expect(errorLine(new UserError({ code: 'unknown-key', place, message: 'm', hint: 'h' }))).toEqual({
      schema: 'otm/error@1',
      code: 'unknown-key',
      file: 'a.yaml',
      line: 3,
      column: 5,
      message: 'm',
      hint: 'h',
    });
    expect(errorLine(new UserError({ code: 'x', message: 'm' }))).toMatchObject({
      file: null,
      line: null,
      column: null,
      hint: null,
    });
  });

  test('the book of errors has each code, and none twice', () => {
    const text = errorsDocument([SCENARIO_ERRORS, { 'a-port': { meaning: 'It is taken.', remedy: 'Take another.' } }]);
    expect(text).toContain('## a-port\n\nIt is taken.\n\n**What to do:** Take another.\n');
    for (const [code, { meaning, remedy }] of Object.entries(SCENARIO_ERRORS)) {
      expect(text).toContain(`## ${code}\n`);
      expect([meaning.at(-1), remedy.at(-1)], code).toEqual(['.', '.']);
    }
    expect(() => errorsDocument([SCENARIO_ERRORS, SCENARIO_ERRORS])).toThrow(/described twice/);
  });
});
