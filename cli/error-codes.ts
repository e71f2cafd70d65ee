/** What a command line can get wrong. One test for each: test/cli/bad-command-line.test.ts. */
import { type ErrorRegistry, UserError } from '../sim/user-error.ts';

export const commandLineErrors = {
  'unknown-command': {
    meaning: 'There is no such command.',
    remedy: '`otm --help` lists them; the message has the nearest one.',
  },
  'unknown-option': {
    meaning: 'The command has no such option.',
    remedy: '`otm COMMAND --help` lists its options; the message has the nearest one.',
  },
  'missing-argument': {
    meaning: 'A command or an option lacks the word that must follow it.',
    remedy: '`otm COMMAND --help` says what it takes.',
  },
  'too-many-arguments': {
    meaning: 'More words follow a command than it takes.',
    remedy: 'Quote names with blanks in them; `otm suite` takes many scenarios, `otm run` one.',
  },
  'bad-value': {
    meaning: 'An option was given a value that it cannot have.',
    remedy: 'The message says which values it takes.',
  },
  'option-conflict': {
    meaning: 'Two options were given of which only one can be.',
    remedy: 'Leave one of them out.',
  },
  'unknown-variant': {
    meaning: '`--variant` names a variant that the scenario does not have.',
    remedy: '`otm validate SCENARIO` lists its variants.',
  },
  'nothing-to-explain': {
    meaning: 'There is nothing known under that word.',
    remedy: '`otm explain` without a word lists what there is.',
  },
  'nothing-run': {
    meaning: 'Nothing was run, and what was not run is never green.',
    remedy: 'Allow more time, or name seeds, methods and scenarios that leave something to run.',
  },
  defect: {
    meaning: 'The program itself is wrong: an assertion failed, or a run was stuck. Exit code 3.',
    remedy: 'Report it with the file `otm-defect-*.json` that was written: it has all that is needed.',
  },
} as const satisfies ErrorRegistry;

export type CommandLineErrorCode = keyof typeof commandLineErrors;

export function commandLineError(code: CommandLineErrorCode, message: string, hint: string | null = null): UserError {
  return new UserError({ code, message, hint });
}
