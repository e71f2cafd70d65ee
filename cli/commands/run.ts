import { hostError } from '../../host/error-codes.ts';
import { folderOfVariant, readmeOf } from '../../host/keep.ts';
import { commandName } from '../../host/package.ts';
import { shellWord } from '../../host/repeat-command.ts';
import { findScenarios, type ScenarioFile } from '../../host/scenario-files.ts';
import { workingFolder } from '../../host/working-folder.ts';
import { jsonLine, suiteJsonLine } from '../../reports/json-lines.ts';
import { briefReport, type NextCommand, runReport } from '../../reports/run-report.ts';
import { suiteReport } from '../../reports/suite-report.ts';
import type { MethodResult, Result } from '../../sim/result.ts';
import { choose } from '../choose.ts';
import { defectText } from '../errors.ts';
import { execute } from '../execute.ts';
import type { RunOptions } from '../options.ts';
import { openTerminal, type Terminal } from '../terminal.ts';
import { seedOf } from '../values.ts';

export async function run(argument: string, options: RunOptions): Promise<number> {
  const terminal = openTerminal(options);
  const file = oneScenario(argument);
  const scenarios = choose({ files: [file], errors: [] }, options);
  const isSingle = scenarios.length === 1;
  const seed = options.seed === undefined ? null : seedOf(options.seed);
  const { end, exitCode } = await execute(
    {
      scenarios,
      seedsOf: ({ scenario }) => ({ is: 'list', seeds: [seed ?? scenario.seed] }),
      methods: options.method ?? null,
      keep: options.keep ?? null,
      failFast: false,
      limitMs: null,
      isSingle,
      files: options,
      onResult: (result, { scenario }) => {
        const next = isSingle ? nextCommands(result, file, options) : [];
        tell(result, scenario.story, next, isSingle, terminal);
      },
    },
    terminal,
  );
  if (isSingle && end.endedEarly !== null) terminal.err(`otm: ended by ${end.endedEarly}, the run is not finished\n`);
  if (terminal.json) {
    if (!isSingle) terminal.out(jsonLine(end.result));
    else if (end.result.defects > 0) terminal.out(defectText(end, terminal));
  } else if (!isSingle) {
    terminal.out(suiteReport(end.result, { ...terminal, ...end }));
  } else if (end.result.defects > 0) {
    terminal.err(defectText(end, terminal));
  }
  return exitCode;
}

function oneScenario(argument: string): ScenarioFile {
  const [file, ...others] = findScenarios([argument], workingFolder());
  if (file !== undefined && others.length === 0) return file;
  const many = `\`${argument}\` stands for ${others.length + 1} scenarios, and \`run\` takes one`;
  throw hostError('several-scenarios', many, `run all of them with \`otm suite ${shellWord(argument)}\``);
}

function tell(
  result: Result,
  story: string,
  next: readonly NextCommand[],
  isSingle: boolean,
  terminal: Terminal,
): void {
  if (terminal.json) {
    terminal.out(isSingle ? jsonLine(result) : suiteJsonLine(result));
  } else if (terminal.volume === 'quiet') {
    terminal.out(briefReport(result, terminal));
  } else {
    terminal.out(runReport(result, { ...terminal, story, next }));
  }
}

function nextCommands({ seed, variant, methods }: Result, file: ScenarioFile, options: RunOptions): NextCommand[] {
  const { keep, set = [], method = [] } = options;
  const otm = commandName(process.env, workingFolder());
  const scenario = shellWord(file.argument);
  const words = [
    ...(variant === null ? [] : ['--variant', variant]),
    ...set.flatMap(value => ['--set', value]),
    ...method.flatMap(id => ['--method', id]),
  ];
  const of = [scenario, ...words.map(shellWord)].join(' ');
  const other = seed < Number.MAX_SAFE_INTEGER ? seed + 1 : 1;
  return [
    ...lookAt(keep === undefined ? null : folderOfVariant(keep, variant), methods),
    { command: `${otm} run ${of} --seed ${other}`, says: 'the same story, other luck' },
    { command: `${otm} suite ${of} --seeds 1..100`, says: 'does it hold over many seeds?' },
    { command: `${otm} new mine.yaml --app script`, says: 'model your own files' },
  ];
}

function lookAt(kept: string | null, [first]: readonly MethodResult[]): NextCommand[] {
  if (kept === null || first === undefined) return [];
  return [{ command: readmeOf(kept, first.method), says: 'what was kept, and how to look at it' }];
}
