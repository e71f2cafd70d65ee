/**
 * One run in a terminal: each restore in a sentence with the checks that tell more, then the methods side by side (what
 * became of the data, large; whether that was expected, small; what it cost), then seed, digest and what to type next.
 * The table comes last because the end is what one sees when the report is longer than the screen.
 */
import type { CheckResult, ExcludedFile, MethodResult, Metrics, Result } from '../sim/result.ts';
import { bytes, count, counted, listed, microseconds, notMeasured, perSecond, seconds } from './figures.ts';
import { type Cell, type Columns, cell, longestPiece, paragraph, row, wrap } from './layout.ts';
import { dataSigns, type Style, unexpectedSign } from './style.ts';
import { checksToExplain, type Expected, restoreWords, whatBecame, whetherExpected } from './what-became.ts';

export interface NextCommand {
  readonly command: string;
  readonly says: string;
}

export interface RunReportOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly style: Style;
  /** The scenario's own comment; its first sentences are shown. */
  readonly story: string;
  readonly next: readonly NextCommand[];
}

const labelWidth = 14;
const gap = 1;
const narrowest = 10;
const widest = 22;
const mostColumns = 100;
const mostExcluded = 5;
/** Before each line of what became of the data. */
const signWidth = 3;

export function runReport(result: Result, options: RunReportOptions): string {
  const width = Math.max(60, Math.min(options.width, mostColumns)) - 1;
  const { style } = options;
  const lines = [
    ...title(result, options.story, width, style),
    ...result.methods.flatMap(method => ['', ...methodLines(method, width, style)]),
    '',
    ...tables(result.methods, width, style),
    '',
    ...foot(result, width, style),
    ...nextLines(options.next, width, style),
  ];
  return `${lines.join('\n')}\n`;
}

function title(result: Result, story: string, width: number, style: Style): string[] {
  const name = style.heading(fullName(result));
  const told = paragraph(firstSentences(story, 2), width, '  ').map(line => style.quiet(line));
  return [`${name}  seed ${result.seed}`, ...(story === '' ? [] : told)];
}

function fullName({ scenario, variant }: Pick<Result, 'scenario' | 'variant'>): string {
  return variant === null ? scenario : `${scenario}[${variant}]`;
}

/** A colon at the end of a line, with more below it, ends a sentence too. */
export function firstSentences(text: string, most: number): string {
  const whole = text
    .replaceAll(/:\s*\n/g, '.\n')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const sentences = whole.match(/.+?[.!?](?=\s|$)|.+$/g) ?? [];
  return sentences.slice(0, most).join('').trim();
}

/** As many methods side by side as the width allows without a broken word, and the others below. */
function tables(methods: readonly MethodResult[], width: number, style: Style): string[] {
  const needed = Math.max(narrowest, Math.min(widest, Math.max(...methods.map(widthOf))));
  const most = Math.max(1, Math.floor((width - labelWidth + gap) / (needed + gap)));
  const blocks = Math.ceil(methods.length / most);
  const perBlock = Math.ceil(methods.length / Math.max(1, blocks));
  const lines: string[] = [];
  for (let first = 0; first < methods.length; first += perBlock) {
    if (first > 0) lines.push('');
    lines.push(...table(methods.slice(first, first + perBlock), perBlock, width, style));
  }
  return lines;
}

/** Of the column of a method. */
function widthOf(method: MethodResult): number {
  const { consistency, metrics } = method;
  const texts = [method.method, whetherExpected(method), consistency ?? notMeasured];
  const figures = costTable.map(({ figure }) => figure(metrics).length);
  return Math.max(...texts.map(longestPiece), longestPiece(whatBecame(method).words) + signWidth, ...figures);
}

