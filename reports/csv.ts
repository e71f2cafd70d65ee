/** A table for a spreadsheet: one row for each method of each run. Not measured and not judged are empty cells. */
import type { CheckResult, MethodResult, Metrics, Result, VerdictWord } from '../sim/result.ts';

/** In the order of their columns; a check that a result has beyond these is in the JSON only. */
const checks = [
  'mountable',
  'fs',
  'intact',
  'relational',
  'prefix',
  'sqlite',
  'timestamps',
  'exact',
  'one-instant',
  'transparent',
  'once',
  'bounded',
  'quiet',
  'released',
  'fault-rule',
  'self',
  'several',
  'idle',
] as const;

const metrics: readonly (keyof Metrics)[] = [
  'quietWaitSeconds',
  'holdSeconds',
  'backupSeconds',
  'bytesRead',
  'targetBytesWritten',
  'bytesPreserved',
  'granulesPreserved',
  'cachePeakBytes',
  'appTransactionsPerSecond',
  'appTransactionsPerSecondWithoutBackup',
  'appDownSeconds',
  'appWriteDelayP50Us',
  'appWriteDelayP99Us',
  'appReadDelayP99Us',
];

type Value = string | number | boolean | null;
type Column = readonly [name: string, value: (result: Result, method: MethodResult) => Value];

const columns: readonly Column[] = [
  ['scenario', ({ scenario }) => scenario],
  ['variant', ({ variant }) => variant],
  ['seed', ({ seed }) => seed],
  ['method', (_, { method }) => method],
  ['kind', (_, { kind }) => kind],
  ['outcome', (_, { outcome }) => outcome],
  ['reason', (_, { reason }) => reason],
  ['consistency', (_, { consistency }) => consistency],
  ['judged', (_, { judged }) => judged],
  ['pass', (_, { pass }) => pass],
  ['T', (_, { T }) => T],
  ...checks.map((name): Column => [name, (_, method) => worst(method.checks.filter(({ check }) => check === name))]),
  ...metrics.map((name): Column => [name, (_, method) => method.metrics[name]]),
  ['summary', (_, { checks: all }) => all.find(({ verdict }) => verdict === 'violated')?.summary ?? null],
  ['digest', (_, { digest }) => digest],
  ['version', ({ version }) => version],
  ['command', (_, { command }) => command],
];

export function csvHeader(): string {
  return line(columns.map(([name]) => name));
}

export function csvRows(result: Result): string {
  return result.methods.map(method => line(columns.map(([, value]) => value(result, method)))).join('');
}

/** Of one check for several workloads. */
function worst(of: readonly CheckResult[]): VerdictWord | null {
  const order: readonly VerdictWord[] = ['violated', 'excused', 'held', 'not-applicable'];
  return order.find(word => of.some(({ verdict }) => verdict === word)) ?? null;
}

/** As RFC 4180 has it, but for the line ends, which are those of every other file here. */
function line(values: readonly Value[]): string {
  return `${values.map(value => quoted(value === null ? '' : String(value))).join(',')}\n`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
