/** Figures and names as applications and verdicts say them, alike on every machine. */
import type { Nanoseconds } from '../../engine/units.ts';

const MICROSECONDS = 1_000_000;

/** `4310` -> `4,310`. */
export function grouped(value: number): string {
  const digits = String(Math.abs(value));
  let text = '';
  for (let at = 0; at < digits.length; at++) {
    if (at > 0 && (digits.length - at) % 3 === 0) text += ',';
    text += digits[at];
  }
  return value < 0 ? `-${text}` : text;
}

/** `1 file`, `4,310 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** `14.25 s`: to the microsecond, without zeroes at the end. */
export function secondsText(time: Nanoseconds): string {
  const microseconds = Math.round(time / 1000);
  const whole = Math.floor(microseconds / MICROSECONDS);
  const fraction = String(microseconds % MICROSECONDS)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${grouped(whole)}${fraction === '' ? '' : `.${fraction}`} s`;
}

/** The first few of a list, and how many more there are. */
export function listed(items: readonly string[], most = 3): string {
  const shown = items.slice(0, most).join(', ');
  return items.length <= most ? shown : `${shown} and ${grouped(items.length - most)} more`;
}
