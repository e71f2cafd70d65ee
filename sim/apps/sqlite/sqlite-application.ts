/**
 * SQLite as an application of the simulated world: one connection to a set of databases, transactions that ran ahead on
 * shadow files and are replayed here. A call that fails ends the connection; the program starts again over what it finds.
 *
 * Invariants
 * A1 Transaction n of the truth is transfer n. A number whose transaction was given up is not used again.
 * A2 A transaction whose call failed stays open, and keeps the lock, until the program has opened its files again and
 *    seen from their content whether it was committed. What was asked for before a stop or the end of recovery is lost.
 * A3 Until the first failure the lists of calls are those that all methods of the seed share.
 * A4 After the end of its machine it is in the place of A2: its first work is to open what the drives hold, and the
 *    content says which transactions there are, the one that was open included. Nobody is told of that one.
 */
import type { WorldError } from '../../../engine/invariant.ts';
import { Cancelled, type Process, type Task } from '../../../engine/task.ts';
import { type Nanoseconds, SECOND } from '../../../engine/units.ts';
import { FsError, type Path } from '../../fs/file-system.ts';
import type { SqliteWorkload } from '../../scenario/scenario.ts';
import type { AppContext, Application, HeldTransactions, Loading, RestoredTree, Volumes } from '../application.ts';
import { fillFile } from '../filling.ts';
import { letterOf, lettersOf } from '../paths.ts';
import { type Operation, TransactionClock } from '../transaction-clock.ts';
import type { EventNumber } from '../truth.ts';
import { type Transaction, UNMATCHED, type WorkloadTruth } from '../workload-truth.ts';
import { SqliteError } from './connection.ts';
import { ImageTree } from './image-tree.ts';
import { type Layout, layoutOf, owns } from './layout.ts';
import type { SqliteLibrary } from './library.ts';
import { loadRestored } from './load-restored.ts';
import { readBack } from './read-back.ts';
import type { Recorder } from './recorder.ts';
import { AnswerDiffers, Replayer } from './replay.ts';

/** Between two attempts to start again. */
const RESTART_DELAY_NS: Nanoseconds = SECOND;

/** `closed`: the files have to be opened before the next transaction; `down`: SQLite refuses them, for good. */
type Condition = { readonly is: 'closed' | 'open' | 'broken' } | { readonly is: 'down'; readonly because: string };

/** What one run has of it. */
interface Run {
  readonly context: AppContext;
  readonly clock: TransactionClock;
  readonly replayer: Replayer;
  recorder: Recorder;
}

export class SqliteApplication implements Application {
  readonly id: string;
  readonly kind = 'sqlite';
  readonly parts: readonly string[];
  readonly letters: readonly string[];
  readonly recovers = true;
  readonly ownCheckNames = ['sqlite'];
  readonly layout: Layout;
  private readonly workload: SqliteWorkload;
  private readonly library: SqliteLibrary;
  private run: Run | null = null;
  private condition: Condition = { is: 'closed' };
  private isStopping = false;
  private starting: Process<void> | null = null;
  /** Transactions that were given up in doubt, and turned out to have been committed. */
  private readonly foundLater = new Set<number>();

  constructor(workload: SqliteWorkload, library: SqliteLibrary) {
    this.id = workload.id;
    this.workload = workload;
    this.library = library;
    this.layout = layoutOf(workload);
    this.parts = workload.files.map(file => file.name);
    this.letters = lettersOf(workload.files.map(({ path }) => path));
  }

  *fill(volumes: Volumes): Task<void> {
    for (const [path, bytes] of this.library.fill(this.layout)) {
      yield* fillFile(volumes, path, bytes.length, (piece, offset) => {
        piece.set(bytes.subarray(offset, offset + piece.length));
      });
    }
    const { folder } = this.layout;
    if (folder !== null) yield* volumes(letterOf(folder)).makeDirectory(folder);
  }

  start(context: AppContext): void {
    const clock = new TransactionClock(this.workload, context.kernel, context.owner);
    const recorder = this.run?.recorder ?? this.library.recorder(this.layout, context.kernel.choices.seed);
    const run: Run = { context, clock, replayer: new Replayer(context.volumes), recorder };
    this.run = run;
    this.isStopping = false;
    this.condition = { is: 'closed' };
    if (context.isRestart) this.starting = context.owner.spawn('start', this.comeBack(run));
    else this.goOn(run);
  }

  *stop(): Task<void> {
    this.isStopping = true;
    const { starting, run } = this;
    if (starting !== null && !starting.end.isSettled) yield starting.end;
    if (run !== null) yield* run.clock.stop();
  }

  resume(): void {
    this.isStopping = false;
    this.run?.clock.resume();
  }

  owns(path: Path): boolean {
    return owns(this.layout, path);
  }

  load(
    tree: RestoredTree,
    truth: WorkloadTruth,
    _held?: () => HeldTransactions,
    until: EventNumber = truth.truth.lastEvent,
  ): Loading {
    const seed = this.run?.context.kernel.choices.seed ?? 0;
    return loadRestored(this.library, this.layout, seed, tree, { truth, foundLater: this.foundLater, until });
  }

