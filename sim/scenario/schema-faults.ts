/** The schema of `faults`: what goes wrong. */
import { z } from 'zod';
import { aim, EXAMPLE_FIELD, lasting, mapping, sectorRange, slowdown, time, whole } from './leaves.ts';

/** Kinds of the fault model that this version does not have, and what comes near to them. */
export const LATER_FAULTS = {
  reorder: null,
  'bit-rot': null,
  'lost-write': null,
  'misdirected-write': null,
  'misdirected-read': null,
  'torn-write': null,
  'disk-full': 'a small volume and a workload that grows fill it',
  'cache-pressure': 'a small `cache.limit` fills the cache',
  'clock-jump': null,
  'never-quiet': 'a workload without `pauses` is never quiet',
} as const satisfies { readonly [kind: string]: string | null };

type LaterFault = keyof typeof LATER_FAULTS;

const kind = <const Kind extends string>(name: Kind) => {
  return z.literal(name).meta({ description: 'What goes wrong.', [EXAMPLE_FIELD]: name });
};

const on = (what: string, example = 'disk0') => ({ on: aim({ description: `Where: ${what}.`, example }) });
const ANYWHERE = 'a drive, a letter, `cache` or `target`';

const sectors = {
  sectors: sectorRange({
    description: 'Which sectors, from the first of the aim, both ends included; without it all of them.',
    example: '100..199',
  }).optional(),
};

const at = {
  at: time({
    description: 'From this instant on. Without `at`, `nth` and `perMillion`: from 0 s.',
    example: '12 s',
  }).optional(),
};
const nth = {
  nth: whole({
    description: 'At the nth operation that fits, from 1.',
    example: 3,
    min: 1,
    max: 1_000_000_000,
  }).optional(),
};
const perMillion = {
  perMillion: whole({
    description: 'At so many of a million operations that fit, drawn.',
    example: 50,
    min: 1,
    max: 1_000_000,
  }).optional(),
};
const lasts = {
  for: lasting({ description: 'One operation, a while, or for good.', example: '5 s' }).prefault('once'),
};
const trigger = { ...at, ...nth, ...perMillion };

const readError = mapping({
  kind: kind('read-error'),
  ...on(ANYWHERE),
  ...sectors,
  ...trigger,
  ...lasts,
  op: z
    .enum(['read'])
    .prefault('read')
    .meta({ description: 'Reads only.', [EXAMPLE_FIELD]: 'read' }),
});

const writeError = mapping({
  kind: kind('write-error'),
  ...on(ANYWHERE, 'cache'),
  ...sectors,
  ...trigger,
  ...lasts,
  op: z
    .enum(['write', 'flush', 'discard'])
    .prefault('write')
    .meta({ description: 'Which operation fails.', [EXAMPLE_FIELD]: 'flush' }),
  done: z
    .enum(['nothing', 'part', 'all'])
    .prefault('nothing')
    .meta({
      description: 'How much of it the drive has done all the same.',
      [EXAMPLE_FIELD]: 'part',
    }),
});

const latency = mapping({
  kind: kind('latency'),
  ...on(ANYWHERE),
  ...sectors,
  ...trigger,
  ...lasts,
  op: z
    .enum(['read', 'write', 'flush', 'discard'])
    .optional()
    .meta({
      description: 'Which operation is slow; without it every one.',
      [EXAMPLE_FIELD]: 'write',
    }),
  factor: slowdown({
    description: 'How much longer it takes, or that it never ends while the fault lasts.',
    example: 'x1000',
  }).prefault('x10'),
});

const driveGone = mapping({
  kind: kind('drive-gone'),
  ...on('a drive, `cache` or `target`', 'cache'),
  ...trigger,
  for: lasting({ description: 'It comes back after a while as it was, or never.', example: '5 s' }).prefault('ever'),
});

const agentDies = mapping({
  kind: kind('agent-dies'),
  ...at,
  ...nth,
  how: z
    .enum(['dies', 'stops'])
    .prefault('dies')
    .meta({
      description: 'The backup program ends, or lives on and never reads again. `nth` counts its reads.',
      [EXAMPLE_FIELD]: 'stops',
    }),
});

const writerAtT = mapping({
  kind: kind('writer-at-T'),
  ...on('a drive or a letter', 'C'),
  sectors: sectorRange({
    description: 'What is written; without it the last 8 sectors of the aim.',
    example: '2000..2007',
  }).optional(),
  when: z
    .enum(['both', 'before', 'after'])
    .prefault('both')
    .meta({
      description: 'In the event in which T is taken: just before, just after, or both.',
      [EXAMPLE_FIELD]: 'before',
    }),
});

const operation = {
  op: z
    .enum(['read', 'write', 'flush', 'discard'])
    .optional()
    .meta({ description: 'Which operations `nth` counts; without it every one.', [EXAMPLE_FIELD]: 'write' }),
};
const machineEnds = {
  at: time({
    description: 'At this instant. Either `at` or `nth` is given.',
    example: '12 s',
  }).optional(),
  nth: whole({
    description: 'In the step in which the nth request that fits is issued, from 1.',
    example: 40,
    min: 1,
    max: 1_000_000_000,
  }).optional(),
  on: aim({
    description: `Which requests \`nth\` counts: those to ${ANYWHERE}; without it all.`,
    example: 'disk0',
  }).optional(),
  ...operation,
  back: time({ description: 'How much later the machine starts again.', example: '5 s' }).prefault('1 s'),
};

const powerCut = mapping({
  kind: kind('power-cut'),
  ...machineEnds,
  torn: z
    .boolean()
    .prefault(false)
    .meta({
      description: 'Of one write that was not durable only the first or the last sectors are there.',
      [EXAMPLE_FIELD]: true,
    }),
});

const kill = mapping({ kind: kind('kill'), ...machineEnds });

const laterKinds = Object.keys(LATER_FAULTS) as [LaterFault, ...LaterFault[]];
const later = z.looseObject({
  kind: z.enum(laterKinds).meta({ description: 'Not there yet.', [EXAMPLE_FIELD]: 'bit-rot' }),
});

export const fault = z.discriminatedUnion('kind', [
  readError,
  writeError,
  latency,
  driveGone,
  agentDies,
  writerAtT,
  powerCut,
  kill,
  later,
]);

export type ParsedFault = z.output<typeof fault>;
