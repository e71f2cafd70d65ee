/**
 * Checksums of what outlives the program: the cache of a durable snapshot, the maps of changes, the backup disk. The host
 * gives the function: XXH64 with seed 0, cut to its low 52 bits (specification: xxHash, XXH64), so that it is a number.
 *
 * A sealed record ends in the checksum of all its bytes before: eight bytes, little endian. A record that says where it
 * lies has its place among those bytes, so one that was written to another place is found, too.
 */
import { invariant } from './invariant.ts';
import type { Bytes } from './units.ts';

export type Checksum = (bytes: Uint8Array) => number;

export const SEAL_BYTES: Bytes = 8;
const TWO_32 = 4_294_967_296;

/** Writes an integer below 2^53 to eight bytes. */
export function setWord(bytes: Uint8Array, at: Bytes, value: number): void {
  invariant(Number.isSafeInteger(value) && value >= 0, `${value} is a word`);
  const view = viewOf(bytes);
  view.setUint32(at, value % TWO_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
}

/** The integer in eight bytes; one that is no safe integer reads as NaN, which equals nothing. */
export function wordAt(bytes: Uint8Array, at: Bytes): number {
  const view = viewOf(bytes);
  const value = view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Puts the checksum of a record into its last eight bytes. */
export function seal(record: Uint8Array, checksum: Checksum): void {
  const at = record.length - SEAL_BYTES;
  invariant(at > 0, 'a record with room for its seal');
  setWord(record, at, checksum(record.subarray(0, at)));
}

/** Whether a record ends in its checksum. */
export function isSealed(record: Uint8Array, checksum: Checksum): boolean {
  const at = record.length - SEAL_BYTES;
  return at > 0 && wordAt(record, at) === checksum(record.subarray(0, at));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
