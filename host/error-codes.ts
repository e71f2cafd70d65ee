/** What the surroundings can refuse, beside what a scenario can get wrong. One test for each: test/host, test/cli. */
import { type ErrorRegistry, type Place, UserError } from '../sim/user-error.ts';

export const hostErrors = {
  'no-scenario': {
    meaning: 'A path, folder or pattern on the command line holds no scenario, so nothing would be run.',
    remedy: 'Name a `.yaml` file, a folder that has some below it, a pattern in quotes, or a name from `otm list`.',
  },
  'several-scenarios': {
    meaning: 'A command that takes one scenario was given a folder or a pattern with several.',
    remedy: 'Name one of them, or run all of them with `otm suite`.',
  },
  'cannot-write': {
    meaning: 'A file or folder cannot be written: no permission, no space, or something else has its name.',
    remedy: 'Name another place, or make room. A file that was not whole yet is taken away again.',
  },
  'file-exists': {
    meaning: '`otm new` would overwrite a file, which it never does.',
    remedy: 'Choose another name, or remove the file first.',
  },
} as const satisfies ErrorRegistry;

export type HostErrorCode = keyof typeof hostErrors;

export function hostError(code: HostErrorCode, message: string, hint: string | null = null): UserError {
  const place: Place | null = null;
  return new UserError({ code, place, message, hint });
}

/** What the system says, in words: `ENOSPC` and the like. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

const reasons: { readonly [code: string]: string } = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left',
  EDQUOT: 'the quota is used up',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of its path is a file',
  EEXIST: 'part of its path is a file',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'it is not there',
  EMFILE: 'too many open files',
  ELOOP: 'its links lead in a circle',
  EPIPE: 'nobody reads it any more',
  EFBIG: 'the file would be too large',
  EIO: 'the device fails',
};
