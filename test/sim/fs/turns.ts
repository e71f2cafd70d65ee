/** Applications at work on a volume whose drive answers when it is told to, until the power is cut. */
import fc from 'fast-check';
import { runNow } from '../../../engine/task.ts';
import type { FatVolume } from '../../../sim/fs/fat/volume.ts';
import { Model } from './model.ts';
import { Applications, PRELUDE, type Step, step } from './operations.ts';
import type { HeldDevice } from './ram-device.ts';
import type { TestScheduler } from './test-scheduler.ts';

export type Turn = { start: Step } | { release: number } | { wait: number };

export const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ start: step }) },
  { weight: 9, arbitrary: fc.record({ release: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 1, max: 1500 }) }) },
);

/** Takes the turns and drops whoever is at work; requests that wait are still there. */
export function takeTurns(
  volume: FatVolume,
  turns: readonly Turn[],
  scheduler: TestScheduler,
  device: HeldDevice,
): Applications {
  const applications = new Applications(volume, new Model());
  volume.observer = applications.model;
  for (const s of PRELUDE) runNow(applications.run(s));
  device.isHolding = true;
  for (const t of turns) {
    if ('start' in t) scheduler.spawn(applications.run(t.start));
    else if ('wait' in t) scheduler.goTo(scheduler.now() + t.wait * 1_000_000);
    else if (device.waiting.length > 0) {
      device.release(t.release % device.waiting.length);
      scheduler.run();
    }
  }
  scheduler.owner.drop();
  return applications;
}

/** The power is cut: of each write in flight some first sectors, all or none are on the drive. */
export function cut(device: HeldDevice, survives: readonly number[]): void {
  device.waiting.forEach((request, at) => {
    if (request.op !== 'write') return;
    const sectors = (survives[at % survives.length] ?? 0) % (request.count + 1);
    const length = sectors * device.sectorSize;
    device.bytes.set(request.data!.subarray(0, length), request.sector * device.sectorSize);
  });
  device.forgetAll();
}
