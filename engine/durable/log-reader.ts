/**
 * Reads the log of a cache file group by group, as a crash may have left it. Nothing that it reads is believed before its
 * checksum, and that of its place in the chain, are right.
 *
 * Invariants
 * I1 A group is given only when all of it is whole: headers, data, commit record and chain.
 */
import type { Checksum } from '../checksum.ts';
import { IoError } from '../device.ts';
import type { FileExtents } from '../file-extents.ts';
import type { Granule } from '../granules.ts';
import type { Task } from '../task.ts';
import { type Bytes, MIB } from '../units.ts';
import { memberBytes } from './group.ts';
import { chainOf, type Incarnation, isCommit, type MemberRecord, readMember, type Spoil, sealOf } from './layout.ts';

export interface LoggedGranule {
  readonly volume: number;
  readonly granule: Granule;
  /** Offset in the file of its header; null for zeroes. */
  readonly place: Bytes | null;
  readonly dataBytes: Bytes;
}

export interface LoggedGroup {
  readonly granules: readonly LoggedGranule[];
  readonly chain: number;
  /** Where the next group begins. */
  readonly endOffset: Bytes;
}

/** Why there is no whole group: what stands there instead, or the file is too short for it. */
export type NoGroup = Spoil | 'truncated';

const WINDOW_BYTES: Bytes = MIB;

export class LogReader {
  readonly file: FileExtents;
  private readonly checksum: Checksum;
  /** What was read ahead, from `windowAt` on. */
  private window = new Uint8Array(0);
  private windowAt: Bytes = 0;

  constructor(file: FileExtents, checksum: Checksum) {
    this.file = file;
    this.checksum = checksum;
  }

  /** Bytes of the file, which may be overwritten by the next call. */
  *bytes(offset: Bytes, length: Bytes): Task<Uint8Array | 'truncated' | IoError> {
    if (offset + length > this.file.sizeBytes) return 'truncated';
    if (offset < this.windowAt || offset + length > this.windowAt + this.window.length) {
      const size = Math.min(Math.max(length, WINDOW_BYTES), this.file.sizeBytes - offset);
      const bytes = new Uint8Array(size);
      const error = yield* this.file.transfer('read', offset, bytes);
      if (error !== null) return error;
      this.window = bytes;
      this.windowAt = offset;
    }
    return this.window.subarray(offset - this.windowAt, offset - this.windowAt + length);
  }

  *group(of: Incarnation, place: Bytes, number: number, chainBefore: number): Task<LoggedGroup | NoGroup | IoError> {
    const { sectorSize } = this.file.device;
    const granules: LoggedGranule[] = [];
    const seals: number[] = [];
    let at = place;
    for (let index = 0, count = 1; index < count; index++) {
      const member = yield* this.member(of, at, number, index);
      if (typeof member === 'string' || member instanceof IoError) return member;
      const { record, sealed } = member;
      if (index > 0 && record.count !== count) return 'rotten';
      count = record.count;
      const { volume, granule, dataBytes } = record;
      granules.push({ volume, granule, place: dataBytes === 0 ? null : at, dataBytes });
      seals.push(sealed);
      at += memberBytes(dataBytes, sectorSize);
    }
    const chain = chainOf(chainBefore, seals, this.checksum);
    const commit = yield* this.bytes(at, sectorSize);
    if (!(commit instanceof Uint8Array)) return commit;
    if (!isCommit(commit, of, at, number, chain, this.checksum)) return 'rotten';
    return { granules, chain, endOffset: at + sectorSize };
  }

  /** A member's header, when its data is what it says. */
  private *member(
    of: Incarnation,
    place: Bytes,
    group: number,
    index: number,
  ): Task<{ record: MemberRecord; sealed: number } | NoGroup | IoError> {
    const { sectorSize } = this.file.device;
    const header = yield* this.bytes(place, sectorSize);
    if (!(header instanceof Uint8Array)) return header;
    const read = readMember(header, of, place, this.checksum);
    if (read.is !== 'whole') return read.is;
    const { record } = read;
    const sealed = sealOf(header);
    if (record.group !== group || record.index !== index) return 'stale';
    if (record.dataBytes === 0) return { record, sealed };
    const stored = memberBytes(record.dataBytes, sectorSize) - sectorSize;
    const data = yield* this.bytes(place + sectorSize, stored);
    if (!(data instanceof Uint8Array)) return data;
    return this.checksum(data.subarray(0, record.dataBytes)) === record.dataChecksum ? { record, sealed } : 'rotten';
  }
}
