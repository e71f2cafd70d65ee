import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EntryParser, encodeSlots, newShortEntry, slotCountOf } from '../../../../sim/fs/fat/entry.ts';
import {
  chooseShortName,
  exactShortName,
  needsLongEntry,
  parsePath,
  shortChecksum,
  shortTextWithCase,
  upperCase,
} from '../../../../sim/fs/fat/names.ts';
import { FsError } from '../../../../sim/fs/file-system.ts';

const name = (text: string) => ({ text, key: upperCase(text) });
const never = () => false;

describe('paths', () => {
  test('take both slashes and any case, and keep the case of names', () => {
    expect(parsePath('C', 'c:/Bank\\Accounts.dat')).toEqual([
      { text: 'Bank', key: 'BANK' },
      { text: 'Accounts.dat', key: 'ACCOUNTS.DAT' },
    ]);
    expect(parsePath('C', 'C:\\')).toEqual([]);
    expect(parsePath('C', 'C:')).toEqual([]);
  });

  test.each([
    ['D:\\A', 'of another volume'],
    ['A', 'without a letter'],
    ['C:A', 'without its first backslash'],
    ['C:\\A\\\\B', 'with an empty name'],
    ['C:\\A\\', 'with an empty last name'],
    ['C:\\..', 'that goes upwards'],
    ['C:\\A.', 'whose name ends with a dot'],
    ['C:\\A ', 'whose name ends with a space'],
    ['C:\\A*', 'with a star'],
    ['C:\\A\u0008', 'with a control character'],
    [`C:\\${'x'.repeat(256)}`, 'with a name that is too long'],
  ])('%j, %s, is refused', path => {
    expect(() => parsePath('C', path)).toThrow(FsError);
  });

  test('upper case is by character: none becomes two', () => {
    expect(upperCase('straße ÿ ä ι')).toBe('STRAßE Ÿ Ä Ι');
  });
});

describe('short names', () => {
  test.each([
    ['ACCOUNTS.DAT', 'ACCOUNTSDAT'],
    ['readme', 'README     '],
    ['a.b', 'A       B  '],
    ["$%'-_@~`.!()", "$%'-_@~`!()"],
  ])('%s is its own: %j', (text, short) => {
    expect(exactShortName(name(text))).toBe(short);
    expect(chooseShortName(name(text), never)).toBe(short);
  });

  test.each([
    ['a long name.text', 'ALONGN~1TEX'],
    ['two.dots.txt', 'TWODOT~1TXT'],
    ['.profile', 'PROFIL~1   '],
    ['with space', 'WITHSP~1   '],
    ['plus+.c', 'PLUS_~1 C  '],
    ['ünïcode', '_N_COD~1   '],
    ['+', '_~1        '],
  ])('%s has a number: %j', (text, short) => {
    expect(exactShortName(name(text))).toBeNull();
    expect(chooseShortName(name(text), never)).toBe(short);
  });

  test('take the first number that is free; when nine are taken, a hash of the name goes before it', () => {
    const taken = new Set<string>();
    const give = (text: string) => {
      const short = chooseShortName(name(text), candidate => taken.has(candidate))!;
      taken.add(short);
      return short;
    };
    const given = Array.from({ length: 120 }, (_, at) => give(`longer name ${at}.txt`));
    expect(given.slice(0, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map(number => `LONGER~${number}TXT`));
    for (const short of given.slice(9)) expect(short).toMatch(/^LO[0-9A-F]{4}~\dTXT$/);
    expect(taken.size).toBe(120);
  });

  test('make room for the digits of their number', () => {
    const taken = (short: string) => !/~1[0-9]/.test(short);
    expect(chooseShortName(name('longer name.txt'), taken)).toMatch(/^LO[0-9A-F]{3}~10TXT$/);
  });

  test('an exact one that is taken by an alias gets a number', () => {
    expect(chooseShortName(name('ALONGN~1.TEX'), short => short === 'ALONGN~1TEX')).toBe(
      'ALONGN~2TEX'.replace('~2', '~2'),
    );
  });

  test('need no long entry only when they say it all', () => {
    expect(needsLongEntry(name('ACCOUNTS.DAT'))).toBe(false);
    expect(needsLongEntry(name('Accounts.dat'))).toBe(true);
    expect(needsLongEntry(name('ACCOUNTS.DATA'))).toBe(true);
  });

  test("have the checksum of Microsoft's specification", () => {
    const bytes = new TextEncoder().encode('THEQUI~1FOX');
    const sum = new Uint8Array(1);
    for (const byte of bytes) sum[0] = (sum[0]! & 1 ? 0x80 : 0) + (sum[0]! >> 1) + byte;
    expect(shortChecksum(bytes, 0)).toBe(sum[0]);
  });

  test('show the case that Windows NT marks', () => {
    expect(shortTextWithCase('README  TXT', 0x18)).toBe('readme.txt');
    expect(shortTextWithCase('README  TXT', 0x08)).toBe('readme.TXT');
    expect(shortTextWithCase('README  TXT', 0)).toBe('README.TXT');
  });
});

/** Characters that names may have. */
const character = fc.constantFrom(...'abcXYZ019 ._-+,;=[]äßΩЖ漢\u00e9~$');
const text = fc
  .string({ unit: character, minLength: 1, maxLength: 60 })
  .filter(candidate => !candidate.endsWith('.') && !candidate.endsWith(' '));

describe('slots', () => {
  test('property: a name comes back from its slots, with its case', () => {
    fc.assert(
      fc.property(text, value => {
        const short = chooseShortName(name(value), never)!;
        const fields = { attributes: 0x20, firstCluster: 70_000, sizeBytes: 5, modified: 946_684_800 };
        const bytes = encodeSlots(name(value), short, newShortEntry(fields, 946_684_800));
        expect(bytes.length).toBe(slotCountOf(name(value)) * 32);
        const parser = new EntryParser();
        const found = [];
        for (let slot = 0; slot * 32 < bytes.length; slot++) found.push(parser.push(bytes, slot * 32, 7 + slot));
        expect(found.pop()).toEqual({
          slot: 7,
          slotCount: bytes.length / 32,
          text: value,
          key: upperCase(value),
          short,
          shortKey: expect.any(String),
        });
        expect(found.every(entry => entry === null)).toBe(true);
      }),
    );
  });

  test('a long name that lost a slot, or belongs to another short one, does not count', () => {
    const bytes = encodeSlots(
      name('a name of more than two slots'),
      'ANAMEO~1   ',
      newShortEntry({ attributes: 0x20, firstCluster: 0, sizeBytes: 0, modified: 0 }, 0),
    );
    const parse = (slots: Uint8Array) => {
      const parser = new EntryParser();
      let found = null;
      for (let at = 0; at < slots.length; at += 32) found = parser.push(slots, at, at / 32) ?? found;
      return found;
    };
    expect(parse(bytes)?.text).toBe('a name of more than two slots');
    expect(parse(bytes.subarray(32))).toMatchObject({ text: 'ANAMEO~1', slot: 2, slotCount: 1 });
    const other = bytes.slice();
    other[bytes.length - 32] = 0x42;
    expect(parse(other)).toMatchObject({ text: 'BNAMEO~1', slotCount: 1 });
  });
});
