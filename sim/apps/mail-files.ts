/** The names in a mail store's folder: all of eight characters and three, so that each takes one directory entry. */
import type { Path } from '../fs/file-system.ts';

export function indexPath(at: Path): Path {
  return `${at}\\INDEX.DAT`;
}

export function messagePath(at: Path, message: number): Path {
  return `${at}\\M${String(message).padStart(7, '0')}.EML`;
}

/** Where a delivery writes before the message gets its name. */
export function temporaryPath(at: Path, transaction: number): Path {
  return `${at}\\T${String(transaction).padStart(7, '0')}.TMP`;
}

/** The number of the message that a path is the file of; null when it is something else. */
export function messageOf(at: Path, path: Path): number | null {
  const name = path.slice(at.length + 1);
  return /^M\d{7}\.EML$/.test(name) ? Number(name.slice(1, 8)) : null;
}

export function isTemporary(at: Path, path: Path): boolean {
  return /^T\d{7}\.TMP$/.test(path.slice(at.length + 1));
}
