/** Trees of files for tests: made through a volume, and read back by whoever is compared. */
import { runNow } from '../../../engine/task.ts';
import type { MountedVolume } from '../../../sim/fs/file-system.ts';

/** Bytes by path with the case of its names, `null` for a directory. */
export type Tree = Map<string, Uint8Array | null>;

/** Bytes that tell where they are from. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Names of all sorts: short, long, with dots and spaces, of two cases, outside of ASCII. */
export const SAMPLE: Tree = new Map<string, Uint8Array | null>([
  ['EMPTY.DAT', new Uint8Array(0)],
  ['ONE.DAT', pattern(1, 1)],
  ['lower.txt', pattern(511, 2)],
  ['A long name with spaces.text', pattern(4096, 3)],
  ['two.dots.tar.gz', pattern(70_000, 4)],
  ['Grüße aus Köln.txt', pattern(3000, 5)],
  ['Folder', null],
  ['Folder\\in it.bin', pattern(12_345, 6)],
  ['Folder\\DEEPER', null],
  ['Folder\\DEEPER\\x', pattern(100, 7)],
  [`Folder\\${'n'.repeat(200)}.long`, pattern(8192, 8)],
]);

export function makeTree(volume: MountedVolume, tree: Tree): void {
  for (const [path, bytes] of tree) {
    const full = `${volume.letter}:\\${path}`;
    if (bytes === null) {
      runNow(volume.makeDirectory(full));
      continue;
    }
    const file = runNow(volume.create(full));
    runNow(file.write(0, bytes));
    file.close();
  }
}

/** Reads a volume through its file system. */
export function readTree(volume: MountedVolume, folder = ''): Tree {
  const tree: Tree = new Map();
  for (const { name, isDirectory, sizeBytes } of runNow(volume.list(`${volume.letter}:\\${folder}`))) {
    const path = folder === '' ? name : `${folder}\\${name}`;
    if (isDirectory) {
      tree.set(path, null);
      for (const [inner, bytes] of readTree(volume, path)) tree.set(inner, bytes);
      continue;
    }
    const file = runNow(volume.open(`${volume.letter}:\\${path}`));
    const bytes = new Uint8Array(sizeBytes);
    if (runNow(file.read(0, bytes)) !== sizeBytes) throw new Error(`${path} is shorter than it says`);
    file.close();
    tree.set(path, bytes);
  }
  return tree;
}

/** What differs between two trees, in words; empty when they are the same. */
export function differences(expected: Tree, got: Tree): string[] {
  const found: string[] = [];
  for (const [path, bytes] of expected) {
    const other = got.get(path);
    if (other === undefined) found.push(`${path} is missing`);
    else if ((bytes === null) !== (other === null)) found.push(`${path} is of another kind`);
    else if (bytes !== null && other !== null && Buffer.compare(bytes, other) !== 0) found.push(`${path} differs`);
  }
  for (const path of got.keys()) if (!expected.has(path)) found.push(`${path} is too much`);
  return found;
}
