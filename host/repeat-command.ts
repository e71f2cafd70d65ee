/** The command that runs something again, as a person can paste it into a shell. */

export interface Repeat {
  /** A path, or the name of a shipped scenario. */
  readonly argument: string;
  readonly variant: string | null;
  readonly seed: number | null;
  readonly method: string | null;
  /** `--set` values as they were given. */
  readonly overrides: readonly string[];
}

export function repeatCommand({ argument, variant, seed, method, overrides }: Repeat): string {
  const words = ['otm', 'run', argument];
  if (variant !== null) words.push('--variant', variant);
  for (const override of overrides) words.push('--set', override);
  if (seed !== null) words.push('--seed', String(seed));
  if (method !== null) words.push('--method', method);
  return words.map(shellWord).join(' ');
}

/** In double quotes, which every shell has, when a word needs them. */
export function shellWord(word: string): string {
  if (/^[\w./:=@%+,\\-]+$/.test(word)) return word;
  return `"${word.replaceAll(/["$`]/g, '\\$&')}"`;
}
