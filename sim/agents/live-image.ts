/** Live image: the sectors of volumes in use, read from first to last while they change (dd of a mounted disk). */
import type { Task } from '../../engine/task.ts';
import type { World } from '../world/world.ts';
import type { AgentContext } from './agent.ts';
import { copySectors, type VolumeSource } from './copy-sectors.ts';

export function* liveImage(context: AgentContext): Task<void> {
  const { world, backup, selection } = context;
  backup.T = world.kernel.now();
  yield* copySectors(
    context,
    selection.volumes.map(letter => liveSource(world, letter)),
  );
}

export function liveSource(world: World, letter: string): VolumeSource {
  const { on, firstSector, sectorCount, spec } = world.volume(letter);
  return { letter, device: on.door, extent: { first: firstSector, count: sectorCount }, isRaw: spec.fs === 'raw' };
}
