/**
 * A snapshot as the world watches it: what the world was in the very event in which it was enabled, and its pictures,
 * every byte of which is compared. The engine is asked for nothing but devices. A durable one is watched over the lives of
 * the machine: pictures are made anew when it comes back, what they are compared with stays.
 *
 * Invariants
 * I1 The forks of T are made in the step of the event `enabled`, before anything else can happen.
 * I2 Nothing of a machine that has ended is used: not its snapshot, its letters, nor its pictures.
 */
import type { CacheSpace } from '../../engine/cache-file.ts';
import type { Durability } from '../../engine/durable/durable-cache.ts';
import type { Refusal } from '../../engine/durable/reopen.ts';
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
import { type CachePlaceInWorld, cacheSpaceFor, leftCacheSpace } from './cache-space.ts';
import { ExcludedFiles } from './excluded-files.ts';
import { type LeftOut, leftOutNow } from './left-out.ts';
import type { Life } from './life.ts';
import { Picture, PictureFindings } from './picture.ts';
import { type StatePlaceInWorld, statePlaceFor, statesOn } from './state-place.ts';
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

/** A durable snapshot whose machine has ended, by the world's own books. */
export interface Interruption {
  readonly life: Life;
  readonly atNs: Nanoseconds;
  /** Requests that had been issued. */
  readonly issued: number;
  readonly hadT: boolean;
  /** Whoever asked for it had been told that it is there. */
  readonly wasTold: boolean;
  /** It had been released or lost, which may have been on its way to the drives. */
  readonly hasEnded: boolean;
  /** Requests that had been issued when it had; null while it lived. */
  readonly endedAs: number | null;
  /** What the next machine said; null while none has. */
  became: 'back' | Refusal | null;
  /** What its pictures had shown by then. */
  readonly differencesBefore: number;
  readonly comparedBefore: number;
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
  /** Those in which it lived: this one, and each in which it came back. */
  readonly lives: Life[] = [];
  /** Of a durable one: where its state is, and what became of it whenever its machine ended. */
  statePlace: StatePlaceInWorld | null = null;
  /** Something may still be written there. */
  holdsState = false;
  readonly interruptions: Interruption[] = [];
  /** When it last came back. */
  reopenedNs: Nanoseconds | null = null;
  /** Whoever asked for it was told that it is there. */
  wasTold = false;
  /** It was released or lost, which need not be durable yet. */
  hasEnded = false;
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
  /** When whoever used it had gone, and again when it came back for nobody. */
  readonly closings: Nanoseconds[] = [];
  readonly world: World;
  /** Null when the scenario excludes nothing. */
  private readonly excluded: ExcludedFiles | null;

  constructor(world: World, request: SnapshotRequest) {
    this.world = world;
    this.request = request;
    this.askedNs = world.kernel.now();
    this.life = world.machine.life;
    this.lives.push(this.life);
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
    if (options.durable) {
      const drives = this.selected.map(each => each.drive);
      this.statePlace = statePlaceFor(this.world, drives, drive);
      this.holdsState = true;
    }
    const { statePlace } = this;
    const snapshot = yield* this.world.engine.takeSnapshot({
      ...options,
      id,
      volumes: this.selected,
      cache: this.counted(space),
      cacheSize: options.cache,
      ...(statePlace === null ? {} : { durability: this.durabilityAt(statePlace) }),
    });
    this.wasTold = true;
    this.show(snapshot);
    return snapshot;
  }

  /**
   * A machine starts: a durable snapshot of an earlier life that has not ended for good comes back, or never will. Throws
   * nothing that the engine has an answer for.
   */
  *comeBack(): Task<void> {
    const { world, statePlace } = this;
    const { id, options } = this.request;
    const last = this.interruptions.at(-1);
    if (last === undefined || last.became !== null || statePlace === null) return;
    const { space, file, extents } = leftCacheSpace(world, id, options.cache, this.cacheExtents);
    this.cacheFile = file;
    this.holds(extents);
    const found = yield* world.engine.reopen({
      id,
      terms: options,
      cache: this.counted(space),
      cacheSize: options.cache,
      extents: extents.map(({ first, count }) => ({ first, count })),
      durability: this.durabilityAt(statePlace),
    });
    if ('because' in found) {
      last.became = found;
      return;
    }
    last.became = 'back';
    this.show(found);
    if (this.closings.length > 0) world.machine.agent.spawn(`look at ${id}`, this.lookAndClose());
  }

