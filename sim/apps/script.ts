/**
 * Any number of related files and one transaction over them, written out as a list of steps in the scenario. The lock is
 * held for all steps, waits included. Files match when each holds the same transactions.
 *
 * A rename gives the first file's name up to the second, which it replaces; when the first is not there, because an
 * earlier transaction renamed it, the second gets the first one's name back. A write or an append to a file that is not
 * there makes it. It has no recovery: started again after the end of its machine, it goes on with the files that are
 * there, `next` from the beginning.
 */
import type { Task } from '../../engine/task.ts';
import type { Bytes } from '../../engine/units.ts';
import { FsError, type OpenFile, type Path } from '../fs/file-system.ts';
import type { ScriptStep, ScriptWorkload } from '../scenario/scenario.ts';
import type { AppContext, Application, HeldTransactions, Loading, RestoredTree, Volumes } from './application.ts';
import { Durability } from './durability.ts';
import { fillFile } from './filling.ts';
import { letterOf, lettersOf } from './paths.ts';
import { loadScript, type WrittenPiece } from './script-load.ts';
import { writePiece } from './script-pieces.ts';
import { type Transacting, transact } from './transacting.ts';
import { type Operation, TransactionClock } from './transaction-clock.ts';
import type { Transaction, WorkloadTruth } from './workload-truth.ts';

/** A script while its machine runs. */
interface Running extends Transacting {
  readonly volumes: Volumes;
  /** The files that are there, by name. */
  readonly open: Map<string, OpenFile>;
}

/** What one transaction does beyond its steps: the places that were drawn, by step. */
type Places = readonly Bytes[];

export class Script implements Application {
  readonly kind = 'script';
  readonly id: string;
  readonly parts: readonly string[];
  readonly letters: readonly string[];
  readonly recovers = false;
  readonly ownCheckNames = [];
  private readonly workload: ScriptWorkload;
  private readonly paths: ReadonlyMap<string, Path>;
  /** Every piece that was written, in order. */
  private readonly pieces: WrittenPiece[] = [];
  /** By step: where `next` goes on. */
  private readonly cursors: Bytes[];
  /** By step: its piece; the lock keeps it for one transaction. */
  private readonly buffers: Uint8Array[];
  private clock: TransactionClock | null = null;

  constructor(workload: ScriptWorkload) {
    this.workload = workload;
    this.id = workload.id;
    this.parts = workload.files.map(({ name }) => name);
    this.paths = new Map(workload.files.map(({ name, path }) => [name, path]));
    this.letters = lettersOf(workload.files.map(({ path }) => path));
    this.cursors = workload.transaction.map(() => 0);
    this.buffers = workload.transaction.map(step => new Uint8Array('sizeBytes' in step ? step.sizeBytes : 0));
  }

  *fill(volumes: Volumes): Task<void> {
    const { files, sizeBytes } = this.workload;
    for (const { name, path } of files) {
      yield* fillFile(volumes, path, sizeBytes, (piece, offset) =>
        writePiece(piece, offset, { transaction: 0, step: 0, name }),
      );
    }
  }

  start(context: AppContext): void {
    const clock = new TransactionClock(this.workload, context.kernel, context.owner);
    this.clock = clock;
    context.owner.spawn('start', this.begin(context, clock));
  }

  *stop(): Task<void> {
    if (this.clock !== null) yield* this.clock.stop();
  }

  resume(): void {
    this.clock?.resume();
  }

  owns(path: Path): boolean {
    return this.workload.files.some(file => file.path === path);
  }

  load(tree: RestoredTree, _truth: WorkloadTruth, held: () => HeldTransactions): Loading {
    return loadScript(this.workload, this.pieces, tree, held());
  }

