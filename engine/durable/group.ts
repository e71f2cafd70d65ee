/**
 * A group of first writes as it lies in the log: for each member its header and its data, then the commit record. All of
 * it is written at once and read back as it stands.
 */
import type { Checksum } from '../checksum.ts';
import type { Granule } from '../granules.ts';
import { invariant } from '../invariant.ts';
import type { Bytes } from '../units.ts';
import { chainOf, type Incarnation, sealOf, writeCommit, writeMember } from './layout.ts';

/** A granule to be kept: the number of its volume in the record of T, and its bytes, null for zeroes. */
export interface GroupMember {
  readonly volume: number;
  readonly granule: Granule;
  readonly data: Uint8Array | null;
}

/** Where a group stands in the log. */
export interface GroupPlace {
  readonly incarnation: Incarnation;
  /** Offset in the file of its first member. */
  readonly place: Bytes;
  readonly group: number;
  /** The chain up to the group before it. */
  readonly chainBefore: number;
}

/** A member's header and its data, in whole sectors. */
export function memberBytes(dataBytes: Bytes, sectorSize: Bytes): Bytes {
  return sectorSize + Math.ceil(dataBytes / sectorSize) * sectorSize;
}

/** Fills `into`, which is as long as the members and a commit record, and returns the chain with this group in it. */
export function encodeGroup(
  into: Uint8Array,
  members: readonly GroupMember[],
  { incarnation, place, group, chainBefore }: GroupPlace,
  sectorSize: Bytes,
  checksum: Checksum,
): number {
  const seals: number[] = [];
  let at = 0;
  members.forEach(({ volume, granule, data }, index) => {
    const header = into.subarray(at, at + sectorSize);
    const dataBytes = data === null ? 0 : data.length;
    const dataChecksum = data === null ? 0 : checksum(data);
    const of = { group, index, count: members.length, volume, granule, dataBytes, dataChecksum };
    writeMember(header, incarnation, place + at, of, checksum);
    seals.push(sealOf(header));
    const end = at + memberBytes(dataBytes, sectorSize);
    if (data !== null) {
      into.set(data, at + sectorSize);
      into.fill(0, at + sectorSize + dataBytes, end);
    }
    at = end;
  });
  const chain = chainOf(chainBefore, seals, checksum);
  invariant(at + sectorSize === into.length, `a group of ${at + sectorSize} bytes in ${into.length}`);
  writeCommit(into.subarray(at), incarnation, place + at, group, chain, checksum);
  return chain;
}
