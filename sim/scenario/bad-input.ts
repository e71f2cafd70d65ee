/**
 * Errors as people read them: `file:line:column`, the line with a caret, what was expected, the nearest right word. Plain
 * text, no colour. Lines of a hostile file are shown without their control characters, and shortened around the caret.
 */
import type { Place, UserError } from '../user-error.ts';

const WIDTH_MAX = 110;
/** How much of a long line stands before the caret. */
const BEFORE_CARET = 60;

/** All errors, a blank line between two. `texts` by the file of a place. */
export function formatBadInput(errors: readonly UserError[], texts: ReadonlyMap<string, string>): string {
  return errors.map(error => formatError(error, texts)).join('\n');
}

/** One error; ends with a newline. */
export function formatError({ place, message, hint }: UserError, texts: ReadonlyMap<string, string>): string {
  const head = place === null ? message : `${place.file}:${place.line}:${place.column}: ${message}`;
  const text = place === null ? undefined : texts.get(place.file);
  const excerpt = place === null || text === undefined ? '' : excerptOf(text, place);
  return `${head}\n${excerpt}${hint === null ? '' : `  ${hint}\n`}`;
}

/**
 * ```text
 *   12 |     - { otm: { qiuet: 5 s } }
 *      |                ^
 * ```
 */
function excerptOf(text: string, { line, column }: Place): string {
  const whole = text.split('\n')[line - 1];
  if (whole === undefined) return '';
  const shown = whole.replace(/\r$/, '').replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
  let from = 0;
  if (shown.length > WIDTH_MAX && column > BEFORE_CARET) from = column - BEFORE_CARET;
  const cut = shown.slice(from, from + WIDTH_MAX);
  const before = from > 0 ? '...' : '';
  const after = from + WIDTH_MAX < shown.length ? '...' : '';
  const number = String(line).padStart(4);
  const caret = ' '.repeat(before.length + Math.max(0, column - 1 - from));
  return `${number} | ${before}${cut}${after}\n${' '.repeat(number.length)} | ${caret}^\n`;
}
