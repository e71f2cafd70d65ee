/** Writing a boot sector; reading it is in layout.ts. */
import { invariant } from '../../../engine/invariant.ts';
import type { Sector } from '../../../engine/units.ts';
import { type FatLayout, put16, put32 } from './layout.ts';

/** A jump behind the fields, then a loop: a volume that is booted stops there. */
const JUMP_FAT32 = [0xeb, 0x58, 0x90];
const JUMP = [0xeb, 0x3c, 0x90];
const HALT = [0xf4, 0xeb, 0xfd];

const KIND_TEXT = { fat12: 'FAT12', fat16: 'FAT16', fat32: 'FAT32' } as const;

export function encodeBoot(layout: FatLayout, hiddenSectors: Sector, media: number): Uint8Array {
  const { sectorSize, sectorCount, kind } = layout;
  const isFat32 = kind === 'fat32';
  const bytes = new Uint8Array(sectorSize);
  const fatSectors = layout.fatBytes / sectorSize;
  const clusterSectors = layout.clusterBytes / sectorSize;
  invariant(clusterSectors < 0x100 && (isFat32 || fatSectors < 0x10000), 'a boot sector can not say this layout');
  bytes.set(isFat32 ? JUMP_FAT32 : JUMP, 0);
  putText(bytes, 3, 'OTMSIM', 8);
  put16(bytes, 11, sectorSize);
  bytes[13] = clusterSectors;
  put16(bytes, 14, layout.fatStart / sectorSize);
  bytes[16] = layout.fatCount;
  put16(bytes, 17, layout.rootEntries);
  const isSmall = !isFat32 && sectorCount < 0x10000;
  put16(bytes, 19, isSmall ? sectorCount : 0);
  bytes[21] = media;
  put16(bytes, 22, isFat32 ? 0 : fatSectors);
  put16(bytes, 24, 63);
  put16(bytes, 26, 255);
  put32(bytes, 28, hiddenSectors);
  put32(bytes, 32, isSmall ? 0 : sectorCount);
  if (isFat32) putFat32(bytes, layout, fatSectors);
  putIdentity(bytes, isFat32 ? 64 : 36, layout);
  bytes.set(HALT, isFat32 ? 0x5a : 0x3e);
  bytes[510] = 0x55;
  bytes[511] = 0xaa;
  return bytes;
}

function putFat32(bytes: Uint8Array, layout: FatLayout, fatSectors: Sector): void {
  put32(bytes, 36, fatSectors);
  put32(bytes, 44, layout.rootCluster);
  put16(bytes, 48, 1);
  put16(bytes, 50, 6);
}

function putIdentity(bytes: Uint8Array, at: number, layout: FatLayout): void {
  bytes[at] = 0x80;
  bytes[at + 2] = 0x29;
  put32(bytes, at + 3, layout.serial);
  putText(bytes, at + 7, layout.label === '' ? 'NO NAME' : layout.label, 11);
  putText(bytes, at + 18, KIND_TEXT[layout.kind], 8);
}

function putText(bytes: Uint8Array, at: number, text: string, length: number): void {
  for (let index = 0; index < length; index++) bytes[at + index] = index < text.length ? text.charCodeAt(index) : 0x20;
}
