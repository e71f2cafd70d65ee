import { randomUUID } from 'node:crypto';
import { lookForScenarios } from '../../host/scenario-files.ts';
import { workingFolder } from '../../host/working-folder.ts';
import { jsonLine, suiteJsonLine } from '../../reports/json-lines.ts';
import { briefReport } from '../../reports/run-report.ts';
import { suiteReport } from '../../reports/suite-report.ts';
import { choose } from '../choose.ts';
import { execute } from '../execute.ts';
import type { SuiteOptions } from '../options.ts';
import { openTerminal } from '../terminal.ts';
import { seedsOf, wallTimeOf } from '../values.ts';

export async function suite(paths: readonly string[], options: SuiteOptions): Promise<number> {
  const terminal = openTerminal(options);
  const limitMs = options.for === undefined ? null : wallTimeOf(options.for);
  const seeds = options.seeds === undefined ? null : seedsOf(options.seeds, options.salt, newSalt);
  const found = lookForScenarios(paths, workingFolder());
  const scenarios = choose(found, options);
  const { end, exitCode } = await execute(
    {
      scenarios,
      seedsOf: ({ scenario }) => seeds ?? { is: 'ranges', ranges: scenario.seeds },
      methods: options.method ?? null,
      keep: null,
      failFast: options.failFast === true,
      limitMs,
      isSingle: false,
      files: options,
      onResult: result => {
        if (terminal.json) terminal.out(suiteJsonLine(result));
        else if (!result.pass && terminal.volume === 'normal') terminal.out(briefReport(result, terminal));
      },
    },
    terminal,
  );
  terminal.out(terminal.json ? jsonLine(end.result) : suiteReport(end.result, { ...terminal, ...end }));
  return exitCode;

  function newSalt(): string {
    const salt = randomUUID().slice(0, 8);
    if (!terminal.json) terminal.err(`fresh seeds: --seeds ${options.seeds} --salt ${salt}\n`);
    return salt;
  }
}
