/** What comes of reading one scalar of a scenario: its value, or a problem that has no place yet. */
import type { ScenarioErrorCode } from './error-codes.ts';

export interface Problem {
  readonly code: ScenarioErrorCode;
  readonly message: string;
  readonly hint: string | null;
}

export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export function read<T>(value: T): Reading<T> {
  return { ok: true, value };
}

export function problem(code: ScenarioErrorCode, message: string, hint: string | null = null): Reading<never> {
  return { ok: false, problem: { code, message, hint } };
}

const QUOTED_LENGTH_MAX = 60;

/** What the user wrote, for a message: in backticks, shortened, control characters as escapes. */
export function quoted(value: unknown): string {
  return `\`${plainText(value)}\``;
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = String(value);
  const short = text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}...` : text;
  return escapeControls(short);
}

/** Control characters, also those that turn a line of a terminal around, as `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `a list`, `a mapping`, or the quoted scalar. */
export function found(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'object') return plainText(value);
  return quoted(value);
}

export function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
