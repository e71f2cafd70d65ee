/** The story of one run told in plain lines: what one method did, what OTM did, and what came of both. */
import type { CopiedFile, MethodResult, Result } from '../sim/result.ts';
import { bytes, counted, microseconds, seconds } from './figures.ts';
import { paragraph } from './layout.ts';
import { excludedWords, firstSentences } from './run-report.ts';
import type { Style } from './style.ts';
import { restoreWords, whatBecame } from './what-became.ts';

export interface DemoOptions {
  readonly width: number;
  readonly style: Style;
  /** The scenario's own comment. */
  readonly story: string;
}

const mostFiles = 6;

export function demoStory(result: Result, options: DemoOptions): string {
  const width = Math.max(60, Math.min(options.width, 100)) - 1;
  const { style } = options;
  const intro = paragraph(firstSentences(options.story, 1), width);
  const acts = result.methods.flatMap(method => {
    const { tone, words } = whatBecame(method);
    return [
      '',
      style.heading(method.method),
      ...sentencesOf(method).flatMap(sentence => paragraph(sentence, width, '  ', '    ')),
      `  ${style.dataText[tone](`${words}.`)}`,
    ];
  });
  return `${[...intro, ...acts, '', ...moral(result, width)].join('\n')}\n`;
}

function sentencesOf(method: MethodResult): string[] {
  const { metrics, outcome, reason, T } = method;
  const told = [
    ...method.files.slice(0, mostFiles).map(fileSentence),
    method.files.length > mostFiles ? `... and ${counted(method.files.length - mostFiles, 'more file')}.` : '',
    metrics.quietWaitSeconds === null ? '' : `It waits ${seconds(metrics.quietWaitSeconds)} for a moment of quiet.`,
    isSnapshot(method) && T !== null ? `At ${at(T)} it takes all volumes at one instant.` : '',
    sentence(excludedWords(method.excluded)),
    (metrics.appDownSeconds ?? 0) > 0 ? `Nobody works for ${seconds(metrics.appDownSeconds)}.` : '',
    outcome === 'completed' && metrics.backupSeconds !== null
      ? `The copy takes ${seconds(metrics.backupSeconds)}.`
      : '',
    preservedSentence(method),
    outcome === 'completed' ? '' : `It ends without a backup: ${reason ?? outcome}.`,
    `Then: ${restoreWords(method)}.`,
  ];
  return told.filter(sentence => sentence !== '');
}

function fileSentence({ path, bytes: size, readFrom, readTo }: CopiedFile, index: number): string {
  const until = at(readTo) === at(readFrom) ? '' : `, until ${at(readTo)}`;
  const meanwhile = index === 0 ? '; the applications go on' : '';
  return `At ${at(readFrom)} it copies ${path}, ${bytes(size)}${until}${meanwhile}.`;
}

function preservedSentence({ metrics }: MethodResult): string {
  if (metrics.granulesPreserved === null) return '';
  const delay =
    metrics.appWriteDelayP99Us === null
      ? ''
      : `; 99% of all writes waited ${microseconds(metrics.appWriteDelayP99Us)} or less`;
  const what = `${counted(metrics.granulesPreserved, 'granule')} of old data (${bytes(metrics.bytesPreserved)})`;
  return `Meanwhile the applications write, and ${what} are preserved first${delay}.`;
}

function isSnapshot({ kind }: MethodResult): boolean {
  return kind.startsWith('otm');
}

function sentence(words: string): string {
  return words === '' ? '' : `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
}

/** Virtual time, from 0 s of the run. */
function at(time: number): string {
  return `${time.toFixed(1)} s`;
}

function moral(result: Result, width: number): string[] {
  const each = result.methods.map(method => `${method.method}: ${whatBecame(method).words}`);
  const same = each.length === 1 ? `Seed ${result.seed}` : `Same server, same minutes, same seed ${result.seed}`;
  return paragraph(`${same}. ${each.join('; ')}.`, width);
}
