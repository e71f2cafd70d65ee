/**
 * All that the data checks go by: what was restored, the truth, and the applications. What several checks need is found
 * out once and kept: the files of a workload compared with the truth, what its application says when it loads them,
 * which transactions they hold.
 *
 * Invariants
 * I1 Only what was selected is judged: paths on restored volumes that the method was to back up.
 * I2 A workload is judged when all its volumes were restored and all its files were selected; it has no data checks when
 *    none of its volumes was. Files can only be related to files that were taken too.
 * I3 Nothing restored is younger than the picture; without one instant, than the end of the copy.
 * I4 Of transactions that the end of a machine had taken back before, nothing is asked.
 */
import type { Bytes, Nanoseconds } from '../../engine/units.ts';
import type { Application, HeldTransactions, Loading, RestoredTree } from '../apps/application.ts';
import { byCode, RestoredFiles } from '../apps/restored-files.ts';
import type { EventNumber, Truth } from '../apps/truth.ts';
import { NEVER, type WorkloadTruth } from '../apps/workload-truth.ts';
import type { Restore } from '../evidence.ts';
import type { Path } from '../fs/file-system.ts';
import { Comparer, type Comparison } from './comparison.ts';
import { heldTransactions } from './held-transactions.ts';
import type { VolumeReading } from './volume-reading.ts';

export interface JudgedWorkload {
  readonly application: Application;
  readonly truth: WorkloadTruth;
}

export interface DataInput {
  readonly restore: Restore;
  readonly readings: readonly VolumeReading[];
  readonly truth: Truth;
  readonly workloads: readonly JudgedWorkload[];
  /** Of the page cache: how long after its first change a page is written. */
  readonly writeBackNs: Nanoseconds;
  /** Whether the method was to back a path up (`include`, `exclude`, files of the engine itself). Without it: every path. */
  readonly selects?: (path: Path) => boolean;
  /** Files that the picture leaves out: they come back with their size and zeroes (E11). Without it: none. */
  readonly leftOut?: readonly LeftOutFile[];
}

interface LeftOutFile {
  readonly path: Path;
  /** Null for what is no file. */
  readonly sizeBytes: Bytes | null;
}

/** Whether a workload was taken (I2): all of it, none of its volumes, or not all of them or of its files. */
export type Scope = 'inside' | 'outside' | 'across';

export class DataEvidence {
  readonly restore: Restore;
  readonly readings: readonly VolumeReading[];
  readonly truth: Truth;
  readonly workloads: readonly JudgedWorkload[];
  readonly writeBackNs: Nanoseconds;
  readonly tree: RestoredTree;
  readonly comparer: Comparer;
  readonly leftOut: readonly LeftOutFile[];
  private readonly selects: (path: Path) => boolean;
  private readonly letters: ReadonlySet<string>;
  private readonly loadings = new Map<string, Loading>();
  private readonly held = new Map<string, HeldTransactions>();
  private readonly owned = new Map<string, readonly Comparison[]>();
  private readonly left = new Map<string, readonly Path[]>();

  constructor(input: DataInput) {
    this.restore = input.restore;
    this.readings = input.readings;
    this.truth = input.truth;
    this.workloads = input.workloads;
    this.writeBackNs = input.writeBackNs;
    this.selects = input.selects ?? (() => true);
    this.leftOut = input.leftOut ?? [];
    this.letters = new Set(input.restore.volumes.map(volume => volume.letter));
    this.tree = new RestoredFiles(
      input.readings.flatMap(({ files }) => files),
      input.truth.base,
    );
    this.comparer = new Comparer(input.truth, this.tree);
  }

  /** The last instant of which something can have been copied (I3). */
  get until(): EventNumber {
    return this.restore.at ?? this.restore.endedAt;
  }

  scope(workload: JudgedWorkload): Scope {
    const { letters } = workload.application;
    const inside = letters.filter(letter => this.letters.has(letter)).length;
    if (inside === 0 && letters.length > 0) return 'outside';
    return inside === letters.length && this.unselectedOf(workload).length === 0 ? 'inside' : 'across';
  }

