/**
 * A snapshot as the world watches it: what the world was in the very event in which it was enabled, and its pictures,
 * every byte of which is compared. The engine is asked for nothing but devices.
 *
 * Invariants
 * I1 The forks of T are made in the step of the event `enabled`, before anything else can happen.
 */
import type { CacheSpace } from '../../engine/cache-file.ts';
import type { EngineEvent } from '../../engine/events.ts';
import { defect, invariant } from '../../engine/invariant.ts';
import type { SelectedVolume, Snapshot } from '../../engine/snapshot.ts';
import type { Task } from '../../engine/task.ts';
import type { Bytes, Extent, Nanoseconds } from '../../engine/units.ts';
import type { VolumeSource } from '../agents/copy-sectors.ts';
import type { EventNumber } from '../apps/truth.ts';
import type { Sectors } from '../disk/sectors.ts';
import type { Consistency } from '../evidence.ts';
import type { WallSeconds } from '../fs/file-system.ts';
import type { OtmOptions, Selection } from '../scenario/scenario.ts';
import { type CachePlaceInWorld, cacheSpaceFor } from './cache-space.ts';
import { ExcludedFiles } from './excluded-files.ts';
import { type LeftOut, leftOutNow } from './left-out.ts';
import type { Life } from './life.ts';
import { Picture, PictureFindings } from './picture.ts';
import type { World } from './world.ts';

export interface SnapshotRequest {
  readonly id: string;
  readonly selection: Selection;
  readonly options: OtmOptions;
}

/** Space for a cache, and how many requests had been issued when the host lent it. */
export interface LentExtent extends Extent {
  readonly lentAs: number;
  readonly lentNs: Nanoseconds;
}

export class WatchedSnapshot {
  readonly request: SnapshotRequest;
  readonly findings: PictureFindings;
  /** What is selected, as the engine has it: volumes, or whole drives. */
  readonly selected: readonly SelectedVolume[];
  readonly pictures: Picture[] = [];
  /** Letters that its virtual volumes have while it lives. */
  readonly letters: string[] = [];
  readonly askedNs: Nanoseconds;
  /** The life of the machine in which it was asked for. */
  readonly life: Life;
  /** When it ended with its machine; null when it did not. */
  diedNs: Nanoseconds | null = null;
  snapshot: Snapshot | null = null;
  cacheDrive = '';
  /** What its cache took and has not given back, as the host sees it. */
  spaceHeldBytes: Bytes = 0;
  spacePeakBytes: Bytes = 0;
  /** Where its cache lies or lay on `cacheDrive`. */
  readonly cacheExtents: LentExtent[] = [];
  /** The file that it is; null for raw sectors. */
  cacheFile: CachePlaceInWorld['file'] = null;
  /** The host had no more room for it. */
  hasNoRoom = false;
  T: Nanoseconds | null = null;
  at: EventNumber | null = null;
  wallSeconds: WallSeconds | null = null;
  consistency: Consistency | null = null;
  holdNs: Nanoseconds | null = null;
  /** Completions that the world had seen at T: a position in its log of writes. */
  completionsAtT = 0;
  /** Requests that had been issued at T. */
  issuedAtT = 0;
  /** Every drive at T. */
  forks: ReadonlyMap<string, Sectors> | null = null;
  /** What the picture leaves out, by the world's own books. */
  leftOut: readonly LeftOut[] = [];
  fullyRead = false;
  /** Requests that had been issued when it was asked for. */
  readonly issuedAtAsked: number;
  /** Requests that had been issued when it was released or lost; null while it lives. */
  issuedAtEnd: number | null = null;
  /** Requests that had been issued, and had completed, when the last thing of it was gone; null while something is left. */
  issuedAtGone: number | null = null;
  completionsAtGone: number | null = null;
  /** When whoever used it had gone. */
  closedNs: Nanoseconds | null = null;
  private readonly world: World;
  /** Null when the scenario excludes nothing. */
  private readonly excluded: ExcludedFiles | null;

