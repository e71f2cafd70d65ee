/**
 * Names: paths of the API, long names as VFAT keeps them, and the short 8.3 name that every entry has beside its long
 * one. Case is kept and does not matter. Upper case is by UTF-16 unit, as FAT compares, and never by locale.
 */
import { FsError, type Path } from '../file-system.ts';

/** One name of a path: as it was written, and as it is compared. */
export interface Name {
  readonly text: string;
  readonly key: string;
}

const LONG_MAX = 255;
const FORBIDDEN = '"*/:<>?\\|';
const SHORT_EXTRA = "$%'-_@~`!(){}^#&";

const ASCII = /^[ -~]*$/;

/** The upper half of code page 437, in which short names that others wrote may be. */
const UPPER_437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

export function upperCase(text: string): string {
  if (ASCII.test(text)) return text.toUpperCase();
  let upper = '';
  for (let at = 0; at < text.length; at++) {
    const unit = text[at]!;
    const raised = unit.toUpperCase();
    upper += raised.length === 1 ? raised : unit;
  }
  return upper;
}

/** Takes a path of a volume apart: `C:\A\B` or `c:/a/b`. The root is the empty list. */
export function parsePath(letter: string, path: string): Name[] {
  const slashed = path.replaceAll('/', '\\');
  if (upperCase(slashed.slice(0, 2)) !== `${letter}:` || (slashed.length > 2 && slashed[2] !== '\\')) {
    throw new FsError('bad-name', path, `not a path of volume ${letter}:`);
  }
  const rest = slashed.slice(3);
  if (rest === '') return [];
  return rest.split('\\').map(text => parseName(text, path));
}

function parseName(text: string, path: Path): Name {
  const reason = badName(text);
  if (reason !== null) throw new FsError('bad-name', path, reason);
  return { text, key: upperCase(text) };
}

/** Why a text can be no name of the tree; null when it can. */
export function badName(text: string): string | null {
  if (text === '') return 'an empty name';
  if (text.length > LONG_MAX) return `a name of ${text.length} characters`;
  if (text.endsWith('.') || text.endsWith(' ')) return `a name that ends with a dot or a space: ${text}`;
  for (const unit of text) {
    if (unit < ' ' || unit === '\u007f') return 'a control character in a name';
    if (FORBIDDEN.includes(unit)) return `${unit} in a name`;
  }
  return null;
}

/** The 11 bytes of a short name, padded with spaces: `ACCOUNTSDAT`. */
export type ShortName = string;

function isShortCharacter(unit: string): boolean {
  return (unit >= 'A' && unit <= 'Z') || (unit >= '0' && unit <= '9') || SHORT_EXTRA.includes(unit);
}

/** Splits at the last dot; a leading dot does not count. */
function splitExtension(text: string): [string, string] {
  const dot = text.lastIndexOf('.');
  return dot <= 0 ? [text, ''] : [text.slice(0, dot), text.slice(dot + 1)];
}

/** The short name that says all of `name` but for its case, or null when there is none. */
export function exactShortName(name: Name): ShortName | null {
  const [base, extension] = splitExtension(name.key);
  if (base.length === 0 || base.length > 8 || extension.length > 3) return null;
  for (const unit of base + extension) if (!isShortCharacter(unit)) return null;
  return base.padEnd(8) + extension.padEnd(3);
}

/** A name needs no long entry when its short name says it all, case included. */
export function needsLongEntry(name: Name): boolean {
  return name.text !== name.key || exactShortName(name) === null;
}

/** So many names that begin alike are told apart by a number alone. */
const NUMBERED = 9;

/**
 * The short name for a new entry: exact if that is free; else with the first free number behind a tilde; when there are
 * many, with a hash of the name before that number, as Windows does, so that a crowded directory is not searched through.
 */
export function chooseShortName(name: Name, isTaken: (short: ShortName) => boolean): ShortName | null {
  const exact = exactShortName(name);
  if (exact !== null && !isTaken(exact)) return exact;
  const stripped = name.key.replaceAll(' ', '').replace(/^\.+/, '');
  const [base, extension] = splitExtension(stripped);
  const shortBase = shortCharacters(base.replaceAll('.', ''));
  const tail = shortCharacters(extension).slice(0, 3).padEnd(3);
  return (
    numbered(shortBase, tail, NUMBERED, isTaken) ??
    numbered(shortBase.slice(0, 2) + hashText(name.key), tail, 999_999, isTaken)
  );
}

