/**
 * The leaves of the schema: scalars that are read by our own readers, with what JSON Schema and docs/scenario.md say of
 * them. A leaf takes anything and says itself what is wrong, so that a number without a unit is told from a list.
 */
import { z } from 'zod';
import type { Bytes } from '../../engine/units.ts';
import { readClock } from './clock.ts';
import { readPath, readPattern } from './paths.ts';
import { found, problem, quoted, type Reading, read } from './reading.ts';
import { readSeed, readSeeds } from './seeds.ts';
import { formatSize, formatTime, readByteRate, readRate, readSize, readSizeOrPart, readTime } from './units.ts';

/** What a key's row in the documentation needs beside type and default. */
export interface About {
  readonly description: string;
  readonly example: string | number | boolean;
}

interface Form {
  readonly type: string | readonly string[];
  readonly unit?: string;
  readonly pattern?: string;
  /** As the documentation has it. */
  readonly range?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Names of the extra fields in JSON Schema, which other tools ignore. */
export const UNIT_FIELD = 'x-unit';
export const RANGE_FIELD = 'x-range';
/** Not `examples`, which zod takes away from what is transformed; json-schema.ts gives it its own name. */
export const EXAMPLE_FIELD = 'x-example';

const NUMBER = '\\d+(\\.\\d+)?\\s*';
const SIZE_PATTERN = `^${NUMBER}(B|KiB|MiB|GiB|TiB)$`;
const TIME_PATTERN = `^${NUMBER}(us|ms|s|min|h)$`;

/** A mapping that takes these keys and no others. The message of an unknown key is the list of those that there are. */
export function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: issue => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined),
  });
}

/** A leaf that `readLeaf` reads. A missing one is an issue of its own kind, which issues.ts turns into `missing-key`. */
function leaf<T>(readLeaf: (value: unknown) => Reading<T>, form: Form, about: About) {
  const { unit, range, ...rest } = form;
  return z
    .unknown()
    .transform((value, context): T => {
      if (value === undefined) {
        context.addIssue({ code: 'custom', message: '', params: { code: 'missing-key' } });
        return z.NEVER;
      }
      const reading = readLeaf(value);
      if (reading.ok) return reading.value;
      const { message, ...params } = reading.problem;
      context.addIssue({ code: 'custom', message, params });
      return z.NEVER;
    })
    .meta({
      ...rest,
      ...(unit === undefined ? {} : { [UNIT_FIELD]: unit }),
      ...(range === undefined ? {} : { [RANGE_FIELD]: range }),
      description: about.description,
      [EXAMPLE_FIELD]: about.example,
    });
}

interface Limits {
  readonly min?: number;
  readonly max?: number;
}

export function size(about: About & Limits) {
  const form = { type: 'string', unit: 'size', pattern: SIZE_PATTERN, range: rangeText(about, formatSize) };
  return leaf(within(readSize, about, formatSize), form, about);
}

export function time(about: About & Limits) {
  const form = { type: 'string', unit: 'time', pattern: TIME_PATTERN, range: rangeText(about, formatTime) };
  return leaf(within(readTime, about, formatTime), form, about);
}

export function rate(about: About) {
  const pattern = `^${NUMBER}/\\s*(s|min|h)$`;
  return leaf(readRate, { type: 'string', unit: 'rate', pattern, range: 'above 0, up to 1000000/s' }, about);
}

export function byteRate(about: About) {
  const pattern = `^${NUMBER}(B|KiB|MiB|GiB|TiB)\\s*/\\s*s$`;
  return leaf(readByteRate, { type: 'string', unit: 'bytes a second', pattern, range: 'above 0' }, about);
}

/** A rate of bytes, or `word` for null. */
export function byteRateOr(word: string, about: About) {
  const pattern = `^(${word}|${NUMBER}(B|KiB|MiB|GiB|TiB)\\s*/\\s*s)$`;
  const form = { type: 'string', unit: 'bytes a second', pattern, range: `above 0, or \`${word}\`` };
  return leaf(orWord(readByteRate, word), form, about);
}

/** A time, or `word` for null. */
export function timeOr(word: string, about: About) {
  const form = {
    type: 'string',
    unit: 'time',
    pattern: `^(${word}|${TIME_PATTERN.slice(1, -1)})$`,
    range: `or \`${word}\``,
  };
  return leaf(orWord(readTime, word), form, about);
}

export function sizeOrPart(about: About & { readonly of: string }) {
  const pattern = `^${NUMBER}(B|KiB|MiB|GiB|TiB|%)$`;
  return leaf(readSizeOrPart, { type: 'string', unit: `size, or % of ${about.of}`, pattern }, about);
}

/** One of a few sizes. */
export function sizeOf<const Size extends Bytes>(sizes: readonly Size[], about: About) {
  const words = sizes.map(formatSize);
  const form = {
    type: 'string',
    unit: 'size',
    pattern: SIZE_PATTERN,
    range: words.map(word => `\`${word}\``).join(' or '),
  };
  return leaf<Size>(
    value => {
      const bytes = readSize(value);
      if (!bytes.ok) return bytes;
      const known = sizes.find(one => one === bytes.value);
      return known === undefined
        ? problem('unknown-word', `${quoted(value)}: expected ${words.join(' or ')}`)
        : read(known);
    },
    form,
    about,
  );
}

