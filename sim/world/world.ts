/**
 * One machine and one life of it: drives forked from those at 0 s, the engine's filters at them, a page cache, mounted
 * volumes, applications, and the logs that checkers go by. Everything in memory is built anew for each method.
 *
 * Invariants
 * I1 What happens depends on scenario, seed and method only; logs and traces change nothing.
 * I2 Applications and agents reach a drive through its door and filter, never past them.
 */
import { Engine } from '../../engine/engine.ts';
import type { EngineEvent } from '../../engine/events.ts';
import { defect } from '../../engine/invariant.ts';
import type { Owner, Task } from '../../engine/task.ts';
import { type Bytes, type Nanoseconds, SECOND } from '../../engine/units.ts';
import type { Application } from '../apps/application.ts';
import type { BlockVersions } from '../apps/block-versions.ts';
import { Truth } from '../apps/truth.ts';
import type { WorkloadTruth } from '../apps/workload-truth.ts';
import { type Boot, Drive, type DriveHandle } from '../disk/drive.ts';
import { Sectors } from '../disk/sectors.ts';
import { WorldFaults } from '../faults/world-faults.ts';
import type { CachedVolume } from '../fs/cached-volume.ts';
import { mountFat } from '../fs/fat/mount.ts';
import type { NodeIds } from '../fs/fat/state.ts';
import type { FatVolume } from '../fs/fat/volume.ts';
import { FsError, type Path, type WallSeconds } from '../fs/file-system.ts';
import { PageCache } from '../fs/page-cache.ts';
import { Kernel } from '../kernel/kernel.ts';
import { Choices } from '../kernel/random.ts';
import type { Trace } from '../kernel/trace.ts';
import type { Modules } from '../modules.ts';
import type { AnyMethod, DriveSpec, Scenario, VolumeSpec } from '../scenario/scenario.ts';
import { Door, DoorLog } from './door.ts';
import { FileActivity } from './file-activity.ts';
import type { FilledDrives } from './filled-drives.ts';
import { kernelLimits } from './limits.ts';
import { RequestLog } from './request-log.ts';
import { TARGET_FIGURES, TARGET_ID, Target } from './target.ts';
import type { WatchedSnapshot } from './watched-snapshot.ts';

/** A drive with everything that is at it. */
export interface WorldDrive {
  readonly spec: DriveSpec;
  readonly drive: Drive;
  readonly door: Door;
  readonly cacheHandle: DriveHandle;
}

export interface WorldVolume {
  readonly spec: VolumeSpec;
  readonly on: WorldDrive;
  readonly firstSector: number;
  readonly sectorCount: number;
}

export interface RunningWorkload {
  readonly application: Application;
  readonly truth: WorkloadTruth;
}

export interface WorldOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly method: AnyMethod;
  readonly modules: Modules;
  readonly filled: FilledDrives;
  readonly applications: readonly Application[];
  readonly trace: Trace | null;
  /** For the truth: memory that another world had before. */
  readonly blockVersions?: BlockVersions;
}

export class World {
  private readonly filled: FilledDrives;
  readonly scenario: Scenario;
  readonly method: AnyMethod;
  readonly modules: Modules;
  readonly kernel: Kernel;
  readonly boot: Boot = { number: 1, isAlive: true };
  readonly drives = new Map<string, WorldDrive>();
  readonly volumes = new Map<string, WorldVolume>();
  readonly engine: Engine;
  readonly engineOwner: Owner;
  readonly engineEvents: EngineEvent[] = [];
  readonly requests: RequestLog;
  readonly doors: DoorLog;
  readonly pageCache: PageCache;
  readonly cached = new Map<string, CachedVolume>();
  readonly mounted = new Map<string, FatVolume>();
  readonly truth: Truth;
  readonly activity: FileActivity;
  readonly workloads: RunningWorkload[];
  readonly target: Target;
  readonly snapshots: WatchedSnapshot[] = [];
  /** Null in a scenario without faults. */
  readonly faults: WorldFaults | null;
  /** Letters that virtual volumes have. */
  readonly lentLetters = new Set<string>();
  /** Files of the engine: visible, and nobody's data. */
  readonly cachePaths = new Set<Path>();
  readonly machine: Owner;
  /** Hears each event of the engine in its own step, after it was noted. */
  readonly engineListeners: ((event: EngineEvent) => void)[] = [];

