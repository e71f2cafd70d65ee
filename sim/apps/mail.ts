/**
 * A mail store: a folder with an index and a file for each message. They match when every message that the index lists
 * as present is there with the length that it says, and no other.
 *
 * Its transactions, file operations 0 to 5 ms apart, the lock held for them:
 * - deliver: a temporary file is created and written, renamed to its final name, and entered in the index;
 * - append: a piece is added to a message, and its entry brought up to date;
 * - delete: the entry is marked, and the file removed.
 *
 * It has no recovery: started again after the end of its machine, it believes what its index says, and leaves alone what
 * a delivery that was cut off has left.
 */
import type { Task } from '../../engine/task.ts';
import { type Bytes, MILLISECOND, type Nanoseconds } from '../../engine/units.ts';
import type { MountedVolume, OpenFile, Path } from '../fs/file-system.ts';
import type { MailWorkload } from '../scenario/scenario.ts';
import type { AppContext, Application, Loading, RestoredTree, Volumes } from './application.ts';
import { Durability } from './durability.ts';
import { fillFile } from './filling.ts';
import { indexPath, messagePath, temporaryPath } from './mail-files.ts';
import { loadMail } from './mail-load.ts';
import { RECORD_BYTES, readEntry, writeEntry, writePiece } from './mail-records.ts';
import { letterOf } from './paths.ts';
import { type Transacting, transact } from './transacting.ts';
import { type Operation, TransactionClock } from './transaction-clock.ts';
import type { Transaction, WorkloadTruth } from './workload-truth.ts';

const MOST_BETWEEN_NS: Nanoseconds = 5 * MILLISECOND;
const PIECE_UNIT_BYTES: Bytes = 512;
const MOST_UNITS = 8;
const READ_BYTES: Bytes = 64 * 1024;
const TWO_32 = 4_294_967_296;
/** Of ten transactions: five deliver, three append, two delete. */
const KINDS = 10;
const DELIVER_BELOW = 5;
const APPEND_BELOW = 8;

interface Plan {
  readonly kind: number;
  /** 32 random bits that choose one of the messages there are. */
  readonly which: number;
  readonly sizeBytes: Bytes;
  readonly waitsNs: readonly [Nanoseconds, Nanoseconds];
}

/** The store while its machine runs. */
interface Running extends Transacting {
  readonly volume: MountedVolume;
  readonly index: OpenFile;
}

export class MailStore implements Application {
  readonly kind = 'mail';
  readonly id: string;
  readonly parts = ['index', 'messages'];
  readonly letters: readonly string[];
  readonly recovers = false;
  readonly ownCheckNames = [];
  private readonly workload: MailWorkload;
  private readonly entry = new Uint8Array(RECORD_BYTES);
  private readonly piece = new Uint8Array(MOST_UNITS * PIECE_UNIT_BYTES);
  /** Numbers of the messages that are there, in no particular order. */
  private readonly present: number[] = [];
  private clock: TransactionClock | null = null;

  constructor(workload: MailWorkload) {
    this.workload = workload;
    this.id = workload.id;
    this.letters = [letterOf(workload.at)];
  }

  *fill(volumes: Volumes): Task<void> {
    const { at, messages } = this.workload;
    for (let message = 1; message <= messages; message++) {
      yield* fillFile(volumes, messagePath(at, message), firstSize(message), piece => writePiece(piece, message, 0));
    }
    yield* fillFile(volumes, indexPath(at), messages * RECORD_BYTES, (piece, offset) => {
      for (let place = 0; place < piece.length; place += RECORD_BYTES) {
        const message = (offset + place) / RECORD_BYTES + 1;
        writeEntry(piece, place, { message, sizeBytes: firstSize(message), transaction: 0, isPresent: true });
      }
    });
  }

  start(context: AppContext): void {
    this.present.length = 0;
    const clock = new TransactionClock(this.workload, context.kernel, context.owner);
    this.clock = clock;
    context.owner.spawn('start', this.open(context, clock));
  }

  *stop(): Task<void> {
    if (this.clock !== null) yield* this.clock.stop();
  }

  resume(): void {
    this.clock?.resume();
  }

  owns(path: Path): boolean {
    return path.startsWith(`${this.workload.at}\\`);
  }

  load(tree: RestoredTree, truth: WorkloadTruth): Loading {
    return loadMail(this.workload, tree, truth);
  }

  private *open({ volumes, truth, isRestart }: AppContext, clock: TransactionClock): Task<void> {
    const volume = volumes(letterOf(this.workload.at));
    const index = yield* volume.open(indexPath(this.workload.at));
    if (isRestart) yield* this.readIndex(index);
    else for (let message = 1; message <= this.workload.messages; message++) this.present.push(message);
    const durability = new Durability(this.workload.fsync, truth);
    clock.run(operation => this.transact({ clock, durability, truth, volume, index }, operation));
  }

