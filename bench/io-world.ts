/** A machine for benchmarks: drives with plain figures, an engine over the first one, clients with recycled buffers. */
import { type Device, IoRequest } from '../engine/device.ts';
import { Engine } from '../engine/engine.ts';
import type { Snapshot, SnapshotOptions } from '../engine/snapshot.ts';
import type { Owner, Process, Task } from '../engine/task.ts';
import { type Bytes, type Extent, KIB, MIB, SECOND, type Sector } from '../engine/units.ts';
import { Arena } from '../sim/disk/arena.ts';
import { type Boot, Drive, type Hash, type Purpose } from '../sim/disk/drive.ts';
import { Sectors } from '../sim/disk/sectors.ts';
import type { DriveFigures } from '../sim/disk/service-time.ts';
import { Kernel } from '../sim/kernel/kernel.ts';
import { Choices } from '../sim/kernel/random.ts';

export const PAGE = 4 * KIB;

/** No figure of it matters: the time that is measured is that of the simulator. */
export const NO_FIGURES: DriveFigures = {
  seekMinNs: 0,
  seekMaxNs: 0,
  strokeBytes: MIB,
  rotationNs: 0,
  transferBytesPerSecond: 2000 * MIB,
  commandNs: 10_000,
  flushNs: 0,
  queueDepth: 1,
  channels: 1,
  writeCacheBytes: MIB,
};

/** Of a run of requests. */
export interface Measured {
  /** Requests a second of wall time. */
  readonly perSecond: number;
  /** Virtual, from submit to completion, ascending, in nanoseconds. */
  readonly latencies: readonly number[];
  readonly virtualNs: number;
}

export class IoWorld {
  readonly kernel = new Kernel(new Choices(1));
  readonly owner: Owner;
  private readonly boot: Boot = { number: 1, isAlive: true };
  private readonly arena = new Arena();
  private readonly figures: DriveFigures;
  private readonly writeCache: boolean;
  readonly hash: Hash;
  private count = 0;

  constructor(hash: Hash, figures: DriveFigures = NO_FIGURES, writeCache = false) {
    this.hash = hash;
    this.figures = figures;
    this.writeCache = writeCache;
    this.owner = this.kernel.owner('bench');
  }

  drive(sizeBytes: number): Drive {
    const options = { id: `disk${this.count}`, index: this.count++, sectorSize: 512, figures: this.figures } as const;
    return new Drive(
      this.kernel,
      new Sectors(sizeBytes, this.arena),
      { ...options, writeCache: this.writeCache },
      this.hash,
    );
  }

  handle(drive: Drive, purpose: Purpose): Device {
    return drive.handle(purpose, this.boot);
  }

  /** Writes the whole drive once, so that every page is there. */
  *fill(device: Device): Task<void> {
    const buffer = new Uint8Array(PAGE).fill(7);
    for (let sector = 0; sector < device.sectorCount; sector += 8) {
      yield device.submit(new IoRequest('write', sector, 8, buffer));
    }
  }

  randomPlaces(regionBytes: Bytes): () => Sector {
    const random = this.kernel.choices.stream('places');
    return () => random.below(regionBytes / PAGE) * 8;
  }

  /** Runs requests of many clients. They count down to 1; `isWrite` and `place` say of each what it is, and where. */
  measure(
    device: Device,
    requests: number,
    isWrite: (at: number) => boolean,
    place: (at: number) => number,
    clients = 8,
  ): Measured {
    let left = requests;
    const latencies = new Float64Array(requests);
    const { kernel } = this;
    const client = function* (buffer: Uint8Array): Task<void> {
      while (left > 0) {
        const at = left--;
        const since = kernel.now();
        yield device.submit(new IoRequest(isWrite(at) ? 'write' : 'read', place(at), 8, buffer));
        latencies[at - 1] = kernel.now() - since;
      }
    };
    for (let at = 0; at < clients; at++) this.owner.spawn(`client-${at}`, client(new Uint8Array(PAGE).fill(at + 1)));
    const since = kernel.now();
    const started = performance.now();
    kernel.settle();
    const perSecond = requests / ((performance.now() - started) / 1000);
    return { perSecond, latencies: [...latencies.sort()], virtualNs: kernel.now() - since };
  }
}

/** A drive through the engine, and what a snapshot of it needs. */
export class SnapshotWorld {
  readonly world: IoWorld;
  readonly device: Device;
  readonly cacheDrive: Drive;
  private readonly drive: Drive;
  private readonly stateDrive: Drive;
  private readonly engine: Engine;
  private taken: Process<Snapshot> | null = null;

  constructor(world: IoWorld, regionBytes: Bytes) {
    this.world = world;
    this.drive = world.drive(regionBytes);
    this.cacheDrive = world.drive(4 * regionBytes);
    this.stateDrive = world.drive(MIB);
    const { drive } = this;
    const ports = {
      application: world.handle(drive, 'application'),
      preserve: world.handle(drive, 'preserve'),
      virtual: world.handle(drive, 'virtual'),
    };
    this.engine = new Engine(world.kernel.owner('engine'), new Map([[drive.id, ports]]), () => {});
    this.device = this.engine.live(drive.id);
    world.owner.spawn('fill', world.fill(this.device));
    world.kernel.settle();
  }

  take(granuleBytes: Bytes, isDurable = false): Snapshot {
    const { world, drive, cacheDrive, stateDrive } = this;
    const limitBytes = cacheDrive.sectorCount * cacheDrive.sectorSize;
    const options: SnapshotOptions = {
      id: 'bench',
      volumes: [{ name: 'C', drive: drive.id, extent: { first: 0, count: drive.sectorCount } }],
      quietNs: 0,
      waitLimitNs: SECOND,
      neverQuiet: 'fail',
      holdLimitNs: SECOND,
      idleLimitNs: null,
      preserveLimitNs: 10 * SECOND,
      granuleBytes,
      protect: 'application',
      discards: 'preserve',
      cache: {
        device: world.handle(cacheDrive, 'cache'),
        place: cacheDrive.id,
        *grow(bytes): Task<readonly Extent[]> {
          return [{ first: 0, count: bytes / 512 }];
        },
        *free(): Task<void> {},
      },
      cacheSize: { minBytes: limitBytes, limitBytes },
    };
    const state = { device: world.handle(stateDrive, 'cache'), sectors: [0, 8] as const };
    const durability = { state, checksum: world.hash, incarnation: 1, fingerprint: (id: string): string => id };
    const all = isDurable ? { ...options, durability } : options;
    this.taken = world.owner.spawn('snapshot', this.engine.takeSnapshot(all));
    world.kernel.settle();
    return this.taken.end.value;
  }
}
