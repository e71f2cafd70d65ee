/**
 * What a mail store writes: an index of 64-byte records, one for each message that it ever had, and in the message's own
 * file one piece after the other, each behind a line of 64 bytes.
 *   index  `MESSAGE 00000017 BYTES 0000002048 TX 0000000412 P  5f3c90a1   `   (P: present, D: deleted)
 *   piece  `TX 0000000412 OF 00000017 BYTES 0001024 BODY 2863311530 1b2c3d4e`
 */
import type { Bytes } from '../../engine/units.ts';
import { ascii, checksum, hasChecksum, NOT_A_NUMBER, readDigits, writeChecksum, writeDigits } from './text-record.ts';

export const RECORD_BYTES = 64;

const ENTRY_TEMPLATE = ascii('MESSAGE 00000000 BYTES 0000000000 TX 0000000000 P  00000000    \n');
const ENTRY_SUM_AT = 51;
const STATE_AT = 48;
const PRESENT = 80;
const DELETED = 68;
const PIECE_TEMPLATE = ascii('TX 0000000000 OF 00000000 BYTES 0000000 BODY 0000000000 00000000');
const PIECE_SUM_AT = 56;

export interface IndexEntry {
  readonly message: number;
  readonly sizeBytes: Bytes;
  /** The last transaction that changed the message; 0 for none. */
  readonly transaction: number;
  readonly isPresent: boolean;
}

export interface PieceHeader {
  readonly transaction: number;
  readonly message: number;
  /** Of the whole piece, its header included. */
  readonly sizeBytes: Bytes;
}

export function writeEntry(
  into: Uint8Array,
  at: number,
  { message, sizeBytes, transaction, isPresent }: IndexEntry,
): void {
  into.set(ENTRY_TEMPLATE, at);
  writeDigits(into, at + 8, 8, message);
  writeDigits(into, at + 23, 10, sizeBytes);
  writeDigits(into, at + 37, 10, transaction);
  into[at + STATE_AT] = isPresent ? PRESENT : DELETED;
  writeChecksum(into, at, at + ENTRY_SUM_AT);
}

/** Null when it is no whole entry. */
export function readEntry(from: Uint8Array, at: number): IndexEntry | null {
  if (at + RECORD_BYTES > from.length || !hasChecksum(from, at, at + ENTRY_SUM_AT)) return null;
  const message = readDigits(from, at + 8, 8);
  const sizeBytes = readDigits(from, at + 23, 10);
  const transaction = readDigits(from, at + 37, 10);
  if (message === NOT_A_NUMBER || sizeBytes === NOT_A_NUMBER || transaction === NOT_A_NUMBER) return null;
  return { message, sizeBytes, transaction, isPresent: from[at + STATE_AT] === PRESENT };
}

/** Fills a piece: its header, then lines of letters that differ from piece to piece. */
export function writePiece(into: Uint8Array, message: number, transaction: number): void {
  const body = into.subarray(RECORD_BYTES);
  const letter = 97 + ((transaction + message) % 26);
  for (let at = 0; at < Math.min(RECORD_BYTES, body.length); at++) body[at] = at === RECORD_BYTES - 1 ? 10 : letter;
  for (let done = RECORD_BYTES; done < body.length; done *= 2) {
    body.copyWithin(done, 0, Math.min(done, body.length - done));
  }
  into.set(PIECE_TEMPLATE);
  writeDigits(into, 3, 10, transaction);
  writeDigits(into, 17, 8, message);
  writeDigits(into, 32, 7, into.length);
  writeDigits(into, 45, 10, checksum(body, 0, body.length));
  writeChecksum(into, 0, PIECE_SUM_AT);
}

/** The header of a piece that is whole from `at` on, body included; null when it is not. */
export function readPiece(from: Uint8Array, at: number): PieceHeader | null {
  if (at + RECORD_BYTES > from.length || !hasChecksum(from, at, at + PIECE_SUM_AT)) return null;
  const transaction = readDigits(from, at + 3, 10);
  const message = readDigits(from, at + 17, 8);
  const sizeBytes = readDigits(from, at + 32, 7);
  const sum = readDigits(from, at + 45, 10);
  if (transaction === NOT_A_NUMBER || message === NOT_A_NUMBER || !(sizeBytes >= RECORD_BYTES)) return null;
  if (at + sizeBytes > from.length) return null;
  if (checksum(from, at + RECORD_BYTES, sizeBytes - RECORD_BYTES) !== sum) return null;
  return { transaction, message, sizeBytes };
}
