/** Thresholds on metrics: `<= 180 s`, `< 64 MiB`, `'> 20 s'`, `10 s..20 s`; a count has no unit. */
import type { MetricBound, MetricThreshold, MetricUnit } from './expectation.ts';
import { readWhole } from './leaves.ts';
import { found, problem, quoted, type Reading, read } from './reading.ts';
import type { MetricName } from './scenario.ts';
import { readRate, readSize, readTime } from './units.ts';

const EXAMPLES: { readonly [Unit in MetricUnit]: string } = {
  nanoseconds: '<= 180 s',
  bytes: '< 64 MiB',
  count: '<= 100',
  'per-second': '20/s..40/s',
};

export function exampleOf(unit: MetricUnit): string {
  return EXAMPLES[unit];
}

export function readThreshold(metric: MetricName, unit: MetricUnit, value: unknown): Reading<MetricThreshold> {
  const form = `write it as \`${EXAMPLES[unit]}\``;
  if (typeof value !== 'string')
    return problem('bad-threshold', `expected a threshold, found ${found(value)}: ${form}`);
  const text = value.trim().replace(/\s+/g, ' ');
  const range = /^(.+?) ?\.\. ?(.+)$/.exec(text);
  if (range !== null) return readRange(metric, unit, text, range[1]!, range[2]!);
  const comparison = /^(<=|>=|<|>) ?(.+)$/.exec(text);
  if (comparison === null) return problem('bad-threshold', `${quoted(value)} is no threshold: ${form}`);
  const [, sign = '', operand = ''] = comparison;
  const amount = readAmount(unit, operand);
  if (!amount.ok) return amount;
  const bound: MetricBound = { value: amount.value, inclusive: sign.endsWith('=') };
  const isMax = sign.startsWith('<');
  return read({ metric, unit, min: isMax ? null : bound, max: isMax ? bound : null, text });
}

function readRange(
  metric: MetricName,
  unit: MetricUnit,
  text: string,
  from: string,
  to: string,
): Reading<MetricThreshold> {
  const low = readAmount(unit, from);
  if (!low.ok) return low;
  const high = readAmount(unit, to);
  if (!high.ok) return high;
  if (high.value < low.value)
    return problem('bad-threshold', `the range ${quoted(text)} is empty: write \`${to}..${from}\``);
  const bound = (value: number): MetricBound => ({ value, inclusive: true });
  return read({ metric, unit, min: bound(low.value), max: bound(high.value), text });
}

function readAmount(unit: MetricUnit, text: string): Reading<number> {
  switch (unit) {
    case 'nanoseconds':
      return readTime(text);
    case 'bytes':
      return readSize(text);
    case 'count':
      return /^\d{1,16}$/.test(text)
        ? readWhole(Number(text))
        : problem('bad-threshold', `${quoted(text)} is no count: write \`100\`, without a unit`);
    case 'per-second': {
      if (/^0+ ?\//.test(text)) return read(0);
      const rate = readRate(text);
      return rate.ok ? read((rate.value.count * 1_000_000_000) / rate.value.perNs) : rate;
    }
  }
}
