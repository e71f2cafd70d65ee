/**
 * The colours and signs of a terminal. What became of the data and whether that was expected never share one: the first
 * has backgrounds and `=` `≠` `∅`, the second has letters in other colours and `!`. Nothing is told by colour alone.
 */
import { Chalk, type ColorSupportLevel } from 'chalk';

/** What became of the data that a method was to save. */
export type DataTone = 'match' | 'mismatch' | 'nothing' | 'open';

export type Paint = (text: string) => string;

export interface Style {
  /** A block of text over the background that goes with it. */
  readonly data: { readonly [tone in DataTone]: Paint };
  /** The same as letters, within a line. */
  readonly dataText: { readonly [tone in DataTone]: Paint };
  readonly expected: Paint;
  readonly unexpected: Paint;
  readonly heading: Paint;
  readonly quiet: Paint;
  readonly command: Paint;
}

export const dataSigns: { readonly [tone in DataTone]: string } = {
  match: '=',
  mismatch: '≠',
  nothing: '∅',
  open: '?',
};

export const unexpectedSign = '!';

/** Level 0 is plain text. */
export function makeStyle(level: ColorSupportLevel): Style {
  const chalk = new Chalk({ level });
  return {
    data: {
      match: chalk.bgGreen.black.bold,
      mismatch: chalk.bgRed.whiteBright.bold,
      nothing: chalk.bgYellow.black.bold,
      open: chalk.bgWhite.black,
    },
    dataText: { match: chalk.green.bold, mismatch: chalk.red.bold, nothing: chalk.yellow.bold, open: chalk.bold },
    expected: chalk.cyan,
    unexpected: chalk.magentaBright.bold,
    heading: chalk.bold,
    quiet: chalk.dim,
    command: chalk.blueBright,
  };
}
