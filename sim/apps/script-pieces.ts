/**
 * What a script writes: pieces whose every 512 bytes begin with a line of 64 that says who wrote them, and are filled with
 * copies of that line, so that a person sees in any part of a restored file which transaction it is of:
 *   `TX 0000000412 STEP 002 OF A       AT 000000016384 5f3c90a1     `
 * Before 0 s every file is filled in the same way by transaction 0, step 0.
 */
import type { Bytes } from '../../engine/units.ts';
import { ascii, hasChecksum, readDigits, writeChecksum, writeDigits } from './text-record.ts';

const UNIT_BYTES = 512;
export const LINE_BYTES = 64;

const TEMPLATE = ascii('TX 0000000000 STEP 000 OF         AT 000000000000 00000000     \n');
const NAME_AT = 26;
const NAME_BYTES = 7;
const SUM_AT = 50;

export interface Stamp {
  readonly transaction: number;
  readonly step: number;
  /** As `files` names it; what is longer than seven characters is cut off. */
  readonly name: string;
}

/** Fills a piece that will stand at an offset of its file. */
export function writePiece(into: Uint8Array, offset: Bytes, { transaction, step, name }: Stamp): void {
  const line = new Uint8Array(LINE_BYTES);
  for (let at = 0; at < into.length; at += UNIT_BYTES) {
    line.set(TEMPLATE);
    writeDigits(line, 3, 10, transaction);
    writeDigits(line, 19, 3, step);
    for (let place = 0; place < Math.min(NAME_BYTES, name.length); place++) {
      line[NAME_AT + place] = name.charCodeAt(place) & 127;
    }
    writeDigits(line, 37, 12, offset + at);
    writeChecksum(line, 0, SUM_AT);
    const unit = into.subarray(at, at + UNIT_BYTES);
    unit.set(line.subarray(0, Math.min(LINE_BYTES, unit.length)));
    for (let done = LINE_BYTES; done < unit.length; done *= 2) {
      unit.copyWithin(done, 0, Math.min(done, unit.length - done));
    }
  }
}

/** Whether a line is whole, and of this transaction and step. */
export function isOf(line: Uint8Array, transaction: number, step: number): boolean {
  return readDigits(line, 3, 10) === transaction && readDigits(line, 19, 3) === step && hasChecksum(line, 0, SUM_AT);
}
