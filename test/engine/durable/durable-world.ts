/**
 * A machine that loses its power: drives with volatile caches that outlive it, and for each life an engine over them. The
 * protected drives are `a` and `b`, the cache is on a drive of its own, the state place behind the volumes of `a`.
 */
import type { CacheSpace } from '../../../engine/cache-file.ts';
import { IoRequest, type Op } from '../../../engine/device.ts';
import type { Durability } from '../../../engine/durable/durable-cache.ts';
import type { Refusal } from '../../../engine/durable/reopen.ts';
import { Engine } from '../../../engine/engine.ts';
import type { EngineEvent } from '../../../engine/events.ts';
import { WorldError } from '../../../engine/invariant.ts';
import type { SelectedVolume, Snapshot, SnapshotOptions, SnapshotTerms } from '../../../engine/snapshot.ts';
import type { Latch, Owner, Process, Task } from '../../../engine/task.ts';
import { wait } from '../../../engine/task.ts';
import { type Extent, KIB, SECOND } from '../../../engine/units.ts';
import { Arena } from '../../../sim/disk/arena.ts';
import { type Boot, Drive, type DriveObserver, type Hash } from '../../../sim/disk/drive.ts';
import { Sectors } from '../../../sim/disk/sectors.ts';
import { Kernel } from '../../../sim/kernel/kernel.ts';
import { Choices } from '../../../sim/kernel/random.ts';
import { contents, SECTOR, SHUFFLING, TEST_TERMS } from '../bench-world.ts';

export const SIZE = 96;
export const STATE_SECTORS: readonly [number, number] = [SIZE, SIZE + 8];

/** Three volumes: two on drive a (the second with an odd size), and all of drive b. */
export const VOLUMES: readonly SelectedVolume[] = [
  { name: 'C', drive: 'a', extent: { first: 0, count: 41 } },
  { name: 'D', drive: 'a', extent: { first: 45, count: SIZE - 45 } },
  { name: 'E', drive: 'b', extent: { first: 0, count: SIZE } },
];

const TERMS: SnapshotTerms = { ...TEST_TERMS, preserveLimitNs: SECOND };

export interface WorldOptions {
  readonly seed: number;
  readonly hash: Hash;
  readonly cacheSectorSize?: 512 | 4096;
  readonly terms?: Partial<SnapshotTerms>;
}

/** Space that a host would find again: extents by id. */
interface KeptSpace {
  readonly extents: Extent[];
}

export class DurableWorld {
  readonly kernel: Kernel;
  readonly arena = new Arena();
  readonly drives = new Map<string, Drive>();
  readonly events: EngineEvent[] = [];
  /** The protected drives as they were at T. */
  forkAtT: ReadonlyMap<string, Sectors> | null = null;
  boot: Boot = { number: 0, isAlive: false };
  engine!: Engine;
  engineOwner!: Owner;
  owner!: Owner;
  /** Requests that drives were given. */
  issued = 0;
  private readonly options: WorldOptions;
  private readonly space: KeptSpace = { extents: [] };
  private nextCacheSector = 0;
  private incarnations = 100;

  constructor(options: WorldOptions) {
    this.options = options;
    this.kernel = new Kernel(new Choices(options.seed));
    const observer: DriveObserver = {
      issued: () => {
        this.issued += 1;
        return 0;
      },
      completed: () => {},
    };
    const cacheSector = options.cacheSectorSize ?? SECTOR;
    for (const [index, id] of ['a', 'b', 'cache'].entries()) {
      const sectorSize = id === 'cache' ? cacheSector : SECTOR;
      const sectors = new Sectors(id === 'cache' ? 512 * KIB : (SIZE + 16) * SECTOR, this.arena);
      const drive = new Drive(
        this.kernel,
        sectors,
        { id, index, sectorSize, figures: SHUFFLING, writeCache: true },
        options.hash,
      );
      drive.observer = observer;
      this.drives.set(id, drive);
    }
    for (const id of ['a', 'b']) this.drive(id).sectors.write(0, contents(SECTOR, 0, SIZE - 20, 0));
    this.start();
  }

  drive(id: string): Drive {
    return this.drives.get(id)!;
  }

  /** A new life of the machine. */
  start(): void {
    this.boot = { number: this.boot.number + 1, isAlive: true };
    const ports = new Map(
      ['a', 'b'].map(id => {
        const drive = this.drive(id);
        const { boot } = this;
        return [
          id,
          {
            application: drive.handle('application', boot),
            preserve: drive.handle('preserve', boot),
            virtual: drive.handle('virtual', boot),
          },
        ];
      }),
    );
    this.owner = this.kernel.owner(`test ${this.boot.number}`);
    this.engineOwner = this.kernel.owner(`engine ${this.boot.number}`);
    this.engine = new Engine(this.engineOwner, ports, event => this.hear(event));
  }

