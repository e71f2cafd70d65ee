/** Open-file agent: every file exactly as it was at the instant at which the agent opened it. Each has its own instant. */
import type { Task } from '../../engine/task.ts';
import type { FrozenFile, Path } from '../fs/file-system.ts';
import type { World } from '../world/world.ts';
import type { AgentContext } from './agent.ts';
import { copyFiles, ifThere, instant, letterOf, type Source } from './copy-files.ts';

export function* openFileAgent(context: AgentContext): Task<void> {
  yield* copyFiles(context, ({ world }, { path }) => frozenSources(world, path));
}

/** A file as it is now; none when it has gone. */
export function* frozenSources(world: World, path: Path): Task<readonly Source[]> {
  const frozen = (yield* ifThere(world.files(letterOf(path)).freeze([path]))) ?? [];
  return frozen.map(file => frozenSource(file, instant(world)));
}

export function frozenSource(file: FrozenFile, taken: { readonly at: number; readonly atWallSeconds: number }): Source {
  return {
    path: file.path,
    modified: () => file.modified,
    ...taken,
    read: (offset, into) => file.read(offset, into),
    close: () => file.close(),
  };
}
