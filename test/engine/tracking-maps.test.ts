/**
 * Maps of changes over stops of the host (E13). Model: the set of granules written since each T, of the newest generation.
 * A life ends cleanly or by a power cut, also in the middle of a stop or a start; then every map that is gone on with says
 * no less than the model, and one that can't be trusted begins a new generation.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Checksum } from '../../engine/checksum.ts';
import { ExtentSet } from '../../engine/extent-set.ts';
import { runNow } from '../../engine/task.ts';
import { ChangeTracker } from '../../engine/tracking.ts';
import { closeMaps, type MapsPlace, mapsBytes, openMaps, renewMaps } from '../../engine/tracking-maps.ts';
import { makeHash } from '../../host/modules.ts';
import { CrashDisk, drawFrom, Power, PowerCut } from './backup-disk/crash-disk.ts';

let checksum: Checksum;
beforeAll(async () => {
  checksum = await makeHash();
});

const VOLUME = { first: 7, count: 3001 };
const GRANULE = 8;
const GRANULES = Math.ceil(VOLUME.count / GRANULE);
const KEEP = 3;

function diskOf(sectorSize: 512 | 4096): CrashDisk {
  return new CrashDisk('maps', sectorSize, 4 + Math.ceil(mapsBytes(GRANULES, KEEP, sectorSize) / sectorSize));
}

function placeOn(device: CrashDisk, backing = 'disk0'): MapsPlace {
  return { device, extent: { first: 2, count: device.sectorCount - 4 }, checksum, backing };
}

let generations = 1;
function tracker(volume = VOLUME): ChangeTracker {
  return new ChangeTracker(volume, GRANULE, KEEP, generations++);
}

/** Everything that is known, as numbers. */
function known({ known: intervals, generation, leftOut }: ChangeTracker): unknown {
  return {
    generation,
    leftOut: leftOut.extents,
    intervals: intervals.map(({ since, changed }) => [since, [...changed.ones()]]),
  };
}

function markAt(of: ChangeTracker, granules: readonly number[]): void {
  for (const granule of granules) of.mark(VOLUME.first + granule * GRANULE, 1);
}

describe('a clean stop', () => {
  test.each([512, 4096] as const)('in sectors of %i bytes keeps every interval, and the generation', sectorSize => {
    const granules = fc.array(fc.nat(GRANULES - 1), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(granules, { minLength: 1, maxLength: 6 }), intervals => {
        const place = placeOn(diskOf(sectorSize));
        const before = tracker();
        expect(runNow(openMaps(before, place))).toBe('none');
        intervals.forEach((each, at) => {
          markAt(before, each);
          if (at > 0) before.swap(`backup-${at}`, new ExtentSet(at > 2 ? [{ first: 100 * at, count: 17 }] : []));
        });
        runNow(closeMaps(before, place));
        const after = tracker();
        expect(runNow(openMaps(after, place))).toBeNull();
        expect(known(after)).toEqual(known(before));
        markAt(after, [5]);
        expect(after.known.at(-1)!.changed.get(5)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a new generation begins', () => {
  const changed: readonly (readonly [string, (place: MapsPlace) => [ChangeTracker, MapsPlace]])[] = [
    ['other-volume', place => [tracker({ first: 7, count: 3002 }), place]],
    ['other-volume', place => [new ChangeTracker(VOLUME, 2 * GRANULE, KEEP, generations++), place]],
    ['other-backing', place => [tracker(), { ...place, backing: 'disk0, changed since' }]],
  ];
  test.each(changed)('%s', (because, change) => {
    const place = placeOn(diskOf(512));
    const before = tracker();
    runNow(openMaps(before, place));
    runNow(closeMaps(before, place));
    const [after, at] = change(place);
    const { generation } = after;
    expect(runNow(openMaps(after, at))).toBe(because);
    expect(after.generation).toBe(generation);
    expect(after.known).toHaveLength(1);
  });

  test('after an unclean stop, and after a restore', () => {
    const place = placeOn(diskOf(512));
    const before = tracker();
    runNow(openMaps(before, place));
    const after = tracker();
    expect(runNow(openMaps(after, place))).toBe('unclean');
    runNow(closeMaps(after, place));
    const third = tracker();
    expect(runNow(openMaps(third, place))).toBeNull();
    expect(third.generation).toBe(after.generation);
    runNow(renewMaps(third, place, 9999));
    expect(third.generation).toBe(9999);
    expect(runNow(openMaps(tracker(), place))).toBe('unclean');
  });

  test('when any sector of the maps is damaged', () => {
    const disk = diskOf(512);
    const place = placeOn(disk);
    const before = tracker();
    runNow(openMaps(before, place));
    markAt(before, [1, 2, 300]);
    before.swap('one');
    runNow(closeMaps(before, place));
    let rotten = 0;
    for (const sector of disk.written()) {
      const copy = disk.fork();
      const bytes = copy.bytes(sector, 1);
      bytes[77] = bytes[77]! ^ 4;
      copy.overwrite(sector, bytes);
      const after = tracker();
      expect(runNow(openMaps(after, placeOn(copy)))).toBe('rotten');
      rotten += 1;
    }
    expect(rotten).toBeGreaterThan(3);
  });
});

test('a power cut anywhere in a stop or a start loses no change', () => {
  const draw = drawFrom(3);
  let trusted = 0;
  let renewed = 0;
  const first = tracker();
  const disk = diskOf(512);
  runNow(openMaps(first, placeOn(disk)));
  markAt(first, [1, 50]);
  first.swap('one');
  markAt(first, [7]);
  /** Every state of the drive after a cut of a task at each of its I/Os, and whether changes may have come since. */
  function* cuts(from: CrashDisk, run: (disk: CrashDisk) => void): Generator<{ left: CrashDisk; isDone: boolean }> {
    for (let at = 0; ; at++) {
      const copy = from.fork();
      copy.power = new Power();
      copy.power.cutAt = at;
      let isDone = false;
      try {
        run(copy);
        isDone = true;
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
      }
      for (const left of copy.states(draw)) yield { left, isDone };
      if (isDone) return;
    }
  }
  for (const { left, isDone } of cuts(disk, copy => runNow(closeMaps(first, placeOn(copy))))) {
    const after = tracker();
    const because = runNow(openMaps(after, placeOn(left.fork())));
    if (isDone) expect(because).toBeNull();
    if (because === null) {
      trusted += 1;
      expect(known(after)).toEqual(known(first));
    } else renewed += 1;
  }
  runNow(closeMaps(first, placeOn(disk)));
  for (const { left } of cuts(disk, copy => runNow(openMaps(tracker(), placeOn(copy))))) {
    // No write has passed yet: either answer is right, and a map that is trusted is whole.
    const after = tracker();
    if (runNow(openMaps(after, placeOn(left.fork()))) === null) expect(known(after)).toEqual(known(first));
  }
  // Once it has started, writes pass: whatever a cut leaves is not trusted.
  runNow(openMaps(tracker(), placeOn(disk)));
  for (const later of disk.states(draw)) {
    expect(runNow(openMaps(tracker(), placeOn(later.fork())))).toBe('unclean');
  }
  expect(trusted).toBeGreaterThan(0);
  expect(renewed).toBeGreaterThan(5);
});