  constructor(world: World, request: SnapshotRequest) {
    this.world = world;
    this.request = request;
    this.askedNs = world.kernel.now();
    this.life = world.machine.life;
    this.issuedAtAsked = world.requests.length;
    this.findings = new PictureFindings(() => world.kernel.now());
    const { exclude } = request.options;
    this.excluded = exclude.length === 0 ? null : new ExcludedFiles(exclude, world.activity, world.machine.owner);
    this.selected = selectedVolumes(world, request.selection).map(volume => this.leavingOut(volume));
    world.snapshots.push(this);
    world.engineListeners.push(event => this.hear(event));
  }

  /** Throws the engine's `NotTaken`. */
  *take(): Task<Snapshot> {
    const { id, options } = this.request;
    const { space, drive, file } = cacheSpaceFor(this.world, id, options.cache);
    this.cacheDrive = drive;
    this.cacheFile = file;
    const snapshot = yield* this.world.engine.takeSnapshot({
      ...options,
      id,
      volumes: this.selected,
      cache: this.counted(space),
      cacheSize: options.cache,
    });
    this.snapshot = snapshot;
    const { forks } = this;
    invariant(forks !== null, 'an enabled snapshot has forks');
    for (const { name, drive: on, extent } of this.selected) {
      const letter = this.world.takeLetter();
      this.letters.push(letter);
      const { spec } = this.world.drive(on);
      const offsetBytes = extent.first * spec.sectorSizeBytes;
      const virtual = this.world.engine.virtualVolume(snapshot, name, `${letter}:`);
      const fork = this.expected(on, forks.get(on) ?? defect(`no fork of ${on}`));
      const { methodArena } = this.world.modules;
      const isAlive = (): boolean => snapshot.isEnabled;
      this.pictures.push(new Picture(virtual, name, fork, offsetBytes, this.findings, methodArena, isAlive));
    }
    return snapshot;
  }

  /** Where the backup reads its volumes from. */
  sources(): VolumeSource[] {
    return this.request.selection.volumes.map(letter => {
      const { spec, on, firstSector, sectorCount } = this.world.volume(letter);
      const at = this.selected.findIndex(({ name }) => name === letter || name === on.spec.id);
      const picture = this.pictures[at] ?? defect(`no picture of ${letter}`);
      const first = firstSector - this.selected[at]!.extent.first;
      return { letter, device: picture, extent: { first, count: sectorCount }, isRaw: spec.fs === 'raw' };
    });
  }

  /** The full read that the checks `exact` and `one-instant` go by. */
  *readAll(): Task<void> {
    let isWhole = true;
    for (const picture of this.pictures) isWhole = (yield* picture.readAll()) && isWhole;
    this.fullyRead = isWhole && this.snapshot?.isEnabled === true;
  }

  /** Whoever used it has gone: nothing of it may stay. */
  close(): void {
    this.closedNs = this.world.kernel.now();
    if (this.snapshot?.isEnabled) this.snapshot.release();
    for (const letter of this.letters) this.world.giveLetter(letter);
  }

  /** What its picture of a whole drive must hold; null when it was never enabled. */
  expectedDrive(drive: string): Sectors | null {
    const fork = this.forks?.get(drive);
    return fork === undefined ? null : this.expected(drive, fork);
  }

  /** A drive at T with zeroes where the picture leaves something out. */
  private expected(drive: string, fork: Sectors): Sectors {
    const extents = this.leftOut.filter(each => each.drive === drive).flatMap(each => each.extents);
    if (extents.length === 0) return fork;
    const { sectorSizeBytes } = this.world.drive(drive).spec;
    const expected = fork.fork(this.world.modules.methodArena);
    for (const { first, count } of extents) expected.zero(first * sectorSizeBytes, count * sectorSizeBytes);
    return expected;
  }

