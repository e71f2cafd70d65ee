/**
 * A small world for tests of the engine: drives with real queues, whose service times are drawn so that completions come
 * in any order, and a raw cache space on a drive of its own.
 */
import type { CacheSpace } from '../../engine/cache-file.ts';
import { IoRequest, type Op } from '../../engine/device.ts';
import type { Durability } from '../../engine/durable/durable-cache.ts';
import { Engine } from '../../engine/engine.ts';
import type { EngineEvent } from '../../engine/events.ts';
import { WorldError } from '../../engine/invariant.ts';
import type { Snapshot, SnapshotOptions, SnapshotTerms } from '../../engine/snapshot.ts';
import type { Owner, Task } from '../../engine/task.ts';
import { type Extent, KIB, MIB, MILLISECOND, SECOND } from '../../engine/units.ts';
import { Arena } from '../../sim/disk/arena.ts';
import { type Boot, Drive, type DriveHandle } from '../../sim/disk/drive.ts';
import { Sectors } from '../../sim/disk/sectors.ts';
import type { DriveFigures } from '../../sim/disk/service-time.ts';
import { Kernel } from '../../sim/kernel/kernel.ts';
import { Choices } from '../../sim/kernel/random.ts';

export const SECTOR = 512;

/** Four units, and a time that is drawn for each request. */
export const SHUFFLING: DriveFigures = {
  seekMinNs: 100_000,
  seekMaxNs: 100_000,
  strokeBytes: MIB,
  rotationNs: 5 * MILLISECOND,
  transferBytesPerSecond: 100 * MIB,
  commandNs: 10_000,
  flushNs: 1_000_000,
  queueDepth: 8,
  channels: 4,
  writeCacheBytes: 64 * KIB,
};

/** Terms of a snapshot that is taken soon and kept until it is released. */
export const TEST_TERMS: SnapshotTerms = {
  quietNs: 10 * MILLISECOND,
  waitLimitNs: 10 * SECOND,
  neverQuiet: 'fail',
  holdLimitNs: 10 * SECOND,
  idleLimitNs: null,
  preserveLimitNs: 10 * SECOND,
  granuleBytes: 2 * KIB,
  protect: 'application',
  discards: 'preserve',
};

export interface TestDrive {
  readonly drive: Drive;
  readonly ports: { application: DriveHandle; preserve: DriveHandle; virtual: DriveHandle; cache: DriveHandle };
}

export class BenchWorld {
  readonly kernel: Kernel;
  readonly arena = new Arena();
  readonly boot: Boot = { number: 1, isAlive: true };
  readonly drives = new Map<string, TestDrive>();
  readonly owner: Owner;
  readonly engine: Engine;
  readonly events: EngineEvent[] = [];
  /** The drives as they were at T, by snapshot. */
  readonly forks = new Map<string, Map<string, Sectors>>();
  readonly freed: Extent[] = [];
  private nextCacheSector = 0;
  private incarnations = 0;
  onEvent: ((event: EngineEvent) => void) | null = null;

  constructor(
    seed: number,
    sizes: Readonly<Record<string, number>>,
    sectorSizes: Readonly<Record<string, 512 | 4096>> = {},
  ) {
    this.kernel = new Kernel(new Choices(seed));
    Object.entries(sizes).forEach(([id, sectorCount], index) => {
      const sectorSize = sectorSizes[id] ?? SECTOR;
      const sectors = new Sectors(sectorCount * sectorSize, this.arena);
      const options = { id, index, sectorSize, figures: SHUFFLING, writeCache: index % 2 === 1 } as const;
      const drive = new Drive(this.kernel, sectors, options, plainHash);
      const ports = {
        application: drive.handle('application', this.boot),
        preserve: drive.handle('preserve', this.boot),
        virtual: drive.handle('virtual', this.boot),
        cache: drive.handle('cache', this.boot),
      };
      this.drives.set(id, { drive, ports });
    });
    this.owner = this.kernel.owner('test');
    const ports = new Map([...this.drives].map(([id, each]) => [id, each.ports]));
    this.engine = new Engine(this.kernel.owner('engine'), ports, event => this.hear(event));
  }

  /** Gives every sector of a drive a content of its own: drive, sector, version 0. */
  fill(id: string, from = 0, to = Number.POSITIVE_INFINITY): void {
    const { drive } = this.drive(id);
    for (let sector = from; sector < Math.min(to, drive.sectorCount); sector++) {
      drive.sectors.write(sector * drive.sectorSize, content(drive.sectorSize, sector, 0));
    }
  }

