/**
 * Simulated I/Os a second: 4 KiB, half reads, to random places of a region, eight clients with recycled buffers. The
 * content of writes is in the digest once, at issue, reads by their range. Bare: kernel and drive alone. Preserved: through
 * the engine, one snapshot alive, every granule preserved already. First writes: every write preserves a granule of 4 KiB.
 */
import type { Bytes } from '../engine/units.ts';
import type { Hash } from '../sim/disk/drive.ts';
import { Choices } from '../sim/kernel/random.ts';
import { IoWorld, PAGE, SnapshotWorld } from './io-world.ts';

const isHalf = (at: number): boolean => at % 2 === 0;

/** What no simulator can do without: every page copied, every second one hashed. */
export function bytesAlone(hash: Hash, requests: number, regionBytes: Bytes): number {
  const slab = new Uint8Array(regionBytes).fill(7);
  const pages = Array.from({ length: regionBytes / PAGE }, (_, at) => slab.subarray(at * PAGE, (at + 1) * PAGE));
  const random = new Choices(1).stream('places');
  const buffer = new Uint8Array(PAGE);
  let sum = 0;
  const started = performance.now();
  for (let at = 0; at < requests; at++) {
    const page = pages[random.below(pages.length)]!;
    if (isHalf(at)) {
      sum += hash(buffer);
      page.set(buffer);
    } else buffer.set(page);
  }
  const perSecond = requests / ((performance.now() - started) / 1000);
  if (sum === 0) throw new Error('every hash was 0');
  return perSecond;
}

export function bare(hash: Hash, requests: number, regionBytes: Bytes): number {
  const world = new IoWorld(hash);
  const device = world.handle(world.drive(regionBytes), 'application');
  world.owner.spawn('fill', world.fill(device));
  world.kernel.settle();
  return world.measure(device, requests, isHalf, world.randomPlaces(regionBytes)).perSecond;
}

/** Later writes: every granule was preserved before the time is taken. */
export function preserved(hash: Hash, requests: number, regionBytes: Bytes): number {
  const { world, device } = preservedWorld(hash, regionBytes);
  return world.measure(device, requests, isHalf, world.randomPlaces(regionBytes)).perSecond;
}

function preservedWorld(hash: Hash, regionBytes: Bytes): SnapshotWorld {
  const made = new SnapshotWorld(new IoWorld(hash), regionBytes);
  made.take(PAGE);
  made.world.owner.spawn('first writes', made.world.fill(made.device));
  made.world.kernel.settle();
  return made;
}

/** Each write preserves: a read, a cache write, and the write. Counted are the application's. */
export function firstWrites(hash: Hash, regionBytes: Bytes): number {
  const made = new SnapshotWorld(new IoWorld(hash), regionBytes);
  made.take(PAGE);
  const { world, device } = made;
  const order = Array.from({ length: regionBytes / PAGE }, (_, at) => at * 8);
  world.kernel.choices.stream('order').shuffle(order);
  return world.measure(
    device,
    order.length,
    () => true,
    at => order[at - 1]!,
  ).perSecond;
}