/** A power of two. */
export function powerOfTwo(about: About & Required<Limits>) {
  const range = `a power of two, ${rangeText(about, formatSize)}`;
  return leaf(
    value => {
      const bytes = within(readSize, about, formatSize)(value);
      if (!bytes.ok || isPowerOfTwo(bytes.value)) return bytes;
      let below = 1;
      while (below * 2 < bytes.value) below *= 2;
      const near = `write \`${formatSize(below)}\` or \`${formatSize(2 * below)}\``;
      return problem('not-a-power-of-two', `${quoted(value)} is not a power of two: ${near}`);
    },
    { type: 'string', unit: 'size', pattern: SIZE_PATTERN, range },
    about,
  );
}

function isPowerOfTwo(value: number): boolean {
  let left = value;
  while (left > 1 && left % 2 === 0) left /= 2;
  return left === 1;
}

export function whole(about: About & Required<Limits>) {
  const { min: minimum, max: maximum } = about;
  return leaf(within(readWhole, about, String), { type: 'integer', minimum, maximum }, about);
}

export function readWhole(value: unknown): Reading<number> {
  if (typeof value !== 'number') return problem('number-bad', `expected a whole number, found ${found(value)}`);
  if (!Number.isFinite(value)) return problem('number-bad', `expected a whole number, found ${quoted(value)}`);
  if (value < 0) return problem('number-negative', `${quoted(value)} is negative`);
  if (value > Number.MAX_SAFE_INTEGER) return problem('number-too-large', `${quoted(value)} is above 2^53`);
  if (!Number.isInteger(value)) return problem('number-not-whole', `${quoted(value)} is not a whole number`);
  return read(value);
}

/** `10x`. */
export function times(about: About & Required<Limits>) {
  const readTimes = (value: unknown): Reading<number> => {
    const match = typeof value === 'string' ? /^(\d{1,9})x$/.exec(value) : null;
    return match === null ? problem('number-bad', `expected \`10x\`, found ${quoted(value)}`) : read(Number(match[1]));
  };
  const range = rangeText(about, n => `${n}x`);
  return leaf(
    within(readTimes, about, n => `${n}x`),
    { type: 'string', pattern: '^\\d{1,9}x$', range },
    about,
  );
}

/** `x10`, or `hang` for null. */
export function slowdown(about: About) {
  const readFactor = (value: unknown): Reading<number | null> => {
    if (value === 'hang') return read(null);
    const match = typeof value === 'string' ? /^x(\d{1,7})$/.exec(value) : null;
    const factor = match === null ? 0 : Number(match[1]);
    if (match === null) return problem('number-bad', `expected \`x10\`, \`x1000\` or \`hang\`, found ${quoted(value)}`);
    if (factor < 2 || factor > 1_000_000) return problem('out-of-range', `${quoted(value)} is not from x2 to x1000000`);
    return read(factor);
  };
  return leaf(readFactor, { type: 'string', pattern: '^(x\\d{1,7}|hang)$', range: 'x2 to x1000000, or `hang`' }, about);
}

/** A name in messages, paths and commands. */
export function id(about: About & { readonly lengthMin?: number }) {
  const lengthMin = about.lengthMin ?? 1;
  const pattern = `^[A-Za-z][A-Za-z0-9_-]{${lengthMin - 1},63}$`;
  const readId = (value: unknown): Reading<string> => {
    if (typeof value === 'string' && new RegExp(pattern).test(value)) return read(value);
    const least = lengthMin > 1 ? `, ${lengthMin} characters or more` : '';
    return problem('bad-name', `${found(value)} is no id: a letter, then letters, digits, - and _${least}`);
  };
  return leaf(readId, { type: 'string', pattern }, about);
}

/** A scenario's name; of a variant with its brackets. */
export function scenarioName(about: About) {
  const pattern = '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(\\[[^\\]\\r\\n\\t]{1,300}\\])?$';
  const readName = (value: unknown): Reading<string> => {
    if (typeof value === 'string' && new RegExp(pattern).test(value)) return read(value);
    return problem('bad-name', `${found(value)} is no name: letters, digits, - . and _`);
  };
  return leaf(readName, { type: 'string', pattern }, about);
}

export function letter(about: About) {
  const readLetter = (value: unknown): Reading<string> => {
    if (typeof value === 'string' && /^[A-Za-z]$/.test(value)) return read(value.toUpperCase());
    return problem('bad-letter', `${found(value)} is no letter of a volume: write \`C\``);
  };
  return leaf(readLetter, { type: 'string', pattern: '^[A-Za-z]$' }, about);
}

export function path(about: About) {
  return leaf(readPath, { type: 'string', unit: 'path', pattern: '^[A-Za-z]:[\\\\/].+$' }, about);
}

