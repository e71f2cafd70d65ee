/** The seam of an agent: a task that makes one backup of the selected volumes of a world. */
import { IoError, type IoRequest } from '../../engine/device.ts';
import type { Owner, Task } from '../../engine/task.ts';
import { scheduleOf } from '../scenario/methods.ts';
import type { Selection } from '../scenario/scenario.ts';
import { Histogram } from '../world/histogram.ts';
import type { World } from '../world/world.ts';
import type { Backup } from './backup.ts';

export interface AgentContext {
  readonly world: World;
  readonly owner: Owner;
  readonly selection: Selection;
  /** Of the backups of its method, from 1. */
  readonly number: number;
  /** Filled in as the backup goes on. */
  readonly backup: Backup;
  /** Asked before each read, for faults that stop an agent. */
  readonly beforeRead: () => Task<void>;
}

export type Agent = (context: AgentContext) => Task<void>;

/** `number` counts the backups of a method from 1. */
export function newBackup(world: World, number: number): Backup {
  const event = world.truth.now();
  const { method, scenario } = world;
  return {
    id: scheduleOf(scenario, method).count === 1 ? method.id : `${method.id}-${number}`,
    outcome: 'completed',
    reason: null,
    consistency: null,
    T: null,
    at: null,
    wallSeconds: null,
    settledAt: null,
    startedNs: world.kernel.now(),
    startedAt: event,
    copyFromNs: null,
    copyToNs: null,
    endedNs: null,
    endedAt: event,
    quietWaitNs: null,
    holdNs: null,
    downNs: 0,
    preserved: null,
    writeDelays: new Histogram(),
    readDelays: new Histogram(),
    bytesRead: 0,
    targetBytesBefore: world.targetBytesWritten,
    targetBytesWritten: 0,
    images: [],
    diskBackups: [],
    leftOut: [],
    archive: null,
    taken: [],
  };
}

/** Waits for a request of an agent and throws its error: it is the backup's. */
export function* done(request: IoRequest): Task<void> {
  yield request;
  if (request.value instanceof IoError) throw request.value;
}