function numbered(base: string, tail: string, last: number, isTaken: (short: ShortName) => boolean): ShortName | null {
  for (let number = 1; number <= last; number++) {
    const mark = `~${number}`;
    const short = (base.slice(0, 8 - mark.length) + mark).padEnd(8) + tail;
    if (!isTaken(short)) return short;
  }
  return null;
}

/** Four hexadecimal digits. */
function hashText(key: string): string {
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (hash * 31 + key.charCodeAt(at)) % 0x10000;
  return hash.toString(16).toUpperCase().padStart(4, '0');
}

function shortCharacters(text: string): string {
  let short = '';
  for (const unit of text) short += isShortCharacter(unit) ? unit : '_';
  return short;
}

/** How a short name is shown and looked up: `ACCOUNTS.DAT`. */
export function shortText(short: ShortName): string {
  const base = short.slice(0, 8).trimEnd();
  const extension = short.slice(8).trimEnd();
  return extension === '' ? base : `${base}.${extension}`;
}

/** The short name of an entry. 0x05 stands for a first byte of 0xE5, which would mean that the entry is free. */
export function decodeShort(bytes: Uint8Array, at: number): ShortName {
  let short = '';
  for (let index = 0; index < 11; index++) {
    let byte = bytes[at + index]!;
    if (index === 0 && byte === 0x05) byte = 0xe5;
    short += byte < 0x80 ? String.fromCharCode(byte) : UPPER_437[byte - 0x80]!;
  }
  return short;
}

/** How an entry without a long name shows: Windows NT marks a base or extension of lower case in byte 12. */
export function shortTextWithCase(short: ShortName, caseFlags: number): string {
  const base = short.slice(0, 8);
  const extension = short.slice(8);
  return shortText(
    (caseFlags & 0x08 ? base.toLowerCase() : base) + (caseFlags & 0x10 ? extension.toLowerCase() : extension),
  );
}

export function encodeShort(short: ShortName, bytes: Uint8Array, at: number): void {
  for (let index = 0; index < 11; index++) bytes[at + index] = short.charCodeAt(index);
}

/** Ties the entries of a long name to their short one. */
export function shortChecksum(bytes: Uint8Array, at: number): number {
  let sum = 0;
  for (let index = 0; index < 11; index++) sum = ((sum & 1 ? 0x80 : 0) + (sum >> 1) + bytes[at + index]!) & 0xff;
  return sum;
}

/** Characters of a long name that one entry holds, and where. */
const LONG_CHARACTERS = 13;
const LONG_AT = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

export function longEntryCount(text: string): number {
  return Math.ceil(text.length / LONG_CHARACTERS);
}

/** Writes part `ordinal` (from 1) of a long name. */
export function encodeLong(text: string, ordinal: number, checksum: number, bytes: Uint8Array, at: number): void {
  bytes.fill(0, at, at + 32);
  const isLast = ordinal === longEntryCount(text);
  bytes[at] = ordinal + (isLast ? 0x40 : 0);
  bytes[at + 11] = 0x0f;
  bytes[at + 13] = checksum;
  const from = (ordinal - 1) * LONG_CHARACTERS;
  for (let index = 0; index < LONG_CHARACTERS; index++) {
    const position = from + index;
    const unit = position < text.length ? text.charCodeAt(position) : position === text.length ? 0 : 0xffff;
    bytes[at + LONG_AT[index]!] = unit % 0x100;
    bytes[at + LONG_AT[index]! + 1] = Math.floor(unit / 0x100);
  }
}

/** Reads one part of a long name, up to its end. */
export function decodeLong(bytes: Uint8Array, at: number): string {
  let text = '';
  for (const place of LONG_AT) {
    const unit = bytes[at + place]! + bytes[at + place + 1]! * 0x100;
    if (unit === 0) break;
    text += String.fromCharCode(unit);
  }
  return text;
}
