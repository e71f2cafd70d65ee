/** The command line: parsing, errors and exit codes, nothing else. A command is a few lines that call the rooms. */
import { CommanderError } from 'commander';
import { packageVersion } from '../host/package.ts';
import { UserErrors } from '../host/user-errors.ts';
import { UserError } from '../sim/user-error.ts';
import { exitCodes } from './exit-codes.ts';
import { makeProgram } from './program.ts';
import { openTerminal, outputExitCode, watchOutput } from './terminal.ts';

/** Called by bin/otm.mjs with the arguments of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  watchOutput();
  const finish = async (acted: Promise<number>) => {
    process.exitCode = Math.max(await acted, outputExitCode());
  };
  try {
    await makeProgram(packageVersion(), finish).parseAsync(argv);
  } catch (error) {
    process.exitCode = Math.max(await exitCodeOf(error, argv), outputExitCode());
  }
}

async function exitCodeOf(error: unknown, argv: readonly string[]): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.passes;
    // Without a command the help was shown already.
    if (error.code === 'commander.help') return exitCodes.badInput;
  }
  const { tellErrors, tellDefect, userErrorOf } = await import('./errors.ts');
  const terminal = openTerminal(commonOptionsIn(argv));
  if (error instanceof CommanderError) return tellErrors(new UserErrors([userErrorOf(error)]), terminal);
  if (error instanceof UserErrors) return tellErrors(error, terminal);
  if (error instanceof UserError) return tellErrors(new UserErrors([error]), terminal);
  return tellDefect(error, terminal);
}

/** Looked for by hand: the command line itself may be what could not be read. */
function commonOptionsIn(argv: readonly string[]): { json: boolean; color?: boolean } {
  const before = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  return { json: before.includes('--json'), ...(before.includes('--no-color') ? { color: false } : {}) };
}
