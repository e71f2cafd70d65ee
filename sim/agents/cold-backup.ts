/** Cold backup: stops the applications between transactions, flushes, copies the sectors, starts them again. */
import { all, type Task } from '../../engine/task.ts';
import type { AgentContext } from './agent.ts';
import { copySectors } from './copy-sectors.ts';
import { liveSource } from './live-image.ts';

export function* coldBackup(context: AgentContext): Task<void> {
  const { world, owner, backup, selection } = context;
  const stoppedNs = world.kernel.now();
  const applications = world.workloads.map(({ application }) => application);
  yield* all(
    owner,
    'stop',
    applications.map(application => application.stop()),
  );
  try {
    for (const letter of selection.volumes) yield* world.mounted.get(letter)?.sync() ?? nothing();
    backup.T = world.kernel.now();
    backup.at = world.truth.now();
    backup.wallSeconds = world.wallClock();
    backup.settledAt = backup.at;
    backup.consistency = 'quiescent';
    yield* copySectors(
      context,
      selection.volumes.map(letter => liveSource(world, letter)),
    );
  } finally {
    for (const application of applications) application.resume();
    backup.downNs = world.kernel.now() - stoppedNs;
  }
}

function* nothing(): Task<void> {}
