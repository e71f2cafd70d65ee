/**
 * What survives a machine: drives forked from those at 0 s, the kernel, choices, the truth, the target, faults, and the
 * logs that checkers go by. The machine that runs (machine.ts) is reached through it. Built anew for each method.
 *
 * Invariants
 * I1 What happens depends on scenario, seed and method only; logs and traces change nothing.
 * I2 Applications and agents reach a drive through its door and filter, never past them.
 * I3 There is one machine at a time; between two lives it is the one that has ended.
 */
import type { Engine } from '../../engine/engine.ts';
import type { EngineEvent } from '../../engine/events.ts';
import { defect, WorldError } from '../../engine/invariant.ts';
import { SnapshotRecords } from '../../engine/snapshot-record.ts';
import { Latch, type Owner, type Task } from '../../engine/task.ts';
import { type Bytes, SECOND } from '../../engine/units.ts';
import type { Application } from '../apps/application.ts';
import type { BlockVersions } from '../apps/block-versions.ts';
import { Truth } from '../apps/truth.ts';
import type { WorkloadTruth } from '../apps/workload-truth.ts';
import { Drive, type DriveHandle } from '../disk/drive.ts';
import { Sectors } from '../disk/sectors.ts';
import { WorldFaults } from '../faults/world-faults.ts';
import type { CachedVolume } from '../fs/cached-volume.ts';
import type { FatVolume } from '../fs/fat/volume.ts';
import type { Path, WallSeconds } from '../fs/file-system.ts';
import { OracleLog } from '../fs/oracle.ts';
import type { PageCache } from '../fs/page-cache.ts';
import { Kernel } from '../kernel/kernel.ts';
import { Choices } from '../kernel/random.ts';
import type { Trace } from '../kernel/trace.ts';
import type { Modules } from '../modules.ts';
import { hasSnapshots } from '../scenario/methods.ts';
import type { AnyMethod, DriveSpec, Scenario, VolumeSpec } from '../scenario/scenario.ts';
import { type BackupDrive, backupDrivesOf, fillBackupDrive } from './backup-drive.ts';
import { type Door, DoorLog } from './door.ts';
import { FileActivity } from './file-activity.ts';
import type { FilledDrives } from './filled-drives.ts';
import { END_WORDS, Life, type LifeEnd } from './life.ts';
import { kernelLimits } from './limits.ts';
import { compareLivePages, type LivePages } from './live-pages.ts';
import { Machine } from './machine.ts';
import { Power } from './power.ts';
import { RequestLog } from './request-log.ts';
import { Rescue, type RestoredDisk } from './rescue.ts';
import type { Survival } from './restart.ts';
import { TARGET_FIGURES, TARGET_ID, Target } from './target.ts';
import { selectedVolumes, type WatchedSnapshot } from './watched-snapshot.ts';

/** A drive with everything that is at it while a machine runs. */
export class WorldDrive {
  readonly spec: DriveSpec;
  readonly drive: Drive;
  private attached: Attached | null = null;

  constructor(spec: DriveSpec, drive: Drive) {
    this.spec = spec;
    this.drive = drive;
  }

  /** Of the machine that runs. */
  get door(): Door {
    return this.attached?.door ?? defect(`${this.spec.id}: no machine is at it`);
  }

  get cacheHandle(): DriveHandle {
    return this.attached?.cacheHandle ?? defect(`${this.spec.id}: no machine is at it`);
  }

  get stateHandle(): DriveHandle {
    return this.attached?.stateHandle ?? defect(`${this.spec.id}: no machine is at it`);
  }

  /** For machines. */
  attach(attached: Attached): void {
    this.attached = attached;
  }
}

