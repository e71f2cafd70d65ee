/** Defects of caches that lie on what is protected (E11): in the gaps of drives that are selected as a whole. */
import { KIB, MIB, MILLISECOND } from '../../engine/units.ts';
import type { Broken } from './broken.ts';
import type { RawOptions } from './raw-world.ts';

function cacheOn(driveId: string, limitBytes: number) {
  return { cache: { on: { is: 'drive', driveId }, minBytes: 256 * KIB, limitBytes } } as const;
}

/** Its own drive has the cache. */
const OWN: RawOptions = { wholeDrives: true, otm: cacheOn('disk0', 8 * MIB) };

/** The second one's cache is on a drive of the first, which comes later, and the other way round. */
const EACH_OTHERS: RawOptions = {
  wholeDrives: true,
  beside: true,
  otm: cacheOn('disk1', 8 * MIB),
  besideOtm: cacheOn('disk0', 4 * MIB),
};

/** The first one has its picture when the second one's cache is made. */
const LATER: RawOptions = { ...EACH_OTHERS, startNs: 100 * MILLISECOND };

const KNOWN = 'return new ExtentSet([...worthless, ...[...caches].flatMap(({ extents }) => extents.list)]);';

export const SELF: readonly Broken[] = [
  {
    name: 'a cache that is left out by the granule instead of the sector',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: KNOWN,
        replace: `return new ExtentSet([...caches].flatMap(({ extents }) => extents.list).map(({ first, count }) => {
      const { grid } = this;
      const last = grid.lastTouched(first, count);
      const start = grid.start(grid.firstTouched(first));
      return { first: start, count: grid.start(last) + grid.length(last) - start };
    }));`,
      },
    ],
    caughtBy: 'exact',
    options: OWN,
  },
  {
    name: 'a cache that is not left out of the picture',
    changes: [{ file: 'engine/snapshot.ts', find: KNOWN, replace: 'return new ExtentSet(worthless);' }],
    caughtBy: 'self',
    options: OWN,
  },
  {
    name: 'what is left out reads as it is on the drive',
    changes: [
      {
        file: 'engine/virtual-volume.ts',
        find: 'if (excluded.isInside(at)) {',
        replace: 'if (excluded.isInside(-1)) {',
      },
    ],
    caughtBy: 'self',
    options: OWN,
  },
  {
    name: 'a cache that is reserved after T',
    changes: [{ file: 'engine/engine.ts', find: 'known.some(each => each.protects(within)),', replace: 'false,' }],
    caughtBy: 'self',
    options: OWN,
  },
  {
    name: 'a cache that is not zeroed before T',
    changes: [
      {
        file: 'engine/cache-file.ts',
        find: "new IoRequest('zeroes', extent.first, extent.count, null)",
        replace: "new IoRequest('zeroes', extent.first, 1, null)",
      },
    ],
    caughtBy: 'self',
    options: OWN,
  },
  {
    name: 'a cache that is not flushed before T',
    changes: [
      { file: 'engine/cache-file.ts', find: 'if (!isProtected) return;', replace: 'if (this.extents) return;' },
    ],
    caughtBy: 'self',
    options: OWN,
  },
  {
    name: "a cache that goes on growing after another one's T",
    changes: [{ file: 'engine/engine.ts', find: 'yield* other.cache.file.stopGrowing();', replace: 'continue;' }],
    caughtBy: 'self',
    options: EACH_OTHERS,
  },
  {
    name: 'old data of what becomes a cache is not preserved for a picture that has it',
    changes: [
      {
        file: 'engine/engine.ts',
        find: 'const take = within === undefined ? free :',
        replace: 'const take = within !== undefined ? free :',
      },
    ],
    caughtBy: 'exact',
    options: LATER,
  },
  {
    name: 'a quiet that nothing breaks, as if all were left out',
    changes: [
      {
        file: 'engine/quiet-period.ts',
        find: 'return this.volume.excludedNow().covers(from, to - from);',
        replace: 'return to > from;',
      },
    ],
    caughtBy: 'quiet',
    options: OWN,
  },
];
