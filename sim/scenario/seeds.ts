/**
 * Seeds as scenarios and `--seeds` write them: `7`, `1..20`, `1,5,9..20`, both ends included; on the command line also
 * `fresh:500`, new ones that a salt makes again.
 *
 * Invariant: ranges are in ascending order and do not touch, so a range of 2^53 seeds costs nothing.
 */
import { RandomStream } from '../kernel/random.ts';
import { found, problem, quoted, type Reading, read } from './reading.ts';
import type { SeedRange } from './scenario.ts';

const SEED_MAX = Number.MAX_SAFE_INTEGER;
const FRESH_MAX = 10_000_000;
const FORM = 'write `7`, `1..20` or `1,5,9..20`';

/** `form`: how a seed is written where the value stands. */
export function readSeed(value: unknown, form = 'seed: 7'): Reading<number> {
  if (typeof value === 'string')
    return problem('bad-seeds', `expected a seed, found ${quoted(value)}: write \`${form}\``);
  return typeof value === 'number'
    ? seedOf(value, String(value))
    : problem('bad-seeds', `expected a seed, found ${found(value)}`);
}

/** `7`, `1..20`, `1,5,9..20`. */
export function readSeeds(value: unknown): Reading<readonly SeedRange[]> {
  if (typeof value === 'string' && /^\s*fresh/i.test(value)) {
    return problem(
      'bad-seeds',
      `${quoted(value)} is for the command line only`,
      'a scenario names its seeds, so that each run of it is the same',
    );
  }
  if (typeof value !== 'string' && typeof value !== 'number') {
    return problem('bad-seeds', `expected seeds, found ${found(value)}: ${FORM}`);
  }
  const ranges: SeedRange[] = [];
  for (const piece of String(value).split(',')) {
    const range = readRange(piece.trim(), value);
    if (!range.ok) return range;
    ranges.push(range.value);
  }
  return read(joined(ranges));
}

/** What `--seeds` takes: as `readSeeds`, or `fresh:500`. */
export type SeedSelection =
  | { readonly is: 'ranges'; readonly ranges: readonly SeedRange[] }
  | { readonly is: 'fresh'; readonly count: number };

export function readSeedSelection(text: string): Reading<SeedSelection> {
  const fresh = /^fresh:(\d{1,9})$/.exec(text.trim());
  if (fresh !== null) {
    const count = Number(fresh[1]);
    if (count < 1 || count > FRESH_MAX)
      return problem('bad-seeds', `${quoted(text)}: from 1 to ${FRESH_MAX} fresh seeds`);
    return read({ is: 'fresh', count });
  }
  if (/^\s*fresh/i.test(text)) {
    return problem('bad-seeds', `${quoted(text)} are no fresh seeds`, 'write `fresh:50`');
  }
  const ranges = readSeeds(text);
  return ranges.ok ? read({ is: 'ranges', ranges: ranges.value }) : ranges;
}

/** `count` different seeds, the same for the same salt. */
export function freshSeeds(count: number, salt: string): number[] {
  const stream = new RandomStream(0, `fresh seeds/${salt}`);
  const seeds = new Set<number>();
  while (seeds.size < count) seeds.add(stream.bits() * 2_097_152 + (stream.bits() >>> 11));
  return [...seeds];
}

export function formatSeeds(ranges: readonly SeedRange[]): string {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}..${last}`)).join(',');
}

/** How many there are; above 2^53 no longer exact. */
export function seedCount(ranges: readonly SeedRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + (last - first) + 1, 0);
}

export function* seedsIn(ranges: readonly SeedRange[]): Generator<number> {
  for (const { first, last } of ranges) {
    for (let seed = first; seed < last; seed++) yield seed;
    yield last;
  }
}

function readRange(piece: string, whole: unknown): Reading<SeedRange> {
  const match = /^(-?\d+)(?:\s*\.\.\s*(-?\d+))?$/.exec(piece);
  if (match === null) return problem('bad-seeds', `${quoted(whole)} are no seeds: ${FORM}`);
  const first = seedOf(Number(match[1]), match[1]!);
  if (!first.ok) return first;
  const last = match[2] === undefined ? first : seedOf(Number(match[2]), match[2]);
  if (!last.ok) return last;
  if (last.value < first.value) {
    return problem('bad-seeds', `the range ${quoted(piece)} is empty: write \`${match[2]}..${match[1]}\``);
  }
  return read({ first: first.value, last: last.value });
}

function seedOf(seed: number, text: string): Reading<number> {
  if (Number.isSafeInteger(seed) && seed >= 0 && seed <= SEED_MAX) return read(seed);
  return problem('bad-seeds', `${quoted(text)} is no seed: a whole number from 0 to 2^53 - 1`);
}

function joined(ranges: readonly SeedRange[]): readonly SeedRange[] {
  const result: SeedRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first || a.last - b.last)) {
    const before = result.at(-1);
    if (before === undefined || range.first > before.last + 1) result.push(range);
    else result[result.length - 1] = { first: before.first, last: Math.max(before.last, range.last) };
  }
  return result;
}
