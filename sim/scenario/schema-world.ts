/** The schema of `world`: drives, their volumes, the page cache. */
import { z } from 'zod';
import { KIB, MIB, MILLISECOND, SECOND } from '../../engine/units.ts';
import { DRIVE_MODELS, type DriveModelName } from './drive-models.ts';
import {
  byteRate,
  clock,
  EXAMPLE_FIELD,
  id,
  letter,
  mapping,
  powerOfTwo,
  size,
  sizeOf,
  sizeOrPart,
  time,
  whole,
} from './leaves.ts';

const GIB = 1024 * MIB;

const modelNames = Object.keys(DRIVE_MODELS) as [DriveModelName, ...DriveModelName[]];

const figures = mapping({
  command: time({ description: 'What every request costs.', example: '60 us', max: SECOND }),
  transfer: byteRate({ description: 'Speed of each channel.', example: '125 MiB/s' }),
  seekMin: time({ description: 'Seek to the next track.', example: '700 us', max: SECOND }).prefault('0 s'),
  seekMax: time({
    description: 'Seek over the whole stroke; grows with the square root of the distance.',
    example: '11 ms',
    max: SECOND,
  }).optional(),
  stroke: size({
    description: 'The distance of the longest seek; without it the size of the drive.',
    example: '9 GiB',
    min: MIB,
  }).optional(),
  rotation: time({ description: 'One turn; 0 s for solid state.', example: '6 ms', max: SECOND }).prefault('0 s'),
  flush: time({ description: 'What a flush costs beside the transfer.', example: '500 us', max: 10 * SECOND }).prefault(
    '0 s',
  ),
  queueDepth: whole({ description: 'Requests that the drive takes at once.', example: 32, min: 1, max: 1024 }).prefault(
    1,
  ),
  channels: whole({ description: 'Units that work in parallel.', example: 4, min: 1, max: 64 }).prefault(1),
  cacheSize: size({
    description: 'Of the volatile write cache; 0 B: it has none.',
    example: '16 MiB',
    max: GIB,
  }).prefault('0 B'),
});

const volume = mapping({
  letter: letter({ description: 'One letter, unique in the world.', example: 'C' }),
  size: size({
    description: 'A multiple of the sector size. Partitions begin at multiples of 1 MiB.',
    example: '64 MiB',
    min: 16 * KIB,
  }),
  fs: z.enum(['fat12', 'fat16', 'fat32', 'raw']).meta({
    description: 'The file system; `raw` has none and holds no files. FAT32 takes 33 MiB or more.',
    [EXAMPLE_FIELD]: 'fat32',
  }),
  cluster: powerOfTwo({
    description:
      'Size of a cluster. Without it, for FAT32 the largest of at most 32 KiB that leaves 65,525 data clusters; for FAT16 and FAT12 the smallest that stays below 65,525 and 4,085.',
    example: '512 B',
    min: 512,
    max: 32 * KIB,
  }).optional(),
  trim: time({
    description: 'How often the machine tells the drive what is free, as a timer for fstrim does; without it never.',
    example: '30 s',
    min: MILLISECOND,
  }).optional(),
});

const drive = mapping({
  id: id({ description: 'What faults, caches and reports call it.', example: 'disk0', lengthMin: 2 }),
  size: size({
    description: 'A multiple of the sector size. Sparse: a drive of 16 TiB costs what is written to it.',
    example: '96 MiB',
    min: 64 * KIB,
  }),
  model: z
    .union([z.enum(modelNames), figures])
    .prefault('ssd')
    .meta({
      description: 'One of the models, or figures of its own.',
      [EXAMPLE_FIELD]: 'server-1999',
    }),
  sectorSize: sizeOf([512, 4096], { description: 'Size of a sector.', example: '4 KiB' }).prefault('512 B'),
  partitions: z
    .enum(['mbr', 'gpt'])
    .prefault('mbr')
    .meta({
      description: 'The partition table: `mbr` numbers 2^32 sectors and four volumes, `gpt` any.',
      [EXAMPLE_FIELD]: 'gpt',
    }),
  queueDepth: whole({
    description: "Requests that it takes at once; without it the model's.",
    example: 8,
    min: 1,
    max: 1024,
  }).optional(),
  writeCache: z
    .enum(['on', 'off'])
    .optional()
    .meta({
      description: "Whether the volatile write cache is on; without it the model's.",
      [EXAMPLE_FIELD]: 'off',
    }),
  volumes: z
    .array(volume)
    .prefault([])
    .meta({
      description: 'Its volumes, in the order in which they lie on it; at most four.',
      [EXAMPLE_FIELD]: '[{ letter: C, size: 64 MiB, fs: fat32 }]',
    }),
});

const pageCache = mapping({
  size: size({ description: 'How much it holds.', example: '8 MiB', min: 64 * KIB, max: 16 * GIB }).prefault('32 MiB'),
  writeBack: time({
    description: 'A page is written this long after its first change.',
    example: '1 s',
    min: MILLISECOND,
    max: 3600 * SECOND,
  }).prefault('1 s'),
  dirtyLimit: sizeOrPart({
    description: 'With more dirty than this a writer waits.',
    example: '20%',
    of: 'the page cache',
  }).prefault('20%'),
});

export const world = mapping({
  clock: clock({
    description: 'The wall clock at 0 s, for FAT stamps and reports.',
    example: '1999-12-31T23:00:00Z',
  }).prefault('2000-01-01T00:00:00Z'),
  drives: z
    .array(drive)
    .min(1)
    .meta({
      description: 'The drives of the machine.',
      [EXAMPLE_FIELD]: '[{ id: disk0, size: 96 MiB, volumes: [] }]',
    }),
  pageCache: pageCache.prefault({}).meta({
    description: 'The page cache that all file systems share.',
    [EXAMPLE_FIELD]: '{ size: 32 MiB, writeBack: 1 s }',
  }),
});

export type ParsedWorld = z.output<typeof world>;
export type ParsedDrive = z.output<typeof drive>;
export type ParsedFigures = z.output<typeof figures>;