  /** Everything in memory is gone, and what drives had not stored, in part; one request is torn at most. */
  powerCut(): void {
    this.stop();
    const { choices } = this.kernel;
    const why = `cut ${this.boot.number}`;
    const torn = choices.chooser('power', why).choose(4);
    for (const [at, [id, drive]] of [...this.drives].entries()) {
      const fate = choices.chooser(id, why);
      drive.cut(
        { fate, order: choices.chooser(id, `order of ${why}`), torn: choices.chooser(id, `tear of ${why}`) },
        at === torn,
      );
    }
  }

  /** The program dies; what drives have taken is not lost. */
  kill(): void {
    this.stop();
  }

  private stop(): void {
    this.boot.isAlive = false;
    this.owner.drop();
    this.engineOwner.drop();
  }

  durability(): Durability {
    const state = { device: this.drive('a').handle('cache', this.boot), sectors: STATE_SECTORS };
    return {
      state,
      checksum: this.options.hash,
      incarnation: this.incarnations++,
      fingerprint: drive => `drive ${drive}`,
    };
  }

  cacheSpace(): CacheSpace {
    const { extents } = this.space;
    const handle = this.drive('cache').handle('cache', this.boot);
    const world = this;
    return {
      device: handle,
      place: 'cache',
      *grow(bytes): Task<readonly Extent[]> {
        yield 1000;
        // In two pieces, with a sector between that is nobody's.
        const sectors = bytes / handle.sectorSize;
        const half = Math.max(1, Math.floor(sectors / 2));
        const counts = sectors > 1 ? [half, sectors - half] : [sectors];
        const grown = counts.map(count => {
          const extent = { first: world.nextCacheSector, count };
          world.nextCacheSector += count + 1;
          return extent;
        });
        if (world.nextCacheSector > handle.sectorCount) throw new WorldError('no room');
        extents.push(...grown);
        return grown;
      },
      *free(): Task<void> {
        extents.length = 0;
        world.nextCacheSector = 0;
      },
    };
  }

  get extents(): readonly Extent[] {
    return this.space.extents;
  }

  ask(volumes: readonly SelectedVolume[], more: Partial<SnapshotOptions> = {}): Process<Snapshot> {
    const options: SnapshotOptions = {
      ...TERMS,
      ...this.options.terms,
      id: 's',
      volumes,
      cache: this.cacheSpace(),
      cacheSize: { minBytes: 24 * KIB, limitBytes: 400 * KIB },
      durability: this.durability(),
      ...more,
    };
    return this.owner.spawn('take', this.engine.takeSnapshot(options));
  }

  reopen(extents = this.extents): Process<Snapshot | Refusal> {
    return this.owner.spawn(
      'reopen',
      this.engine.reopen({
        id: 's',
        terms: { ...TERMS, ...this.options.terms },
        cache: this.cacheSpace(),
        cacheSize: { minBytes: 24 * KIB, limitBytes: 400 * KIB },
        extents,
        durability: this.durability(),
      }),
    );
  }

  submit(drive: string, op: Op, sector: number, count: number, version: number): IoRequest {
    const data = op === 'write' ? contents(SECTOR, sector, count, version) : null;
    return this.engine.live(drive).submit(new IoRequest(op, sector, op === 'flush' ? 0 : count, data));
  }

  /** Event by event, until something holds or nothing is left to do. */
  until(holds: () => boolean): boolean {
    for (let events = 0; !holds(); events++) {
      if (events > 1_000_000) throw new Error('it never ends');
      if (typeof this.kernel.advance(1) === 'object') return holds();
    }
    return true;
  }

  await<T>(latch: Latch<T>): T {
    this.until(() => latch.isSettled);
    return latch.value;
  }

  /** Sectors of a picture that are not as they were at T; null when a read failed. */
  differences(snapshot: Snapshot): string[] | null {
    const { end } = this.owner.spawn('compare', this.compare(snapshot));
    return this.await(end);
  }

  private *compare(snapshot: Snapshot): Task<string[] | null> {
    const wrong: string[] = [];
    for (const { name, drive, extent } of snapshot.options.volumes) {
      const device = this.engine.virtualVolume(snapshot, name, `V${name}`);
      const request = new IoRequest('read', 0, extent.count, new Uint8Array(extent.count * SECTOR));
      if ((yield* wait(device.submit(request))) !== null) return null;
      const fork = this.forkAtT!.get(drive)!;
      const expected = new Uint8Array(SECTOR);
      for (let sector = 0; sector < extent.count; sector++) {
        fork.read((extent.first + sector) * SECTOR, expected);
        const got = request.data!.subarray(sector * SECTOR, (sector + 1) * SECTOR);
        if (got.some((byte, at) => byte !== expected[at])) wrong.push(`${name}:${sector}`);
      }
    }
    return wrong;
  }

  private hear(event: EngineEvent): void {
    this.events.push(event);
    if (event.kind === 'enabled') {
      this.forkAtT = new Map(['a', 'b'].map(id => [id, this.drive(id).fork()]));
    }
  }
}
