/** How errors are told: `file:line:column` and a caret on standard error, or lines of JSON on standard output. */
import type { CommanderError } from 'commander';
import { withoutPaths } from '../host/defect-file.ts';
import type { SuiteEnd } from '../host/suite.ts';
import type { UserErrors } from '../host/user-errors.ts';
import { jsonLine } from '../reports/json-lines.ts';
import { formatError } from '../sim/scenario/bad-input.ts';
import { errorLine, type UserError } from '../sim/user-error.ts';
import { type CommandLineErrorCode, commandLineError } from './error-codes.ts';
import { exitCodes } from './exit-codes.ts';
import { isOfLaterVersion } from './later.ts';
import type { Terminal } from './terminal.ts';

export function tellErrors({ errors, texts }: UserErrors, terminal: Terminal): number {
  if (terminal.json) for (const error of errors) terminal.out(jsonLine(errorLine(error)));
  else
    terminal.err(errors.map(error => `${error.place === null ? 'otm: ' : ''}${formatError(error, texts)}`).join('\n'));
  return exitCodes.badInput;
}

/** A bug of ours outside of any run: inside of one, the run's file has more. */
export function tellDefect(error: unknown, terminal: Terminal): number {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (terminal.json) {
    terminal.out(jsonLine(errorLine(commandLineError('defect', withoutPaths(message), 'please report it'))));
  } else {
    const stack = error instanceof Error ? (error.stack ?? message) : message;
    terminal.err(`otm: a defect of the program, please report it\n${withoutPaths(stack)}\n`);
  }
  return exitCodes.defect;
}

const codes: { readonly [commanderCode: string]: CommandLineErrorCode } = {
  'commander.unknownCommand': 'unknown-command',
  'commander.unknownOption': 'unknown-option',
  'commander.missingArgument': 'missing-argument',
  'commander.optionMissingArgument': 'missing-argument',
  'commander.missingMandatoryOptionValue': 'missing-argument',
  'commander.excessArguments': 'too-many-arguments',
  'commander.invalidArgument': 'bad-value',
  'commander.conflictingOption': 'option-conflict',
};

/** What the parser of the command line says, in our form: "unknown option `--sed`, did you mean `--seed`?" */
export function userErrorOf({ code, message }: CommanderError): UserError {
  const text = message.replace(/^error: /, '').replaceAll("'", '`');
  const [first = '', guess] = text.split('\n');
  const meant = /\(Did you mean (?:one of )?(.+?)\?\)/.exec(guess ?? '')?.[1]?.replaceAll(', ', '` or `');
  const sentence = first.replace(/\.$/, '');
  if (isOfLaterVersion(sentence)) {
    const later = `${sentence.replace('unknown ', '')} is not there yet in this version`;
    return commandLineError(codes[code] ?? 'bad-value', later, '`otm --help` lists what there is');
  }
  return commandLineError(
    codes[code] ?? 'bad-value',
    meant === undefined ? sentence : `${sentence}, did you mean \`${meant}\`?`,
  );
}

/** A run that ended in a defect: what happened, and the file that has all of it. */
export function defectText({ result, defectFiles, defectProblems }: SuiteEnd, terminal: Terminal): string {
  const message = result.failures.map(({ summary }) => summary).join('; ');
  const [problem] = defectProblems;
  const hint =
    problem === undefined
      ? `report it with the file ${defectFiles.join(', ')}: it has all that is needed`
      : `report it; the file about it is missing: ${withoutPaths(problem)}`;
  if (terminal.json) return jsonLine(errorLine(commandLineError('defect', withoutPaths(message), hint)));
  return `otm: a defect of the program: ${withoutPaths(message)}\n  ${hint}\n`;
}
