/** The schema of `backups`: what is copied, when, and by which methods. */
import { z } from 'zod';
import { KIB, MIB, MICROSECOND } from '../../engine/units.ts';
import {
  aim,
  byteRateOr,
  EXAMPLE_FIELD,
  id,
  letter,
  mapping,
  pattern,
  powerOfTwo,
  size,
  sizeOrPart,
  time,
  timeOr,
  whole,
} from './leaves.ts';

const selection = {
  volumes: z
    .array(letter({ description: 'A letter.', example: 'C' }))
    .min(1)
    .optional()
    .meta({
      description: 'What is backed up, in this order. Without it and `drives`: every volume.',
      [EXAMPLE_FIELD]: '[C, D]',
    }),
  drives: z
    .array(id({ description: 'A drive.', example: 'disk0' }))
    .min(1)
    .optional()
    .meta({
      description: 'Whole drives with all their volumes, instead of `volumes`.',
      [EXAMPLE_FIELD]: '[disk0]',
    }),
};

const somePattern = pattern({
  description: 'A path with `*`, a folder for all below it, or a name that is looked for everywhere.',
  example: "'C:\\BANK\\*.DAT'",
});

const quiet = {
  quiet: time({ description: 'How long no write may have come before the picture is taken.', example: '5 s' }).prefault(
    '5 s',
  ),
  waitLimit: time({ description: 'How long the quiet is waited for.', example: '60 s' }).prefault('300 s'),
};

const granule = powerOfTwo({
  description: 'The unit that is preserved.',
  example: '64 KiB',
  min: 512,
  max: 64 * MIB,
});

const cache = mapping({
  on: aim({
    description:
      'The letter of a FAT volume (a file) or the id of a drive (raw sectors outside of its volumes), backed up or not; without it a spare drive.',
    example: 'D',
  }).optional(),
  min: size({
    description: 'What is made before T; on what is backed up, all of `limit`.',
    example: '4 MiB',
    min: 4 * KIB,
  }).prefault('4 MiB'),
  limit: sizeOrPart({
    description: 'Above this it is full. One below `min` lowers `min`.',
    example: '32 MiB',
    of: 'the volumes',
  }).prefault('10%'),
});

const CACHE = 'Where the old data is kept.';

const beside = mapping({
  start: time({ description: 'When it is asked for, from 0 s of the run.', example: '2 s' }),
  ...selection,
  for: time({
    description: 'How long it is kept after T; without it until it has been read.',
    example: '30 s',
  }).optional(),
  granule: granule.optional(),
  cache: cache.prefault({}).meta({ description: CACHE, [EXAMPLE_FIELD]: '{ limit: 8 MiB }' }),
});

const snapshotOptions = {
  ...quiet,
  neverQuiet: z
    .enum(['fail', 'take-anyway'])
    .prefault('fail')
    .meta({
      description: 'What happens when the wait limit passes: the backup times out, or writes are held and T is taken.',
      [EXAMPLE_FIELD]: 'take-anyway',
    }),
  holdLimit: time({ description: 'How long `take-anyway` may hold writes.', example: '10 s' }).prefault('10 s'),
  idleLimit: timeOr('never', {
    description: 'After so long without a read the snapshot is released.',
    example: 'never',
  }).prefault('2 h'),
  preserveLimit: time({ description: 'How long preserving may take.', example: '10 s' }).prefault('10 s'),
  granule: granule.prefault('16 KiB'),
  protect: z
    .enum(['application', 'backup'])
    .prefault('application')
    .meta({
      description: 'Who pays when old data cannot be preserved: the snapshot is lost, or the write fails.',
      [EXAMPLE_FIELD]: 'backup',
    }),
  durable: z
    .boolean()
    .prefault(false)
    .meta({
      description:
        'It outlives a power cut and a kill: old data is flushed before new data can reach the drive, and the backup goes on.',
      [EXAMPLE_FIELD]: true,
    }),
  discards: z
    .enum(['preserve', 'drop'])
    .prefault('preserve')
    .meta({
      description: 'Discarded data is preserved, or the discard is acknowledged and not done.',
      [EXAMPLE_FIELD]: 'drop',
    }),
  exclude: z
    .array(somePattern)
    .prefault([])
    .meta({
      description:
        'Files whose content is worthless: nothing of them is preserved, and they are zeroes in the image. Paths with `*`, folders, or names.',
      [EXAMPLE_FIELD]: "['C:\\PAGEFILE.SYS', '*.TMP']",
    }),
  cache: cache.prefault({}).meta({ description: CACHE, [EXAMPLE_FIELD]: '{ on: D, limit: 32 MiB }' }),
  beside: z
    .array(beside)
    .prefault([])
    .meta({
      description: 'More snapshots in the same world, read in full and judged like the first.',
      [EXAMPLE_FIELD]: '[{ start: 2 s, volumes: [C], for: 30 s }]',
    }),
};

const otm = mapping(snapshotOptions);

