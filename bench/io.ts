/**
 * Simulated I/Os a second: 4 KiB, half reads, to random places of a region, eight clients with recycled buffers. The
 * content of writes is in the digest once, at issue, reads by their range. Bare: kernel and drive alone. Preserved: through
 * the engine, one snapshot alive, every granule preserved already. First writes: every write preserves a granule of 4 KiB.
 */
import { type Device, IoRequest } from '../engine/device.ts';
import { Engine } from '../engine/engine.ts';
import type { SnapshotOptions } from '../engine/snapshot.ts';
import type { Owner, Task } from '../engine/task.ts';
import { type Bytes, type Extent, KIB, MIB, SECOND, type Sector } from '../engine/units.ts';
import { Arena } from '../sim/disk/arena.ts';
import { type Boot, Drive, type Hash } from '../sim/disk/drive.ts';
import { Sectors } from '../sim/disk/sectors.ts';
import type { DriveFigures } from '../sim/disk/service-time.ts';
import { Kernel } from '../sim/kernel/kernel.ts';
import { Choices } from '../sim/kernel/random.ts';

const PAGE = 4 * KIB;
const CLIENTS = 8;

/** No figure of it matters: the time that is measured is that of the simulator. */
const FIGURES: DriveFigures = {
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

class IoWorld {
  readonly kernel = new Kernel(new Choices(1));
  readonly owner: Owner;
  private readonly boot: Boot = { number: 1, isAlive: true };
  private readonly arena = new Arena();
  private readonly hash: Hash;
  private count = 0;

  constructor(hash: Hash) {
    this.hash = hash;
    this.owner = this.kernel.owner('bench');
  }

  drive(sizeBytes: number): Drive {
    const options = { id: `disk${this.count}`, index: this.count++, sectorSize: 512, figures: FIGURES } as const;
    return new Drive(this.kernel, new Sectors(sizeBytes, this.arena), { ...options, writeCache: false }, this.hash);
  }

  handle(drive: Drive, purpose: 'application' | 'preserve' | 'virtual' | 'cache'): Device {
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

  /** Requests a second. They count down to 1; `isWrite` and `place` say of each what it is, and where. */
  measure(device: Device, requests: number, isWrite: (at: number) => boolean, place: (at: number) => number): number {
    let left = requests;
    const client = function* (buffer: Uint8Array): Task<void> {
      while (left > 0) {
        const at = left--;
        yield device.submit(new IoRequest(isWrite(at) ? 'write' : 'read', place(at), 8, buffer));
      }
    };
    for (let at = 0; at < CLIENTS; at++) this.owner.spawn(`client-${at}`, client(new Uint8Array(PAGE).fill(at + 1)));
    const started = performance.now();
    this.kernel.settle();
    return requests / ((performance.now() - started) / 1000);
  }
}

const isHalf = (at: number): boolean => at % 2 === 0;

/** What no simulator can do without: every page copied, every second one hashed. */
export function bytesAlone(hash: Hash, requests: number, regionBytes: Bytes): number {
  const slab = new Uint8Array(regionBytes).fill(7);
  const pages = Array.from({ length: regionBytes / PAGE }, (_, at) => slab.subarray(at * PAGE, (at + 1) * PAGE));
  const random = new Choices(1).stream('places');
  const buffer = new Uint8Array(PAGE);
  let sum = 0;
  const started = performance.now();
  for (let at = 0; at < requests; at++) {
    const page = pages[random.below(pages.length)]!;
    if (isHalf(at)) {
      sum += hash(buffer);
      page.set(buffer);
    } else buffer.set(page);
  }
  const perSecond = requests / ((performance.now() - started) / 1000);
  if (sum === 0) throw new Error('every hash was 0');
  return perSecond;
}

export function bare(hash: Hash, requests: number, regionBytes: Bytes): number {
  const world = new IoWorld(hash);
  const device = world.handle(world.drive(regionBytes), 'application');
  world.owner.spawn('fill', world.fill(device));
  world.kernel.settle();
  return world.measure(device, requests, isHalf, world.randomPlaces(regionBytes));
}

/** Through the engine, with one snapshot alive. */
function withSnapshot(hash: Hash, regionBytes: Bytes): { world: IoWorld; device: Device } {
  const world = new IoWorld(hash);
  const drive = world.drive(regionBytes);
  const cacheDrive = world.drive(2 * regionBytes);
  const ports = {
    application: world.handle(drive, 'application'),
    preserve: world.handle(drive, 'preserve'),
    virtual: world.handle(drive, 'virtual'),
  };
  const engine = new Engine(world.kernel.owner('engine'), new Map([[drive.id, ports]]), () => {});
  const device = engine.live(drive.id);
  world.owner.spawn('fill', world.fill(device));
  world.kernel.settle();
  const options: SnapshotOptions = {
    id: 'bench',
    volumes: [{ name: 'C', drive: drive.id, extent: { first: 0, count: drive.sectorCount } }],
    quietNs: 0,
    waitLimitNs: SECOND,
    neverQuiet: 'fail',
    holdLimitNs: SECOND,
    idleLimitNs: null,
    preserveLimitNs: 10 * SECOND,
    granuleBytes: PAGE,
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
    cacheSize: { minBytes: 2 * regionBytes, limitBytes: 2 * regionBytes },
  };
  world.owner.spawn('snapshot', engine.takeSnapshot(options));
  world.kernel.settle();
  return { world, device };
}

/** Later writes: every granule was preserved before the time is taken. */
export function preserved(hash: Hash, requests: number, regionBytes: Bytes): number {
  const { world, device } = withSnapshot(hash, regionBytes);
  world.owner.spawn('first writes', world.fill(device));
  world.kernel.settle();
  return world.measure(device, requests, isHalf, world.randomPlaces(regionBytes));
}

/** Each write preserves: a read, a cache write, and the write. Counted are the application's. */
export function firstWrites(hash: Hash, regionBytes: Bytes): number {
  const { world, device } = withSnapshot(hash, regionBytes);
  const order = Array.from({ length: regionBytes / PAGE }, (_, at) => at * 8);
  world.kernel.choices.stream('order').shuffle(order);
  return world.measure(
    device,
    order.length,
    () => true,
    at => order[at - 1]!,
  );
}