  private goOn(run: Run): void {
    run.clock.run(operation => this.transact(run, operation));
  }

  /** A4 */
  private *comeBack(run: Run): Task<void> {
    const { truth } = run.context;
    const { open } = truth;
    run.replayer.abandon();
    this.condition = { is: 'broken' };
    while (!(yield* this.recover(run, open ?? undefined))) {
      if (this.whyDown !== null) break;
      yield RESTART_DELAY_NS;
    }
    const { whyDown } = this;
    const isBack = whyDown === null;
    const last = isBack ? run.recorder.lastAtOpening() : 0;
    if (open !== null && open.number === last) truth.committed(open);
    else if (open !== null) truth.aborted(open, 'the machine ended in it');
    if (isBack) this.settleDoubt(run);
    truth.settled(number => isBack && number <= last);
    const broken = whyDown ?? this.whyBroken(run);
    if (broken !== null) truth.breaks(`${UNMATCHED}: ${broken}`);
    this.goOn(run);
  }

  /** What is wrong with the databases after its recovery, though SQLite opens them: without syncs that can be. */
  private whyBroken({ context, recorder }: Run): string | null {
    const { accepts, summary, ownChecks } = this.load(new ImageTree(recorder.images()), context.truth);
    if (!accepts) return summary;
    return ownChecks.find(({ verdict }) => verdict === 'violated')?.summary ?? null;
  }

  private get whyDown(): string | null {
    return this.condition.is === 'down' ? this.condition.because : null;
  }

  private *transact(run: Run, { number: operation }: Operation): Task<void> {
    if (!(yield* run.clock.enter())) return;
    try {
      if (!(yield* this.opens(run))) return;
      const transaction = run.context.truth.begin(operation);
      try {
        yield* run.replayer.replay(run.recorder.transaction(transaction.number), transaction);
        this.committed(run, transaction, this.layout.isDurable);
      } catch (error) {
        if (!isFailure(error)) throw error;
        yield* this.startAgain(run, transaction, error);
      }
    } finally {
      run.clock.leave();
    }
  }

  /** Whether the files are open, or can be opened now. */
  private *opens(run: Run): Task<boolean> {
    if (this.condition.is === 'open') return true;
    if (this.condition.is === 'down') return false;
    if (this.condition.is === 'closed') {
      try {
        yield* run.replayer.replay(run.recorder.opening());
        this.condition = { is: 'open' };
        return true;
      } catch (error) {
        if (!isFailure(error)) throw error;
        this.breaks(run, error);
        return false;
      }
    }
    if (!(yield* this.recover(run))) return false;
    this.settleDoubt(run);
    return true;
  }

  /** After a failed call: A2. */
  private *startAgain(run: Run, transaction: Transaction, error: WorldError): Task<void> {
    this.breaks(run, error);
    while (!(yield* this.recover(run, transaction))) {
      if (this.condition.is !== 'broken' || this.isStopping) break;
      yield RESTART_DELAY_NS;
    }
    if (this.condition.is === 'open' && run.recorder.lastAtOpening() === transaction.number) {
      // Whether the sync that failed has reached the drive, nobody knows.
      this.committed(run, transaction, false);
    } else {
      run.context.truth.aborted(transaction, error.message);
    }
  }

  private breaks(run: Run, error: WorldError): void {
    run.replayer.abandon();
    this.condition = { is: 'broken' };
    this.tell(run, 'call failed', error.message);
  }

  /** Reads the files back and opens them: SQLite recovers, the program puts right what is left. False: not now. */
  private *recover(run: Run, transaction?: Transaction): Task<boolean> {
    try {
      const { seed } = run.context.kernel.choices;
      const images = yield* readBack(run.context.volumes, this.layout);
      if (!run.recorder.isShared) this.library.suspend(run.recorder);
      run.recorder = this.library.privateRecorder(this.layout, seed, images);
      yield* run.replayer.replay(run.recorder.opening(), transaction);
    } catch (error) {
      if (!isFailure(error)) throw error;
      run.replayer.abandon();
      this.tell(run, 'not recovered', error.message);
      if (error instanceof SqliteError) this.condition = { is: 'down', because: error.message };
      return false;
    }
    this.condition = { is: 'open' };
    this.tell(run, 'recovered', `transfer ${run.recorder.lastAtOpening()} is the last`);
    return true;
  }

  private committed(run: Run, transaction: Transaction, isSynced: boolean): void {
    const { truth } = run.context;
    truth.committed(transaction);
    if (isSynced) truth.synced(transaction);
    truth.acknowledged(transaction);
  }

  /** The last transaction was given up while its files could not be read. */
  private settleDoubt(run: Run): void {
    const last = run.recorder.lastAtOpening();
    const transaction = run.context.truth.transactions[last - 1];
    if (transaction !== undefined && transaction.abortedBecause !== null) this.foundLater.add(last);
  }

  private tell(run: Run, what: string, because: string): void {
    const { kernel } = run.context;
    kernel.trace?.add(kernel.now(), this.id, what, { because });
  }
}

function isFailure(error: unknown): error is WorldError {
  if (error instanceof Cancelled) return false;
  return error instanceof FsError || error instanceof AnswerDiffers || error instanceof SqliteError;
}
