/** The image of a backup disk beside a drive as it was at T, page by page; what neither ever held is equal. */
import { sameBytes } from '../../../engine/bytes.ts';
import type { Bytes, Extent } from '../../../engine/units.ts';
import { PAGE_BYTES } from '../../disk/arena.ts';
import type { Sectors } from '../../disk/sectors.ts';
import type { WatchedSnapshot } from '../../world/watched-snapshot.ts';

/** A run of bytes in a store. */
export interface Stretch {
  readonly sectors: Sectors;
  readonly offsetBytes: Bytes;
}

/** Offsets, counted from the beginning of both, of units of the sector's size that differ; a few of them, in order. */
export function differences(
  a: Stretch,
  b: Stretch,
  lengthBytes: Bytes,
  sectorSize: Bytes,
  isLooked: IsLooked,
): Bytes[] {
  const found: Bytes[] = [];
  const mine = new Uint8Array(PAGE_BYTES);
  const theirs = new Uint8Array(PAGE_BYTES);
  for (const offset of pagesOfEither(a, b, lengthBytes)) {
    const length = Math.min(PAGE_BYTES, lengthBytes - offset);
    const left = mine.subarray(0, length);
    const right = theirs.subarray(0, length);
    a.sectors.read(a.offsetBytes + offset, left);
    b.sectors.read(b.offsetBytes + offset, right);
    if (sameBytes(left, right)) continue;
    for (let at = 0; at < length; at += sectorSize) {
      const isSame = sameBytes(left.subarray(at, at + sectorSize), right.subarray(at, at + sectorSize));
      if (!isSame && isLooked(offset + at)) found.push(offset + at);
    }
    if (found.length > 20) break;
  }
  return found;
}

export type IsLooked = (offset: Bytes) => boolean;

/** Stretches begin on a page, as volumes and drives do. */
function pagesOfEither(a: Stretch, b: Stretch, lengthBytes: Bytes): Bytes[] {
  const offsets = new Set<Bytes>();
  for (const { sectors, offsetBytes } of [a, b]) {
    for (const number of sectors.pageNumbers()) {
      const offset = number * PAGE_BYTES - offsetBytes;
      if (offset >= 0 && offset < lengthBytes) offsets.add(offset);
    }
  }
  return [...offsets].sort((x, y) => x - y);
}

/** What a picture of a part of a drive must hold: the drive at T, with zeroes where the picture leaves something out. */
export function pictureOf(
  snapshot: WatchedSnapshot,
  drive: string,
  { first }: Extent,
  sectorSize: Bytes,
): Stretch | null {
  const sectors = snapshot.expectedDrive(drive);
  return sectors === null ? null : { sectors, offsetBytes: first * sectorSize };
}
