/**
 * Fields of a record, one behind the other: words of eight bytes, little endian, and texts (their length in bytes as a
 * word, then UTF-8, filled up with zeroes to eight bytes). A reader believes nothing: what is not there, or not a safe
 * integer, spoils the whole record.
 */
import { SEAL_BYTES, setWord, wordAt } from './checksum.ts';
import { invariant } from './invariant.ts';
import type { Bytes } from './units.ts';

const WORD: Bytes = 8;

export class FieldWriter {
  private readonly parts: Uint8Array[] = [];
  private length: Bytes = 0;

  word(value: number): this {
    const bytes = new Uint8Array(WORD);
    setWord(bytes, 0, value);
    return this.add(bytes);
  }

  text(value: string): this {
    const encoded = new TextEncoder().encode(value);
    const padded = new Uint8Array(Math.ceil(encoded.length / WORD) * WORD);
    padded.set(encoded);
    return this.word(encoded.length).add(padded);
  }

  /** Words of 32 bits, an even number of them. */
  words(values: Uint32Array): this {
    invariant(values.length % 2 === 0, `${values.length} words of 32 bits`);
    const bytes = new Uint8Array(4 * values.length);
    const view = new DataView(bytes.buffer);
    values.forEach((value, at) => {
      view.setUint32(4 * at, value, true);
    });
    return this.add(bytes);
  }

  /** A record of whole sectors, with room for its seal behind the fields. */
  record(sectorSize: Bytes): Uint8Array {
    const record = new Uint8Array(Math.ceil((this.length + SEAL_BYTES) / sectorSize) * sectorSize);
    this.into(record);
    return record;
  }

  /** Writes the fields to the beginning of a record of its own length. */
  into(record: Uint8Array): void {
    invariant(this.length + SEAL_BYTES <= record.length, `fields of ${this.length} bytes for ${record.length}`);
    let at = 0;
    for (const part of this.parts) {
      record.set(part, at);
      at += part.length;
    }
  }

  private add(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }
}

/** What a record says is not possible. */
export class SpoiledRecord extends Error {
  override readonly name = 'SpoiledRecord';
}

export class FieldReader {
  private at: Bytes = 0;
  private readonly record: Uint8Array;

  constructor(record: Uint8Array) {
    this.record = record;
  }

  word(): number {
    if (this.at + WORD > this.end) throw new SpoiledRecord('it ends too early');
    const value = wordAt(this.record, this.at);
    this.at += WORD;
    if (Number.isNaN(value)) throw new SpoiledRecord(`no integer at byte ${this.at - WORD}`);
    return value;
  }

  /** A count of things that take at least `bytesEach` of what is left. */
  count(bytesEach: Bytes): number {
    const value = this.word();
    if (value * bytesEach > this.end - this.at) throw new SpoiledRecord(`room for ${value} is not there`);
    return value;
  }

  /** So many words of 32 bits. */
  words(count: number): Uint32Array {
    if (this.at + 4 * count > this.end) throw new SpoiledRecord('it ends too early');
    const view = new DataView(this.record.buffer, this.record.byteOffset + this.at, 4 * count);
    this.at += 4 * count;
    return Uint32Array.from({ length: count }, (_, at) => view.getUint32(4 * at, true));
  }

  text(): string {
    const length = this.count(1);
    const text = new TextDecoder().decode(this.record.subarray(this.at, this.at + length));
    this.at += Math.ceil(length / WORD) * WORD;
    return text;
  }

  private get end(): Bytes {
    return this.record.length - SEAL_BYTES;
  }
}
