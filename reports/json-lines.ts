/** Results as lines of JSON, their keys in the order of the published format. */
import type { Result } from '../sim/result.ts';

/** What every line says first: which format it has. */
interface Line {
  readonly schema: string;
}

export function jsonLine<T extends Line>(line: T): string {
  return `${JSON.stringify(line)}\n`;
}

/** A line of a suite: the scenario's text, the same in each, is left out. */
export function suiteJsonLine(result: Result): string {
  const { text: _, ...source } = result.source;
  return jsonLine({ ...result, source });
}