function table(methods: readonly MethodResult[], perBlock: number, width: number, style: Style): string[] {
  const each = Math.floor((width - labelWidth + gap) / perBlock) - gap;
  const columns: Columns = { labelWidth, width: Math.min(widest, each), gap };
  const expectations = methods.map(method => expectedCell(whetherExpected(method), columns.width, style));
  const costs = costRows(methods, columns, style);
  const heads = methods.map(({ method }) => cell(wrap(method, columns.width), style.heading));
  return [
    ...row('', heads, columns),
    ...row('the data', dataCells(methods, columns.width, style), columns),
    ...row('that is', expectations, columns),
    ...(costs.length === 0 ? [] : ['', ...costs]),
  ];
}

/** Large: a block of the same height for every method. */
function dataCells(methods: readonly MethodResult[], width: number, style: Style): Cell[] {
  const blocks = methods.map(method => {
    const { tone, words } = whatBecame(method);
    const lines = wrap(words, width - signWidth).map(
      (line, index) => ` ${index === 0 ? dataSigns[tone] : ' '} ${line}`,
    );
    return { tone, lines };
  });
  const height = Math.max(...blocks.map(({ lines }) => lines.length));
  return blocks.map(({ tone, lines }) => {
    const blank = Array.from({ length: height - lines.length }, () => '');
    return cell([...lines, ...blank], style.data[tone], true);
  });
}

function expectedCell(expected: Expected, width: number, style: Style): Cell {
  return cell(wrap(signed(expected), width), expectedPaint(expected, style));
}

function signed(expected: Expected): string {
  return expected === 'NOT expected' ? `${unexpectedSign} ${expected}` : expected;
}

function expectedPaint(expected: Expected, style: Style) {
  if (expected === 'no expectation') return style.quiet;
  return expected === 'as expected' ? style.expected : style.unexpected;
}

interface Cost {
  readonly label: string;
  readonly figure: (metrics: Metrics) => string;
  /** Stands above the first row of its group. */
  readonly group?: string;
}

const costTable: readonly Cost[] = [
  { label: 'quiet wait', figure: metrics => seconds(metrics.quietWaitSeconds) },
  { label: 'writes held', figure: metrics => seconds(metrics.holdSeconds) },
  { label: 'backup window', figure: metrics => seconds(metrics.backupSeconds) },
  { label: 'down time', figure: metrics => seconds(metrics.appDownSeconds) },
  { label: '  p50', group: 'added delay', figure: metrics => microseconds(metrics.appWriteDelayP50Us) },
  { label: '  p99', group: 'added delay', figure: metrics => microseconds(metrics.appWriteDelayP99Us) },
  { label: 'preserved', figure: metrics => bytes(metrics.bytesPreserved) },
  { label: '  per second', group: 'transactions', figure: metrics => perSecond(metrics.appTransactionsPerSecond) },
  {
    label: '  no backup',
    group: 'transactions',
    figure: metrics => perSecond(metrics.appTransactionsPerSecondWithoutBackup),
  },
];

/** What kind of picture each method took, and what it cost; a row that no method has a figure for is left out. */
function costRows(methods: readonly MethodResult[], columns: Columns, style: Style): string[] {
  const pictures = methods.map(({ consistency }) => cell(wrap(consistency ?? notMeasured, columns.width)));
  const hasPictures = methods.some(({ consistency }) => consistency !== null);
  const shown = costTable.filter(({ figure }) => methods.some(({ metrics }) => figure(metrics) !== notMeasured));
  const costs = shown.flatMap(({ label, group, figure }, index) => {
    const cells = methods.map(({ metrics }) => {
      const text = figure(metrics);
      return cell([text], text === notMeasured ? style.quiet : null);
    });
    const isFirst = group !== undefined && group !== shown[index - 1]?.group;
    return [...(isFirst ? [group] : []), ...row(label, cells, columns)];
  });
  return hasPictures ? [...row('picture', pictures, columns), ...costs] : costs;
}