  constructor(options: WorldOptions) {
    const { scenario, seed, method, modules, filled, trace } = options;
    this.filled = filled;
    this.scenario = scenario;
    this.method = method;
    this.modules = modules;
    this.kernel = new Kernel(new Choices(seed), { trace, limits: kernelLimits(scenario, method) });
    this.machine = this.kernel.owner('machine');
    this.engineOwner = this.kernel.owner('engine');
    this.requests = new RequestLog(() => this.kernel.now());
    this.doors = new DoorLog(this.kernel, modules.hash, mayDropDiscards(method));
    this.requests.listener = this.doors;
    this.engine = this.buildDrives(filled);
    this.pageCache = this.buildPageCache();
    this.truth = new Truth({ base: filled.content, clock: () => this.kernel.now(), blocks: options.blockVersions });
    this.activity = new FileActivity(this.truth, () => this.kernel.now());
    this.workloads = options.applications.map(application => ({
      application,
      truth: this.truth.workload(application.id),
    }));
    this.target = this.buildTarget();
    this.faults = scenario.faults.length === 0 ? null : new WorldFaults(this);
  }

  /** The world's clock, whole seconds. */
  readonly wallClock = (): WallSeconds => this.scenario.clockSeconds + Math.floor(this.kernel.now() / SECOND);

  drive(id: string): WorldDrive {
    return this.drives.get(id) ?? defect(`no drive ${id}`);
  }

  volume(letter: string): WorldVolume {
    return this.volumes.get(letter) ?? defect(`no volume ${letter}`);
  }

  files(letter: string): FatVolume {
    return this.mounted.get(letter) ?? defect(`volume ${letter} is not mounted`);
  }

  /** What a drive held at 0 s. */
  atStart(id: string): Sectors {
    return this.filled.drives.get(id) ?? defect(`drive ${id} was not there at 0 s`);
  }

  /** Every drive as it is in this step. */
  fork(): Map<string, Sectors> {
    return new Map([...this.drives].map(([id, { drive }]) => [id, drive.fork()]));
  }

  /** Asked by agents before each read: where faults stop them. */
  *beforeRead(): Task<void> {
    yield* this.faults?.beforeRead() ?? nothing();
  }

  /** Mounts the volumes, then starts the applications. */
  *start(): Task<void> {
    const ids: NodeIds = { next: 1 };
    for (const [letter, cached] of this.cached) {
      const volume = yield* mountFat(cached, { now: this.wallClock, ids });
      volume.observer = this.activity;
      this.mounted.set(letter, volume);
    }
    for (const { spec } of this.volumes.values()) {
      if (spec.trimEveryNs !== null)
        this.machine.spawn(`trim of ${spec.letter}`, trimmed(this, spec, spec.trimEveryNs));
    }
    for (const { application, truth } of this.workloads) {
      application.start({
        kernel: this.kernel,
        owner: this.kernel.owner(application.id),
        volumes: letter => this.files(letter),
        truth,
        wallClock: this.wallClock,
      });
    }
  }

  /** Adds a drive that the scenario does not name; no filter is at it, and no application reaches it. */
  addDrive(spec: DriveSpec, sectors: Sectors): WorldDrive {
    const drive = this.makeDrive(spec, this.drives.size + 1, sectors);
    drive.faults = this.faults;
    const door = new Door(drive.handle('application', this.boot), this.doors);
    const on: WorldDrive = { spec, drive, door, cacheHandle: drive.handle('cache', this.boot) };
    this.drives.set(spec.id, on);
    return on;
  }

  /** The next letter that no volume has, for a virtual volume. */
  takeLetter(): string {
    for (let code = 'C'.charCodeAt(0); code <= 'Z'.charCodeAt(0); code++) {
      const letter = String.fromCharCode(code);
      if (this.volumes.has(letter) || this.lentLetters.has(letter)) continue;
      this.lentLetters.add(letter);
      return letter;
    }
    return defect('no letter is left');
  }

  giveLetter(letter: string): void {
    this.lentLetters.delete(letter);
  }

