/** Documents that are made from code are those of this code, and say something about everything. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allEntries, errorRegistries } from '../../cli/book.ts';
import { entryText } from '../../reports/explain/catalogue.ts';
import { makeStyle } from '../../reports/style.ts';
import { documents } from '../../tools/documents.ts';
import { pathsBelow } from '../../tools/rules/source-tree.ts';
import { root } from './planted.ts';

describe('documents made from code', () => {
  test.each([...documents()])('%s is up to date (npm run docs)', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n')).toBe(text);
  });

  test('links inside a document lead somewhere', () => {
    for (const [path, text] of documents()) {
      const anchors = new Set(
        [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) => title!.toLowerCase().replaceAll(' ', '-')),
      );
      for (const [, anchor] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors, path).toContain(anchor);
    }
  });

  test('the README and the book name only files that are there', () => {
    const documentPaths = ['README.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)];
    for (const path of documentPaths.filter(name => name.endsWith('.md') && existsSync(join(root, name)))) {
      const folder = path.includes('/') ? 'docs' : '.';
      for (const [, target] of readFileSync(join(root, path), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(existsSync(join(root, folder, target!)), `${path}: ${target}`).toBe(true);
      }
    }
  });
});

describe('what otm explain knows', () => {
  const entries = allEntries();
  const style = makeStyle(0);

  test('each word in about ten lines, with an example, and only words that are known', () => {
    for (const entry of entries) {
      const text = entryText(entry, { width: 80, style });
      for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
      expect(text.split('\n').length, entry.word).toBeLessThanOrEqual(16);
      if (entry.kind !== 'error') expect(entry.example, entry.word).not.toBe('');
      for (const word of entry.see ?? []) expect(entries.map(other => other.word)).toContain(word);
    }
  });
});

describe('error codes', () => {
  const codes = errorRegistries.flatMap(registry => Object.keys(registry));
  const tests = pathsBelow(root, 'test')
    .filter(path => /(sim\/scenario|cli|host)\/.*\.ts$/.test(path))
    .map(path => readFileSync(join(root, path), 'utf8'))
    .join('\n');

  test('each is in one registry only', () => {
    expect(codes).toEqual([...new Set(codes)]);
  });

  test('each is tested', () => {
    expect(codes.filter(code => !tests.includes(`'${code}'`))).toEqual([]);
  });
});
