/** The wall clock of a world, without the host's calendar: days are counted by the rules of the Gregorian one. */
import { problem, quoted, type Reading, read } from './reading.ts';

const DAY_SECONDS = 86_400;
/** What a FAT stamp can hold. */
const YEAR_MIN = 1980;
const YEAR_MAX = 2107;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** `2000-01-01T00:00:00Z` as seconds since 1970. */
export function readClock(value: unknown): Reading<number> {
  const match = typeof value === 'string' ? /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/.exec(value) : null;
  if (match === null) {
    return problem('bad-clock', `${quoted(value)} is not a time: write it as \`2000-01-01T00:00:00Z\``);
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  if (year < YEAR_MIN || year > YEAR_MAX) {
    return problem('bad-clock', `${quoted(value)} is outside of ${YEAR_MIN} to ${YEAR_MAX}, which FAT can hold`);
  }
  const isRight =
    month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) && hour < 24 && minute < 60 && second < 60;
  if (!isRight) return problem('bad-clock', `${quoted(value)} is not a time of the calendar`);
  return read(daysBefore(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second);
}

export function formatClock(seconds: number): string {
  const days = Math.floor(seconds / DAY_SECONDS);
  const rest = seconds % DAY_SECONDS;
  let year = 1970 + Math.floor(days / 366);
  while (daysBefore(year + 1, 1, 1) <= days) year += 1;
  let month = 1;
  while (month < 12 && daysBefore(year, month + 1, 1) <= days) month += 1;
  const day = days - daysBefore(year, month, 1) + 1;
  const two = (n: number) => String(n).padStart(2, '0');
  const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time}Z`;
}

/** Days from 1970-01-01 to that day. */
function daysBefore(year: number, month: number, day: number): number {
  const leapDays = (y: number) => Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  let days = 365 * (year - 1970) + leapDays(year - 1) - leapDays(1969);
  for (let m = 1; m < month; m++) days += daysIn(year, m);
  return days + day - 1;
}

function daysIn(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && isLeap ? 29 : MONTH_DAYS[month - 1]!;
}
