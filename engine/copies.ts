/**
 * What becomes of the copies of granules on their way to a cache, whatever the cache.
 *
 * Invariants
 * I1 A copy that nobody waits for any more (the snapshot has ended, the watchdog has refused it) changes no map (E9).
 */
import type { IoError } from './device.ts';
import type { LossCause } from './events.ts';
import type { Granule } from './granules.ts';
import type { Copying, ProtectedVolume } from './snapshot.ts';
import type { Bytes } from './units.ts';

/** A granule as it was at T, or why it could not be read; its bytes lie in a buffer that others share. */
export interface OldGranule {
  readonly granule: Granule;
  readonly copying: Copying;
  readonly from: Uint8Array;
  readonly offset: Bytes;
  readonly length: Bytes;
  /** It is all zeroes. */
  readonly isHole: boolean;
  readonly error: IoError | null;
}

/** I1. */
export function isAwaited(volume: ProtectedVolume, { granule, copying }: OldGranule): boolean {
  return volume.copying.get(granule) === copying;
}

/** These granules can't be preserved. */
export function refuseCopies(
  volume: ProtectedVolume,
  granules: readonly OldGranule[],
  cause: LossCause,
  detail: string,
): void {
  const left = granules.filter(each => isAwaited(volume, each));
  if (left.length === 0) return;
  volume.snapshot.cannotPreserve(
    volume,
    left.map(({ granule }) => granule),
    cause,
    detail,
  );
}

/** So many granules from one on were preserved together. */
export function reportPreserved(volume: ProtectedVolume, granule: Granule, count: number): void {
  const { snapshot, grid, filter } = volume;
  const last = granule + count - 1;
  const bytes = (grid.start(last) + grid.length(last) - grid.start(granule)) * filter.sectorSize;
  snapshot.emit({ kind: 'preserved', ...snapshot.stamp(), volume: volume.name, granule, count, bytes });
}
