/** A folder of its own for a test, gone afterwards. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export function makeFolder(files: { readonly [path: string]: string } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'otm-test-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export async function inFolder<T>(
  files: { readonly [path: string]: string },
  use: (folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = makeFolder(files);
  try {
    return await use(folder);
  } finally {
    removeFolder(folder);
  }
}
