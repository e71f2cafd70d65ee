/**
 * One life of the machine: what a boot builds and a power cut or a kill drops. The engine with its filters at the drives,
 * the doors above them, the page cache, mounted volumes, letters that are lent, the programs that run. Drives survive, and
 * what the world knows of them.
 *
 * Invariants
 * I1 Nothing of a machine is touched by the next one: handles, engine, page cache and volumes are built anew.
 * I2 After `end` none of its tasks is ever resumed, and no `finally` runs; a request of it is a defect.
 * I3 Applications start when every volume is mounted.
 * I4 After another machine nothing is written to a volume before the snapshots that outlived it are back. Volumes that none
 *    of them has are mounted first: there a cache can grow that a repair of the others may need.
 */
import type { Device } from '../../engine/device.ts';
import { Engine } from '../../engine/engine.ts';
import { defect, invariant, WorldError } from '../../engine/invariant.ts';
import { Latch, type Owner, type Task } from '../../engine/task.ts';
import type { ChangeTracker } from '../../engine/tracking.ts';
import type { Nanoseconds } from '../../engine/units.ts';
import type { Boot, DriveHandle } from '../disk/drive.ts';
import type { CachedVolume } from '../fs/cached-volume.ts';
import { mountFat } from '../fs/fat/mount.ts';
import type { NodeIds } from '../fs/fat/state.ts';
import type { FatVolume } from '../fs/fat/volume.ts';
import { FsError } from '../fs/file-system.ts';
import { PageCache } from '../fs/page-cache.ts';
import type { VolumeSpec } from '../scenario/scenario.ts';
import { BASE_SNAPSHOT, type BackedUp, DISK_GRANULE_BYTES } from './backup-drive.ts';
import { Door } from './door.ts';
import { keptPaths, removeLeftCaches } from './left-caches.ts';
import type { Life } from './life.ts';
import { repairVolumes, restartFromDrives } from './restart.ts';
import { selectedVolumes } from './watched-snapshot.ts';
import type { World, WorldDrive } from './world.ts';

/** How many intervals of changes are known. */
const INTERVALS = 8;

export class Machine {
  readonly life: Life;
  readonly boot: Boot;
  readonly engine: Engine;
  readonly engineOwner: Owner;
  /** Owns what no program does: write-back, the start. */
  readonly owner: Owner;
  /** The program that backs up: it may die alone. */
  readonly agent: Owner;
  readonly pageCache: PageCache;
  readonly cached = new Map<string, CachedVolume>();
  readonly mounted = new Map<string, FatVolume>();
  /** Letters that virtual volumes have. */
  readonly lentLetters = new Set<string>();
  /** Settled when applications have been started, when the machine could not start, or when it ended before. */
  readonly ready = new Latch<void>('the start of the machine');
  /** Settled in the step of its end. */
  readonly ended = new Latch<void>('the end of the machine');
  /** Why it did not start. */
  failure: WorldError | null = null;
  private readonly trackers = new Map<string, ChangeTracker>();
  private readonly world: World;
  private readonly programs: Owner[] = [];
  /** Settled when a volume is mounted, or never will be. */
  private readonly mountings = new Map<string, Latch<void>>();

  constructor(world: World, life: Life) {
    this.world = world;
    this.life = life;
    this.boot = { number: life.number, isAlive: true };
    const { kernel } = world;
    this.owner = kernel.owner('machine');
    this.engineOwner = kernel.owner('engine');
    this.agent = kernel.owner('agent');
    this.engine = this.attachDrives();
    this.pageCache = this.buildPageCache();
    this.trackChanges();
  }

  /** A machine that ended without warning has lost its maps: each one begins a generation (E13). */
  private trackChanges(): void {
    const { method, scenario } = this.world;
    if (method.kind !== 'otm-incremental') return;
    for (const { name, drive, extent } of selectedVolumes(this.world, scenario.backups.selection)) {
      const of = { drive, extent, granuleBytes: DISK_GRANULE_BYTES, intervals: INTERVALS };
      const tracker = this.engine.track({ ...of, generation: this.life.number });
      this.trackers.set(name, tracker);
      if (method.schedule.base && !this.isRestart) tracker.swap(BASE_SNAPSHOT);
    }
  }

  /** Whether its applications run. */
  get isUp(): boolean {
    return this.boot.isAlive && this.ready.isSettled && this.failure === null;
  }

  /** Starts it, as a task of its own. */
  begin(): void {
    this.owner.spawn('start', this.start());
  }

  /** I2. Called between two steps: nothing of it is running. */
  end(): void {
    invariant(this.boot.isAlive, `machine ${this.boot.number} ends twice`);
    this.boot.isAlive = false;
    for (const owner of [this.owner, this.engineOwner, this.agent, ...this.programs]) owner.drop();
    if (!this.ready.isSettled) this.ready.settle();
    this.ended.settle();
  }

  /** The map of changes of what a backup disk is kept of; tracked from the start of the machine. */
  tracker({ name }: BackedUp): ChangeTracker {
    return this.trackers.get(name) ?? defect(`${name} is not tracked`);
  }

  files(letter: string): FatVolume {
    return this.mounted.get(letter) ?? defect(`volume ${letter} is not mounted`);
  }

  /** Gives a drive that was added later its door. */
  attach(id: string): void {
    this.attachTo(this.world.drive(id), null);
  }

