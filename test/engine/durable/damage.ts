/**
 * A durable cache as a power cut left it, as plain bytes, and what one fault may do to it: a contiguous range or one
 * sector zeroed, flipped, set back to an older version or swapped with another; sometimes with the checksums of the
 * records that it hits made right again. What is left must be exact or refused.
 */

import type { Checksum } from '../../../engine/checksum.ts';
import { seal, setWord, wordAt } from '../../../engine/checksum.ts';
import { type Found, type Refusal, readPlaces } from '../../../engine/durable/reopen.ts';
import { runNow } from '../../../engine/task.ts';
import type { Extent } from '../../../engine/units.ts';
import { Arena } from '../../../sim/disk/arena.ts';
import { ImmediateDevice } from '../../../sim/disk/immediate-device.ts';
import { Sectors } from '../../../sim/disk/sectors.ts';
import { SECTOR } from '../bench-world.ts';
import { type DurableWorld, SIZE, STATE_SECTORS } from './durable-world.ts';

/** What was there when the power was cut. */
export interface Left {
  readonly cacheSector: 512 | 4096;
  /** The file's bytes in the order of the file. */
  readonly file: Uint8Array;
  /** The same range of the drive at an earlier time. */
  readonly older: readonly Uint8Array[];
  readonly states: readonly [Uint8Array, Uint8Array];
  readonly olderStates: readonly (readonly [Uint8Array, Uint8Array])[];
  readonly live: ReadonlyMap<string, Uint8Array>;
  readonly atT: ReadonlyMap<string, Uint8Array>;
}

/** Draws below a bound. */
export type Draw = (bound: number) => number;

