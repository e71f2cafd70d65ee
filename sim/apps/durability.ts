/**
 * What becomes of a transaction once its lock is let go: synced, as `fsync` says, then acknowledged.
 *
 * Invariants
 * D1 `never`: it is acknowledged at once. `always`: after an fsync of its own of each of its files.
 * D2 `group`: one fsync of all files for all that wait, acknowledged after it. Who comes while one is running waits for
 *    the next one, which the first of them leads.
 * D3 When an fsync fails, nobody who waited for it is acknowledged.
 */
import { Latch, type Task, wait } from '../../engine/task.ts';
import type { OpenFile } from '../fs/file-system.ts';
import type { Fsync } from '../scenario/scenario.ts';
import type { Transaction, WorkloadTruth } from './workload-truth.ts';

/** Those who share one fsync. */
interface Group {
  readonly files: Set<OpenFile>;
  readonly done: Latch<void>;
}

export class Durability {
  private readonly mode: Fsync;
  private readonly truth: WorkloadTruth;
  /** The group that is gathering; it has a leader. */
  private gathering: Group | null = null;
  private running: Latch<void> | null = null;

  constructor(mode: Fsync, truth: WorkloadTruth) {
    this.mode = mode;
    this.truth = truth;
  }

  /** Throws the `FsError` of an fsync that failed. */
  *settle(transaction: Transaction, files: readonly OpenFile[]): Task<void> {
    if (this.mode !== 'never') {
      if (this.mode === 'always') yield* syncAll(files);
      else yield* this.join(files);
      this.truth.synced(transaction);
    }
    this.truth.acknowledged(transaction);
  }

  private *join(files: readonly OpenFile[]): Task<void> {
    const waitingFor = this.gathering;
    if (waitingFor !== null) {
      for (const file of files) waitingFor.files.add(file);
      yield* wait(waitingFor.done);
      return;
    }
    const group: Group = { files: new Set(files), done: new Latch<void>('the fsync of a group') };
    this.gathering = group;
    if (this.running !== null) yield* ended(this.running);
    this.gathering = null;
    this.running = group.done;
    try {
      yield* syncAll(group.files);
    } catch (error) {
      this.running = null;
      group.done.fail(error);
      throw error;
    }
    this.running = null;
    group.done.settle();
  }
}

/** Waits until a group's fsync has ended, well or not. */
function* ended(latch: Latch<void>): Task<void> {
  const over = new Latch<void>(latch.what);
  latch.attach({ settled: () => over.settle() });
  yield over;
}

/** A file that another one has replaced since is closed: nobody will ever read it again. */
function* syncAll(files: Iterable<OpenFile>): Task<void> {
  for (const file of files) if (!file.isClosed) yield* file.fsync();
}