/** What a machine has at a drive: the way of applications, and those of the engine's own caches and states. */
interface Attached {
  readonly door: Door;
  readonly cacheHandle: DriveHandle;
  readonly stateHandle: DriveHandle;
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

/** The machine could not be started. */
class NotStarted extends WorldError {
  override readonly name = 'NotStarted';
}

export class World {
  readonly scenario: Scenario;
  readonly method: AnyMethod;
  readonly modules: Modules;
  readonly kernel: Kernel;
  readonly drives = new Map<string, WorldDrive>();
  readonly volumes = new Map<string, WorldVolume>();
  readonly engineEvents: EngineEvent[] = [];
  /** The engine's own log, as its host would keep it. */
  readonly snapshotLog = new SnapshotRecords();
  readonly requests: RequestLog;
  readonly doors: DoorLog;
  readonly oracleLog = new OracleLog();
  readonly truth: Truth;
  readonly activity: FileActivity;
  readonly workloads: RunningWorkload[];
  readonly target: Target;
  readonly snapshots: WatchedSnapshot[] = [];
  readonly rescue = new Rescue(this);
  /** What was restored onto new drives. */
  readonly restoredDisks: RestoredDisk[] = [];
  /** Of `otm-incremental`, once the first backup was made. */
  readonly backupDrives: BackupDrive[] = [];
  /** In order; the last one lasts, or is to be followed by another. */
  readonly lives: Life[] = [];
  /** What was there of each workload whenever a machine had started again. */
  readonly survivals: Survival[] = [];
  /** What drives held of the live volumes at the end of each machine. */
  readonly livePages: LivePages[] = [];
  /** Null in a scenario without faults. */
  readonly faults: WorldFaults | null;
  readonly power: Power;
  /** Files of the engine: visible, and nobody's data. */
  readonly cachePaths = new Set<Path>();
  /** Hears each event of the engine in its own step, after it was noted. */
  readonly engineListeners: ((event: EngineEvent) => void)[] = [];
  /** The machine that runs, or ran last (I3). */
  machine: Machine;
  private incarnations = 0;
  private nextLife = new Latch<void>('the next start of the machine');

  constructor(options: WorldOptions) {
    const { scenario, seed, method, modules, filled, trace } = options;
    this.scenario = scenario;
    this.method = method;
    this.modules = modules;
    this.kernel = new Kernel(new Choices(seed), { trace, limits: kernelLimits(scenario, method) });
    this.requests = new RequestLog(() => this.kernel.now());
    this.doors = new DoorLog(this.kernel, modules.hash, mayDropDiscards(method));
    this.requests.listener = this.doors;
    this.buildDrives(filled);
    this.truth = new Truth({ base: filled.content, clock: () => this.kernel.now(), blocks: options.blockVersions });
    this.activity = new FileActivity(this.truth, () => this.kernel.now());
    this.workloads = options.applications.map(application => ({
      application,
      truth: this.truth.workload(application.id),
    }));
    this.target = this.buildTarget();
    this.machine = this.newMachine(filled.drives);
    this.power = new Power(this);
    this.faults = scenario.faults.length === 0 ? null : new WorldFaults(this);
    if (method.kind === 'otm-incremental' && method.schedule.base) this.fillBackupDrives();
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
    return this.machine.files(letter);
  }

  get engine(): Engine {
    return this.machine.engine;
  }

  get engineOwner(): Owner {
    return this.machine.engineOwner;
  }

  get pageCache(): PageCache {
    return this.machine.pageCache;
  }

  get cached(): ReadonlyMap<string, CachedVolume> {
    return this.machine.cached;
  }

  get mounted(): ReadonlyMap<string, FatVolume> {
    return this.machine.mounted;
  }

  get lentLetters(): Set<string> {
    return this.machine.lentLetters;
  }

  /** Every drive as it is in this step. */
  fork(): Map<string, Sectors> {
    return new Map([...this.drives].map(([id, { drive }]) => [id, drive.fork()]));
  }

  /** Asked by agents before each read: where faults stop them. */
  *beforeRead(): Task<void> {
    yield* this.faults?.beforeRead() ?? nothing();
  }

  /** By whatever backups, so far. */
  get targetBytesWritten(): Bytes {
    return this.target.bytesWritten + this.backupDrives.reduce((sum, { drive }) => sum + drive.bytesWritten, 0);
  }

  /** Waits until the machine runs, its applications started; throws when it could not be started. */
  *running(): Task<Machine> {
    for (;;) {
      const { machine } = this;
      if (!machine.ready.isSettled) yield machine.ready;
      if (machine.isUp) return machine;
      if (machine.failure !== null) throw new NotStarted(`the machine did not start: ${machine.failure.message}`);
      if (machine === this.machine) yield this.nextLife;
    }
  }

