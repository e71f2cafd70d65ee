/**
 * Records as lines of text of a fixed length, so that a person who opens a restored file can read it. Numbers stand in
 * decimal digits with leading zeroes; a checksum over all that stands before it in eight hexadecimal ones.
 *
 * Hot path: no strings are made, neither to write nor to read.
 */
import { defect } from '../../engine/invariant.ts';

const ZERO = 48;
const NINE = 57;
const LOWER_A = 97;
const LOWER_F = 102;

/** What a field of digits reads as when something else stands there. */
export const NOT_A_NUMBER = -1;

/** The bytes of a text in ASCII. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

export function writeDigits(into: Uint8Array, at: number, width: number, value: number): void {
  let rest = value;
  for (let place = at + width - 1; place >= at; place--) {
    if (rest === 0) {
      into[place] = ZERO;
      continue;
    }
    const tens = Math.floor(rest / 10);
    into[place] = ZERO + rest - tens * 10;
    rest = tens;
  }
  if (rest !== 0) defect(`${value} in ${width} digits`);
}

/** `NOT_A_NUMBER` when there is anything but digits. */
export function readDigits(from: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let place = at; place < at + width; place++) {
    const digit = from[place]!;
    if (!(digit >= ZERO && digit <= NINE)) return NOT_A_NUMBER;
    value = value * 10 + digit - ZERO;
  }
  return value;
}

/** FNV-1a over `length` bytes. */
export function checksum(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0x811c9dc5;
  for (let place = at; place < at + length; place++) sum = Math.imul(sum ^ bytes[place]!, 0x01000193);
  return sum >>> 0;
}

/** Writes the checksum of the bytes from `start` up to `at` at `at`. */
export function writeChecksum(into: Uint8Array, start: number, at: number): void {
  let sum = checksum(into, start, at - start);
  for (let place = at + 7; place >= at; place--) {
    const digit = sum & 15;
    into[place] = digit < 10 ? ZERO + digit : LOWER_A + digit - 10;
    sum >>>= 4;
  }
}

/** Whether the checksum at `at` is that of the bytes from `start` up to it. */
export function hasChecksum(from: Uint8Array, start: number, at: number): boolean {
  let sum = 0;
  for (let place = at; place < at + 8; place++) {
    const code = from[place]!;
    let digit = -1;
    if (code >= ZERO && code <= NINE) digit = code - ZERO;
    else if (code >= LOWER_A && code <= LOWER_F) digit = code - LOWER_A + 10;
    if (digit < 0) return false;
    sum = sum * 16 + digit;
  }
  return sum === checksum(from, start, at - start);
}
