/** Paths and patterns, and the story at the head of a file. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isInside, letterOf, matchesPattern, readPath, readPattern } from '../../../sim/scenario/paths.ts';
import { besidePath } from '../../../sim/scenario/source-files.ts';
import { firstSentence, storyComment, storyOf } from '../../../sim/scenario/story.ts';

const pathOf = (value: unknown) => {
  const reading = readPath(value);
  return reading.ok ? reading.value : reading.problem.code;
};
const patternOf = (value: unknown) => {
  const reading = readPattern(value);
  return reading.ok ? reading.value : reading.problem.code;
};

describe('paths', () => {
  test.each([
    ['C:\\X\\Y', 'C:\\X\\Y'],
    ['c:/x/y', 'C:\\X\\Y'],
    ['C:/x\\y/', 'C:\\X\\Y'],
    ['C:\\Program Files\\a.b.c', 'C:\\PROGRAM FILES\\A.B.C'],
    ['C:\\Bücher', 'C:\\BÜCHER'],
  ])('%s', (text, path) => {
    expect(pathOf(text)).toBe(path);
    expect(pathOf(path)).toBe(path);
  });

  test('a path is canonical or refused, whatever it is', () => {
    const piece = fc.constantFrom('C:', '\\', '/', 'A', '..', '.', ' ', '*', '\b', 'ß', ':');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map(pieces => pieces.join('')),
          fc.anything({ withNullPrototype: true }),
        ),
        value => {
          const path = readPath(value);
          if (path.ok) expect(path.value).toMatch(/^[A-Z]:(\\[^\\/:*?"<>|]+)+$/);
          readPattern(value);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('patterns', () => {
    expect(patternOf('*.tmp')).toBe('*.TMP');
    expect(patternOf('c:/')).toBe('C:\\');
    expect(patternOf('C:\\BANK\\*')).toBe('C:\\BANK\\*');
    expect(letterOf('*.TMP')).toBeNull();
    expect(letterOf('C:\\')).toBe('C');
  });

  test.each([
    ['C:\\BANK\\A.DAT', 'C:\\BANK\\A.DAT', true],
    ['C:\\BANK', 'C:\\BANK\\A.DAT', true],
    ['C:\\BANK', 'C:\\BANKS\\A.DAT', false],
    ['C:\\', 'C:\\BANK\\A.DAT', true],
    ['C:\\', 'D:\\BANK\\A.DAT', false],
    ['C:\\*\\A.DAT', 'C:\\BANK\\A.DAT', true],
    ['C:\\*\\A.DAT', 'C:\\BANK\\X\\A.DAT', false],
    ['C:\\BANK\\*.DAT', 'C:\\BANK\\A.DAT', true],
    ['C:\\BANK\\*.DAT', 'C:\\BANK\\A.DOC', false],
    ['C:\\BANK\\A.DAT', 'C:\\BANK', false],
    ['*.DAT', 'C:\\BANK\\A.DAT', true],
    ['*.DAT', 'D:\\B.DAT', true],
    ['TEMP', 'C:\\BANK\\TEMP\\A.DAT', true],
    ['*', 'C:\\A', true],
    ['A*B*C', 'C:\\AXXBYYBC', true],
    ['A*B*C', 'C:\\AXXBYYB', false],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(matchesPattern(pattern, path)).toBe(expected);
  });

  test('a pattern of many stars ends', () => {
    expect(matchesPattern(`${'*A'.repeat(40)}*B`, `C:\\${'A'.repeat(200)}`)).toBe(false);
  });

  test('inside', () => {
    expect(isInside('C:\\A', 'C:\\A')).toBe(true);
    expect(isInside('C:\\A', 'C:\\A\\B')).toBe(true);
    expect(isInside('C:\\A', 'C:\\AB')).toBe(false);
    expect(isInside('C:\\', 'C:\\AB')).toBe(true);
  });

  test.each([
    ['a/b.yaml', 'c.yaml', 'a/c.yaml'],
    ['a/b.yaml', '../c.yaml', 'c.yaml'],
    ['a/b.yaml', './d/../c.yaml', 'a/c.yaml'],
    ['b.yaml', '../../c.yaml', '../../c.yaml'],
    ['/x/b.yaml', 'c.yaml', '/x/c.yaml'],
    ['/x/b.yaml', '/c.yaml', '/c.yaml'],
    ['a\\b.yaml', 'c.yaml', 'a/c.yaml'],
  ])('%s extends %s: %s', (path, other, expected) => {
    expect(besidePath(path, other)).toBe(expected);
  });
});

describe('the story', () => {
  test('the first comment, without the line for the editor', () => {
    expect(storyOf('# yaml-language-server: $schema=x\n\n# One.\n#\n#   Two.\n\n# Not.\na: 1\n')).toBe(
      'One.\n\n  Two.',
    );
    expect(storyOf('a: 1\n# Not.\n')).toBe('');
    expect(storyOf('')).toBe('');
  });

  test('comes back', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'B', ' ', '#', ':', '.', 'ü') }).map(text => text.trimEnd());
    fc.assert(
      fc.property(fc.array(line), lines => {
        const story = storyOf(storyComment(lines.join('\n')));
        expect(storyOf(`${storyComment(story)}a: 1\n`)).toBe(story);
      }),
    );
  });

  test('its first sentence', () => {
    expect(firstSentence('Files A and\nB match. Always.')).toBe('Files A and B match.');
    expect(firstSentence('At 1.5 s it stops! Why')).toBe('At 1.5 s it stops!');
    expect(firstSentence('No end')).toBe('No end');
  });
});
