/** What a FAT file system takes of its volume, before it is made; mkfs has the rules. */
import type { Bytes } from '../../engine/units.ts';
import { type FatKind, fatBytesFor } from '../fs/fat/layout.ts';
import { checkClusterSize, clusterSizeFor } from '../fs/fat/mkfs.ts';

export interface FatSize {
  readonly clusterBytes: Bytes;
  /** Of one copy, never too small. */
  readonly fatBytes: Bytes;
  /** What is left for files and folders, never too large. */
  readonly dataBytes: Bytes;
}

/** Boot sectors, the root directory of FAT12 and FAT16, rounding to pages. */
const FIXED_BYTES: Bytes = 256 * 1024;

/** The figures for a size, with that cluster or (null) the default one; or why there are none. */
export function fatSize(
  fs: FatKind,
  sizeBytes: Bytes,
  sectorSize: 512 | 4096,
  cluster: Bytes | null,
): FatSize | { readonly reason: string } {
  const chosen =
    cluster === null ? clusterSizeFor(fs, sizeBytes, sectorSize) : checkClusterSize(fs, sizeBytes, sectorSize, cluster);
  if ('reason' in chosen) return chosen;
  const { clusterBytes } = chosen;
  const fatBytes = Math.ceil(fatBytesFor(fs, Math.floor(sizeBytes / clusterBytes)) / 4096) * 4096;
  return { clusterBytes, fatBytes, dataBytes: Math.max(0, sizeBytes - 2 * fatBytes - FIXED_BYTES) };
}
