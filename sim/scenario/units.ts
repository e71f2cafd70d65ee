/**
 * Numbers with their units, as scenarios and the command line have them: `16 KiB`, `1.5 s`, `40/s`, `1 MiB/s`, `20%`.
 * The space is optional, decimals are allowed, exponents and signs are not.
 *
 * Invariants
 * I1 Arithmetic is exact: a value is an integer of bytes or nanoseconds, or it is refused.
 * I2 Nothing above 2^53 comes out.
 * I3 Reading what `formatX` wrote gives the same value.
 */
import type { Bytes, Nanoseconds } from '../../engine/units.ts';
import { found, problem, quoted, type Reading, read } from './reading.ts';
import type { Rate } from './scenario.ts';

type UnitTable = { readonly [unit: string]: number };

/** Largest last. */
const SIZE_UNITS: UnitTable = { B: 1, KiB: 1024, MiB: 1_048_576, GiB: 1_073_741_824, TiB: 1_099_511_627_776 };
const TIME_UNITS: UnitTable = {
  us: 1_000,
  ms: 1_000_000,
  s: 1_000_000_000,
  min: 60_000_000_000,
  h: 3_600_000_000_000,
};
const RATE_UNITS: UnitTable = { s: TIME_UNITS.s!, min: TIME_UNITS.min!, h: TIME_UNITS.h! };

/** What people write instead, in lower case. */
const MEANT: { readonly [written: string]: string } = {
  b: 'B',
  byte: 'B',
  bytes: 'B',
  k: 'KiB',
  kb: 'KiB',
  kib: 'KiB',
  m: 'MiB',
  mb: 'MiB',
  mib: 'MiB',
  g: 'GiB',
  gb: 'GiB',
  gib: 'GiB',
  t: 'TiB',
  tb: 'TiB',
  tib: 'TiB',
};
const TIME_MEANT: { readonly [written: string]: string } = {
  us: 'us',
  µs: 'us',
  μs: 'us',
  usec: 'us',
  ms: 'ms',
  msec: 'ms',
  s: 's',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  m: 'min',
  min: 'min',
  mins: 'min',
  minute: 'min',
  minutes: 'min',
  h: 'h',
  hr: 'h',
  hour: 'h',
  hours: 'h',
};

/** A number longer than this is none that a scenario needs. */
const DIGITS_MAX = 40;
const TWO_53 = 9_007_199_254_740_992n;

/** A non-negative decimal number, exactly: `digits` / 10^`decimals`. */
interface Decimal {
  readonly digits: bigint;
  readonly decimals: number;
  readonly text: string;
}

interface Quantity {
  readonly number: Decimal;
  /** As it was written, without blanks. */
  readonly unit: string;
}

interface Form {
  /** What it is called in a message: "a size". */
  readonly name: string;
  readonly example: string;
}

const SIZE: Form = { name: 'a size', example: '16 KiB' };
const TIME: Form = { name: 'a time', example: '5 s' };
const RATE: Form = { name: 'a rate', example: '40/s' };
const BYTE_RATE: Form = { name: 'a rate of bytes', example: '1 MiB/s' };
const PERCENT: Form = { name: 'a part', example: '20%' };

export function readSize(value: unknown): Reading<Bytes> {
  const quantity = readQuantity(value, SIZE, n => [`${n} B`, `${n} KiB`, `${n} MiB`]);
  if (!quantity.ok) return quantity;
  const { number, unit } = quantity.value;
  const factor = unitFactor(SIZE_UNITS, unit);
  if (factor === null) return unknownUnit(value, number, unit, MEANT, SIZE_UNITS);
  return scaled(number, factor, value, 'bytes');
}

export function readTime(value: unknown): Reading<Nanoseconds> {
  const quantity = readQuantity(value, TIME, n => [`${n} ms`, `${n} s`, `${n} min`]);
  if (!quantity.ok) return quantity;
  const { number, unit } = quantity.value;
  const factor = unitFactor(TIME_UNITS, unit);
  if (factor === null) return unknownUnit(value, number, unit, TIME_MEANT, TIME_UNITS);
  return scaled(number, factor, value, 'nanoseconds');
}