  private *begin(context: AppContext, clock: TransactionClock): Task<void> {
    const open = new Map<string, OpenFile>();
    for (const [name, path] of this.paths) {
      const volume = context.volumes(letterOf(path));
      // After the end of a machine one that was renamed is not there under its first name.
      if (!context.isRestart || (yield* volume.stat(path)) !== null) open.set(name, yield* volume.open(path));
    }
    this.cursors.fill(0);
    const durability = new Durability(this.workload.fsync, context.truth);
    const running: Running = { clock, durability, truth: context.truth, volumes: context.volumes, open };
    clock.run(operation => {
      const places = this.draw(operation);
      return transact(running, operation.number, transaction => this.steps(running, places, transaction));
    });
  }

  private *steps(running: Running, places: Places, transaction: Transaction): Task<readonly OpenFile[]> {
    const changed = new Set<OpenFile>();
    for (let step = 0; step < places.length; step++) {
      yield* this.perform(running, this.workload.transaction[step]!, step, places, transaction, changed);
    }
    return [...changed];
  }

  /** Every step draws, whatever it does, so that a change of one step moves no other's place. */
  private draw({ random }: Operation): Places {
    return this.workload.transaction.map(step => {
      const bits = random.bits();
      if (step.does !== 'write' || step.at.is !== 'random') return 0;
      const places = Math.max(1, Math.floor(this.workload.sizeBytes / step.sizeBytes));
      return (bits % places) * step.sizeBytes;
    });
  }

  private *perform(
    running: Running,
    step: ScriptStep,
    at: number,
    places: Places,
    transaction: Transaction,
    changed: Set<OpenFile>,
  ): Task<void> {
    switch (step.does) {
      case 'wait':
        yield step.forNs;
        return;
      case 'sync':
        yield* (yield* this.fileOf(running, step.file, transaction)).fsync();
        return;
      case 'rename':
        changed.add(yield* this.rename(running, step.from, step.to, transaction));
        return;
      case 'append': {
        const file = yield* this.fileOf(running, step.file, transaction);
        const offset = file.sizeBytes;
        const piece = this.piece(step.file, offset, at, transaction);
        yield* file.append(piece, transaction);
        this.pieces.push({ transaction: transaction.number, step: at, name: step.file, offset });
        changed.add(file);
        return;
      }
      case 'write': {
        const file = yield* this.fileOf(running, step.file, transaction);
        const offset = this.placeOf(step, at, places);
        const piece = this.piece(step.file, offset, at, transaction);
        yield* file.write(offset, piece, transaction);
        this.pieces.push({ transaction: transaction.number, step: at, name: step.file, offset });
        changed.add(file);
        return;
      }
    }
  }

  private placeOf(step: ScriptStep & { does: 'write' }, at: number, places: Places): Bytes {
    if (step.at.is === 'offset') return step.at.offsetBytes;
    if (step.at.is === 'random') return places[at]!;
    const next = this.cursors[at]!;
    const offset = next + step.sizeBytes > this.workload.sizeBytes ? 0 : next;
    this.cursors[at] = offset + step.sizeBytes;
    return offset;
  }

  private piece(name: string, offset: Bytes, step: number, { number }: Transaction): Uint8Array {
    const piece = this.buffers[step]!;
    writePiece(piece, offset, { transaction: number, step, name });
    return piece;
  }

  private *fileOf({ open, volumes }: Running, name: string, transaction: Transaction): Task<OpenFile> {
    const there = open.get(name);
    if (there !== undefined) return there;
    const path = this.paths.get(name) ?? '';
    const file = yield* volumes(letterOf(path)).create(path, transaction);
    open.set(name, file);
    return file;
  }

  private *rename(running: Running, from: string, to: string, transaction: Transaction): Task<OpenFile> {
    const { open, volumes } = running;
    const [source, target] = open.has(from) ? [from, to] : [to, from];
    const sourcePath = this.paths.get(source) ?? '';
    const targetPath = this.paths.get(target) ?? '';
    const moved = open.get(source);
    if (moved === undefined) throw new FsError('not-found', sourcePath);
    yield* volumes(letterOf(sourcePath)).rename(sourcePath, targetPath, { changes: transaction });
    open.get(target)?.close();
    open.delete(source);
    open.set(target, moved);
    return moved;
  }
}
