/** All that is wrong with the input of one call, told at once. */
import type { UserError } from '../sim/user-error.ts';

export class UserErrors extends Error {
  override readonly name = 'UserErrors';
  readonly errors: readonly UserError[];
  /** The texts that their places are in, by the file of the place: for the line with a caret. */
  readonly texts: ReadonlyMap<string, string>;

  constructor(errors: readonly UserError[], texts: ReadonlyMap<string, string> = new Map()) {
    super(errors.map(({ message }) => message).join('\n'));
    this.errors = errors;
    this.texts = texts;
  }
}
