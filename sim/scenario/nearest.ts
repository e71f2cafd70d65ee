/** The nearest right word, for "did you mean". */

/** Longer words are not compared: a hostile key must not cost time. */
const LENGTH_MAX = 80;

/**
 * The candidate with the smallest distance, when it is near enough to be what was meant: a third of the word, case not
 * counted. Of two that are equally near one with the same first letter, else the earlier one.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > LENGTH_MAX) return null;
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = Number.MAX_SAFE_INTEGER;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > bestDistance) continue;
    const known = candidate.toLowerCase();
    const distance = editDistance(wanted, known) + (known[0] === wanted[0] ? 0 : 0.5);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  const longest = Math.max(word.length, best === null ? 0 : best.length);
  return Math.floor(bestDistance) <= Math.max(1, Math.floor(longest / 3)) ? best : null;
}

/** `, did you mean \`quiet\`?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const guess = nearest(word, candidates);
  return guess === null ? '' : `, did you mean \`${guess}\`?`;
}

/** Damerau and Levenshtein, restricted: insert, delete, replace a letter, or swap two that stand together. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = last[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, replaced);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
