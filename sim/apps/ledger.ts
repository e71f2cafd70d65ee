/**
 * A bank's ledger: clients move money between accounts. A is the table of accounts, updated in place; B the journal of
 * transfers, appended. They match when every account holds what it had at first, plus and minus the journal's transfers.
 *
 * A transfer, with the lock held, its file operations 0 to 5 ms apart: the payer's record in A, the receiver's in A, the
 * transfer's in B. The fsync, if any, comes after the lock.
 *
 * It has no recovery: started again after the end of its machine, it opens A and B as they are, and appends to B behind
 * what is there. The numbers of transfers come from outside (the counter's slips), so none is used twice.
 */
import type { Task } from '../../engine/task.ts';
import { MILLISECOND, type Nanoseconds } from '../../engine/units.ts';
import { FsError, type OpenFile, type Path } from '../fs/file-system.ts';
import type { LedgerWorkload } from '../scenario/scenario.ts';
import type { AppContext, Application, HeldTransactions, Loading, RestoredTree, Volumes } from './application.ts';
import { Durability } from './durability.ts';
import { fillFile } from './filling.ts';
import { loadLedger } from './ledger-load.ts';
import {
  FIRST_BALANCE,
  RECORD_BYTES,
  readAccount,
  type TransferRecord,
  writeAccount,
  writeTransfer,
} from './ledger-records.ts';
import { letterOf, lettersOf } from './paths.ts';
import { type Transacting, transact } from './transacting.ts';
import { type Operation, TransactionClock } from './transaction-clock.ts';
import type { EventNumber } from './truth.ts';
import type { Transaction, WorkloadTruth } from './workload-truth.ts';

const MOST_BETWEEN_NS: Nanoseconds = 5 * MILLISECOND;
const MOST_AMOUNT = 100;

interface Plan {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  readonly firstWaitNs: Nanoseconds;
  readonly secondWaitNs: Nanoseconds;
}

/** The ledger while its machine runs. */
interface Running extends Transacting {
  readonly accounts: OpenFile;
  readonly journal: OpenFile;
  readonly files: readonly OpenFile[];
}

export class Ledger implements Application {
  readonly kind = 'ledger';
  readonly id: string;
  readonly parts = ['A', 'B'];
  readonly letters: readonly string[];
  readonly recovers = false;
  readonly ownCheckNames = [];
  private readonly workload: LedgerWorkload;
  /** Every transfer that was begun; number n stands at n - 1. */
  private readonly history: TransferRecord[] = [];
  /** One record on its way to or from a file; the lock keeps it for one transfer. */
  private readonly record = new Uint8Array(RECORD_BYTES);
  private clock: TransactionClock | null = null;

  constructor(workload: LedgerWorkload) {
    this.workload = workload;
    this.id = workload.id;
    this.letters = lettersOf([workload.files.A, workload.files.B]);
  }

  *fill(volumes: Volumes): Task<void> {
    const { files, accounts } = this.workload;
    yield* fillFile(volumes, files.A, accounts * RECORD_BYTES, (piece, offset) => {
      for (let at = 0; at < piece.length; at += RECORD_BYTES) {
        writeAccount(piece, at, (offset + at) / RECORD_BYTES, FIRST_BALANCE, 0);
      }
    });
    yield* fillFile(volumes, files.B, 0, () => {});
  }

  start(context: AppContext): void {
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
    return path === this.workload.files.A || path === this.workload.files.B;
  }

  load(
    tree: RestoredTree,
    truth: WorkloadTruth,
    _held: () => HeldTransactions,
    until: EventNumber = truth.truth.lastEvent,
  ): Loading {
    const isLost = ({ transaction }: TransferRecord) => truth.transactions[transaction - 1]?.isLostAt(until) ?? false;
    const history = this.history.filter(transfer => !isLost(transfer));
    return loadLedger(this.workload, history, tree, truth);
  }

  private *open({ volumes, truth }: AppContext, clock: TransactionClock): Task<void> {
    const { A, B } = this.workload.files;
    const accounts = yield* volumes(letterOf(A)).open(A);
    const journal = yield* volumes(letterOf(B)).open(B);
    const durability = new Durability(this.workload.fsync, truth);
    const running: Running = { clock, durability, truth, accounts, journal, files: [journal, accounts] };
    clock.run(operation => {
      const plan = this.draw(operation);
      return transact(running, operation.number, transaction => this.move(running, plan, transaction));
    });
  }

  private draw({ random }: Operation): Plan {
    const { accounts } = this.workload;
    const from = random.below(accounts);
    const other = random.below(Math.max(1, accounts - 1));
    return {
      from,
      to: accounts > 1 && other >= from ? other + 1 : other,
      amount: random.between(1, MOST_AMOUNT),
      firstWaitNs: random.between(0, MOST_BETWEEN_NS),
      secondWaitNs: random.between(0, MOST_BETWEEN_NS),
    };
  }

  private *move(
    { accounts, journal, files }: Running,
    plan: Plan,
    transaction: Transaction,
  ): Task<readonly OpenFile[]> {
    this.history.push({ transaction: transaction.number, from: plan.from, to: plan.to, amount: plan.amount });
    yield* this.change(accounts, plan.from, -plan.amount, transaction);
    yield plan.firstWaitNs;
    yield* this.change(accounts, plan.to, plan.amount, transaction);
    yield plan.secondWaitNs;
    const { from, to, amount } = plan;
    writeTransfer(this.record, 0, { transaction: transaction.number, from, to, amount });
    yield* journal.append(this.record, transaction);
    return files;
  }

  private *change(accounts: OpenFile, account: number, by: number, transaction: Transaction): Task<void> {
    const { record } = this;
    const offset = account * RECORD_BYTES;
    const there = yield* accounts.read(offset, record);
    const before = there === RECORD_BYTES ? readAccount(record, 0) : null;
    if (before === null || before.account !== account) {
      throw new FsError('corrupt', accounts.node.path, `no record of account ${account}`);
    }
    writeAccount(record, 0, account, before.balance + by, transaction.number);
    yield* accounts.write(offset, record, transaction);
  }
}
