/** Figures as a person reads them. The same on every machine: no locale. Null, not measured, is a dash. */
export const notMeasured = '-';

type Figure = number | null;

/** 4,310 */
export function count(value: Figure): string {
  if (value === null) return notMeasured;
  return grouped(Math.round(value));
}

/** 24.1 */
export function perSecond(value: Figure): string {
  if (value === null) return notMeasured;
  return value >= 100 ? count(value) : value.toFixed(1);
}

/** 0 s, 250 us, 4.2 ms, 13.4 s, 5 min 2 s, 2 h 5 min */
export function seconds(value: Figure): string {
  if (value === null) return notMeasured;
  if (value === 0) return '0 s';
  if (value < 0.000_999_5) return `${significant(value * 1e6)} us`;
  if (value < 0.999_5) return `${significant(value * 1e3)} ms`;
  if (value < 99.95) return `${significant(value)} s`;
  const whole = Math.round(value);
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return joined(Math.floor(whole / 60), 'min', whole % 60, 's');
  return joined(Math.floor(whole / 3600), 'h', Math.round((whole % 3600) / 60), 'min');
}

export function microseconds(value: Figure): string {
  return value === null ? notMeasured : seconds(value / 1e6);
}

/** 512 B, 16 KiB, 4.1 MiB */
export function bytes(value: Figure): string {
  if (value === null) return notMeasured;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = value;
  let unit = 0;
  // 1023.5 and more would be shown as 1024.
  while (amount >= 1023.5 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? grouped(amount) : significant(amount)} ${units[unit]}`;
}

/** 1 file, 2 files */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A; A and B; A, B and C */
export function listed(words: readonly string[]): string {
  if (words.length <= 1) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Up to three digits, no zeroes behind the point. */
function significant(value: number): string {
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return grouped(Number(value.toFixed(digits)));
}

function grouped(value: number): string {
  const [whole = '', fraction] = String(value).split('.');
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}
