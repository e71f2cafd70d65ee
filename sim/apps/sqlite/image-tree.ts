/** Files in memory as a restored tree: what a program's own view of its databases is judged by, like a restore. */

import { defect } from '../../../engine/invariant.ts';
import type { Bytes } from '../../../engine/units.ts';
import type { Path, WallSeconds } from '../../fs/file-system.ts';
import type { RestoredFile, RestoredTree } from '../application.ts';
import type { BaseFile } from '../base-content.ts';
import type { RestoredBlocks } from '../restored-blocks.ts';
import { byCode } from '../restored-files.ts';
import type { FileImages } from './shadow-files.ts';

export class ImageTree implements RestoredTree {
  readonly paths: readonly Path[];
  private readonly images: FileImages;

  constructor(images: FileImages) {
    this.images = images;
    this.paths = [...images.keys()].sort(byCode);
  }

  file(path: Path): RestoredFile | null {
    const bytes = this.images.get(path);
    return bytes === undefined ? null : new ImageFile(path, bytes);
  }

  /** Databases are compared by rows. */
  blocks({ path }: RestoredFile, _base: BaseFile | null): RestoredBlocks {
    return defect(`${path}: nobody compares its blocks`);
  }
}

class ImageFile implements RestoredFile {
  readonly path: Path;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds = 0;
  readonly damage = null;
  private readonly content: Uint8Array;

  constructor(path: Path, content: Uint8Array) {
    this.path = path;
    this.content = content;
    this.sizeBytes = content.length;
  }

  read(offset: Bytes, into: Uint8Array): void {
    const part = this.content.subarray(offset, offset + into.length);
    into.set(part);
    into.fill(0, part.length);
  }

  bytes(): Uint8Array {
    return this.content.slice();
  }
}