/** Transactions in a time. 0 is refused. */
export function readRate(value: unknown): Reading<Rate> {
  const quantity = readQuantity(value, RATE, n => [`${n}/s`, `${n}/min`]);
  if (!quantity.ok) return quantity;
  const { number, unit } = quantity.value;
  const per = unit.startsWith('/') ? unit.slice(1) : '';
  const perNs = unitFactor(RATE_UNITS, per);
  if (perNs === null) {
    const meant = TIME_MEANT[per.toLowerCase()];
    const right = `${number.text}/${meant !== undefined && meant in RATE_UNITS ? meant : 's'}`;
    return problem(
      'unit-unknown',
      `${quoted(value)} is not a rate: write \`${right}\``,
      'the units are /s, /min and /h',
    );
  }
  if (number.digits === 0n) return problem('rate-zero', `a rate of ${quoted(value)}: nothing would ever happen`);
  const divisor = gcd(number.digits, tenTo(number.decimals));
  const count = number.digits / divisor;
  const span = (BigInt(perNs) * tenTo(number.decimals)) / divisor;
  if (count > TWO_53 || span > TWO_53) return tooLarge(value);
  if (count * 1000n > span) {
    return problem('out-of-range', `${quoted(value)} is more than one in a microsecond`, 'rates go up to 1000000/s');
  }
  return read({ count: Number(count), perNs: Number(span) });
}

/** Bytes in a second. 0 is refused. */
export function readByteRate(value: unknown): Reading<number> {
  const quantity = readQuantity(value, BYTE_RATE, n => [`${n} KiB/s`, `${n} MiB/s`]);
  if (!quantity.ok) return quantity;
  const { number, unit } = quantity.value;
  const size = unit.endsWith('/s') ? unit.slice(0, -2) : '';
  const factor = unitFactor(SIZE_UNITS, size);
  if (factor === null) {
    const meant = MEANT[(unit.split('/')[0] ?? '').toLowerCase()] ?? 'MiB';
    return problem('unit-unknown', `${quoted(value)} is not a rate of bytes: write \`${number.text} ${meant}/s\``);
  }
  if (number.digits === 0n) return problem('rate-zero', `a rate of ${quoted(value)}: nothing would ever be copied`);
  return scaled(number, factor, value, 'bytes a second');
}

/** A part of a whole: at most 100%. */
export interface Part {
  readonly numerator: number;
  readonly denominator: number;
}

/** `20%` as a part, or a size as an integer of bytes. */
export function readSizeOrPart(value: unknown): Reading<Bytes | Part> {
  if (typeof value !== 'string' || !value.trimEnd().endsWith('%')) return readSize(value);
  const quantity = readQuantity(value, PERCENT, n => [`${n}%`]);
  if (!quantity.ok) return quantity;
  const { number, unit } = quantity.value;
  if (unit !== '%') return problem('number-bad', `${quoted(value)} is not a part: write it as \`20%\``);
  const denominator = 100n * tenTo(number.decimals);
  if (number.digits > denominator) return problem('out-of-range', `${quoted(value)} is more than the whole`);
  if (denominator > 1_000_000_000n) return problem('number-not-whole', `${quoted(value)} has too many decimals`);
  return read({ numerator: Number(number.digits), denominator: Number(denominator) });
}

/** `whole` x `part`, rounded down. Exact for every safe integer. */
export function partOf(whole: Bytes, part: Part): Bytes {
  return Number((BigInt(whole) * BigInt(part.numerator)) / BigInt(part.denominator));
}

export function formatSize(bytes: Bytes): string {
  return formatScaled(bytes, SIZE_UNITS, 'B');
}

/** In the largest unit that divides it; below a microsecond with decimals. */
export function formatTime(ns: Nanoseconds): string {
  if (ns % TIME_UNITS.us! === 0) return formatScaled(ns, TIME_UNITS, 's');
  const rest = String(ns % 1000)
    .padStart(3, '0')
    .replace(/0+$/, '');
  return `${Math.floor(ns / 1000)}.${rest} us`;
}

