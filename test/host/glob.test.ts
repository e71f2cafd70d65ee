/** Patterns that otm expands itself. */
import { describe, expect, test } from 'vitest';
import { expandPattern, isPattern } from '../../host/glob.ts';
import { inFolder } from './temporary-folder.ts';

const files = {
  'a.yaml': '',
  'b.yml': '',
  'c.txt': '',
  'x/a1.yaml': '',
  'x/a2.yaml': '',
  'x/ab.yaml': '',
  'x/y/deep.yaml': '',
  '.hidden/a.yaml': '',
  'node_modules/p/a.yaml': '',
  'odd+(name)/$1.yaml': '',
};

describe('patterns', () => {
  test.each([
    ['*.yaml', ['a.yaml']],
    ['*.{yaml,yml}', ['a.yaml', 'b.yml']],
    ['x/*.yaml', ['x/a1.yaml', 'x/a2.yaml', 'x/ab.yaml']],
    ['./x/a?.yaml', ['x/a1.yaml', 'x/a2.yaml', 'x/ab.yaml']],
    ['x\\a[0-9].yaml', ['x/a1.yaml', 'x/a2.yaml']],
    ['x/a[!0-9].yaml', ['x/ab.yaml']],
    ['**/*.yaml', ['a.yaml', 'odd+(name)/$1.yaml', 'x/a1.yaml', 'x/a2.yaml', 'x/ab.yaml', 'x/y/deep.yaml']],
    ['**/deep.yaml', ['x/y/deep.yaml']],
    ['{x,gone}/a1.*', ['x/a1.yaml']],
    ['odd+(name)/*', ['odd+(name)/$1.yaml']],
    ['gone/*.yaml', []],
    ['*', ['a.yaml', 'b.yml', 'c.txt']],
  ])('%s', (pattern, expected) => inFolder(files, folder => expect(expandPattern(pattern, folder)).toEqual(expected)));

  test('absolute ones stay absolute', () =>
    inFolder(files, folder => {
      const start = folder.replaceAll('\\', '/');
      expect(expandPattern(`${start}/x/a1.*`, '/')).toEqual([`${start}/x/a1.yaml`]);
    }));

  test('what is one', () => {
    expect(['*', 'a?', '{a,b}', '[ab]'].every(isPattern)).toBe(true);
    expect(isPattern('scenarios/a.yaml')).toBe(false);
  });
});
