/** What the commands' definitions share. */
import { type Command, Option } from 'commander';
import { commandLineError } from './error-codes.ts';

/** Takes the exit code of a command that was called. */
export type Finish = (acted: Promise<number>) => Promise<void>;

/** What every command has, behind its own options. */
export function common(command: Command, ...examples: string[]): Command {
  const title = examples.length === 1 ? 'Example' : 'Examples';
  return (
    command
      .option('--json', 'nothing but JSON on standard output')
      .option('-q, --quiet', 'only what did not come out as expected')
      .option('--silent', 'nothing but errors')
      // Before its opposite, so that neither is the default.
      .addOption(new Option('--color').hideHelp())
      .option('--no-color', 'no colours, as with NO_COLOR; FORCE_COLOR asks for them')
      .helpOption('-h, --help', 'this help')
      .addHelpText('after', `\n${title}:\n${examples.map(line => `  ${line}`).join('\n')}`)
  );
}

/** An empty word is mostly a variable of a shell that was not set. */
export function named(option: string): (value: string) => string {
  return value => {
    if (value.trim() === '')
      throw commandLineError('bad-value', `\`${option}\` has an empty name`, 'name a file or folder');
    return value;
  };
}

export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
