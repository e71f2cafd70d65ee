/** Backups to a disk in a small world: what they hold, and what goes wrong with them when something is broken on purpose. */
import { describe, expect, test } from 'vitest';
import { importPlanted, type PlantedDefect } from './build.ts';
import { openIncrementalWorld } from './incremental-world.ts';

const SEEDS = 4;
const OTM = 'backups.methods.otm-incremental';
const ALL = Array.from({ length: SEEDS }, (_, at) => at + 1);

interface BrokenIncrement {
  readonly name: string;
  readonly changes: readonly PlantedDefect[];
  readonly caughtBy: string;
  readonly sets?: readonly string[];
}

const KILLED = ['faults=[{ kind: kill, at: 4200 ms, back: 100 ms }]'];
/** What was written over can't be saved for older generations. */
const BOOTED = [`${OTM}.bootedBefore=2`, `${OTM}.keep=1`];
const LOST = [`${OTM}.diskLoss=true`, 'world.drives.disk0.model=server-1999'];
const ONE_VOLUME = ['backups.drives=null', 'backups.volumes=[C]'];

const BROKEN: readonly BrokenIncrement[] = [
  {
    name: 'a map that is counted from the first sector of the drive',
    changes: [
      {
        file: 'engine/tracking.ts',
        find: 'for (let granule = grid.firstTouched(sector); granule <= last; granule++) {',
        replace: `const off = Math.floor(grid.volume.first / grid.granuleSectors);
    for (let granule = grid.firstTouched(sector) + off; granule <= Math.min(last + off, grid.granuleCount - 1); granule++) {`,
      },
    ],
    caughtBy: 'tracked',
    sets: ONE_VOLUME,
  },
  {
    name: 'a map from which an interval is missing',
    changes: [
      {
        file: 'engine/tracking.ts',
        find: 'for (const { changed } of this.intervals.slice(from, to)) all.add(changed);',
        replace: 'for (const { changed } of this.intervals.slice(from + 1, to)) all.add(changed);',
      },
    ],
    caughtBy: 'tracked',
  },
  {
    name: 'a map that was lost, and trusted',
    changes: [
      {
        file: 'sim/world/machine.ts',
        find: '{ ...of, generation: this.life.number }',
        replace: '{ ...of, generation: 1 }',
      },
      {
        file: 'engine/tracking.ts',
        find: 'const from = this.intervals.findIndex(({ since }) => since === base);',
        replace: 'const from = Math.max(0, this.intervals.findIndex(({ since }) => since === base));',
      },
    ],
    caughtBy: 'tracked',
    sets: KILLED,
  },
  {
    name: 'an image that was written to, and is not looked at',
    changes: [
      {
        file: 'engine/backup-disk/base-check.ts',
        find: 'if (!isRight) mismatched.push(granule);',
        replace: 'if (!isRight) continue;',
      },
    ],
    caughtBy: 'tracked',
    sets: BOOTED,
  },
  {
    name: 'older generations whose granules are not saved',
    changes: [
      {
        file: 'engine/backup-disk/transaction.ts',
        find: 'if (pending.keepsReplaced) yield* saveReplaced(disk, list);',
        replace: '',
      },
    ],
    caughtBy: 'backup-disk',
  },
  {
    name: 'an image to which the journal is not applied',
    changes: [
      {
        file: 'engine/backup-disk/transaction.ts',
        find: 'if (bytes !== null && isContent(bytes, fresh, checksum)) yield* out.write(layout.grid.start(granule), bytes);',
        replace: 'if (bytes !== null && isContent(bytes, fresh, checksum)) void layout;',
      },
    ],
    caughtBy: 'backup-disk',
  },
  {
    name: 'a granule that is skipped although something uses a part of it',
    changes: [
      {
        file: 'sim/fs/fat/used-granules.ts',
        find: 'const start = Math.ceil(first / granuleSectors);',
        replace: 'const start = Math.floor(first / granuleSectors);',
      },
    ],
    caughtBy: 'relational',
    sets: [`${OTM}.usedOnly=true`],
  },
  {
    name: 'a restored disk that does not say that it is incomplete',
    changes: [
      {
        file: 'engine/backup-disk/restore.ts',
        find: '  yield* restoring.writeNow(markBytes);\n',
        replace: '',
      },
    ],
    caughtBy: 'backup-disk',
    sets: [...LOST, 'faults=[{ kind: power-cut, at: 15650 ms, back: 50 ms }]'],
  },
];

describe('backups to a disk', async () => {
  const run = await openIncrementalWorld();

  test.each([
    ['whole drives', []],
    ['one volume', ONE_VOLUME],
    ['only what files use', [`${OTM}.usedOnly=true`, `${OTM}.verify=true`]],
    ["after yesterday's", [`${OTM}.base=true`]],
    ['after a kill', KILLED],
    ['after somebody booted from it', BOOTED],
    [
      'sectors of 4 KiB',
      [
        'world.drives.disk0.sectorSize=4 KiB',
        'world.drives.disk0.volumes.C.cluster=4 KiB',
        'world.drives.disk0.volumes.C.fs=fat12',
      ],
    ],
    ['the disk lost, and restored', [`${OTM}.diskLoss=true`]],
  ])('hold: %s', (_, sets) => {
    for (const seed of ALL) {
      const { violated, outcomes, says } = run(seed, sets);
      expect({ seed, violated, says: says.get('backup-disk') }).toMatchObject({ violated: [] });
      expect(outcomes).toContain('completed');
      expect(says.get('tracked')).toMatch(/granules of images are what the drives held at T/);
    }
  });

  test.each([
    ['all of it', []],
    ['what files use', [`${OTM}.usedOnly=true`]],
  ])('a chain of 50 increments under load equals 50 full copies: %s', (_, sets) => {
    const { violated, outcomes, says } = run(1, [`${OTM}.times=51`, `${OTM}.keep=51`, ...sets]);
    expect(violated).toEqual([]);
    expect(outcomes).toHaveLength(51);
    expect(says.get('tracked')).toContain('50 backups went by the map of changes');
  });

  test('the power goes at many instants of a restore: it is run again', () => {
    let again = 0;
    for (let at = 0; at < 12; at++) {
      const { violated, says } = run(1, [
        ...LOST,
        `faults=[{ kind: power-cut, at: ${15_100 + 50 * at} ms, torn: true, back: 50 ms }]`,
      ]);
      expect({ at, violated }).toEqual({ at, violated: [] });
      if (says.get('backup-disk')?.includes('in 2 restores')) again += 1;
    }
    expect(again).toBeGreaterThan(3);
  });

  test('cut at many instants of a backup, nothing is lost', () => {
    for (let at = 0; at < 24; at++) {
      const sets = [`faults=[{ kind: power-cut, nth: ${40 + 35 * at}, on: disk0, torn: true, back: 50 ms }]`];
      const first = run(at, sets);
      expect({ at, violated: first.violated.filter(check => check === 'tracked' || check === 'backup-disk') }).toEqual({
        at,
        violated: [],
      });
      expect(run(at, sets).digest).toBe(first.digest);
    }
  });
});

describe('broken on purpose', () => {
  test.each(BROKEN)('$name is caught by $caughtBy', async ({ changes, caughtBy, sets }) => {
    type Entry = { openIncrementalWorld: typeof openIncrementalWorld };
    const entry = await importPlanted<Entry>('test/planted/incremental-world.ts', changes);
    const run = await entry.openIncrementalWorld();
    expect(ALL.some(seed => run(seed, sets).violated.includes(caughtBy))).toBe(true);
  });
});
