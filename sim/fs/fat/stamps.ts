/** FAT's stamps: a date since 1980 in 16 bits, a time in steps of 2 s in 16 bits, without a zone. Ours are UTC. */
import type { WallSeconds } from '../file-system.ts';

export interface Stamp {
  readonly date: number;
  readonly time: number;
}

const DAY = 86_400;
/** 1980-01-01T00:00:00Z and 2107-12-31T23:59:58Z. */
const FIRST: WallSeconds = 315_532_800;
const LAST: WallSeconds = 4_354_819_198;

/** What of an instant a stamp can keep: rounded down to 2 s, within the years 1980 to 2107. */
export function stampable(seconds: WallSeconds): WallSeconds {
  if (seconds <= FIRST) return FIRST;
  if (seconds >= LAST) return LAST;
  return Math.floor(seconds / 2) * 2;
}

/** Days from civil and back: Howard Hinnant's algorithms, over eras of 400 years that begin in March. */
export function toStamp(seconds: WallSeconds): Stamp {
  const kept = stampable(seconds);
  const day = Math.floor(kept / DAY) + 719_468;
  const ofEra = day % 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * ofYear + 2) / 153);
  const date = ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + Math.floor(day / 146_097) * 400 + (month <= 2 ? 1 : 0);
  const second = kept % DAY;
  return {
    date: (year - 1980) * 512 + month * 32 + date,
    time: Math.floor(second / 3600) * 2048 + (Math.floor(second / 60) % 60) * 32 + Math.floor((second % 60) / 2),
  };
}

/** A stamp of nonsense (month 0) gives some instant, never an error. */
export function fromStamp({ date, time }: Stamp): WallSeconds {
  const month = Math.floor(date / 32) % 16;
  const year = 1980 + Math.floor(date / 512) - (month <= 2 ? 1 : 0);
  const fromMarch = (month + 9) % 12;
  const ofYear = Math.floor((153 * fromMarch + 2) / 5) + (date % 32) - 1;
  const yearOfEra = year % 400;
  const ofEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + ofYear;
  const days = Math.floor(year / 400) * 146_097 + ofEra - 719_468;
  return days * DAY + Math.floor(time / 2048) * 3600 + (Math.floor(time / 32) % 64) * 60 + (time % 32) * 2;
}
