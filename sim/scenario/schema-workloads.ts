/** The schema of `workloads`: what lives in the world. */
import { z } from 'zod';
import { KIB, MICROSECOND, SECOND } from '../../engine/units.ts';
import { EXAMPLE_FIELD, id, mapping, path, rate, size, time, whole, writePlace } from './leaves.ts';

/** FAT holds files below 4 GiB. */
const MAX_FILE = 4095 * 1024 * KIB;

const pauses = mapping({
  every: time({
    description: 'The length of a cycle, counted from 0 s of the run.',
    example: '20 s',
    min: MICROSECOND,
  }),
  for: time({
    description: 'The last part of each cycle, in which no transaction begins.',
    example: '8 s',
    min: MICROSECOND,
  }),
});

const app = <const Kind extends string>(kind: Kind) => {
  return z.literal(kind).meta({ description: 'Which application.', [EXAMPLE_FIELD]: kind });
};

const identity = {
  id: id({ description: 'What `expect`, choices and reports call it.', example: 'bank' }),
};

const idle = {
  idle: z
    .boolean()
    .prefault(false)
    .meta({
      description:
        'It writes nothing during the backup, by design. An `until` before the start of the backup implies it.',
      [EXAMPLE_FIELD]: true,
    }),
};

const transactional = {
  ...identity,
  rate: rate({
    description: 'The most that is offered; each transaction is moved by up to half of the distance, by the seed.',
    example: '40/s',
  }),
  clients: whole({
    description: 'How many transactions may be on their way at once.',
    example: 8,
    min: 1,
    max: 1000,
  }).prefault(8),
  start: time({ description: 'No transaction begins before.', example: '5 s' }).prefault('0 s'),
  until: time({
    description: 'No transaction begins from here on; without it they go on to the end.',
    example: '60 s',
  }).optional(),
  pauses: pauses.optional().meta({
    description: 'A rhythm of work and rest. Workloads with the same figures pause together.',
    [EXAMPLE_FIELD]: '{ every: 20 s, for: 8 s }',
  }),
  ...idle,
};

const FSYNC = 'When a commit is made durable: each by itself, one for all that wait, or never.';

const fsync = {
  fsync: z
    .enum(['always', 'group', 'never'])
    .prefault('always')
    .meta({ description: FSYNC, [EXAMPLE_FIELD]: 'never' }),
};

const fileName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/);
const files = (description: string) => {
  const file = path({ description: 'A file.', example: "'C:\\SHOP\\ORDERS.DB'" });
  return z
    .record(fileName, file)
    .meta({ description, [EXAMPLE_FIELD]: "{ A: 'C:\\SHOP\\ORDERS.DB', B: 'D:\\SHOP\\STOCK.DB' }" });
};

const ledger = mapping({
  app: app('ledger'),
  ...transactional,
  ...fsync,
  files: mapping({
    A: path({ description: 'The accounts.', example: "'C:\\BANK\\ACCOUNTS.DAT'" }),
    B: path({ description: 'The journal.', example: "'C:\\BANK\\JOURNAL.DAT'" }),
  }).meta({
    description: 'The accounts, and the journal that must match them.',
    [EXAMPLE_FIELD]: "{ A: 'C:\\BANK\\ACCOUNTS.DAT', B: 'C:\\BANK\\JOURNAL.DAT' }",
  }),
  accounts: whole({ description: 'Of 64 bytes each.', example: 65536, min: 2, max: 16_777_216 }).prefault(65536),
});

const sqlite = mapping({
  app: app('sqlite'),
  ...transactional,
  fsync: z
    .enum(['always', 'never'])
    .prefault('always')
    .meta({
      description: 'Whether SQLite syncs; it knows nothing of `group`.',
      [EXAMPLE_FIELD]: 'always',
    }),
  files: files('Its databases, by name: the first is the main one, the others are attached.'),
  journal: z
    .enum(['delete', 'truncate', 'persist', 'wal'])
    .prefault('delete')
    .meta({
      description: 'The journal mode. Across databases a transaction in `wal` is not atomic after a crash.',
      [EXAMPLE_FIELD]: 'wal',
    }),
  size: size({ description: 'Of each database before 0 s.', example: '4 MiB', min: 64 * KIB, max: MAX_FILE }).prefault(
    '4 MiB',
  ),
  blobs: z
    .boolean()
    .prefault(false)
    .meta({ description: 'Rows with blobs of several pages.', [EXAMPLE_FIELD]: true }),
});

const mail = mapping({
  app: app('mail'),
  ...transactional,
  ...fsync,
  at: path({ description: 'Its folder: an index, and a file for each message.', example: "'C:\\MAIL'" }).prefault(
    'C:\\MAIL',
  ),
  messages: whole({ description: 'How many there are before 0 s.', example: 1000, min: 0, max: 100_000 }).prefault(
    1000,
  ),
});

const fixed = mapping({
  app: app('static'),
  ...identity,
  at: path({ description: 'Its folder.', example: "'C:\\ARCHIVE'" }),
  files: whole({ description: 'How many there are.', example: 100, min: 1, max: 100_000 }),
  size: size({ description: 'Of each file.', example: '64 KiB', max: MAX_FILE }),
  ...idle,
});

const stepSize = (example: string) =>
  size({ description: 'How much; 64 B tell whose they are.', example, min: 64, max: 16 * 1024 * KIB });
const stepFile = (description: string) => fileName.meta({ description, [EXAMPLE_FIELD]: 'A' });

const step = z.union([
  mapping({
    write: stepFile('Overwrites a part of this file.'),
    size: stepSize('4 KiB'),
    at: writePlace({
      description: 'Where: a multiple of the size that is drawn, behind the last one (wrapping), or an offset.',
      example: 'next',
    }).prefault('random'),
  }),
  mapping({ append: stepFile('Lengthens this file.'), size: stepSize('512 B') }),
  mapping({
    wait: time({ description: 'Holds the lock and does nothing.', example: '20 ms', max: 3600 * SECOND }),
  }),
  mapping({
    rename: z.tuple([fileName, fileName]).meta({
      description: 'Renames the first file to the second, which it replaces.',
      [EXAMPLE_FIELD]: '[C, C2]',
    }),
  }),
  mapping({ sync: stepFile('Makes this file durable.') }),
]);

const script = mapping({
  app: app('script'),
  ...transactional,
  ...fsync,
  files: files('Any number of files, by the names that the steps use.'),
  size: size({ description: 'Of each file before 0 s.', example: '1 MiB', max: MAX_FILE }).prefault('1 MiB'),
  transaction: z
    .array(step)
    .min(1)
    .meta({
      description: 'What a transaction does, step by step, under the lock.',
      [EXAMPLE_FIELD]: '[{ write: A, size: 4 KiB, at: random }, { append: B, size: 512 B }]',
    }),
});

export const workload = z.discriminatedUnion('app', [ledger, sqlite, mail, fixed, script]);

export type ParsedWorkload = z.output<typeof workload>;
export type ParsedStep = z.output<typeof step>;
