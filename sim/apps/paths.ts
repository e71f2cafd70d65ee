/** Parts of canonical paths: `C:\BANK\ACCOUNTS.DAT`. */
import type { Path } from '../fs/file-system.ts';

/** `C`. */
export function letterOf(path: Path): string {
  return path.slice(0, 1);
}

/** `C:\BANK`; null for a file in the root. */
export function folderOf(path: Path): Path | null {
  const end = path.lastIndexOf('\\');
  return end <= 2 ? null : path.slice(0, end);
}

/** The letters of paths, each once, in the order in which they come. */
export function lettersOf(paths: readonly Path[]): string[] {
  return [...new Set(paths.map(letterOf))];
}