  /** Its end had not become durable, and nobody waits for it any more; exact it has to be all the same. */
  private *lookAndClose(): Task<void> {
    try {
      yield* this.readAll();
    } finally {
      this.close();
    }
  }

  /** Why it did not come back; null for one that did, or was not durable. */
  get refusal(): Refusal | null {
    const became = this.interruptions.at(-1)?.became ?? null;
    return became === 'back' ? null : became;
  }

  private durabilityAt({ drive, sectors }: StatePlaceInWorld): Durability {
    const { world } = this;
    return {
      state: { device: world.drive(drive).stateHandle, sectors },
      checksum: world.modules.hash,
      incarnation: world.takeIncarnation(),
      fingerprint: id => {
        const { spec } = world.drive(id);
        return `${id}: ${spec.sizeBytes} bytes in sectors of ${spec.sectorSizeBytes}`;
      },
    };
  }

  /** Its pictures, under letters of their own. */
  private show(snapshot: Snapshot): void {
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
    this.closings.push(this.world.kernel.now());
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
        ...statesOn(world, volume.drive),
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
   * drive is free; its file on a volume is removed when the next machine starts. A durable one may come back.
   */
  machineEnded(): void {
    if (this.issuedAtGone !== null) return;
    this.excluded?.end();
    if (this.statePlace !== null && this.cacheExtents.length > 0) this.isInterrupted();
    else this.dies(this.world.kernel.now(), this.world.requests.length);
  }

  /** I2 */
  private isInterrupted(): void {
    this.snapshot = null;
    this.letters.length = 0;
    this.pictures.length = 0;
    this.fullyRead = false;
    // A machine that ended before it could say what became of it: the next one is asked the same.
    if (this.interruptions.at(-1)?.became === null) return;
    this.interruptions.push({
      life: this.world.machine.life,
      atNs: this.world.kernel.now(),
      issued: this.world.requests.length,
      hadT: this.T !== null,
      wasTold: this.wasTold,
      hasEnded: this.hasEnded,
      endedAs: this.issuedAtEnd,
      became: null,
      differencesBefore: this.findings.differenceCount,
      comparedBefore: this.findings.comparedSectors,
    });
  }

  private dies(atNs: Nanoseconds, issued: number): void {
    this.diedNs = atNs;
    if (this.closings.length === 0) this.closings.push(atNs);
    this.issuedAtEnd ??= issued;
    this.issuedAtGone = this.world.requests.length;
    this.spaceHeldBytes = 0;
    this.holdsState = false;
  }

  /** The host's books, by what it has found of a cache; what of it was not known is known from here on. */
  private holds(extents: readonly Extent[]): void {
    const { sectorSizeBytes } = this.world.drive(this.cacheDrive).spec;
    this.spaceHeldBytes = extents.reduce((sum, { count }) => sum + count, 0) * sectorSizeBytes;
    this.spacePeakBytes = Math.max(this.spacePeakBytes, this.spaceHeldBytes);
    const lentAs = this.world.requests.length;
    const lentNs = this.world.kernel.now();
    for (const part of extents.flatMap(each => beside(this.cacheExtents, each))) {
      this.cacheExtents.push({ ...part, lentAs, lentNs });
    }
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
    if (event.kind === 'reopened') {
      this.reopenedNs = event.at;
      this.lives.push(this.world.machine.life);
      this.hasEnded = false;
      this.issuedAtEnd = null;
    }
    if (event.kind === 'not-reopened') {
      const { atNs, issued } = this.interruptions.at(-1) ?? defect(`${event.snapshot} was never interrupted`);
      this.dies(atNs, issued);
    }
    if (event.kind === 'released' || event.kind === 'lost') {
      this.issuedAtEnd ??= this.world.requests.length;
      this.hasEnded = true;
    }
    if (event.kind === 'gone') {
      this.issuedAtGone = this.world.requests.length;
      this.completionsAtGone = this.world.requests.completions;
      this.holdsState = false;
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

/** What of an extent none of some others has. */
function beside(known: readonly Extent[], extent: Extent): Extent[] {
  let parts: Extent[] = [{ first: extent.first, count: extent.count }];
  for (const { first, count } of known) {
    parts = parts.flatMap(part => {
      const end = part.first + part.count;
      const before = { first: part.first, count: Math.min(end, first) - part.first };
      const from = Math.max(part.first, first + count);
      return [before, { first: from, count: end - from }].filter(each => each.count > 0);
    });
  }
  return parts;
}