const otmIncremental = mapping({
  ...snapshotOptions,
  every: time({
    description: 'From the time at which one run is due to the next.',
    example: '1 h',
    min: MICROSECOND,
  }).prefault('10 min'),
  times: whole({ description: 'How many runs are due.', example: 24, min: 1, max: 1000 }).prefault(6),
  keep: whole({ description: 'How many generations the backup disk keeps.', example: 7, min: 1, max: 200 }).prefault(3),
  usedOnly: z
    .boolean()
    .prefault(false)
    .meta({
      description: 'Sectors that no file uses are skipped, and are zeroes in the image.',
      [EXAMPLE_FIELD]: true,
    }),
  verify: z
    .boolean()
    .prefault(false)
    .meta({ description: 'What was written is read back.', [EXAMPLE_FIELD]: true }),
  base: z
    .boolean()
    .prefault(false)
    .meta({
      description: "The disk holds the drives as they are at 0 s, as yesterday's run left it.",
      [EXAMPLE_FIELD]: true,
    }),
  diskLoss: z
    .boolean()
    .prefault(false)
    .meta({
      description:
        'After the last run the drives are lost; new ones get the newest image, and the machine starts from them.',
      [EXAMPLE_FIELD]: true,
    }),
  bootedBefore: whole({
    description: 'Before this run somebody boots from the backup disk, and so writes to it.',
    example: 2,
    min: 1,
    max: 1000,
  }).optional(),
});

const groupAgent = mapping({
  groups: z
    .array(z.array(somePattern).min(1))
    .min(1)
    .meta({
      description: 'Each group is taken at one instant, when the walk meets its first member.',
      [EXAMPLE_FIELD]: "[['C:\\BANK\\*']]",
    }),
  ...quiet,
});

const noOptions = mapping({});

/** Options of each method, by its name. */
const methodOptions = {
  'naive-copy': noOptions
    .nullish()
    .meta({ description: 'Copies file by file while they are written.', [EXAMPLE_FIELD]: '{}' }),
  'open-file-agent': noOptions.nullish().meta({
    description: 'Copies each file intact, at its own instant.',
    [EXAMPLE_FIELD]: '{}',
  }),
  'group-agent': groupAgent.optional().meta({
    description: 'Copies the files of a list at one instant, the others as the open file agent does.',
    [EXAMPLE_FIELD]: "{ groups: [['C:\\BANK\\*']] }",
  }),
  'live-image': noOptions
    .nullish()
    .meta({ description: 'Copies the sectors of a disk in use.', [EXAMPLE_FIELD]: '{}' }),
  'cold-backup': noOptions.nullish().meta({
    description: 'Stops the applications, flushes, copies the sectors, starts them.',
    [EXAMPLE_FIELD]: '{}',
  }),
  otm: otm.nullish().meta({
    description: 'Waits for quiet and takes a snapshot, which is copied while everything goes on.',
    [EXAMPLE_FIELD]: '{ quiet: 5 s }',
  }),
  'otm-incremental': otmIncremental.nullish().meta({
    description: 'Snapshots of which a backup disk gets all sectors once, and then what changed.',
    [EXAMPLE_FIELD]: '{ every: 10 min, times: 6, keep: 3 }',
  }),
};

/** Words of the list. */
export const METHOD_WORDS = [...(Object.keys(methodOptions) as (keyof typeof methodOptions)[])] as const;

const methodMapping = mapping({
  id: id({
    description: 'What `expect`, `--method`, `--set` and results call it; without it the name.',
    example: 'otm-fast',
  }).optional(),
  ...methodOptions,
});

const method = z.union([z.enum(METHOD_WORDS as [string, ...string[]]), methodMapping]);

export const backups = mapping({
  start: time({ description: 'When the first backup begins.', example: '10 s' }).prefault('10 s'),
  ...selection,
  copyRate: byteRateOr('unlimited', {
    description: 'Bounds every method: the target is the bottleneck.',
    example: '4 MiB/s',
  }).prefault('1 MiB/s'),
  count: whole({ description: 'How many backups each method makes.', example: 3, min: 1, max: 1000 }).prefault(1),
  every: time({
    description: 'From the start of one to the start of the next.',
    example: '60 s',
    min: MICROSECOND,
  }).optional(),
  order: z
    .union([z.enum(['name', 'size', 'random']), z.array(somePattern).min(1)])
    .prefault('name')
    .meta({
      description: 'How file agents walk a folder; a list names what comes first.',
      [EXAMPLE_FIELD]: 'size',
    }),
  include: z
    .array(somePattern)
    .min(1)
    .optional()
    .meta({
      description: 'What file agents copy; without it everything.',
      [EXAMPLE_FIELD]: "['C:\\BANK']",
    }),
  exclude: z
    .array(somePattern)
    .prefault([])
    .meta({
      description: 'What file agents leave out.',
      [EXAMPLE_FIELD]: "['*.TMP']",
    }),
  methods: z
    .array(method)
    .min(1)
    .meta({
      description:
        'Who makes the backups: names, or one name with its options and perhaps an id. `none` runs without being asked.',
      [EXAMPLE_FIELD]: '[open-file-agent, { otm: { quiet: 0 s } }]',
    }),
});

/** Those of a snapshot when nothing is said. */
export function defaultOtm(): ParsedOtm {
  return otm.parse({});
}

export function defaultIncremental(): ParsedIncremental {
  return otmIncremental.parse({});
}

export type ParsedBackups = z.output<typeof backups>;
export type ParsedMethod = z.output<typeof method>;
export type ParsedOtm = z.output<typeof otm>;
export type ParsedIncremental = z.output<typeof otmIncremental>;
export type ParsedCache = z.output<typeof cache>;
export type ParsedBeside = z.output<typeof beside>;