export function formatByteRate(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`;
}

/** The span is a power of two and five times one of the units (that is how `readRate` makes it), so this is exact. */
export function formatRate({ count, perNs }: Rate): string {
  for (const unit of ['h', 'min', 's']) {
    const span = RATE_UNITS[unit]!;
    if (perNs % span !== 0) continue;
    const decimal = quotient(BigInt(count), BigInt(perNs / span));
    if (decimal !== null) return `${decimal}/${unit}`;
  }
  return `${count}/s`;
}

// --- inside ----------------------------------------------------------------------------------------------------------

function readQuantity(value: unknown, form: Form, right: (n: string) => readonly string[]): Reading<Quantity> {
  const write = `write it as \`${form.example}\``;
  if (typeof value === 'number') {
    if (value < 0) return negative(value);
    if (!Number.isFinite(value)) return problem('number-bad', `${quoted(value)} is not ${form.name}: ${write}`);
    const forms = right(String(value));
    return problem(
      'unit-missing',
      `${quoted(value)} has no unit: write \`${forms[forms.length > 2 ? 1 : 0]}\``,
      `one of ${forms.map(f => `\`${f}\``).join(', ')}`,
    );
  }
  const match = typeof value === 'string' ? /^([-+]?)(\d+)(?:\.(\d+))?\s*(\D*)$/u.exec(value.trim()) : null;
  if (match === null) return problem('number-bad', `expected ${form.name}, found ${found(value)}: ${write}`);
  const [, sign, whole = '', fraction = '', unit = ''] = match;
  if (sign === '-') return negative(value);
  if (sign === '+') return problem('number-bad', `${quoted(value)} has a sign: ${write}`);
  if (whole.length + fraction.length > DIGITS_MAX) return tooLarge(value);
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  if (unit === '') {
    const forms = right(text);
    return problem('unit-missing', `${quoted(value)} has no unit: write \`${forms[forms.length > 2 ? 1 : 0]}\``);
  }
  const digits = BigInt(whole + fraction);
  return read({ number: { digits, decimals: fraction.length, text }, unit: unit.replace(/\s+/g, '') });
}

function unitFactor(table: UnitTable, unit: string): number | null {
  return Object.hasOwn(table, unit) ? table[unit]! : null;
}

function unknownUnit(
  value: unknown,
  number: Decimal,
  unit: string,
  meant: { readonly [written: string]: string },
  table: UnitTable,
): Reading<never> {
  const written = unit.toLowerCase();
  const known = Object.keys(table).join(', ');
  if (!Object.hasOwn(meant, written)) {
    return problem('unit-unknown', `${quoted(value)} has no unit that fits here: one of ${known}`);
  }
  const why =
    written.endsWith('b') && written !== 'b' ? 'sizes are binary: 1 KiB is 1024 bytes' : `the units are ${known}`;
  return problem(
    'unit-unknown',
    `the unit of ${quoted(value)} is not known here: write \`${number.text} ${meant[written]}\``,
    why,
  );
}

function scaled(number: Decimal, factor: number, value: unknown, name: string): Reading<number> {
  const product = number.digits * BigInt(factor);
  const divisor = tenTo(number.decimals);
  if (product % divisor !== 0n) {
    return problem('number-not-whole', `${quoted(value)} is not a whole number of ${name}`);
  }
  const result = product / divisor;
  return result > TWO_53 ? tooLarge(value) : read(Number(result));
}

function negative(value: unknown): Reading<never> {
  return problem('number-negative', `${quoted(value)} is negative`);
}

function tooLarge(value: unknown): Reading<never> {
  return problem('number-too-large', `${quoted(value)} is above 2^53`);
}

function formatScaled(value: number, table: UnitTable, whenZero: string): string {
  if (value === 0) return `0 ${whenZero}`;
  const [unit, factor] = Object.entries(table).findLast(([, size]) => value % size === 0) ?? ['', 1];
  return `${value / factor} ${unit}`;
}

/** a / b as a finite decimal, or null when it has none. */
function quotient(a: bigint, b: bigint): string | null {
  for (let decimals = 0; decimals <= DIGITS_MAX; decimals++) {
    const scaledA = a * tenTo(decimals);
    if (scaledA % b !== 0n) continue;
    const digits = String(scaledA / b).padStart(decimals + 1, '0');
    const point = digits.length - decimals;
    return decimals === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  }
  return null;
}

function tenTo(exponent: number): bigint {
  return BigInt(`1${'0'.repeat(exponent)}`);
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
