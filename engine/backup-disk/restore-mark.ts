/**
 * The first sector of what is being restored, until the restore is complete: a sealed record that programs find, and a text
 * for a person who boots the drive or dumps it. It lacks the signature of a boot sector.
 */
import { type Checksum, isSealed, seal, setWord, wordAt } from '../checksum.ts';
import { type Device, IoError } from '../device.ts';
import type { Task } from '../task.ts';
import type { Bytes, Extent, Sector } from '../units.ts';
import { readSectors } from './transfer.ts';

export interface RestoreMark {
  readonly sourceId: string;
  readonly generation: number;
  /** On the target. */
  readonly range: Extent;
}

/** The record ends before the place of a boot sector's signature. */
const RECORD_BYTES: Bytes = 496;
const MAGIC = 'OTM RESTORE INCOMPLETE\r\n';
const AT = { text: 24, idLength: 304, id: 312, generation: 448, first: 456, count: 464 } as const;
const MOST_ID_BYTES = 128;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export function encodeRestoreMark(mark: RestoreMark, sectorSize: Bytes, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(sectorSize);
  const record = bytes.subarray(0, RECORD_BYTES);
  const { sourceId, generation, range } = mark;
  const text = `restore of generation ${generation} of ${sourceId} is incomplete.\r\nRun it again.\r\n`;
  record.set(encoder.encode(MAGIC));
  record.set(encoder.encode(text).subarray(0, AT.idLength - AT.text), AT.text);
  const id = encoder.encode(sourceId).subarray(0, MOST_ID_BYTES);
  setWord(record, AT.idLength, id.length);
  record.set(id, AT.id);
  setWord(record, AT.generation, generation);
  setWord(record, AT.first, range.first);
  setWord(record, AT.count, range.count);
  seal(record, checksum);
  return bytes;
}

/** Which restore is not complete of what begins at a sector; null when none is. */
export function* restoreStateOf(target: Device, first: Sector, checksum: Checksum): Task<RestoreMark | null> {
  let record: Uint8Array;
  try {
    record = (yield* readSectors(target, first, 1)).subarray(0, RECORD_BYTES);
  } catch (error) {
    if (error instanceof IoError && error.failure === 'read-error') return null;
    throw error;
  }
  if (decoder.decode(record.subarray(0, MAGIC.length)) !== MAGIC || !isSealed(record, checksum)) return null;
  const length = Math.min(MOST_ID_BYTES, wordAt(record, AT.idLength));
  return {
    sourceId: decoder.decode(record.subarray(AT.id, AT.id + length)),
    generation: wordAt(record, AT.generation),
    range: { first: wordAt(record, AT.first), count: wordAt(record, AT.count) },
  };
}
