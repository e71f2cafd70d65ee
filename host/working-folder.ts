/** The folder that the command was called in, which may have been removed since. */
import { UserError } from '../sim/user-error.ts';

export function workingFolder(): string {
  const folder = workingFolderOrNull();
  if (folder !== null) return folder;
  const message = 'the folder that this is called in is no longer there';
  throw new UserError({ code: 'file-not-found', message, hint: 'change to another folder' });
}

export function workingFolderOrNull(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}
