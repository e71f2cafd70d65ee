/**
 * One transaction of an application that has no recovery: under the lock it is begun, performed and committed, or given up
 * where it stands when a file operation fails; after the lock it is made durable and acknowledged.
 */
import type { Task } from '../../engine/task.ts';
import { FsError, type OpenFile } from '../fs/file-system.ts';
import type { Durability } from './durability.ts';
import type { TransactionClock } from './transaction-clock.ts';
import type { Transaction, WorkloadTruth } from './workload-truth.ts';

/** An application while its machine runs. */
export interface Transacting {
  readonly clock: TransactionClock;
  readonly durability: Durability;
  readonly truth: WorkloadTruth;
}

/** `perform` returns the files that it changed, in the order in which they are synced. */
export function* transact(
  { clock, durability, truth }: Transacting,
  operation: number,
  perform: (transaction: Transaction) => Task<readonly OpenFile[]>,
): Task<void> {
  if (!(yield* clock.enter())) return;
  const transaction = truth.begin(operation);
  let changed: readonly OpenFile[];
  try {
    changed = yield* perform(transaction);
    truth.committed(transaction);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    truth.aborted(transaction, error.message);
    return;
  } finally {
    clock.leave();
  }
  try {
    yield* durability.settle(transaction, changed);
  } catch (error) {
    // Never acknowledged: its client is told that nobody can say.
    if (!(error instanceof FsError)) throw error;
  }
}
