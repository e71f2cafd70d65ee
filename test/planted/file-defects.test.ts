/** What goes wrong with files that are excluded, put into the sources one by one, and the check that catches it. */
import { describe, expect, test } from 'vitest';
import { importPlanted, type PlantedDefect } from './build.ts';
import { openFileWorld } from './file-world.ts';

const SEEDS = 6;
const ENGINE = ['exact', 'one-instant', 'transparent', 'once', 'bounded', 'quiet', 'released', 'self'];

interface BrokenFiles {
  readonly name: string;
  readonly changes: readonly PlantedDefect[];
  readonly caughtBy: string;
}

const BROKEN: readonly BrokenFiles[] = [
  {
    name: 'writes to excluded files are preserved',
    changes: [
      {
        file: 'engine/snapshot.ts',
        find: 'if (!excluded.isEmpty) return excluded.outside(sector, count).some(part => this.lacksRange(part.first, part.count));\n    return this.lacksRange(sector, count);',
        replace: 'return this.lacksRange(sector, count);',
      },
      {
        file: 'engine/preserve.ts',
        find: 'volume.excluded.isEmpty ? [{ first: sector, count }] : volume.excluded.outside(sector, count)',
        replace: '[{ first: sector, count }]',
      },
    ],
    caughtBy: 'once',
  },
  {
    name: 'files are left out as they were when the snapshot was asked for',
    changes: [
      {
        file: 'sim/world/excluded-files.ts',
        find: '    if (known !== null) this.extents.set(node, known);\n',
        replace: '    if (known !== null) return;\n',
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'only the first run of clusters of a file is left out',
    changes: [
      {
        file: 'sim/world/excluded-files.ts',
        find: 'for (const { first, count } of extents) found.push',
        replace: 'for (const { first, count } of extents.slice(0, 1)) found.push',
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'the directory of an excluded file is left out, too',
    changes: [
      {
        file: 'sim/world/excluded-files.ts',
        find: 'found.push({ first: firstSector + first, count });',
        replace: 'found.push({ first: firstSector + first, count }, { first: firstSector, count: 8 });',
      },
    ],
    caughtBy: 'exact',
  },
  {
    name: 'a cache file that stays on the volume',
    changes: [{ file: 'sim/fs/fat/cache-file.ts', find: '      yield* volume.remove(this.path);\n', replace: '' }],
    caughtBy: 'self',
  },
];

describe('excluded files and a cache on one volume', async () => {
  const run = await openFileWorld();

  test('are left out, and listed', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { outcome, violated, excluded } = run(seed);
      expect({ outcome, violated }).toEqual({ outcome: 'completed', violated: [] });
      expect(excluded.map(({ path, because }) => [path, because])).toEqual([
        ['C:\\PAGEFILE.SYS', 'excluded'],
        ['C:\\TEMP\\SWAP.TMP', 'excluded'],
        ['C:\\OTM\\OTM.CACHE', 'cache'],
      ]);
      expect(excluded[0]!.bytes).toBe(200 * 1024);
      // It grew before T, and what it got is left out, too.
      expect(excluded[1]!.bytes).toBeGreaterThan(200 * 1024);
    }
  });

  test.each(['take-anyway', 'fail'])('whatever is done when it is never quiet: %s', neverQuiet => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violated } = run(seed, [
        'workloads.paging.pauses=null',
        `backups.methods.otm.neverQuiet=${neverQuiet}`,
        'backups.methods.otm.waitLimit=2 s',
      ]);
      // A picture that is not quiet may have a file half grown; the engine's promises hold all the same.
      expect(violated.filter(check => ENGINE.includes(check))).toEqual([]);
    }
  });

  test('by names, folders and paths alike; a name that no file has leaves nothing out', () => {
    const excluded = (patterns: string) => run(1, [`backups.methods.otm.exclude=[${patterns}]`]).excluded;
    const paths = (patterns: string) =>
      excluded(patterns).flatMap(({ path, because }) => (because === 'cache' ? [] : path));
    expect(paths("'C:\\TEMP'")).toEqual(['C:\\TEMP\\SWAP.TMP']);
    expect(paths("'pagefile.*', 'C:\\TEMP\\*'")).toEqual(['C:\\PAGEFILE.SYS', 'C:\\TEMP\\SWAP.TMP']);
    expect(paths("'NOTHING.TMP'")).toEqual([]);
  });
});

describe('broken on purpose', () => {
  test.each(BROKEN)('$name is caught by $caughtBy', async ({ changes, caughtBy }) => {
    const entry = await importPlanted<{ openFileWorld: typeof openFileWorld }>('test/planted/file-world.ts', changes);
    const run = await entry.openFileWorld();
    const caught = Array.from({ length: SEEDS }, (_, at) => run(at + 1)).some(({ violated }) =>
      violated.includes(caughtBy),
    );
    expect(caught, `seeds 1 to ${SEEDS}`).toBe(true);
  });
});