  /** Which messages there are. */
  private *readIndex(index: OpenFile): Task<void> {
    const bytes = new Uint8Array(index.sizeBytes);
    for (let at = 0; at < bytes.length; at += READ_BYTES) {
      yield* index.read(at, bytes.subarray(at, Math.min(bytes.length, at + READ_BYTES)));
    }
    for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
      const entry = readEntry(bytes, at);
      if (entry?.isPresent === true) this.present.push(entry.message);
    }
  }

  private *transact(running: Running, operation: Operation): Task<void> {
    const plan = draw(operation);
    const opened: OpenFile[] = [];
    try {
      yield* transact(running, operation.number, transaction => this.perform(running, plan, transaction, opened));
    } finally {
      for (const file of opened) file.close();
    }
  }

  /** Adds the message's file to `opened`, if it is there afterwards. */
  private *perform(
    running: Running,
    plan: Plan,
    transaction: Transaction,
    opened: OpenFile[],
  ): Task<readonly OpenFile[]> {
    const place = Math.floor((plan.which * this.present.length) / TWO_32);
    if (plan.kind < DELIVER_BELOW || this.present.length === 0) {
      yield* this.deliver(running, plan, transaction, opened);
    } else if (plan.kind < APPEND_BELOW) {
      yield* this.append(running, plan, place, transaction, opened);
    } else {
      yield* this.delete(running, plan, place, transaction);
    }
    return [...opened, running.index];
  }

  private *deliver({ volume, index }: Running, plan: Plan, transaction: Transaction, opened: OpenFile[]): Task<void> {
    const { at, fsync } = this.workload;
    const message = index.sizeBytes / RECORD_BYTES + 1;
    const temporary = temporaryPath(at, transaction.number);
    const file = yield* volume.create(temporary, transaction);
    opened.push(file);
    yield* file.append(this.pieceOf(plan, message, transaction), transaction);
    yield plan.waitsNs[0];
    yield* volume.rename(temporary, messagePath(at, message), { sync: fsync !== 'never', changes: transaction });
    yield plan.waitsNs[1];
    yield* this.enter(index, message, file.sizeBytes, true, transaction);
    this.present.push(message);
  }

  private *append(
    { volume, index }: Running,
    plan: Plan,
    place: number,
    transaction: Transaction,
    opened: OpenFile[],
  ): Task<void> {
    const message = this.present[place]!;
    const file = yield* volume.open(messagePath(this.workload.at, message));
    opened.push(file);
    yield* file.append(this.pieceOf(plan, message, transaction), transaction);
    yield plan.waitsNs[0];
    yield* this.enter(index, message, file.sizeBytes, true, transaction);
  }

  private *delete({ volume, index }: Running, plan: Plan, place: number, transaction: Transaction): Task<void> {
    const message = this.present[place]!;
    yield* this.enter(index, message, 0, false, transaction);
    // Marked: whatever becomes of its file, it is no message any more.
    this.present[place] = this.present[this.present.length - 1]!;
    this.present.pop();
    yield plan.waitsNs[0];
    const sync = this.workload.fsync !== 'never';
    yield* volume.remove(messagePath(this.workload.at, message), { sync, changes: transaction });
  }

  private *enter(
    index: OpenFile,
    message: number,
    sizeBytes: Bytes,
    isPresent: boolean,
    transaction: Transaction,
  ): Task<void> {
    writeEntry(this.entry, 0, { message, sizeBytes, transaction: transaction.number, isPresent });
    const offset = (message - 1) * RECORD_BYTES;
    if (offset === index.sizeBytes) yield* index.append(this.entry, transaction);
    else yield* index.write(offset, this.entry, transaction);
  }

  private pieceOf({ sizeBytes }: Plan, message: number, transaction: Transaction): Uint8Array {
    const piece = this.piece.subarray(0, sizeBytes);
    writePiece(piece, message, transaction.number);
    return piece;
  }
}

function draw({ random }: Operation): Plan {
  return {
    kind: random.below(KINDS),
    which: random.bits(),
    sizeBytes: random.between(1, MOST_UNITS) * PIECE_UNIT_BYTES,
    waitsNs: [random.between(0, MOST_BETWEEN_NS), random.between(0, MOST_BETWEEN_NS)],
  };
}

/** How long a message is that was there before 0 s. */
function firstSize(message: number): Bytes {
  return (1 + (message % MOST_UNITS)) * PIECE_UNIT_BYTES;
}
