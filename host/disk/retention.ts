/** Which generations stay. The engine does it; here is told of those that went, why. */
import type { Generation } from '../../engine/backup-disk/header.ts';

export interface KeepRule {
  /** So many generations stay, the newest included. */
  readonly keep: number;
  /** Older ones go; null: age does not matter. */
  readonly youngerThanMs: number | null;
}

export const DEFAULT_KEEP = 8;
export const MOST_KEPT = 255;

/** The numbers of those that a rule does not keep, of generations in the order of time. */
export function byRetention(
  generations: readonly Generation[],
  { keep, youngerThanMs }: KeepRule,
  nowMs: number,
): number[] {
  const surplus = generations.length - keep;
  return generations
    .slice(0, -1)
    .filter(({ picture }, index) => {
      const isOld = youngerThanMs !== null && picture.wallClockMs <= nowMs - youngerThanMs;
      return index < surplus || isOld;
    })
    .map(({ number }) => number);
}
