/** The files of all restored volumes as one tree, by path, and how they compare with files of 0 s. */
import type { Path } from '../fs/file-system.ts';
import type { RestoredFile, RestoredTree } from './application.ts';
import type { BaseContent, BaseFile } from './base-content.ts';
import { PieceBuffer, RestoredBlocks } from './restored-blocks.ts';

export class RestoredFiles implements RestoredTree {
  readonly paths: readonly Path[];
  private readonly base: BaseContent;
  private readonly byPath = new Map<Path, RestoredFile>();
  private readonly buffer = new PieceBuffer();
  private readonly compared = new Map<RestoredFile, Map<BaseFile | null, RestoredBlocks>>();

  constructor(files: Iterable<RestoredFile>, base: BaseContent) {
    this.base = base;
    for (const file of files) this.byPath.set(file.path, file);
    this.paths = [...this.byPath.keys()].sort(byCode);
  }

  file(path: Path): RestoredFile | null {
    return this.byPath.get(path) ?? null;
  }

  blocks(file: RestoredFile, base: BaseFile | null): RestoredBlocks {
    let byBase = this.compared.get(file);
    if (byBase === undefined) {
      byBase = new Map();
      this.compared.set(file, byBase);
    }
    let blocks = byBase.get(base);
    if (blocks === undefined) {
      blocks = new RestoredBlocks(file, base, this.base, this.buffer);
      byBase.set(base, blocks);
    }
    return blocks;
  }
}

/** The order of code units, which is the same everywhere. */
export function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