  private buildDrives(filled: FilledDrives): Engine {
    const ports = new Map<string, { application: DriveHandle; preserve: DriveHandle; virtual: DriveHandle }>();
    const made: { spec: DriveSpec; drive: Drive }[] = [];
    this.scenario.drives.forEach((spec, at) => {
      const index = at + 1;
      const sectors = filled.drives.get(spec.id)!.fork(this.modules.methodArena);
      const drive = this.makeDrive(spec, index, sectors);
      made.push({ spec, drive });
      ports.set(spec.id, {
        application: drive.handle('application', this.boot),
        preserve: drive.handle('preserve', this.boot),
        virtual: drive.handle('virtual', this.boot),
      });
    });
    const engine = new Engine(this.engineOwner, ports, event => this.hear(event));
    for (const { spec, drive } of made) {
      const door = new Door(engine.live(spec.id), this.doors);
      const on: WorldDrive = { spec, drive, door, cacheHandle: drive.handle('cache', this.boot) };
      this.drives.set(spec.id, on);
      for (const volume of spec.volumes) {
        const firstSector = volume.offsetBytes / spec.sectorSizeBytes;
        const sectorCount = volume.sizeBytes / spec.sectorSizeBytes;
        this.volumes.set(volume.letter, { spec: volume, on, firstSector, sectorCount });
      }
    }
    return engine;
  }

  private makeDrive(spec: DriveSpec, index: number, sectors: Sectors): Drive {
    const { id, sectorSizeBytes, figures, writeCache } = spec;
    const drive = new Drive(
      this.kernel,
      sectors,
      { id, index, sectorSize: sectorSizeBytes, figures, writeCache },
      this.modules.hash,
    );
    drive.observer = this.requests;
    return drive;
  }

  private buildPageCache(): PageCache {
    const { sizeBytes, writeBackNs, dirtyLimitBytes } = this.scenario.pageCache;
    const cache = new PageCache({
      owner: this.machine,
      sizeBytes,
      writeBackNs,
      dirtyLimitBytes,
      hash: this.modules.hash,
      buffers: this.modules.pageBuffers,
    });
    for (const [letter, { spec, on, firstSector, sectorCount }] of this.volumes) {
      if (spec.fs === 'raw') continue;
      this.cached.set(letter, cache.addVolume({ letter, device: on.door, firstSector, sectorCount }));
    }
    return cache;
  }

  private buildTarget(): Target {
    const { copyRateBytesPerSecond, count } = this.scenario.backups;
    let room: Bytes = 0;
    for (const { sizeBytes } of this.scenario.drives) room += sizeBytes;
    const sectors = new Sectors(2 * room * (count + 1), this.modules.methodArena);
    const spec = { id: TARGET_ID, sectorSizeBytes: 512, figures: TARGET_FIGURES, writeCache: false } as const;
    const drive = this.makeDrive({ ...spec, sizeBytes: 0, model: null, partitions: 'mbr', volumes: [] }, 0, sectors);
    return new Target(this.kernel, drive, drive.handle('target', this.boot), copyRateBytesPerSecond);
  }

  private hear(event: EngineEvent): void {
    this.engineEvents.push(event);
    this.kernel.digest.foldText(event.kind);
    if (this.kernel.trace !== null) {
      const { at, snapshot, kind, ...detail } = event;
      const flat = Object.entries(detail).map(([key, value]) => [key, Array.isArray(value) ? value.join(' ') : value]);
      this.kernel.trace.add(at, `engine/${snapshot}`, kind, Object.fromEntries(flat));
    }
    for (const listener of this.engineListeners) listener(event);
  }
}

function* nothing(): Task<void> {}

/** Tells a drive what is free on a volume, again and again; what fails this time may not fail the next. */
function* trimmed(world: World, { letter }: VolumeSpec, everyNs: Nanoseconds): Task<void> {
  for (;;) {
    yield everyNs;
    try {
      yield* world.files(letter).trim();
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
    }
  }
}

function mayDropDiscards(method: AnyMethod): boolean {
  return (
    method.kind === 'otm' &&
    (method.options.discards === 'drop' || method.beside.some(b => b.options.discards === 'drop'))
  );
}
