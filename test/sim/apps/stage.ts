/** One application on volumes in memory, in virtual time: for tests of applications and of the data checks. */
import { runNow, type Task } from '../../../engine/task.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../../engine/units.ts';
import { makeHash } from '../../../host/modules.ts';
import type { Application, RestoredFile } from '../../../sim/apps/application.ts';
import { BaseContent } from '../../../sim/apps/base-content.ts';
import { RestoredFiles } from '../../../sim/apps/restored-files.ts';
import { Truth } from '../../../sim/apps/truth.ts';
import type { WorkloadTruth } from '../../../sim/apps/workload-truth.ts';
import type { VolumeReading } from '../../../sim/check/volume-reading.ts';
import type { Path } from '../../../sim/fs/file-system.ts';
import { Kernel } from '../../../sim/kernel/kernel.ts';
import { Choices } from '../../../sim/kernel/random.ts';
import { type FakeTimes, FakeVolume } from './fake-volume.ts';

export const hash = await makeHash();

/** Files as a restore would bring them back. */
export interface FileState {
  readonly bytes: Uint8Array;
  readonly modified: number;
}

export interface StageOptions {
  readonly letters?: readonly string[];
  readonly seed?: number;
  readonly times?: FakeTimes;
  /** All dirty pages are written so often; without it they stay in memory. */
  readonly writeBackNs?: Nanoseconds;
}

export class Stage {
  readonly kernel: Kernel;
  readonly truth: Truth;
  readonly volumes = new Map<string, FakeVolume>();
  readonly applications: readonly Application[];
  readonly workloads: { application: Application; truth: WorkloadTruth }[];

  constructor(applications: readonly Application[], options: StageOptions = {}) {
    this.applications = applications;
    this.kernel = new Kernel(new Choices(options.seed ?? 1));
    const filled = new Map<string, FakeVolume>();
    for (const letter of options.letters ?? ['C']) filled.set(letter, new FakeVolume(letter));
    for (const application of applications) runNow(application.fill(letter => filled.get(letter)!));
    this.truth = new Truth({ base: baseOf([...filled.values()]), clock: () => this.kernel.now() });
    for (const [letter, volume] of filled) {
      const mounted = volume.remounted();
      mounted.observer = this.truth;
      mounted.times = options.times ?? {};
      this.volumes.set(letter, mounted);
    }
    const owner = this.kernel.owner('world');
    owner.spawn('clock', this.tick());
    if (options.writeBackNs !== undefined) owner.spawn('write-back', this.writeBack(options.writeBackNs));
    this.workloads = applications.map(application => {
      const truth = this.truth.workload(application.id);
      application.start({
        kernel: this.kernel,
        owner: this.kernel.owner(application.id),
        volumes: letter => this.volumes.get(letter)!,
        truth,
        wallClock: () => 946_684_800 + Math.floor(this.kernel.now() / SECOND),
        isRestart: false,
      });
      return { application, truth };
    });
  }

  get workload(): WorkloadTruth {
    return this.workloads[0]!.truth;
  }

  get application(): Application {
    return this.applications[0]!;
  }

  volume(letter = 'C'): FakeVolume {
    return this.volumes.get(letter)!;
  }

  /** Does something at a point in time. */
  at(time: Nanoseconds, act: () => void): void {
    this.kernel.owner(`at ${time}`).spawn('act', later(time - this.kernel.now(), act));
  }

  spawn(task: Task<void>): void {
    this.kernel.owner('test').spawn('task', task);
  }

  /** Runs to a point in time; may be called again. */
  run(until: Nanoseconds): this {
    const reached = { yes: false };
    this.at(until, () => {
      reached.yes = true;
    });
    while (!reached.yes) {
      const state = this.kernel.advance(1);
      if (state !== 'more') throw new Error(state === 'done' ? 'stopped' : `stuck: ${state.because}`);
    }
    return this;
  }

  /** Runs on to the next instant at which no transaction of any application is open. */
  rest(): this {
    const isOpen = ({ truth }: { truth: WorkloadTruth }) =>
      (truth.transactions.at(-1)?.closed ?? 0) > this.truth.lastEvent;
    while (this.workloads.some(isOpen)) this.kernel.advance(1);
    return this;
  }

  /** All files as applications see them now. */
  snapshot(): Map<Path, FileState> {
    const files = new Map<Path, FileState>();
    for (const volume of this.volumes.values()) {
      for (const [path, bytes] of volume.files()) files.set(path, { bytes, modified: volume.modifiedOf(path) });
    }
    return files;
  }

  tree(files: ReadonlyMap<Path, FileState>): RestoredFiles {
    return restoredTree(files, this.truth.base);
  }

  private *tick(): Task<void> {
    for (;;) {
      for (const volume of this.volumes.values()) {
        volume.wallSeconds = 946_684_800 + Math.floor(this.kernel.now() / SECOND);
      }
      yield 10 * MILLISECOND;
    }
  }

  private *writeBack(everyNs: Nanoseconds): Task<void> {
    for (;;) {
      yield everyNs;
      for (const volume of this.volumes.values()) volume.writeBack();
    }
  }
}

function* later(delay: Nanoseconds, act: () => void): Task<void> {
  yield delay;
  act();
}

/** Base content as filled volumes have it. */
export function baseOf(volumes: readonly FakeVolume[]): BaseContent {
  const files = volumes.flatMap(volume =>
    [...volume.files()].map(([path, bytes]) => ({
      path,
      sizeBytes: bytes.length,
      modified: volume.modifiedOf(path),
      bytes: () => bytes,
    })),
  );
  return new BaseContent(hash, files);
}

function restoredFiles(files: ReadonlyMap<Path, FileState>): RestoredFile[] {
  return [...files].map(([path, { bytes, modified }]) => ({
    path,
    sizeBytes: bytes.length,
    modified,
    damage: null,
    read: (offset, into) => {
      into.fill(0);
      into.set(bytes.subarray(offset, offset + into.length));
    },
    bytes: () => bytes.slice(),
  }));
}

/** Files as one restored tree. */
export function restoredTree(files: ReadonlyMap<Path, FileState>, base: BaseContent): RestoredFiles {
  return new RestoredFiles(restoredFiles(files), base);
}

/** Readings of volumes in order, as if they had been restored. */
export function readingsOf(files: ReadonlyMap<Path, FileState>, letters: readonly string[] = ['C']): VolumeReading[] {
  return letters.map(letter => ({
    letter,
    isRaw: false,
    mountError: null,
    directoryCount: 2,
    files: restoredFiles(new Map([...files].filter(([path]) => path.startsWith(letter)))),
    problems: [],
  }));
}
