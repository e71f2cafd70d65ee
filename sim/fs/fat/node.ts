/** A file or directory of a mounted volume, known since it was first met and the same object as long as it exists. */
import type { Bytes } from '../../../engine/units.ts';
import type { FileNode, Path, WallSeconds } from '../file-system.ts';
import type { Changer } from '../page.ts';
import type { Chain, ChainOwner } from './chain.ts';
import type { DirectoryIndex } from './directory.ts';
import { DIRECTORY, type Entry, type EntryFields } from './entry.ts';
import type { FrozenContent } from './frozen.ts';
import type { Cluster } from './layout.ts';
import type { FatFile } from './open-file.ts';

export class FatNode implements FileNode, ChainOwner, Changer {
  readonly id: number;
  readonly isDirectory: boolean;
  /** The directory that it is in; null for the root. */
  parent: FatNode | null;
  entry: Entry | null;
  attributes: number;
  firstCluster: Cluster;
  sizeBytes: Bytes;
  modified: WallSeconds;
  isRemoved = false;
  /** Its data is written past the page cache (plan-reserve.ts). */
  isForeign = false;
  /** Of a root directory with a place of its own (FAT12, FAT16). */
  readonly isFixedRoot: boolean;
  chain: Chain | null = null;
  index: DirectoryIndex | null = null;
  /** Of a directory: the nodes that are known, by key. */
  readonly children = new Map<string, FatNode>();
  readonly handles: FatFile[] = [];
  /** Readers of the file as it was at some instant; null as long as there was none. */
  frozen: FrozenContent[] | null = null;
  mark = 0;
  private readonly rootPath: Path;
  private knownPath: Path | null = null;

  constructor(id: number, parent: FatNode | null, entry: Entry | null, fields: EntryFields, rootPath: Path) {
    this.id = id;
    this.parent = parent;
    this.entry = entry;
    this.isDirectory = (fields.attributes & DIRECTORY) !== 0;
    this.attributes = fields.attributes;
    this.firstCluster = fields.firstCluster;
    this.sizeBytes = this.isDirectory ? 0 : fields.sizeBytes;
    this.modified = fields.modified;
    this.rootPath = rootPath;
    this.isFixedRoot = parent === null && fields.firstCluster === 0;
  }

  get path(): Path {
    if (this.knownPath === null) this.knownPath = this.makePath();
    return this.knownPath;
  }

  get fields(): EntryFields {
    const { attributes, firstCluster, sizeBytes, modified } = this;
    return { attributes, firstCluster, sizeBytes, modified };
  }

  /** Is this the directory `other`, or in it at any depth? */
  isWithin(other: FatNode): boolean {
    for (let node: FatNode | null = this; node !== null; node = node.parent) if (node === other) return true;
    return false;
  }

  /** It, or a directory above it, has another name. */
  pathChanged(): void {
    this.knownPath = null;
    for (const child of this.children.values()) child.pathChanged();
  }

  private makePath(): Path {
    if (this.parent === null || this.entry === null) return this.rootPath;
    const above = this.parent.path;
    return above.endsWith('\\') ? above + this.entry.key : `${above}\\${this.entry.key}`;
  }
}