function methodLines(method: MethodResult, width: number, style: Style): string[] {
  const backups = method.backups ?? [];
  const told = backups.length > 1 ? backups : [method];
  const restores = told.flatMap((backup, index) => {
    const number = told.length > 1 ? `backup ${index + 1}: ` : '';
    const known = (backup.restore?.loadings ?? []).map(({ summary }) => summary);
    return [
      ...paragraph(`${number}${pictureWords(backup)}${restoreWords(backup)}`, width, '  ', '    '),
      ...(backup.excluded.length === 0 ? [] : paragraph(excludedWords(backup.excluded), width, '  ', '    ')),
      ...checksToExplain(backup.checks).flatMap(check => checkLines(check, known, width, style)),
    ];
  });
  const also = told.length > 1 ? checksToExplain(method.checks).filter(({ pass }) => !pass) : [];
  return [
    ...headLines(method, width, style),
    ...restores,
    ...also.flatMap(check => checkLines(check, [], width, style)),
    ...paragraph(checkCounts(method.checks), width, '  ').map(line => style.quiet(line)),
  ];
}

/** ", as expected", or " ! NOT expected": a sign needs no comma. */
function endWords(expected: Expected): string {
  return expected === 'NOT expected' ? ` ${signed(expected)}` : `, ${expected}`;
}

/** "otm: A and B match, as expected" in one line, or in as many as the names of the files take. */
function headLines(method: MethodResult, width: number, style: Style): string[] {
  const { tone, words } = whatBecame(method);
  const expected = whetherExpected(method);
  const name = style.heading(`${method.method}:`);
  const paint = style.dataText[tone];
  const end = expectedPaint(expected, style)(endWords(expected));
  const endLength = endWords(expected).length;
  if (method.method.length + 2 + words.length + endLength <= width) return [`${name} ${paint(words)}${end}`];
  const lines = wrap(words, width - 2 - endLength).map(line => `  ${paint(line)}`);
  return [name, ...lines.slice(0, -1), `${lines[lines.length - 1]}${end}`];
}

/** Every report says which kind of picture was taken. */
function pictureWords({ T, consistency }: Pick<MethodResult, 'T' | 'consistency'>): string {
  return T === null || consistency === null ? '' : `picture of ${T.toFixed(1)} s, ${consistency}; `;
}

const REASONS = { cache: ' (its cache)', state: ' (its state)', excluded: '' } as const;

/** The one exception to exactness is always told (E11). */
export function excludedWords(excluded: readonly ExcludedFile[]): string {
  if (excluded.length === 0) return '';
  const sum = excluded.reduce((total, file) => total + file.bytes, 0);
  const shown = excluded.slice(0, mostExcluded).map(({ path, because }) => `${path}${REASONS[because]}`);
  const more = excluded.length - shown.length;
  return `left out, zeroes in the image: ${bytes(sum)} of ${listed([...shown, ...(more > 0 ? [counted(more, 'more file')] : [])])}`;
}

/** `known`: what was said already when the application was loaded. */
function checkLines(check: CheckResult, known: readonly string[], width: number, style: Style): string[] {
  const of = check.promise === null ? check.check : `${check.check} (${check.promise})`;
  const name = check.workload === null ? of : `${of} of ${check.workload}`;
  const verdict = `${name} is ${check.verdict === 'not-applicable' ? 'not applicable' : check.verdict}`;
  const summary = known.includes(check.summary) || check.summary === '' ? '' : `: ${check.summary}`;
  const expected = check.pass ? '' : ` ${unexpectedSign} NOT expected (${check.expected ?? 'held'})`;
  const lines = paragraph(`${verdict}${expected}${summary}`, width, '  ', '    ');
  const painted = check.pass ? lines : lines.map(line => style.unexpected(line));
  const story = check.story.flatMap(sentence => paragraph(sentence, width, '    - ', '      '));
  return [...painted, ...story.map(line => style.quiet(line))];
}

function checkCounts(checks: readonly CheckResult[]): string {
  const number = (word: string) => checks.filter(({ verdict }) => verdict === word).length;
  const parts = [`${counted(number('held'), 'check holds', 'checks hold')}`];
  if (number('violated') > 0) parts.push(`${number('violated')} violated`);
  if (number('excused') > 0) parts.push(`${number('excused')} excused`);
  if (number('not-applicable') > 0) parts.push(`${number('not-applicable')} not applicable`);
  return parts.join(', ');
}