  drive(id: string): TestDrive {
    const found = this.drives.get(id);
    if (found === undefined) throw new Error(`no drive ${id}`);
    return found;
  }

  /** Submits through the filter; `version` marks what a write writes. */
  submit(id: string, op: Op, sector: number, count: number, version = 0): IoRequest {
    const { sectorSize } = this.drive(id).drive;
    let data: Uint8Array | null = null;
    if (op === 'read') data = new Uint8Array(count * sectorSize);
    if (op === 'write') data = contents(sectorSize, sector, count, version);
    return this.engine.live(id).submit(new IoRequest(op, sector, op === 'flush' ? 0 : count, data));
  }

  options(id: string, more: Partial<SnapshotOptions>): SnapshotOptions {
    return {
      ...TEST_TERMS,
      id,
      volumes: [],
      cache: this.cacheSpace('cache', MIB),
      cacheSize: { minBytes: 16 * KIB, limitBytes: 8 * MIB },
      ...more,
    };
  }

  /** A state place near the end of a drive, two sectors apart. */
  durability(id: string): Durability {
    const { drive, ports } = this.drive(id);
    const incarnation = ++this.incarnations;
    const last = drive.sectorCount - 4 * incarnation;
    return {
      state: { device: ports.cache, sectors: [last, last + 2] },
      checksum: plainHash,
      incarnation,
      fingerprint: each => each,
    };
  }

  /** Raw sectors of a drive, in extents of a few sectors each, so that slots straddle them. */
  cacheSpace(id: string, roomBytes: number): CacheSpace {
    const { drive, ports } = this.drive(id);
    const mine: Extent[] = [];
    let room = roomBytes;
    const take = (count: number): Extent => {
      const extent = { first: this.nextCacheSector, count };
      this.nextCacheSector += count + 1;
      mine.push(extent);
      return extent;
    };
    const { freed, kernel } = this;
    return {
      device: ports.cache,
      place: id,
      *grow(bytes): Task<readonly Extent[]> {
        yield kernel.choices.stream(`${id} grows at ${kernel.now()}`).below(MILLISECOND);
        if (bytes > room) throw new NoRoom(`no room for ${bytes} bytes`);
        room -= bytes;
        const sectors = bytes / drive.sectorSize;
        const half = Math.floor(sectors / 2);
        return half === 0 ? [take(sectors)] : [take(half), take(sectors - half)];
      },
      *free(): Task<void> {
        freed.push(...mine);
      },
    };
  }

  private hear(event: EngineEvent): void {
    this.events.push(event);
    if (event.kind === 'enabled') {
      const forks = new Map([...this.drives].map(([id, { drive }]) => [id, drive.fork()]));
      this.forks.set(event.snapshot, forks);
    }
    this.onEvent?.(event);
  }

  /** What a snapshot's volume must read as. */
  expected(snapshot: Snapshot, volume: number, sector: number, count: number): Uint8Array {
    const { filter, grid } = snapshot.volumes[volume]!;
    const bytes = new Uint8Array(count * filter.sectorSize);
    const fork = this.forks.get(snapshot.options.id)!.get(filter.name)!;
    fork.read((grid.volume.first + sector) * filter.sectorSize, bytes);
    return bytes;
  }
}

class NoRoom extends WorldError {}

/** Sector number and version, all over the sector. */
function content(sectorSize: number, sector: number, version: number): Uint8Array {
  const bytes = new Uint8Array(sectorSize);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < sectorSize; at += 16) {
    view.setFloat64(at, sector + 0.5);
    view.setFloat64(at + 8, version + 0.25);
  }
  return bytes;
}

export function contents(sectorSize: number, sector: number, count: number, version: number): Uint8Array {
  const bytes = new Uint8Array(count * sectorSize);
  for (let at = 0; at < count; at++) bytes.set(content(sectorSize, sector + at, version), at * sectorSize);
  return bytes;
}

export function plainHash(bytes: Uint8Array): number {
  let hash = 7;
  for (let at = 0; at < bytes.length; at += 8) hash = (Math.imul(hash, 31) + bytes[at]! + bytes[at + 7]!) | 0;
  return hash >>> 0;
}
