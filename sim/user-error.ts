/**
 * What a user can cause: a wrong word in a scenario, a file that is not there, a port that is taken. Exit code 2. It says
 * where, what was expected and what to do; it never shows a stack.
 *
 * A room that has such errors keeps a registry of their codes beside them (`ErrorRegistry`); docs/errors.md and
 * `otm explain` are made from the registries, and a test of the room shows each code once.
 */
import { invariant } from '../engine/invariant.ts';
import type { ErrorLine } from './result.ts';

/** Where in a text; line and column count from 1, columns in UTF-16 units. */
export interface Place {
  /** As the user gave it; `--set PATH=YAML` for what comes from the command line. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface UserErrorParts {
  /** A key of a registry. */
  readonly code: string;
  /** Null when it belongs to no place in a text. */
  readonly place?: Place | null;
  /** A sentence without its full stop; quotes what the user wrote in backticks. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | null;
}

/** @example throw new UserError({ code: 'file-not-found', message: 'there is no file `x.yaml`' }) */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: string;
  readonly place: Place | null;
  readonly hint: string | null;

  constructor({ code, place = null, message, hint = null }: UserErrorParts) {
    super(message);
    this.code = code;
    this.place = place;
    this.hint = hint;
  }
}

/** What one error code means, for docs/errors.md and `otm explain CODE`. */
export interface ErrorDescription {
  /** What happened, in a sentence. */
  readonly meaning: string;
  /** What to do about it, in a sentence. */
  readonly remedy: string;
}

export type ErrorRegistry = { readonly [code: string]: ErrorDescription };

/** The error as `--json` prints it. */
export function errorLine(error: UserError): ErrorLine {
  return {
    schema: 'otm/error@1',
    code: error.code,
    file: error.place?.file ?? null,
    line: error.place?.line ?? null,
    column: error.place?.column ?? null,
    message: error.message,
    hint: error.hint,
  };
}

/** docs/errors.md: one section for each code, in alphabetical order. A code in two registries is a defect of ours. */
export function errorsDocument(registries: readonly ErrorRegistry[]): string {
  const described = new Map<string, ErrorDescription>();
  for (const registry of registries) {
    for (const [code, description] of Object.entries(registry)) {
      invariant(!described.has(code), `error code ${code} is described twice`);
      described.set(code, description);
    }
  }
  const sections = [...described]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { meaning, remedy }]) => {
      return `## ${code}\n\n${meaning}\n\n**What to do:** ${remedy}\n`;
    });
  return `${ERRORS_INTRODUCTION}\n${sections.join('\n')}`;
}

const ERRORS_INTRODUCTION = `# Errors

Made from the registries of error codes; do not edit. An error is something that you can put right: bad input or bad
surroundings, exit code 2. A defect of the program has exit code 3 and no code of its own. \`otm explain CODE\` prints a
section of this page, and with \`--json\` the code stands in the field \`code\`.
`;