  /** What the host tells the engine: the files that are excluded, and whatever belongs to a cache file beyond what it lent. */
  private leavingOut(volume: SelectedVolume): SelectedVolume {
    const { world, excluded } = this;
    const { by, volumes } = this.request.selection;
    const letters = by === 'volumes' ? [volume.name] : volumes;
    return {
      ...volume,
      excluded: () => [
        ...world.snapshots.flatMap(({ cacheDrive, cacheFile, spaceHeldBytes }) =>
          cacheDrive === volume.drive && spaceHeldBytes > 0 ? (cacheFile?.extents() ?? []) : [],
        ),
        ...(excluded?.on(volume.drive) ?? []),
      ],
      *prepare(): Task<void> {
        if (excluded === null) return;
        for (const letter of letters) {
          const place = world.volume(letter);
          if (place.on.spec.id === volume.drive && place.spec.fs !== 'raw')
            yield* excluded.begin({ files: world.files(letter), place });
        }
      },
    };
  }

  /**
   * Its machine has ended, and it with it: nothing of it will be issued any more, and no event says so. Its place on a
   * drive is free; its file on a volume is removed when the next machine starts.
   */
  machineEnded(): void {
    if (this.issuedAtGone !== null) return;
    this.diedNs = this.world.kernel.now();
    this.closedNs ??= this.diedNs;
    this.issuedAtEnd ??= this.world.requests.length;
    this.issuedAtGone = this.world.requests.length;
    this.spaceHeldBytes = 0;
  }

  /** What a drive held when the life began in which it was asked for. */
  driveAtStart(id: string): Sectors {
    return this.life.drives.get(id) ?? defect(`drive ${id} was not there when the machine started`);
  }

  private counted(space: CacheSpace): CacheSpace {
    const watched = this;
    return {
      ...space,
      *grow(bytes): Task<readonly Extent[]> {
        try {
          const extents = yield* space.grow(bytes);
          watched.spaceHeldBytes += bytes;
          watched.spacePeakBytes = Math.max(watched.spacePeakBytes, watched.spaceHeldBytes);
          const lentAs = watched.world.requests.length;
          const lentNs = watched.world.kernel.now();
          for (const extent of extents) watched.cacheExtents.push({ ...extent, lentAs, lentNs });
          return extents;
        } catch (error) {
          watched.hasNoRoom = true;
          throw error;
        }
      },
      *free(): Task<void> {
        yield* space.free();
        watched.spaceHeldBytes = 0;
      },
    };
  }

  private hear(event: EngineEvent): void {
    if (event.snapshot !== this.request.id) return;
    if (event.kind === 'enabled') {
      this.T = event.at;
      this.at = this.world.truth.now();
      this.wallSeconds = this.world.wallClock();
      this.consistency = event.consistency;
      this.holdNs = event.holdNs;
      this.completionsAtT = this.world.requests.completions;
      this.issuedAtT = this.world.requests.length;
      this.forks = this.world.fork();
      this.leftOut = leftOutNow(this.world, this);
    }
    if (event.kind === 'enabled' || event.kind === 'released') this.excluded?.end();
    if (event.kind === 'released' || event.kind === 'lost') this.issuedAtEnd ??= this.world.requests.length;
    if (event.kind === 'gone') {
      this.issuedAtGone = this.world.requests.length;
      this.completionsAtGone = this.world.requests.completions;
    }
  }
}

export function selectedVolumes(world: World, selection: Selection): SelectedVolume[] {
  if (selection.by === 'drives') {
    return selection.drives.map(id => {
      const { spec } = world.drive(id);
      return { name: id, drive: id, extent: { first: 0, count: spec.sizeBytes / spec.sectorSizeBytes } };
    });
  }
  return selection.volumes.map(letter => {
    const { on, firstSector, sectorCount } = world.volume(letter);
    return { name: letter, drive: on.spec.id, extent: { first: firstSector, count: sectorCount } };
  });
}
