/** Values of options of the commands on disks. */
import { DEFAULT_KEEP, type KeepRule, MOST_KEPT } from '../host/disk/retention.ts';
import { readSize, readTime } from '../sim/scenario/units.ts';
import { commandLineError } from './error-codes.ts';
import { readOption } from './values.ts';

const nanosecondsInMs = 1_000_000;
const hoursInDay = 24;

export function sizeOf(option: string, text: string): number {
  return readOption(option, readSize(text));
}

/** `7d`, beside what scenarios have. */
export function keepRuleOf({ keep, keepFor }: { readonly keep?: string; readonly keepFor?: string }): KeepRule {
  return {
    keep: keep === undefined ? DEFAULT_KEEP : countOf('--keep', keep, MOST_KEPT),
    youngerThanMs: keepFor === undefined ? null : ageOf(keepFor),
  };
}

function ageOf(text: string): number {
  const days = /^(\d{1,6})\s*d$/.exec(text.trim());
  const minutes = /^(\d+(?:\.\d+)?)\s*m$/.exec(text.trim());
  const said = days !== null ? `${Number(days[1]) * hoursInDay}h` : minutes !== null ? `${minutes[1]} min` : text;
  return readOption('--keep-for', readTime(said)) / nanosecondsInMs;
}

export function countOf(option: string, text: string, most: number = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? 'a whole number from 1 on' : `a whole number from 1 to ${most}`;
  throw commandLineError('bad-value', `${option}: expected ${range}, found \`${text}\``);
}
