/**
 * What is known of a granule's content: 52 bits of hash and flags, eight bytes on disk. The place is not among the hashed
 * bytes, because each sum stands at its granule's place in a table or list that is itself sealed.
 *
 * On disk: the low 32 bits of the hash, then its high 20 bits with the flags above them.
 */
import { isZeroes } from '../bytes.ts';
import type { Checksum } from '../checksum.ts';
import type { Bytes } from '../units.ts';

export interface GranuleSum {
  readonly hash: number;
  readonly isZero: boolean;
  /** Not copied because nothing used it; its image is zeroes. */
  readonly isSkipped: boolean;
  /** Not known: the table's block was damaged when the granule was replaced. */
  readonly isUnknown: boolean;
}

const ZERO_SUM: GranuleSum = { hash: 0, isZero: true, isSkipped: false, isUnknown: false };
export const SKIPPED_SUM: GranuleSum = { hash: 0, isZero: true, isSkipped: true, isUnknown: false };
export const UNKNOWN_SUM: GranuleSum = { hash: 0, isZero: false, isSkipped: false, isUnknown: true };

const ZERO = 1;
const SKIPPED = 2;
const UNKNOWN = 4;
const TWO_20 = 1_048_576;
const TWO_32 = 4_294_967_296;

/** The sum of a granule's bytes; `isHole` says that they are known to be zeroes. */
export function sumOf(bytes: Uint8Array, isHole: boolean, checksum: Checksum): GranuleSum {
  if (isHole || isZeroes(bytes)) return ZERO_SUM;
  return { hash: checksum(bytes), isZero: false, isSkipped: false, isUnknown: false };
}

/** Whether two known sums are of the same content, as far as a hash can tell. */
export function sameContent(a: GranuleSum, b: GranuleSum): boolean {
  return !a.isUnknown && !b.isUnknown && a.isZero === b.isZero && a.hash === b.hash;
}

/** Whether bytes are what a sum says. */
export function isContent(bytes: Uint8Array, sum: GranuleSum, checksum: Checksum): boolean {
  if (sum.isUnknown) return false;
  return sum.isZero ? isZeroes(bytes) : checksum(bytes) === sum.hash && !isZeroes(bytes);
}

export function setSum(bytes: Uint8Array, at: Bytes, sum: GranuleSum): void {
  const flags = (sum.isZero ? ZERO : 0) + (sum.isSkipped ? SKIPPED : 0) + (sum.isUnknown ? UNKNOWN : 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(at, sum.hash % TWO_32, true);
  view.setUint32(at + 4, Math.floor(sum.hash / TWO_32) + flags * TWO_20, true);
}

export function sumAt(bytes: Uint8Array, at: Bytes): GranuleSum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const high = view.getUint32(at + 4, true);
  const flags = Math.floor(high / TWO_20);
  return {
    hash: view.getUint32(at, true) + (high % TWO_20) * TWO_32,
    isZero: flags % 2 === 1,
    isSkipped: Math.floor(flags / SKIPPED) % 2 === 1,
    isUnknown: Math.floor(flags / UNKNOWN) % 2 === 1,
  };
}
