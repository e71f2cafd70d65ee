/**
 * Paths as scenarios write them, and as everybody else sees them.
 *
 * Invariants
 * I1 A canonical path is upper case, `C:\FOLDER\FILE.DAT`, without empty, `.` or `..` parts and without a backslash
 *    at the end; the root of a volume is `C:\`.
 * I2 A pattern is a canonical path in which `*` stands for any run of characters of one part; or, without a letter, one
 *    part that is looked for everywhere.
 */
import { upperCase } from '../fs/fat/names.ts';
import { found, hasControls, problem, quoted, type Reading, read } from './reading.ts';
import type { PathPattern } from './scenario.ts';

/** Longer ones are refused by FAT. */
const PATH_LENGTH_MAX = 250;
const FORM = "write it as 'C:\\FOLDER\\FILE.DAT' in single quotes, or C:/FOLDER/FILE.DAT";

/** A file or folder on a volume, not the root. */
export function readPath(value: unknown): Reading<string> {
  const path = readCanonical(value, false);
  if (!path.ok) return path;
  if (path.value.endsWith('\\'))
    return problem('bad-path', `${quoted(value)} is the root of a volume: name a file or folder`);
  return path;
}

export function readPattern(value: unknown): Reading<PathPattern> {
  if (typeof value !== 'string' || /[:\\/]/.test(value) || hasControls(value)) return readCanonical(value, true);
  const wrong = wrongPart(upperCase(value), true);
  return wrong === null ? read(upperCase(value)) : problem('bad-path', `${quoted(value)} ${wrong}`);
}

/** The letter of a path or pattern; null when a pattern has none. */
export function letterOf(path: PathPattern): string | null {
  return path[1] === ':' ? path[0]! : null;
}

/** Whether a canonical path is what the pattern names, or lies below a folder that it names. */
export function matchesPattern(pattern: PathPattern, path: string): boolean {
  const parts = path.split('\\');
  if (letterOf(pattern) === null) return parts.slice(1).some(part => matchesPart(pattern, part));
  const wanted = pattern.endsWith('\\') ? [pattern.slice(0, -1)] : pattern.split('\\');
  return wanted.length <= parts.length && wanted.every((part, index) => matchesPart(part, parts[index]!));
}

/** Whether `path` is `folder` or lies below it. Both canonical. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('\\') ? folder : `${folder}\\`);
}

function readCanonical(value: unknown, isPattern: boolean): Reading<string> {
  if (typeof value !== 'string') return problem('bad-path', `expected a path, found ${found(value)}: ${FORM}`);
  if (hasControls(value)) {
    return problem(
      'control-character',
      `the path ${quoted(value)} has a control character in it`,
      "in double quotes a backslash begins an escape: use single quotes, 'C:\\X', or slashes, C:/X",
    );
  }
  if (!/^[A-Za-z]:[\\/]/.test(value)) {
    return problem('bad-path', `${quoted(value)} does not begin with a letter, a colon and a backslash: ${FORM}`);
  }
  if (value.length > PATH_LENGTH_MAX) return problem('bad-path', `a path of ${value.length} characters is too long`);
  const [volume = '', ...parts] = upperCase(value).replaceAll('/', '\\').split('\\');
  if (parts.length > 1 && parts.at(-1) === '') parts.pop();
  if (parts.length === 1 && parts[0] === '') return read(`${volume}\\`);
  if (parts.includes('')) {
    return problem(
      'bad-path',
      `${quoted(value)} has two separators in a row`,
      'in single quotes one backslash is enough',
    );
  }
  for (const part of parts) {
    const wrong = wrongPart(part, isPattern);
    if (wrong !== null) return problem('bad-path', `${quoted(value)} ${wrong}`);
  }
  return read([volume, ...parts].join('\\'));
}

function wrongPart(part: string, isPattern: boolean): string | null {
  if (part === '') return 'is empty';
  if (part === '.' || part === '..') return 'has `.` or `..` in it: write the whole path';
  if (!isPattern && part.includes('*')) return 'has a `*` in it, which only patterns may have';
  if (/[<>:"|?/\\]/.test(part)) return 'has one of < > : " | ? in it, which FAT has not';
  if (/[. ]$/.test(part)) return 'has a part that ends with a dot or a blank';
  return null;
}

/** `*` only. Linear but for the last `*`, to which it goes back. */
function matchesPart(pattern: string, part: string): boolean {
  let at = 0;
  let star = -1;
  let starAt = 0;
  let inPattern = 0;
  while (at < part.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern++;
      starAt = at;
    } else if (pattern[inPattern] === part[at]) {
      inPattern += 1;
      at += 1;
    } else if (star >= 0) {
      inPattern = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (pattern[inPattern] === '*') inPattern += 1;
  return inPattern === pattern.length;
}
