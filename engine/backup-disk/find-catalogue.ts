/**
 * Finds the catalogue on a device of which nothing is known, as when only the backup disk has outlived an accident. Header B
 * lies at a fixed distance from the device's end; when it is damaged the device is searched for a header.
 */
import type { Checksum } from '../checksum.ts';
import { type Device, IoError } from '../device.ts';
import type { Task } from '../task.ts';
import type { Extent, Sector } from '../units.ts';
import { decodeHeader, type Header, hasMagic } from './header.ts';
import { BLOCK_BYTES, HEADER_BYTES, secondHeaderOffset } from './layout.ts';
import { MAX_REQUEST_BYTES, ReadAhead, readSectors } from './transfer.ts';

/** The extent of the catalogue on a device, or null. */
export function* findCatalogue(device: Device, checksum: Checksum): Task<Extent | null> {
  const second = secondHeaderOffset(device.sectorCount * device.sectorSize) / device.sectorSize;
  const atEnd = second < 0 ? null : yield* headerAt(device, second, checksum);
  if (atEnd !== null) return atEnd.catalogue;
  return (yield* search(device, checksum))?.catalogue ?? null;
}

/** The header with the highest sequence number of all that lie anywhere on a multiple of 4 KiB. */
function* search(device: Device, checksum: Checksum): Task<Header | null> {
  const perBlock = BLOCK_BYTES / device.sectorSize;
  const reader = new ReadAhead(device, pieces(device));
  let best: Header | null = null;
  for (;;) {
    const piece = yield* reader.next();
    if (piece === null) return best;
    if (piece.error !== null && piece.error.failure !== 'read-error') throw piece.error;
    for (let block = 0; piece.error === null && block * BLOCK_BYTES < piece.bytes.length; block++) {
      if (!hasMagic(piece.bytes.subarray(block * BLOCK_BYTES))) continue;
      const header = yield* headerAt(device, piece.run.first + block * perBlock, checksum);
      if (header !== null && header.sequence > (best?.sequence ?? 0)) best = header;
    }
  }
}

function* pieces(device: Device): Generator<Extent, void> {
  const most = MAX_REQUEST_BYTES / device.sectorSize;
  for (let first = 0; first < device.sectorCount; first += most) {
    yield { first, count: Math.min(most, device.sectorCount - first) };
  }
}

function* headerAt(device: Device, place: Sector, checksum: Checksum): Task<Header | null> {
  const count = HEADER_BYTES / device.sectorSize;
  if (place + count > device.sectorCount) return null;
  try {
    const header = decodeHeader(yield* readSectors(device, place, count), place, checksum);
    if (typeof header === 'string') return null;
    const { first, count: sectors } = header.catalogue;
    return first + sectors <= device.sectorCount ? header : null;
  } catch (error) {
    if (error instanceof IoError && error.failure === 'read-error') return null;
    throw error;
  }
}