  /** Waits for a volume where the machine is still starting. */
  *whenMounted(letter: string): Task<FatVolume> {
    const mounting = this.mountings.get(letter) ?? defect(`no file system on ${letter}`);
    if (!mounting.isSettled) yield mounting;
    const volume = this.mounted.get(letter);
    if (volume === undefined) throw new FsError('corrupt', `${letter}:\\`, 'it was not mounted');
    return volume;
  }

  /**
   * Brings back what of the engine outlives a boot, before anybody writes; puts the volumes in order and mounts them;
   * starts the applications.
   */
  private *start(): Task<void> {
    const { world } = this;
    try {
      const ids: NodeIds = { next: 1 };
      // The newest first: the order does not matter, and that of their T would prove less.
      if (this.isRestart) for (const snapshot of [...world.snapshots].reverse()) yield* snapshot.comeBack();
      for (const letters of this.inOrderOfMounting()) {
        if (this.isRestart) yield* repairVolumes(world, letters);
        for (const letter of letters) yield* this.mount(letter, ids);
      }
      if (this.isRestart) restartFromDrives(world);
      this.life.startedAt = world.truth.lastEvent;
      for (const volume of this.mounted.values()) volume.observer = world.activity;
      if (this.isRestart) yield* removeLeftCaches(this, world.cachePaths, keptPaths(world));
    } catch (error) {
      if (!(error instanceof WorldError)) throw error;
      this.failure = error;
      for (const mounting of this.mountings.values()) if (!mounting.isSettled) mounting.settle();
      this.ready.settle();
      return;
    }
    for (const { spec } of world.volumes.values()) {
      if (spec.trimEveryNs !== null) this.owner.spawn(`trim of ${spec.letter}`, trimmed(this, spec, spec.trimEveryNs));
    }
    for (const { application, truth } of world.workloads) {
      const owner = world.kernel.owner(application.id);
      this.programs.push(owner);
      application.start({
        kernel: world.kernel,
        owner,
        volumes: letter => this.files(letter),
        truth,
        wallClock: world.wallClock,
        isRestart: this.isRestart,
      });
    }
    this.ready.settle();
  }

  /** I4 */
  private inOrderOfMounting(): string[][] {
    const all = [...this.cached.keys()];
    const isProtected = (letter: string): boolean => {
      const { on, firstSector: first, sectorCount: count } = this.world.volume(letter);
      const { protectedVolumes } = this.engine.live(on.spec.id);
      return protectedVolumes.some(({ grid }) => grid.overlaps(first, count));
    };
    return [all.filter(letter => !isProtected(letter)), all.filter(isProtected)];
  }

  private *mount(letter: string, ids: NodeIds): Task<void> {
    const volume = yield* mountFat(this.cached.get(letter)!, { now: this.world.wallClock, ids });
    this.mounted.set(letter, volume);
    this.mountings.get(letter)!.settle();
  }

  private get isRestart(): boolean {
    return this.life.number > 1;
  }

  /** The engine is at the drives of the scenario; at others a door without a filter. */
  private attachDrives(): Engine {
    const { world } = this;
    const ports = new Map<string, { application: DriveHandle; preserve: DriveHandle; virtual: DriveHandle }>();
    for (const { id } of world.scenario.drives) {
      const { drive } = world.drive(id);
      ports.set(id, {
        application: drive.handle('application', this.boot),
        preserve: drive.handle('preserve', this.boot),
        virtual: drive.handle('virtual', this.boot),
      });
    }
    const engine = new Engine(this.engineOwner, ports, event => world.hear(event));
    for (const [id, on] of world.drives) {
      this.attachTo(on, ports.has(id) ? engine.live(id) : null);
    }
    world.target.attach(world.target.drive.handle('target', this.boot));
    return engine;
  }

  /** Without a filter the door is at the drive itself. */
  private attachTo(on: WorldDrive, filter: Device | null): void {
    const { drive } = on;
    const door = new Door(filter ?? drive.handle('application', this.boot), this.world.doors);
    on.attach({
      door,
      cacheHandle: drive.handle('cache', this.boot),
      stateHandle: drive.handle('state', this.boot),
    });
  }

  private buildPageCache(): PageCache {
    const { scenario, modules, volumes, oracleLog } = this.world;
    const { sizeBytes, writeBackNs, dirtyLimitBytes } = scenario.pageCache;
    const { hash, pageBuffers: buffers } = modules;
    if (this.isRestart) buffers.reset();
    const cache = new PageCache({
      owner: this.owner,
      sizeBytes,
      writeBackNs,
      dirtyLimitBytes,
      hash,
      oracleLog,
      buffers,
    });
    for (const [letter, { spec, on, firstSector, sectorCount }] of volumes) {
      if (spec.fs === 'raw') continue;
      this.mountings.set(letter, new Latch<void>(`the mounting of ${letter}`));
      this.cached.set(letter, cache.addVolume({ letter, device: on.door, firstSector, sectorCount }));
    }
    return cache;
  }
}

/** Tells a drive what is free on a volume, again and again; what fails this time may not fail the next. */
function* trimmed(machine: Machine, { letter }: VolumeSpec, everyNs: Nanoseconds): Task<void> {
  for (;;) {
    yield everyNs;
    try {
      yield* machine.files(letter).trim();
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
    }
  }
}
