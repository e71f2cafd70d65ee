import { describe, expect, test } from 'vitest';
import { PAGE_BYTES, SharedBytes } from '../../../../sim/apps/sqlite/calls.ts';
import { ShadowFiles } from '../../../../sim/apps/sqlite/shadow-files.ts';

const bytesOf = (...values: number[]) => Uint8Array.from(values);

describe('shadow files', () => {
  test('what is jumped over, cut off or was another file’s reads as zeroes', () => {
    const files = new ShadowFiles(new Map());
    const old = files.make('C:\\OLD');
    old.write(0, new Uint8Array(100).fill(9));
    files.remove(old);
    const file = files.make('C:\\NEW');
    file.write(4, bytesOf(1, 2));
    expect([...file.read(0, 10)]).toEqual([0, 0, 0, 0, 1, 2]);
    file.truncate(5);
    file.truncate(8);
    expect([...file.read(0, 10)]).toEqual([0, 0, 0, 0, 1, 0, 0, 0]);
    expect([...file.read(6, 1)]).toEqual([0]);
    expect([...file.read(20, 1)]).toEqual([]);
  });

  test('a file grows by what is written, and keeps it', () => {
    const file = new ShadowFiles(new Map()).make('C:\\BIG');
    for (let at = 0; at < 300; at++) file.write(at * 1000, new Uint8Array(1000).fill(at % 256));
    expect(file.sizeBytes).toBe(300_000);
    for (let at = 0; at < 300; at++) expect([...new Set(file.read(at * 1000, 1000))]).toEqual([at % 256]);
  });

  test('names are looked up as SQLite writes them; letters beyond ASCII stay as they are', () => {
    const files = new ShadowFiles(new Map([['C:\\STRAßE\\A.DB-JOURNAL', bytesOf(1)]]));
    expect(files.find('C:\\STRAßE\\A.DB-journal')?.sizeBytes).toBe(1);
    expect(files.find('C:\\STRASSE\\A.DB-journal')).toBeNull();
  });

  test('images are not written to, and a source is asked once for each file', () => {
    const image = bytesOf(1, 2, 3);
    const asked: string[] = [];
    const files = new ShadowFiles(new Map([['C:\\A', image]]), path => {
      asked.push(path);
      return path === 'C:\\B' ? bytesOf(5) : null;
    });
    files.find('C:\\A')?.write(0, bytesOf(9));
    expect([...image]).toEqual([1, 2, 3]);
    const b = files.find('C:\\B')!;
    files.remove(b);
    for (const path of ['C:\\B', 'C:\\C', 'C:\\C']) expect(files.find(path)).toBeNull();
    expect(asked).toEqual(['C:\\B', 'C:\\C']);
    expect(files.given).toEqual(['C:\\B']);
  });
});

describe('bytes of a recording', () => {
  const page = (value: number) => new Uint8Array(PAGE_BYTES).fill(value);
  const DATABASE = 'C:\\A.DB';
  const JOURNAL = 'C:\\A.DB-JOURNAL';

  /** The number that stands before a page in a journal. */
  function journaled(shared: SharedBytes, number: number, bytes: Uint8Array): Uint8Array {
    shared.keep(JOURNAL, 512, bytesOf(0, 0, 0, number), DATABASE);
    return shared.keep(JOURNAL, 516, bytes, DATABASE);
  }

  test('a page in a journal is that of the database when it is the same, and only then', () => {
    const shared = new SharedBytes();
    const kept = [1, 2, 3].map(value => shared.keep(DATABASE, (value - 1) * PAGE_BYTES, page(value), null));
    expect(journaled(shared, 2, page(2))).toBe(kept[1]);
    const other = journaled(shared, 2, page(7));
    expect(other).not.toBe(kept[1]);
    expect([...new Set(other)]).toEqual([7]);
    expect(journaled(shared, 9, page(8))).toEqual(page(8));
  });

  test('kept bytes are copies, and stay when the page changes', () => {
    const shared = new SharedBytes();
    const bytes = page(1);
    const first = shared.keep(DATABASE, 0, bytes, null);
    bytes.fill(2);
    const second = shared.keep(DATABASE, 0, bytes, null);
    expect([first[0], second[0]]).toEqual([1, 2]);
    expect(shared.keep(DATABASE, 0, page(2), null)).toBe(second);
  });

  test('what is longer than a slab, or short, is kept too', () => {
    const shared = new SharedBytes();
    const long = new Uint8Array(300 * 1024).fill(3);
    expect(shared.keep(DATABASE, 0, long, null)).toEqual(long);
    for (let at = 0; at < 70_000; at++) shared.keep(DATABASE, at, bytesOf(at % 256), null);
    expect([...shared.keep(DATABASE, 0, bytesOf(1, 2, 3), null)]).toEqual([1, 2, 3]);
  });
});
