/** The files that a command was asked to write: opened before the first run, named when they are whole. */
import { isSameFile, OutputFile } from '../host/output-files.ts';
import { csvHeader, csvRows } from '../reports/csv.ts';
import { jsonLine, suiteJsonLine } from '../reports/json-lines.ts';
import type { Result, SuiteResult } from '../sim/result.ts';
import { commandLineError } from './error-codes.ts';

export interface ResultFileOptions {
  readonly csv?: string;
  readonly jsonl?: string;
}

export interface ResultFiles {
  add(result: Result): void;
  /** `suite` is the last line of several runs; null for a single one. */
  finish(suite: SuiteResult | null): void;
  /** After an error: what is there is not kept. */
  discard(): void;
}

/** `reads`: files that the run is made from. */
export function openResultFiles(options: ResultFileOptions, isSingle: boolean, reads: Iterable<string>): ResultFiles {
  const { csv, jsonl } = options;
  if (csv !== undefined && jsonl !== undefined && wouldMeet(csv, jsonl)) {
    throw commandLineError('option-conflict', `\`--csv\` and \`--jsonl\` would both write \`${csv}\``);
  }
  const named = [...new Set(reads)];
  if (csv !== undefined) refuseToOverwrite('--csv', csv, named);
  if (jsonl !== undefined) refuseToOverwrite('--jsonl', jsonl, named);
  const table = csv === undefined ? null : new OutputFile(csv);
  const lines = jsonl === undefined ? null : openBeside(table, jsonl);
  table?.append(csvHeader());
  return {
    add: result => {
      table?.append(csvRows(result));
      lines?.append(isSingle ? jsonLine(result) : suiteJsonLine(result));
    },
    finish: suite => {
      if (suite !== null) lines?.append(jsonLine(suite));
      table?.finish();
      lines?.finish();
    },
    discard: () => {
      table?.discard();
      lines?.discard();
    },
  };
}

/** What was opened before is not left behind when this one can't be. */
function openBeside(before: OutputFile | null, path: string): OutputFile {
  try {
    return new OutputFile(path);
  } catch (error) {
    before?.discard();
    throw error;
  }
}

function refuseToOverwrite(option: string, path: string, reads: readonly string[]): void {
  if (!reads.some(read => wouldMeet(path, read))) return;
  const message = `\`${option}\` would overwrite \`${path}\`, which is read`;
  throw commandLineError('option-conflict', message, 'name another file');
}

/** A path that leads nowhere is refused when it is opened. */
function wouldMeet(one: string, other: string): boolean {
  try {
    return isSameFile(one, other);
  } catch {
    return false;
  }
}