  /** For `power`: everything in memory is gone in this step. */
  endLife(by: LifeEnd): void {
    const { machine, kernel } = this;
    const { life } = machine;
    life.endedBy = by;
    life.endedNs = kernel.now();
    life.endedAt = this.truth.now();
    this.livePages.push(compareLivePages(this, machine));
    machine.end();
    this.doors.machineEnded();
    this.faults?.machineEnded();
    for (const snapshot of this.snapshots) snapshot.machineEnded();
    for (const { application, truth } of this.workloads) {
      truth.machineEnded(`the machine ${END_WORDS[by]}`, !application.recovers);
    }
  }

  /** For `power`: drives are as they were left, and a machine starts from them. */
  startLife(): void {
    const { kernel } = this;
    for (const { drive } of [...this.drives.values(), this.target]) drive.reset();
    const { endedNs } = this.machine.life;
    for (const { drive, machineEnds } of this.backupDrives) {
      machineEnds.push({ atNs: endedNs ?? kernel.now(), sectors: drive.fork() });
    }
    const drives = new Map(this.scenario.drives.map(({ id }) => [id, this.drive(id).drive.fork()]));
    this.machine = this.newMachine(drives);
    kernel.trace?.add(kernel.now(), 'machine', 'starts', { life: this.machine.life.number });
    this.machine.begin();
    this.nextLife.settle();
    this.nextLife = new Latch<void>('the next start of the machine');
  }

  /** Adds a drive that the scenario does not name; no filter is at it, and no application reaches it. */
  addDrive(spec: DriveSpec, sectors: Sectors): WorldDrive {
    const drive = this.makeDrive(spec, this.drives.size + 1, sectors);
    drive.faults = this.faults;
    const on = new WorldDrive(spec, drive);
    this.drives.set(spec.id, on);
    this.machine.attach(spec.id);
    return on;
  }

  /** Of the next durable snapshot: no two in all lives have the same. */
  takeIncarnation(): number {
    this.incarnations += 1;
    return this.incarnations;
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

  private newMachine(drives: Life['drives']): Machine {
    const life = new Life({
      number: this.lives.length + 1,
      startedAt: this.truth.lastEvent,
      firstIssue: this.requests.length,
      firstCompletion: this.requests.completions,
      drives,
    });
    this.lives.push(life);
    return new Machine(this, life);
  }

  private fillBackupDrives(): void {
    const { number } = this.machine.life;
    const selected = selectedVolumes(this, this.scenario.backups.selection);
    for (const drive of backupDrivesOf(this, selected)) fillBackupDrive(this, drive, number);
  }

  private buildDrives(filled: FilledDrives): void {
    this.scenario.drives.forEach((spec, at) => {
      const sectors = filled.drives.get(spec.id)!.fork(this.modules.methodArena);
      const on = new WorldDrive(spec, this.makeDrive(spec, at + 1, sectors));
      this.drives.set(spec.id, on);
      for (const volume of spec.volumes) {
        const firstSector = volume.offsetBytes / spec.sectorSizeBytes;
        const sectorCount = volume.sizeBytes / spec.sectorSizeBytes;
        this.volumes.set(volume.letter, { spec: volume, on, firstSector, sectorCount });
      }
    });
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

  private buildTarget(): Target {
    const { copyRateBytesPerSecond, count } = this.scenario.backups;
    let room: Bytes = 0;
    for (const { sizeBytes } of this.scenario.drives) room += sizeBytes;
    const sectors = new Sectors(2 * room * (count + 1), this.modules.methodArena);
    const spec = { id: TARGET_ID, sectorSizeBytes: 512, figures: TARGET_FIGURES, writeCache: false } as const;
    const drive = this.makeDrive({ ...spec, sizeBytes: 0, model: null, partitions: 'mbr', volumes: [] }, 0, sectors);
    return new Target(this.kernel, drive, copyRateBytesPerSecond);
  }

  /** For machines. */
  hear(event: EngineEvent): void {
    this.engineEvents.push(event);
    this.snapshotLog.hear(event);
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

function mayDropDiscards(method: AnyMethod): boolean {
  return (
    hasSnapshots(method) &&
    (method.options.discards === 'drop' || method.beside.some(b => b.options.discards === 'drop'))
  );
}
