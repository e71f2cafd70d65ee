/** A few bytes of a file or device, before it is known what its sectors are. */
import { open } from 'node:fs/promises';
import type { Bytes } from '../../engine/units.ts';
import { systemReason } from '../error-codes.ts';
import { diskError } from './error-codes.ts';
import type { DiskPlace, SectorSize } from './place.ts';

/** Fewer at the end of the place: the rest is zeroes. */
export async function readBytes(place: DiskPlace, offset: Bytes, length: Bytes): Promise<Uint8Array> {
  try {
    const handle = await open(place.path, 'r');
    try {
      const bytes = new Uint8Array(length);
      await handle.read(bytes, 0, length, offset);
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw diskError('cannot-open', `cannot read \`${place.shown}\`: ${systemReason(error)}`);
  }
}

const GPT_SIGNATURE = 'EFI PART';
const BYTES_PER_SECTOR_AT = 11;

/**
 * What the sectors of an image file are: where a GPT has its first header, or what a FAT volume says that fills the file;
 * 512 bytes where neither is found.
 */
export async function guessedSectorSize(place: DiskPlace): Promise<SectorSize> {
  const bytes = await readBytes(place, 0, 4096 + GPT_SIGNATURE.length);
  const text = new TextDecoder('latin1');
  const signatureAt = (at: Bytes) => text.decode(bytes.subarray(at, at + GPT_SIGNATURE.length)) === GPT_SIGNATURE;
  if (signatureAt(512)) return 512;
  if (signatureAt(4096)) return 4096;
  const isBootSector = (bytes[0] === 0xeb || bytes[0] === 0xe9) && bytes[510] === 0x55 && bytes[511] === 0xaa;
  const written = bytes[BYTES_PER_SECTOR_AT]! + bytes[BYTES_PER_SECTOR_AT + 1]! * 256;
  return isBootSector && written === 4096 ? 4096 : 512;
}