function bytesOf(sectors: Sectors, extents: readonly Extent[], sectorSize: number): Uint8Array {
  const parts = extents.map(({ first, count }) => {
    const bytes = new Uint8Array(count * sectorSize);
    sectors.read(first * sectorSize, bytes);
    return bytes;
  });
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function statesOf(sectors: Sectors): [Uint8Array, Uint8Array] {
  const [first, second] = STATE_SECTORS.map(sector => bytesOf(sectors, [{ first: sector, count: 1 }], SECTOR));
  return [first!, second!];
}

export function leftOf(world: DurableWorld, earlier: readonly ReadonlyMap<string, Sectors>[]): Left {
  const { extents } = world;
  const cacheSector = world.drive('cache').sectorSize;
  const whole = (sectors: Sectors): Uint8Array => bytesOf(sectors, [{ first: 0, count: SIZE }], SECTOR);
  const each = (of: (id: string) => Sectors): Map<string, Uint8Array> =>
    new Map(['a', 'b'].map(id => [id, whole(of(id))]));
  return {
    cacheSector,
    file: bytesOf(world.drive('cache').sectors, extents, cacheSector),
    older: earlier.map(drives => bytesOf(drives.get('cache')!, extents, cacheSector)),
    states: statesOf(world.drive('a').sectors),
    olderStates: earlier.map(drives => statesOf(drives.get('a')!)),
    live: each(id => world.drive(id).sectors),
    atT: each(id => world.forkAtT!.get(id)!),
  };
}

export type Answer = 'exact' | 'wrong' | Refusal['because'];

/** Opens what is left, after `damage` to copies of it. */
export function answerOf(
  left: Left,
  checksum: Checksum,
  damage: (copy: Copy) => void,
): { answer: Answer; found: Found | null } {
  const copy = new Copy(left, checksum);
  damage(copy);
  const arena = new Arena();
  const cache = new Sectors(Math.max(left.file.length, 4096), arena);
  cache.write(0, copy.file);
  const a = new Sectors((SIZE + 16) * SECTOR, arena);
  for (const [slot, sector] of STATE_SECTORS.entries()) a.write(sector * SECTOR, copy.states[slot]!);
  const device = new ImmediateDevice('cache', cache, left.cacheSector);
  const state = { device: new ImmediateDevice('a', a, SECTOR), sectors: STATE_SECTORS };
  const extents = [{ first: 0, count: copy.fileSectors }];
  const result = runNow(readPlaces({ device, place: 'cache', extents, state, checksum }));
  if ('because' in result) return { answer: result.because, found: null };
  return { answer: isExact(left, result, copy.file) ? 'exact' : 'wrong', found: result };
}

/** What is in the cache, and for the rest the drive as it is: the picture. */
function isExact(left: Left, { birth, granules }: Found, file: Uint8Array): boolean {
  const sectorsEach = birth.granuleBytes / SECTOR;
  return birth.volumes.every(({ drive, extent }, index) => {
    const picture = left.live.get(drive)!.slice(extent.first * SECTOR, (extent.first + extent.count) * SECTOR);
    for (const { volume, granule, place, dataBytes } of granules.toReversed()) {
      if (volume !== index) continue;
      const from = granule * sectorsEach * SECTOR;
      const length = Math.min(birth.granuleBytes, picture.length - from);
      if (place === null) picture.fill(0, from, from + length);
      else picture.set(file.subarray(place + left.cacheSector, place + left.cacheSector + dataBytes), from);
    }
    const expected = left.atT.get(drive)!.subarray(extent.first * SECTOR, (extent.first + extent.count) * SECTOR);
    return Buffer.compare(picture, expected) === 0;
  });
}

/** Bytes that may be damaged. */
export class Copy {
  readonly file: Uint8Array;
  readonly states: [Uint8Array, Uint8Array];
  fileSectors: number;
  private readonly left: Left;
  private readonly checksum: Checksum;

  constructor(left: Left, checksum: Checksum) {
    this.left = left;
    this.checksum = checksum;
    this.file = left.file.slice();
    this.states = [left.states[0].slice(), left.states[1].slice()];
    this.fileSectors = left.file.length / left.cacheSector;
  }

  /** One fault, as it is drawn. `records`: where each sealed record of the file begins and ends, with its data. */
  damage(draw: Draw, records: readonly LoggedRecord[]): string {
    const isResealed = draw(4) === 0;
    const kind = draw(6);
    if (kind === 0) return this.damageState(draw, isResealed);
    const range = this.range(draw, records);
    const what = this.damageRange(draw, range);
    if (isResealed) this.reseal(range, records);
    return `${what}${isResealed ? ', resealed' : ''}`;
  }

  private range(draw: Draw, records: readonly LoggedRecord[]): Range {
    const { cacheSector, file } = this.left;
    // The last committed record and the beginning of the file come more often than chance would have them.
    const aim = draw(5);
    if (aim === 4 && draw(4) === 0) return { from: 0, to: file.length };
    if (aim <= 1 && records.length > 0) {
      const record = records[aim === 0 ? records.length - 1 : draw(records.length)]!;
      return { from: record.at, to: record.at + cacheSector };
    }
    const sectors = file.length / cacheSector;
    const first = aim === 2 ? draw(Math.min(sectors, 12)) : draw(sectors);
    const count = draw(2) === 0 ? 1 : 1 + draw(Math.min(40, sectors - first));
    return { from: first * cacheSector, to: Math.min(file.length, (first + count) * cacheSector) };
  }

  private damageRange(draw: Draw, { from, to }: Range): string {
    switch (draw(5)) {
      case 0:
        this.file.fill(0, from, to);
        return 'zeroed';
      case 1: {
        for (let flips = 1 + draw(8); flips > 0; flips--) flip(this.file, from + draw(to - from), draw(8));
        return 'flipped';
      }
      case 2: {
        const older = this.left.older[draw(Math.max(1, this.left.older.length))];
        if (older === undefined) return 'nothing';
        this.file.set(older.subarray(from, to), from);
        return 'older';
      }
      case 3: {
        const length = to - from;
        const places = Math.floor((this.file.length - length) / this.left.cacheSector) + 1;
        const other = draw(places) * this.left.cacheSector;
        const kept = this.file.slice(from, to);
        this.file.copyWithin(from, other, other + length);
        this.file.set(kept, other);
        return 'swapped';
      }
      default: {
        this.fileSectors = Math.max(1, Math.floor(from / this.left.cacheSector));
        return 'cut off';
      }
    }
  }

  private damageState(draw: Draw, isResealed: boolean): string {
    const slot = draw(2);
    const state = this.states[slot]!;
    switch (draw(4)) {
      case 0:
        state.fill(0);
        return 'state zeroed';
      case 1: {
        const older = this.left.olderStates[draw(Math.max(1, this.left.olderStates.length))];
        if (older === undefined) return 'nothing';
        // The whole drive, or one sector of it.
        if (draw(2) === 0) for (const each of [0, 1]) this.states[each]!.set(older[each]!);
        else state.set(older[slot]!);
        return 'state older';
      }
      case 2: {
        const kept = state.slice();
        state.set(this.states[1 - slot]!);
        this.states[1 - slot]!.set(kept);
        return 'states swapped';
      }
      default: {
        // The fields: incarnation, slot, sequence, counter, chain, ended.
        if (draw(2) === 0) {
          const at = 16 + 8 * draw(6);
          const word = wordAt(state, at);
          if (!Number.isNaN(word)) setWord(state, at, Math.max(0, word + [1, -1, 2][draw(3)]!));
        } else flip(state, draw(state.length), draw(8));
        if (isResealed) seal(state, this.checksum);
        return `state changed${isResealed ? ', resealed' : ''}`;
      }
    }
  }

  /** Makes the checksums of the records that a range touches right again. */
  private reseal({ from, to }: Range, records: readonly LoggedRecord[]): void {
    const { cacheSector } = this.left;
    for (const { at, length, dataBytes } of records) {
      const end = at + length + Math.ceil(dataBytes / cacheSector) * cacheSector;
      if (at >= to || end <= from) continue;
      const record = this.file.subarray(at, at + length);
      if (dataBytes > 0) {
        const data = this.file.subarray(at + length, at + length + dataBytes);
        if (data.length === dataBytes) setWord(record, 72, this.checksum(data));
      }
      seal(record, this.checksum);
    }
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** A sealed record of the file; `length` without its data. */
export interface LoggedRecord {
  readonly at: number;
  readonly length: number;
  readonly dataBytes: number;
}

/** Every record of an undamaged file, in order. */
export function recordsOf(left: Left, found: Found): LoggedRecord[] {
  const { cacheSector, file } = left;
  const birthBytes = wordAt(file, 4096 + 24);
  const records: LoggedRecord[] = [
    { at: 0, length: cacheSector, dataBytes: 0 },
    { at: 4096, length: birthBytes, dataBytes: 0 },
  ];
  for (let at = 4096 + birthBytes; at < found.endOffset; ) {
    // A member says how long its data is; a commit record has its chain at the same place, and no data.
    const isMember = String.fromCharCode(...file.subarray(at, at + 6)) === 'OTMGRA';
    const dataBytes = isMember ? wordAt(file, at + 64) : 0;
    records.push({ at, length: cacheSector, dataBytes });
    at += cacheSector + Math.ceil(dataBytes / cacheSector) * cacheSector;
  }
  return records;
}

function flip(bytes: Uint8Array, at: number, bit: number): void {
  bytes[at] = bytes[at]! ^ (1 << bit);
}
