/**
 * An engine over devices that a test holds in its hand: each completes after a time, or when it is told to, and fails
 * where it is told to. For stories of single requests; `BenchWorld` has real drives.
 */
import type { CacheSpace } from '../../engine/cache-file.ts';
import { type Device, IoError, type IoFailure, IoRequest, type Op } from '../../engine/device.ts';
import type { Durability } from '../../engine/durable/durable-cache.ts';
import { Engine } from '../../engine/engine.ts';
import type { EngineEvent } from '../../engine/events.ts';
import type { SelectedVolume, Snapshot, SnapshotOptions } from '../../engine/snapshot.ts';
import type { Process, Task } from '../../engine/task.ts';
import { type Extent, MIB, MILLISECOND, SECOND } from '../../engine/units.ts';
import { Kernel } from '../../sim/kernel/kernel.ts';
import { Choices } from '../../sim/kernel/random.ts';
import { plainHash, TEST_TERMS } from './bench-world.ts';

const SECTOR = 512;

export class ManualDevice implements Device {
  readonly name: string;
  readonly sectorSize = SECTOR;
  readonly sectorCount: number;
  readonly zeroesAfterDiscard = true;
  readonly seen: IoRequest[] = [];
  /** Requests that hang. */
  readonly pending: IoRequest[] = [];
  hangs = false;
  takesNs = 1000;
  /** A sector that can be neither read nor written. */
  badSector: number | null = null;
  private readonly kernel: Kernel;
  readonly store: Uint8Array;

  constructor(kernel: Kernel, store: Uint8Array, name: string) {
    this.kernel = kernel;
    this.store = store;
    this.name = name;
    this.sectorCount = store.length / SECTOR;
  }

  submit(request: IoRequest): IoRequest {
    this.seen.push(request);
    if (this.hangs) this.pending.push(request);
    else this.kernel.due(this.takesNs, { ticket: 0, step: () => this.complete(request) });
    return request;
  }

  completePending(): void {
    for (const request of this.pending.splice(0)) this.complete(request);
  }

  private complete(request: IoRequest): void {
    const { op, sector, count } = request;
    const bad = this.badSector;
    if (bad !== null && sector <= bad && bad < sector + count) {
      const failure: IoFailure = op === 'read' ? 'read-error' : 'write-error';
      request.settle(new IoError(failure, this.name, op, sector, count));
      return;
    }
    const part = this.store.subarray(sector * SECTOR, (sector + count) * SECTOR);
    if (op === 'read') request.data!.set(part);
    else if (op === 'write') part.set(request.data!);
    else if (op !== 'flush') part.fill(0);
    request.settle(null);
  }
}

/** The three ways to a drive. */
interface Ports {
  readonly store: Uint8Array;
  readonly application: ManualDevice;
  readonly preserve: ManualDevice;
  readonly virtual: ManualDevice;
}

export class ManualWorld {
  readonly kernel = new Kernel(new Choices(1));
  readonly owner = this.kernel.owner('test');
  readonly events: EngineEvent[] = [];
  readonly drives: ReadonlyMap<string, Ports>;
  readonly cache: ManualDevice;
  /** Where durable snapshots keep their state. */
  readonly state: ManualDevice;
  readonly engine: Engine;
  readonly allocated: Extent[] = [];
  readonly freed: Extent[] = [];
  growsInNs = 1000;
  onEvent: (event: EngineEvent) => void = () => {};

  /** Drives by id, with so many sectors each; sector n holds the byte 1 + n % 250. */
  constructor(sizes: Readonly<Record<string, number>>) {
    const { kernel } = this;
    this.drives = new Map(
      Object.entries(sizes).map(([id, count]) => {
        const store = new Uint8Array(count * SECTOR);
        for (let sector = 0; sector < count; sector++) {
          store.fill(original(sector), sector * SECTOR, (sector + 1) * SECTOR);
        }
        const device = () => new ManualDevice(kernel, store, id);
        return [id, { store, application: device(), preserve: device(), virtual: device() }];
      }),
    );
    this.cache = new ManualDevice(kernel, new Uint8Array(8 * MIB), 'cache');
    this.state = new ManualDevice(kernel, new Uint8Array(16 * SECTOR), 'state');
    this.engine = new Engine(kernel.owner('engine'), this.drives, event => {
      this.events.push(event);
      this.onEvent(event);
    });
  }

  drive(id: string): Ports {
    return this.drives.get(id)!;
  }

  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  cacheSpace(): CacheSpace {
    const mine: Extent[] = [];
    const { allocated, freed, cache } = this;
    const growsInNs = () => this.growsInNs;
    return {
      device: cache,
      place: 'cache',
      *grow(bytes): Task<readonly Extent[]> {
        yield growsInNs();
        const last = mine.at(-1) ?? { first: 0, count: 0 };
        const extent = { first: last.first + last.count, count: bytes / SECTOR };
        mine.push(extent);
        allocated.push(extent);
        return [extent];
      },
      *free(): Task<void> {
        freed.push(...mine);
      },
    };
  }

  /** What makes a snapshot durable here. */
  durability(): Durability {
    const state = { device: this.state, sectors: [0, 8] as const };
    return { state, checksum: plainHash, incarnation: 7, fingerprint: drive => drive };
  }

  /** Asks for a snapshot; `volumes` by name, drive and sectors. */
  ask(id: string, volumes: readonly SelectedVolume[], more: Partial<SnapshotOptions> = {}): Process<Snapshot> {
    const options: SnapshotOptions = {
      ...TEST_TERMS,
      id,
      volumes,
      quietNs: MILLISECOND,
      preserveLimitNs: SECOND,
      cache: this.cacheSpace(),
      cacheSize: { minBytes: MIB, limitBytes: 4 * MIB },
      ...more,
    };
    return this.owner.spawn(`take ${id}`, this.engine.takeSnapshot(options));
  }

  take(id: string, volumes: readonly SelectedVolume[], more: Partial<SnapshotOptions> = {}): Snapshot {
    const { end } = this.ask(id, volumes, more);
    this.until(() => end.isSettled);
    return end.value;
  }

  /** Until a condition holds, event by event; without one until nothing happens any more. */
  until(holds: () => boolean): void {
    for (let events = 0; !holds(); events++) {
      if (events > 100_000 || typeof this.kernel.advance(1) === 'object') throw new Error('it never came');
    }
  }

  run(): void {
    this.kernel.settle();
  }

  /** A request of an application. */
  submit(drive: string, op: Op, sector: number, count: number): IoRequest {
    const data = op === 'write' ? new Uint8Array(count * SECTOR).fill(0xee) : null;
    return this.engine.live(drive).submit(new IoRequest(op, sector, count, data));
  }

  /** A request of a backup. */
  read(snapshot: Snapshot, volume: string, sector: number, count: number): IoRequest {
    const device = this.engine.virtualVolume(snapshot, volume, 'V:');
    return device.submit(new IoRequest('read', sector, count, new Uint8Array(count * SECTOR)));
  }
}

export function original(sector: number): number {
  return 1 + (sector % 250);
}

/** The first byte of each sector that was read. */
export function firstBytes({ data }: IoRequest): number[] {
  return Array.from({ length: data!.length / SECTOR }, (_, at) => data![at * SECTOR]!);
}

export function volume(name: string, drive: string, first: number, count: number): SelectedVolume {
  return { name, drive, extent: { first, count } };
}
