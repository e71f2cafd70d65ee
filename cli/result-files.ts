/** The files that a command was asked to write: opened before the first run, named when they are whole. */
import { OutputFile } from '../host/output-files.ts';
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

export function openResultFiles({ csv, jsonl }: ResultFileOptions, isSingle: boolean): ResultFiles {
  if (csv !== undefined && csv === jsonl) {
    throw commandLineError('option-conflict', `\`--csv\` and \`--jsonl\` would both write \`${csv}\``);
  }
  const table = csv === undefined ? null : new OutputFile(csv);
  const lines = jsonl === undefined ? null : new OutputFile(jsonl);
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
