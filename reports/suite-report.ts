/** A suite in a terminal: a line now and then while it runs, and what it came to at the end. */
import { type Failure, type SuiteProgress, type SuiteResult, signatureOf } from '../sim/result.ts';
import { bytes, count, counted, perSecond, seconds } from './figures.ts';
import { paragraph } from './layout.ts';
import { type Style, unexpectedSign } from './style.ts';

export function progressLine({ runs, finished, failed, defects, seconds: wall, underWay }: SuiteProgress): string {
  const bad = [failed > 0 ? `${count(failed)} failed` : '', defects > 0 ? counted(defects, 'defect') : ''];
  const parts = [`${count(finished)} of ${counted(runs, 'run')}`, ...bad.filter(part => part !== ''), seconds(wall)];
  if (underWay === null) return parts.join(', ');
  const { seed, method, virtualSeconds } = underWay;
  return `${parts.join(', ')}; seed ${seed}, ${method} at ${count(Math.floor(virtualSeconds))} s of its time`;
}

export interface SuiteReportOptions {
  readonly width: number;
  readonly style: Style;
  /** Ended by Ctrl-C, a time limit or a first failure: why it did not run all. */
  readonly endedEarly: string | null;
  /** Files with all that is needed to look for a defect. */
  readonly defectFiles: readonly string[];
  /** Why such a file could not be written. */
  readonly defectProblems: readonly string[];
}

const mostGroups = 20;
const mostOfGroup = 3;

export function suiteReport(suite: SuiteResult, options: SuiteReportOptions): string {
  const width = Math.max(60, Math.min(options.width, 100)) - 1;
  const { style } = options;
  const lines = [
    ...groupLines(suite, width, style),
    ...options.defectFiles.map(file => style.unexpected(`${unexpectedSign} defect: ${file}`)),
    ...options.defectProblems.flatMap(problem => {
      const words = `${unexpectedSign} defect without a file: ${problem}`;
      return paragraph(words, width, '', '    ').map(line => style.unexpected(line));
    }),
    ...(options.endedEarly === null ? [] : [`ended early: ${options.endedEarly}`]),
    ...verdictLines(suite, width, style),
    ...paragraph(costWords(suite), width).map(line => style.quiet(line)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Failures that look the same stand together: what fails, how often, and the first few with the commands that show them. */
function groupLines(suite: SuiteResult, width: number, style: Style): string[] {
  const lines = suite.groups.slice(0, mostGroups).flatMap(({ signature, runs }) => {
    const failures = suite.failures.filter(failure => signatureOf(failure) === signature);
    const [first] = failures;
    const title = first === undefined ? signature : titleOf(first);
    const head = paragraph(`${unexpectedSign} ${title} (${counted(runs, 'run')})`, width, '', '    ');
    return [
      ...head.map(line => style.unexpected(line)),
      ...failures.slice(0, mostOfGroup).flatMap(failure => failureLines(failure, width, style)),
    ];
  });
  const more = suite.groups.length - mostGroups;
  return more > 0 ? [...lines, `and ${counted(more, 'other kind', 'other kinds')} of failure`] : lines;
}

/** A defect has no method, and nothing is expected of one. */
function titleOf(failure: Failure): string {
  const { scenario, variant, method, check, verdict, expected } = failure;
  const name = variant === null ? scenario : `${scenario}[${variant}]`;
  if (verdict === 'defect') return `${name}: a defect of the program`;
  return `${name}, ${method}: ${check} ${verdict}, ${expected === null ? 'NOT expected' : `expected ${expected}`}`;
}

function failureLines({ seed, summary, command }: Failure, width: number, style: Style): string[] {
  const what = paragraph(`seed ${seed}${summary === '' ? '' : `: ${summary}`}`, width, '    ', '      ');
  return [...what, `      ${style.command(command)}`];
}

function verdictLines(suite: SuiteResult, width: number, style: Style): string[] {
  const parts = [`${count(suite.passed)} as expected`];
  if (suite.failed > 0) parts.push(`${count(suite.failed)} NOT as expected`);
  const never = suite.failures.filter(isOfManyRuns).length;
  if (never > 0) parts.push(`${counted(never, 'check')} violated in no run, NOT as expected`);
  if (suite.defects > 0) parts.push(counted(suite.defects, 'defect'));
  if (suite.notRun > 0) parts.push(`${count(suite.notRun)} not run`);
  if (suite.fromStore > 0) parts.push(`${count(suite.fromStore)} from the store`);
  if (suite.noExpectation > 0) parts.push(`${counted(suite.noExpectation, 'method run')} without an expectation`);
  const line = `${counted(suite.runs, 'run')}: ${parts.join(', ')}`;
  if (isGreen(suite)) return paragraph(line, width).map(line => style.expected(line));
  return paragraph(`${unexpectedSign} ${line}`, width, '', '    ').map(line => style.unexpected(line));
}

/** Each run came out as expected, and only all of them together did not. */
function isOfManyRuns({ expected, verdict }: Failure): boolean {
  return expected === 'sometimes-violated' && verdict === 'held';
}

/** Something was run, and all of it came out as expected. */
export function isGreen(suite: SuiteResult): boolean {
  return suite.passed > 0 && suite.failures.length === 0 && suite.failed === 0 && suite.defects === 0;
}

function costWords({ seconds: wall, methodRuns, ios, peakMemoryBytes }: SuiteResult): string {
  const rate = (amount: number) => (wall > 0 ? perSecond(amount / wall) : '-');
  const parts = [
    `${seconds(wall)}`,
    `${counted(methodRuns, 'method run')} (${rate(methodRuns)} a second)`,
    `${count(ios)} simulated I/Os (${rate(ios)} a second)`,
  ];
  if (peakMemoryBytes !== null) parts.push(`${bytes(peakMemoryBytes)} of memory at most`);
  return parts.join(', ');
}
