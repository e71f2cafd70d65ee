/** Naive copy: opens each file and reads it from beginning to end while it changes. */
import type { Task } from '../../engine/task.ts';
import type { AgentContext } from './agent.ts';
import { copyFiles, ifThere, letterOf, type Source } from './copy-files.ts';

export function* naiveCopy(context: AgentContext): Task<void> {
  yield* copyFiles(context, function* open({ world }, { path }) {
    const file = yield* ifThere(world.files(letterOf(path)).open(path));
    if (file === null) return [];
    const source: Source = {
      path,
      modified: () => file.node.modified,
      at: null,
      atWallSeconds: null,
      read: (offset, into) => file.read(offset, into),
      close: () => file.close(),
    };
    return [source];
  });
}
