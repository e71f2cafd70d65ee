/**
 * Group agent: an open-file agent that is told which files belong together. A group is taken at one instant, when the
 * walk meets its first member, after a while without a write to any member. Right only when its list is complete.
 */
import { WorldError } from '../../engine/invariant.ts';
import type { Task } from '../../engine/task.ts';
import { type Nanoseconds, SECOND } from '../../engine/units.ts';
import { type FrozenFile, FsError, type Path } from '../fs/file-system.ts';
import { matchesPattern } from '../scenario/paths.ts';
import type { GroupAgentMethod, PathPattern } from '../scenario/scenario.ts';
import type { World } from '../world/world.ts';
import type { Agent, AgentContext } from './agent.ts';
import { copyFiles, instant, letterOf, type Source } from './copy-files.ts';
import { frozenSource, frozenSources } from './open-file-agent.ts';
import { walk } from './walk.ts';

/** The group was never quiet within the wait limit. */
export class NeverQuiet extends WorldError {
  override readonly name = 'NeverQuiet';
}

export function groupAgent(method: GroupAgentMethod): Agent {
  return function* run(context: AgentContext): Task<void> {
    const taken = new Set<readonly PathPattern[]>();
    yield* copyFiles(context, function* open(_context, { path }) {
      const group = method.groups.find(patterns => isMember(patterns, path));
      if (group === undefined) return yield* frozenSources(context.world, path);
      // Its members at its instant have been copied; one that came later is not in the backup.
      if (taken.has(group)) return [];
      taken.add(group);
      return yield* takeGroup(context, method, group);
    });
  };
}

function isMember(patterns: readonly PathPattern[], path: Path): boolean {
  return patterns.some(pattern => matchesPattern(pattern, path));
}

/** Freezes all members that are there, in one step for all volumes. */
function* takeGroup(
  context: AgentContext,
  method: GroupAgentMethod,
  patterns: readonly PathPattern[],
): Task<readonly Source[]> {
  const { world, backup, selection } = context;
  const asked = world.kernel.now();
  for (;;) {
    yield* waitForQuiet(world, method, patterns, asked);
    const { files } = yield* walk(world, selection.volumes, world.scenario.backups.walk);
    const members = files.map(({ path }) => path).filter(path => isMember(patterns, path));
    const frozen = yield* freezeTogether(world, members);
    if (frozen === null) continue;
    if (quietLeft(world, method, patterns, asked) > 0) {
      // It was written to while the folders were read.
      for (const file of frozen) file.close();
      continue;
    }
    const now = instant(world);
    backup.quietWaitNs = (backup.quietWaitNs ?? 0) + (world.kernel.now() - asked);
    return frozen.map(file => frozenSource(file, now));
  }
}

/** How long the group has to be left alone from now on. */
function quietLeft(
  world: World,
  { quietNs }: GroupAgentMethod,
  patterns: readonly PathPattern[],
  asked: Nanoseconds,
): Nanoseconds {
  const since = Math.max(asked, world.activity.lastChangeWhere(path => isMember(patterns, path)) ?? asked);
  return since + quietNs - world.kernel.now();
}

function* waitForQuiet(
  world: World,
  method: GroupAgentMethod,
  patterns: readonly PathPattern[],
  asked: Nanoseconds,
): Task<void> {
  const { quietNs, waitLimitNs } = method;
  for (;;) {
    const left = quietLeft(world, method, patterns, asked);
    if (left <= 0) return;
    if (world.kernel.now() - asked >= waitLimitNs) {
      throw new NeverQuiet(
        `${patterns.join(', ')}: not quiet for ${quietNs / SECOND} s within ${waitLimitNs / SECOND} s`,
      );
    }
    yield Math.min(left, asked + waitLimitNs - world.kernel.now());
  }
}

/** Null when a member has gone meanwhile: the wait begins again. */
function* freezeTogether(world: World, members: readonly Path[]): Task<FrozenFile[] | null> {
  const byLetter = new Map<string, Path[]>();
  for (const path of members) byLetter.set(letterOf(path), [...(byLetter.get(letterOf(path)) ?? []), path]);
  const frozen: FrozenFile[] = [];
  try {
    for (const [letter, paths] of byLetter) frozen.push(...(yield* world.files(letter).freeze(paths)));
  } catch (error) {
    for (const file of frozen) file.close();
    if (error instanceof FsError && error.failure === 'not-found') return null;
    throw error;
  }
  return frozen;
}
