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
import { cacheSpaceFor } from './cache-space.ts';
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
  snapshot: Snapshot | null = null;
  cacheDrive = '';
  /** What its cache took and has not given back, as the host sees it. */
  spaceHeldBytes: Bytes = 0;
  spacePeakBytes: Bytes = 0;
  /** Where its cache lies or lay on `cacheDrive`. */
  readonly cacheExtents: LentExtent[] = [];
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

  constructor(world: World, request: SnapshotRequest) {
    this.world = world;
    this.request = request;
    this.askedNs = world.kernel.now();
    this.issuedAtAsked = world.requests.length;
    this.findings = new PictureFindings(() => world.kernel.now());
    this.selected = selectedVolumes(world, request.selection);
    world.snapshots.push(this);
    world.engineListeners.push(event => this.hear(event));
  }

  /** Throws the engine's `NotTaken`. */
  *take(): Task<Snapshot> {
    const { id, options } = this.request;
    const { space, drive } = cacheSpaceFor(this.world, id, options.cache);
    this.cacheDrive = drive;
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
      const fork = forks.get(on) ?? defect(`no fork of ${on}`);
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
          for (const extent of extents) watched.cacheExtents.push({ ...extent, lentAs });
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
    }
    if (event.kind === 'released' || event.kind === 'lost') this.issuedAtEnd ??= this.world.requests.length;
    if (event.kind === 'gone') {
      this.issuedAtGone = this.world.requests.length;
      this.completionsAtGone = this.world.requests.completions;
    }
  }
}

function selectedVolumes(world: World, selection: Selection): SelectedVolume[] {
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
