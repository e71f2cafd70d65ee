/** Why a backup disk is not opened, written, read or restored from. A refusal comes before anything is written. */
import { WorldError } from '../invariant.ts';
import type { Bytes } from '../units.ts';

export type RefusalReason =
  /** It carries no catalogue of ours, and nobody said `init`. */
  | 'foreign'
  | 'other-source'
  | 'newer-version'
  /** Both headers are whole, of one sequence number, and differ. */
  | 'conflict'
  | 'damaged'
  | 'sector-size'
  | 'granule'
  | 'source-size'
  | 'source-is-target'
  | 'no-room'
  | 'in-use'
  | 'busy'
  | 'no-image'
  | 'no-generation'
  | 'newest'
  | 'target-too-small'
  | 'text-too-long';

export class BackupDiskRefusal extends WorldError {
  override readonly name = 'BackupDiskRefusal';
  readonly reason: RefusalReason;
  /** Of `no-room`. */
  readonly neededBytes: Bytes | null;
  readonly availableBytes: Bytes | null;

  constructor(reason: RefusalReason, message: string, room: { needed: Bytes; available: Bytes } | null = null) {
    super(message);
    this.reason = reason;
    this.neededBytes = room === null ? null : room.needed;
    this.availableBytes = room === null ? null : room.available;
  }
}

export function refuse(reason: RefusalReason, message: string): never {
  throw new BackupDiskRefusal(reason, message);
}