export function pattern(about: About) {
  return leaf(readPattern, { type: 'string', unit: 'path with *' }, about);
}

/** What a fault is aimed at, or a place of a cache: resolved against the world later. */
export function aim(about: About) {
  const readAim = (value: unknown): Reading<string> => {
    if (typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value)) return read(value);
    return problem('bad-name', `${found(value)} is neither a letter nor an id`);
  };
  return leaf(readAim, { type: 'string', range: 'a letter or an id' }, about);
}

/** `100..199`, or one number. Both ends included. */
export function sectorRange(about: About) {
  const readSectors = (value: unknown): Reading<{ first: number; last: number }> => {
    const match = /^(\d{1,16})(?:\s*\.\.\s*(\d{1,16}))?$/.exec(typeof value === 'object' ? '' : String(value));
    if (match === null) return problem('bad-range', `${found(value)} is no range of sectors: write \`100..199\``);
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last > Number.MAX_SAFE_INTEGER) return problem('number-too-large', `${quoted(value)} is above 2^53`);
    if (last < first) return problem('bad-range', `the range ${quoted(value)} is empty: write \`${last}..${first}\``);
    return read({ first, last });
  };
  return leaf(
    readSectors,
    { type: ['string', 'integer'], unit: 'sectors', pattern: '^\\d+(\\s*\\.\\.\\s*\\d+)?$' },
    about,
  );
}

/** A place in a file: `random`, `next`, or an offset. */
export function writePlace(about: About) {
  const readPlace = (value: unknown): Reading<'random' | 'next' | Bytes> => {
    if (value === 'random' || value === 'next') return read(value);
    const offset = readSize(value);
    return offset.ok || isNumberLike(value)
      ? offset
      : problem('unknown-word', `expected \`random\`, \`next\` or an offset such as \`4 KiB\`, found ${quoted(value)}`);
  };
  return leaf(readPlace, { type: 'string', unit: 'size', range: '`random`, `next` or an offset' }, about);
}

/** How long a fault lasts. */
export function lasting(about: About) {
  const readLasting = (value: unknown): Reading<'once' | 'ever' | number> => {
    if (value === 'once' || value === 'ever') return read(value);
    const span = readTime(value);
    return span.ok || isNumberLike(value)
      ? span
      : problem('unknown-word', `expected \`once\`, \`ever\` or a time such as \`5 s\`, found ${quoted(value)}`);
  };
  return leaf(readLasting, { type: 'string', unit: 'time', range: '`once`, a time, or `ever`' }, about);
}

/** The end of a run: after its backups (null), or at an instant. */
export function endAfter(about: About) {
  const form = {
    type: 'string',
    unit: 'time',
    pattern: `^(backups|${TIME_PATTERN.slice(1, -1)})$`,
    range: '`backups`, or a time',
  };
  return leaf(orWord(readTime, 'backups'), form, about);
}

export function clock(about: About) {
  const range = 'years 1980 to 2107, UTC';
  return leaf(readClock, { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$', range }, about);
}

export function seed(about: About) {
  return leaf(readSeed, { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, about);
}

export function seeds(about: About) {
  return leaf(readSeeds, { type: ['string', 'integer'], range: 'numbers and ranges, from 0 to 2^53 - 1' }, about);
}

/** A leaf with a reader of its own. */
export function text<T>(readText: (value: unknown) => Reading<T>, about: About & { readonly range: string }) {
  return leaf(readText, { type: 'string', range: about.range }, about);
}

// --- inside ----------------------------------------------------------------------------------------------------------

type Format = (value: number) => string;

/** Meant as a number, so that what is wrong with the number is worth saying. */
function isNumberLike(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^\s*[-+]?\d/.test(value));
}

function within(readLeaf: (value: unknown) => Reading<number>, { min, max }: Limits, format: Format) {
  return (value: unknown): Reading<number> => {
    const reading = readLeaf(value);
    if (!reading.ok) return reading;
    if (min !== undefined && reading.value < min) {
      return problem('out-of-range', `${quoted(value)} is too small: at least ${format(min)}`);
    }
    if (max !== undefined && reading.value > max) {
      return problem('out-of-range', `${quoted(value)} is too large: at most ${format(max)}`);
    }
    return reading;
  };
}

function orWord<T>(readLeaf: (value: unknown) => Reading<T>, word: string) {
  return (value: unknown): Reading<T | null> => {
    if (value === word) return read(null);
    const reading = readLeaf(value);
    if (reading.ok || reading.problem.code !== 'number-bad') return reading;
    return problem('number-bad', `${reading.problem.message}, or \`${word}\``, reading.problem.hint);
  };
}

function rangeText({ min, max }: Limits, format: Format): string {
  if (min !== undefined && max !== undefined) return `${format(min)} to ${format(max)}`;
  if (min !== undefined) return `${format(min)} or more`;
  return max === undefined ? '0 or more' : `up to ${format(max)}`;
}
