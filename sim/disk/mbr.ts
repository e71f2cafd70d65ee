/**
 * A classic partition table in the first sector of a drive: up to four primary partitions, each with its type and its
 * first and last sector (LBA; the CHS fields say "beyond CHS").
 */
import { invariant } from '../../engine/invariant.ts';
import type { Extent, Sector } from '../../engine/units.ts';

export const PARTITION_TYPES = { fat12: 0x01, fat16: 0x0e, fat32: 0x0c, raw: 0xda } as const;

export interface Partition {
  readonly type: keyof typeof PARTITION_TYPES;
  readonly extent: Extent;
}

const TABLE = 446;
const ENTRY_BYTES = 16;
const MOST = 4;
const LARGEST = 0xffff_ffff;

/** The first sector of a drive with these partitions. `diskId` is the signature that Windows tells drives apart by. */
export function masterBootRecord(sectorSize: 512 | 4096, partitions: readonly Partition[], diskId: number): Uint8Array {
  invariant(partitions.length <= MOST, `${partitions.length} partitions in an MBR`);
  const bytes = new Uint8Array(sectorSize);
  const view = new DataView(bytes.buffer);
  view.setUint32(440, diskId, true);
  partitions.forEach(({ type, extent }, index) => {
    invariant(extent.first + extent.count - 1 <= LARGEST, 'an MBR partition ends below 2^32 sectors');
    const at = TABLE + index * ENTRY_BYTES;
    bytes.set([0, 0xfe, 0xff, 0xff, PARTITION_TYPES[type], 0xfe, 0xff, 0xff], at);
    view.setUint32(at + 8, extent.first, true);
    view.setUint32(at + 12, extent.count, true);
  });
  view.setUint16(510, 0xaa55, true);
  return bytes;
}

/** The partitions that an MBR names, in the order of the table; null when it is none. */
export function readPartitions(bytes: Uint8Array): { readonly type: number; readonly extent: Extent }[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(510, true) !== 0xaa55) return null;
  const found: { type: number; extent: Extent }[] = [];
  for (let index = 0; index < MOST; index++) {
    const at = TABLE + index * ENTRY_BYTES;
    const type = bytes[at + 4]!;
    const first: Sector = view.getUint32(at + 8, true);
    if (type !== 0) found.push({ type, extent: { first, count: view.getUint32(at + 12, true) } });
  }
  return found;
}
