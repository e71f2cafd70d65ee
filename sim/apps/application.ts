/**
 * The seam that an application fills: it makes its files before 0 s, runs transactions over them as tasks, can be stopped
 * between two transactions, and knows in its own words what makes its files match.
 *
 * Invariants
 * I1 What `fill` makes depends on the workload only, neither on seed nor method.
 * I2 Transaction numbers are given under the application's lock, so their order is commit order.
 * I3 Operation n of an application draws from the stream `<workload>#n`, so that skipping one moves no other.
 * I4 An application is made for one run of one method; nothing in it outlives that.
 * I5 It is started once for each life of its machine. What it had in memory before is gone; what it keeps for the judges
 *    (which transaction did what) it does not go by.
 */
import type { Owner, Task } from '../../engine/task.ts';
import type { Bytes } from '../../engine/units.ts';
import type { Verdict } from '../check/verdict.ts';
import type { MountedVolume, Path, WallSeconds } from '../fs/file-system.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { AppKind } from '../scenario/scenario.ts';
import type { BaseFile } from './base-content.ts';
import type { RestoredBlocks } from './restored-blocks.ts';
import type { EventNumber } from './truth.ts';
import type { WorkloadTruth } from './workload-truth.ts';

/** Gives the mounted volume of a letter. */
export type Volumes = (letter: string) => MountedVolume;

/** What an application gets when its machine starts. */
export interface AppContext {
  readonly kernel: Kernel;
  /** Owns all tasks of the application. */
  readonly owner: Owner;
  readonly volumes: Volumes;
  readonly truth: WorkloadTruth;
  readonly wallClock: () => WallSeconds;
  /** An earlier machine has ended without warning: what the files hold is not known. */
  readonly isRestart: boolean;
}

/** Files as they were restored; read from the restored bytes alone. */
export interface RestoredTree {
  /** Null when there is no such file. */
  file(path: Path): RestoredFile | null;
  /** The paths of all files that can be reached, in ascending order. */
  readonly paths: readonly Path[];
  /** The blocks of one of its files against those of a file of 0 s; found out once. */
  blocks(file: RestoredFile, base: BaseFile | null): RestoredBlocks;
}

export interface RestoredFile {
  readonly path: Path;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
  /** Why a part of it can't be read back (a chain that breaks off, clusters of another file); null when all can. */
  readonly damage: string | null;
  /** Fills `into` from an offset on; what lies behind the end of the file, or can't be read, is zeroes. */
  read(offset: Bytes, into: Uint8Array): void;
  /** The whole content, made anew for each call. */
  bytes(): Uint8Array;
}

/** Numbers of transactions whose change is in every file that it belongs to, or in some only. */
export interface HeldTransactions {
  readonly whole: ReadonlySet<number>;
  readonly torn: ReadonlySet<number>;
  /**
   * Those of which nothing tells whether they are there: later ones covered all that they did; and those that the end of
   * a machine had taken back before. Without it: none.
   */
  readonly untold?: ReadonlySet<number>;
}

/** What an application finds in restored files when it loads them. */
export interface Loading {
  /** The application accepts its files as one consistent set. */
  readonly accepts: boolean;
  /** In the application's words: "B holds 80 transfers that A lacks: balances are off by 4,310". */
  readonly summary: string;
  readonly evidence: Verdict['evidence'];
  /**
   * Of an application that recovers (its files are compared by rows after its recovery, not by bytes): what it holds
   * then. Null: the checks find it out from the bytes and the truth. Rows that belong to no prefix of its transactions
   * make it refuse.
   */
  readonly transactions: HeldTransactions | null;
  /** Verdicts of its own checks, as `sqlite`; they need not name the workload. */
  readonly ownChecks: readonly Verdict[];
}

export interface Application {
  /** The workload's id. */
  readonly id: string;
  readonly kind: AppKind;
  /** What must match, in its words: `A`, `B`; `index`, `messages`. */
  readonly parts: readonly string[];
  /** Letters of the volumes that its files are on, in order. */
  readonly letters: readonly string[];
  /** It has a recovery of its own, and `load` runs it: `relational` and `prefix` go by `Loading.transactions`. */
  readonly recovers: boolean;
  /** Names of its own checks, judged by `load`. */
  readonly ownCheckNames: readonly string[];
  /** Makes the files as they are at 0 s; run with `runNow`, nothing in it may wait. */
  fill(volumes: Volumes): Task<void>;
  /** Spawns the clients. */
  start(context: AppContext): void;
  /** Asks the clients to stop; returns once no transaction is open and all that were committed are acknowledged. */
  stop(): Task<void>;
  /** Goes on after `stop`. */
  resume(): void;
  /** Whether a path belongs to this application. */
  owns(path: Path): boolean;
  /**
   * Loads a restored set of the event `until`, or earlier. Never throws for what is in the files. `held` tells, from bytes
   * and truth, which transactions the set holds; an application that recovers does not ask it.
   */
  load(tree: RestoredTree, truth: WorkloadTruth, held: () => HeldTransactions, until: EventNumber): Loading;
}
