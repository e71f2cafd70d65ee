import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cell, paragraph, row, wrap } from '../../reports/layout.ts';

describe('wrap', () => {
  test('at spaces, then behind hyphens, then anywhere', () => {
    expect(wrap('A and B do not match', 9)).toEqual(['A and B', 'do not', 'match']);
    expect(wrap('open-file-agent', 10)).toEqual(['open-file-', 'agent']);
    expect(wrap('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrap('', 4)).toEqual(['']);
  });

  test('no line is too long, and no letter is lost', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 30 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
      }),
    );
  });
});

test('a paragraph hangs', () => {
  expect(paragraph('one two three', 9, '- ', '  ')).toEqual(['- one two', '  three']);
});

test('a row is as high as its highest cell', () => {
  const columns = { labelWidth: 6, width: 5, gap: 1 };
  expect(row('label', [cell(['a', 'b']), cell(['c'])], columns)).toEqual(['label a     c', '      b']);
  const block = row('', [cell(['a', ''], text => `[${text}]`, true), cell(['c'], text => `<${text}>`)], columns);
  expect(block).toEqual(['      [a    ] <c>', '      [     ] <>']);
});
