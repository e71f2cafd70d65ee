/**
 * Named random streams and choices. Every component draws from a stream of its own, seeded by (seed, path), so that a
 * new draw in one place moves nothing elsewhere. What an explorer wants to control goes through a `Chooser`.
 *
 * Invariants
 * I1 The same seed and path give the same stream, everywhere: integers only.
 * I2 A choice is named by (path, why, ordinal); an override by that name wins over the stream, and a name that is not
 *    met, or met with another count, is a divergence that is reported, and the run goes on.
 * I3 Nothing is drawn when there is one possibility.
 */
import tychei from 'seedrandom/lib/tychei.js';
import { defect } from '../../engine/invariant.ts';

const TWO_32 = 4_294_967_296;
const TWO_21 = 2_097_152;

export class RandomStream {
  private readonly generator: { int32(): number; double(): number };

  constructor(seed: number, path: string) {
    this.generator = tychei(`${seed}/${path}`);
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    if (!(Number.isSafeInteger(n) && n > 0)) defect(`a draw below ${n}`);
    if (n === 1) return 0;
    if (n > TWO_21) return Math.floor(this.generator.double() * n);
    return Math.floor(((this.generator.int32() >>> 0) * n) / TWO_32);
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** 32 random bits as an unsigned integer. */
  bits(): number {
    return this.generator.int32() >>> 0;
  }

  fill(into: Uint8Array): void {
    for (let at = 0; at < into.length; at++) into[at] = this.generator.int32() & 255;
  }

  /** Puts a list in random order, in place (Fisher and Yates). */
  shuffle<T>(list: T[]): T[] {
    for (let at = list.length - 1; at > 0; at--) {
      const other = this.below(at + 1);
      const kept = list[at] as T;
      list[at] = list[other] as T;
      list[other] = kept;
    }
    return list;
  }
}

/** One entry of the sparse table that steers a run: the `ordinal`-th choice of (path, why) is `value` of `count`. */
export interface ChoiceOverride {
  readonly path: string;
  readonly why: string;
  readonly ordinal: number;
  readonly count: number;
  readonly value: number;
}

/** An override that did not meet its choice (I2). */
export interface Divergence {
  readonly override: ChoiceOverride;
  readonly because: string;
}

/** The choices of one (path, why): a counter, a stream, and what overrides it. */
export class Chooser {
  private ordinal = 0;
  private readonly stream: RandomStream | null;
  private readonly overrides: ReadonlyMap<number, ChoiceOverride> | null;
  private readonly choices: Choices;

  constructor(choices: Choices, stream: RandomStream | null, overrides: ReadonlyMap<number, ChoiceOverride> | null) {
    this.choices = choices;
    this.stream = stream;
    this.overrides = overrides;
  }

  /** An integer from 0 to n - 1; 0 is the plain course. */
  choose(n: number): number {
    const ordinal = this.ordinal++;
    const override = this.overrides === null ? undefined : this.overrides.get(ordinal);
    if (override !== undefined && this.choices.meets(override, n)) return override.value;
    if (n === 1 || this.stream === null) return 0;
    return this.stream.below(n);
  }
}

/** All streams and choosers of one run. */
export class Choices {
  readonly seed: number;
  private readonly plain: boolean;
  private readonly table = new Map<string, Map<number, ChoiceOverride>>();
  private readonly unmet = new Set<ChoiceOverride>();
  private readonly broken: Divergence[] = [];

  /** `plain`: choices that no override names are 0, as explorers want it; streams are drawn from the seed all the same. */
  constructor(seed: number, overrides: readonly ChoiceOverride[] = [], plain = false) {
    this.seed = seed;
    this.plain = plain;
    for (const override of overrides) {
      const key = `${override.path} ${override.why}`;
      const entries = this.table.get(key) ?? new Map<number, ChoiceOverride>();
      entries.set(override.ordinal, override);
      this.table.set(key, entries);
      this.unmet.add(override);
    }
  }

  stream(path: string): RandomStream {
    return new RandomStream(this.seed, path);
  }

  chooser(path: string, why: string): Chooser {
    const key = `${path} ${why}`;
    const stream = this.plain ? null : new RandomStream(this.seed, `${key}?`);
    return new Chooser(this, stream, this.table.get(key) ?? null);
  }

  /** For `Chooser`: whether the override fits the choice that it names. */
  meets(override: ChoiceOverride, n: number): boolean {
    this.unmet.delete(override);
    if (override.count === n && override.value < n) return true;
    this.broken.push({ override, because: `met with ${n} possibilities` });
    return false;
  }

  /** What diverged, to be asked at the end of a run. */
  divergences(): Divergence[] {
    return [...this.broken, ...[...this.unmet].map(override => ({ override, because: 'not met' }))];
  }
}