  /** The files that a workload ever had and the method was not to back up, by path; on restored volumes only. */
  unselectedOf({ application }: JudgedWorkload): readonly Path[] {
    let left = this.left.get(application.id);
    if (left === undefined) {
      const isLeft = (path: Path) => application.owns(path) && this.isRestored(path) && !this.selects(path);
      left = this.truth.paths().filter(isLeft).sort(byCode);
      this.left.set(application.id, left);
    }
    return left;
  }

  /** Whether a path is judged at all (I1). */
  isJudged(path: Path): boolean {
    return this.isRestored(path) && this.selects(path);
  }

  compare(path: Path): Comparison {
    return this.comparer.compare(path);
  }

  /** The files of a workload: those that were restored and those that the truth ever had, by path. */
  filesOf({ application }: JudgedWorkload): readonly Comparison[] {
    let comparisons = this.owned.get(application.id);
    if (comparisons === undefined) {
      const paths = new Set([...this.truth.paths(), ...this.tree.paths]);
      const mine = [...paths].filter(path => application.owns(path) && this.isJudged(path));
      comparisons = mine.sort(byCode).map(path => this.compare(path));
      this.owned.set(application.id, comparisons);
    }
    return comparisons;
  }

  /** What the application says of the restored set. */
  loading(workload: JudgedWorkload): Loading {
    const { application, truth } = workload;
    let loading = this.loadings.get(application.id);
    if (loading === undefined) {
      const found = application.load(this.tree, truth, () => this.heldByBytes(workload), this.until);
      const { transactions } = found;
      loading = transactions === null ? found : { ...found, transactions: this.withoutLost(workload, transactions) };
      this.loadings.set(application.id, loading);
    }
    return loading;
  }

  /** The transactions that the restored set holds, after its application's recovery where it has one. */
  heldBy(workload: JudgedWorkload): HeldTransactions {
    return this.loading(workload).transactions ?? this.heldByBytes(workload);
  }

  /**
   * Whether a path has to be among what was restored: it was there from when all was written up to T; with a file
   * agent during the whole copy; otherwise, as its directory may be in memory only, from 0 s on.
   */
  mustBeThere(path: Path): boolean {
    if (!this.isJudged(path)) return false;
    const { at, settledAt, files, startedAt, endedAt } = this.restore;
    if (at !== null && settledAt !== null) return this.isOccupied(path, settledAt, at);
    if (files.length > 0) return this.isOccupied(path, startedAt, endedAt);
    return this.isOccupied(path, 0, at ?? endedAt);
  }

  /** How many transactions of a workload were committed up to the instant, or the end, of the copy. */
  committedCount({ truth }: JudgedWorkload): number {
    return truth.transactions.filter(({ committed }) => committed !== NEVER && committed <= this.until).length;
  }

  private isRestored(path: Path): boolean {
    return this.letters.has(path.slice(0, 1));
  }

  private heldByBytes(workload: JudgedWorkload): HeldTransactions {
    const { id } = workload.application;
    let held = this.held.get(id);
    if (held === undefined) {
      const found = heldTransactions(workload.truth, this.comparer, this.filesOf(workload), this.until);
      held = this.withoutLost(workload, found);
      this.held.set(id, held);
    }
    return held;
  }

  /** I4 */
  private withoutLost({ truth }: JudgedWorkload, found: HeldTransactions): HeldTransactions {
    const lost = truth.transactions.filter(each => each.isLostAt(this.until)).map(({ number }) => number);
    if (lost.length === 0) return found;
    const isLost = new Set(lost);
    const rest = (numbers: ReadonlySet<number>) => new Set([...numbers].filter(number => !isLost.has(number)));
    return { whole: rest(found.whole), torn: rest(found.torn), untold: new Set([...(found.untold ?? []), ...lost]) };
  }

  private isOccupied(path: Path, from: EventNumber, to: EventNumber): boolean {
    const occupants = this.truth.occupantsOf(path);
    if (occupants === null || occupants.at(from, null) === null) return false;
    return !occupants.events.some((event, at) => event > from && event <= to && occupants.values[at] === null);
  }
}
