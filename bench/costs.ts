/**
 * What the engine costs an application and a host: virtual delays on an SSD of the scenarios' model, bytes copied for
 * bytes written, memory for what is protected. Exact figures of a simulation, but for the memory.
 */
import { Bitmap } from '../engine/bitmap.ts';
import { SlotMap } from '../engine/slot-map.ts';
import { type Bytes, KIB, MIB } from '../engine/units.ts';
import type { Hash } from '../sim/disk/drive.ts';
import { DRIVE_MODELS } from '../sim/scenario/drive-models.ts';
import { IoWorld, type Measured, PAGE, SnapshotWorld } from './io-world.ts';

const REGION: Bytes = 64 * MIB;
const TIB: Bytes = 1024 * 1024 * MIB;

export type Kind = 'none' | 'not durable' | 'durable';

function ssdWorld(hash: Hash): SnapshotWorld {
  return new SnapshotWorld(new IoWorld(hash, DRIVE_MODELS.ssd, true), REGION);
}

/** Writes of 4 KiB, each the first of its granule of 16 KiB. */
export function firstWriteDelays(hash: Hash, kind: Kind, clients: number): Measured {
  const made = ssdWorld(hash);
  const granuleBytes = 16 * KIB;
  if (kind !== 'none') made.take(granuleBytes, kind === 'durable');
  const { world, device } = made;
  const sectorsEach = granuleBytes / 512;
  const order = Array.from({ length: REGION / granuleBytes }, (_, at) => at * sectorsEach);
  world.kernel.choices.stream('order').shuffle(order);
  return world.measure(
    device,
    order.length,
    () => true,
    at => order[at - 1]!,
    clients,
  );
}

/** Writes of 4 KiB to granules that are preserved already, or without a snapshot. */
export function laterWrites(hash: Hash, kind: Kind): Measured {
  const made = ssdWorld(hash);
  if (kind !== 'none') {
    made.take(16 * KIB, kind === 'durable');
    made.world.owner.spawn('first writes', made.world.fill(made.device));
    made.world.kernel.settle();
  }
  const { world, device } = made;
  return world.measure(device, 20_000, () => true, world.randomPlaces(REGION));
}

/** Bytes written to the cache for each byte of random writes of 4 KiB over a quarter of the region's pages. */
export function amplification(hash: Hash, granuleBytes: Bytes): number {
  const made = ssdWorld(hash);
  const snapshot = made.take(granuleBytes);
  const { world, device } = made;
  const writes = REGION / PAGE / 4;
  world.measure(device, writes, () => true, world.randomPlaces(REGION));
  return (snapshot.granulesPreserved * granuleBytes) / (writes * PAGE);
}

export interface MemoryCost {
  readonly bitmapBytesPerTiB: Bytes;
  readonly trackingBytesPerTiB: Bytes;
  readonly bytesPerPreservedGranule: number;
}

/** Bytes that typed arrays take, as Node counts them. */
function arrayBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().arrayBuffers;
}

/** All of a TiB's granules of 16 KiB marked, of 64 KiB for tracking; a million granules preserved. */
export function memoryCost(): MemoryCost {
  const filled = (granules: number): Bitmap => {
    const bitmap = new Bitmap(granules);
    // A bit in each chunk makes all of it.
    for (let bit = 0; bit < granules; bit += 1024) bitmap.set(bit);
    return bitmap;
  };
  const measured = <T>(make: () => T): number => {
    const before = arrayBytes();
    const made = make();
    const bytes = arrayBytes() - before;
    if (made === undefined) throw new Error('nothing was made');
    return bytes;
  };
  const granules = 1_000_000;
  return {
    bitmapBytesPerTiB: measured(() => filled(TIB / (16 * KIB))),
    trackingBytesPerTiB: measured(() => filled(TIB / (64 * KIB))),
    bytesPerPreservedGranule:
      measured(() => {
        const slots = new SlotMap();
        for (let granule = 0; granule < granules; granule++) slots.set(granule * 7, granule);
        return slots;
      }) / granules,
  };
}
