/**
 * Making files durable: an fsync writes the pages that the file and the directories above it have changed, which are its
 * data, the entries of its chain in both copies of the table, and directory entries up to the root. The flush comes after.
 */
import type { IoError } from '../../../engine/device.ts';
import type { Task } from '../../../engine/task.ts';
import type { FatNode } from './node.ts';
import type { FatState } from './state.ts';

/** Writes what `node` and the directories above it have changed so far; returns why not all could be written. */
export function* syncNode(state: FatState, node: FatNode): Task<IoError | null> {
  return yield* state.cached.cache.writeBack.sync(state.cached, state.markUpwards(node));
}