function verdictLines(methods: readonly MethodResult[], width: number, style: Style): string[] {
  const judged = methods.filter(method => method.judged);
  const failed = judged.filter(method => !method.pass).length;
  const broken = methods.filter(method => !method.judged && !method.pass).length;
  const none = methods.length - judged.length - broken;
  const all = counted(judged.length, 'method');
  const parts = [failed === 0 ? `${all}, each as expected` : `${failed} of ${all} NOT as expected`];
  if (broken > 0) parts.push(brokenWords(broken));
  if (none > 0) parts.push(`${counted(none, 'method')} without an expectation`);
  // Of no method there is nothing good to say when another one is broken.
  const shown = broken > 0 && judged.length === 0 ? parts.slice(1) : parts;
  const isRed = failed + broken > 0;
  const lines = paragraph(`${isRed ? `${unexpectedSign} ` : ''}${shown.join(', ')}`, width);
  const paint = isRed ? style.unexpected : style.expected;
  return lines.map(line => paint(line));
}

function brokenWords(methods: number): string {
  return `${counted(methods, 'method')} without an expectation ${methods === 1 ? 'breaks' : 'break'} a promise of the engine`;
}

function foot(result: Result, width: number, style: Style): string[] {
  const facts = [
    `seed ${result.seed}`,
    `digest ${result.digest}`,
    `${seconds(result.virtualSeconds)} of virtual time`,
    `${count(result.ios)} I/Os`,
    `${count(result.events)} events in ${seconds(result.wallMs / 1000)}`,
  ];
  return [
    ...verdictLines(result.methods, width, style),
    ...paragraph(facts.join(', '), width).map(line => style.quiet(line)),
  ];
}

function nextLines(next: readonly NextCommand[], width: number, style: Style): string[] {
  if (next.length === 0) return [];
  const longest = Math.max(...next.map(({ command }) => command.length));
  const fits = next.every(({ says }) => 2 + longest + 2 + says.length <= width);
  const lines = next.flatMap(({ command, says }) => {
    if (fits) return [`  ${style.command(command.padEnd(longest))}  ${says}`];
    return [`  ${style.command(command)}`, ...paragraph(says, width, '      ')];
  });
  return ['', style.heading('next'), ...lines];
}

/** A few lines for each method that did not come out as expected, and one for the whole. */
export function briefReport(result: Result, options: Pick<RunReportOptions, 'style' | 'width'>): string {
  const width = Math.max(60, Math.min(options.width, mostColumns)) - 1;
  const { style } = options;
  const name = `${fullName(result)} seed ${result.seed}`;
  const failed = result.methods.filter(method => whetherExpected(method) === 'NOT expected');
  const judged = result.methods.filter(method => method.judged);
  const passed = judged.filter(({ pass }) => pass).length;
  const broken = failed.filter(method => !method.judged).length;
  const counts = judged.length > 0 || broken === 0 ? [`${passed} of ${judged.length} as expected`] : [];
  if (broken > 0) counts.push(brokenWords(broken));
  const paint = failed.length === 0 ? style.expected : style.unexpected;
  const verdict = paragraph(`${name}: ${counts.join(', ')}`, width, '', '    ');
  const lines = failed.flatMap(method => briefLines(name, method, width, style));
  return `${[...lines, ...verdict.map(line => paint(line))].join('\n')}\n`;
}

function briefLines(name: string, method: MethodResult, width: number, style: Style): string[] {
  const end = endWords('NOT expected');
  const head = paragraph(`${name}, ${method.method}: ${whatBecame(method).words}`, width - end.length, '', '    ');
  const checks = method.checks.filter(({ pass }) => !pass);
  return [
    ...head.slice(0, -1),
    `${head[head.length - 1]}${style.unexpected(end)}`,
    ...checks.flatMap(({ check, verdict, expected, summary }) => {
      const words = `${check} ${verdict}, expected ${expected ?? 'held'}${summary === '' ? '' : `: ${summary}`}`;
      return paragraph(words, width, '    ', '      ');
    }),
    `    ${style.command(method.command)}`,
  ];
}
