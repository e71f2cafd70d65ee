/**
 * The schema of a scenario file: its form, units and defaults. What it gives is typed, with units converted; what only
 * shows when parts are seen together is the business of the resolve-*.ts files.
 *
 * Every key has a description and an example here, since JSON Schema and docs/scenario.md are made from it.
 */
import { z } from 'zod';
import { SECOND } from '../../engine/units.ts';
import { EXAMPLE_FIELD, endAfter, mapping, scenarioName, seed, seeds, time, times } from './leaves.ts';
import { backups } from './schema-backups.ts';
import { expect } from './schema-expect.ts';
import { fault } from './schema-faults.ts';
import { workload } from './schema-workloads.ts';
import { world } from './schema-world.ts';

export const SCHEMA_NAME = 'otm/scenario@1';

const phases = mapping({
  safety: time({ description: 'When the faults are lifted.', example: '60 s' }),
  heal: z
    .enum(['all'])
    .prefault('all')
    .meta({ description: 'Which faults are lifted.', [EXAMPLE_FIELD]: 'all' }),
  liveness: times({
    description: 'Within how many times of what it takes without faults each backup must succeed.',
    example: '10x',
    min: 1,
    max: 1000,
  }).prefault('10x'),
});

const end = mapping({
  after: endAfter({
    description: 'When the run ends: 2 s after its last backup, or at an instant.',
    example: '120 s',
  }).prefault('backups'),
  limit: time({ description: 'What has not ended here has failed.', example: '10 min', min: SECOND }).prefault('1 h'),
});

/** What a resolved scenario is made from: one variant, `extends` and `matrix` gone. */
export const scenario = mapping({
  schema: z.literal(SCHEMA_NAME).meta({ description: 'The format of the file.', [EXAMPLE_FIELD]: SCHEMA_NAME }),
  name: scenarioName({ description: 'What it is called everywhere; that of its file.', example: 'timestamp-problem' }),
  world: world.meta({
    description: 'The machine: drives, volumes, page cache.',
    [EXAMPLE_FIELD]: '{ drives: [{ id: disk0, size: 96 MiB }] }',
  }),
  workloads: z
    .array(workload)
    .prefault([])
    .meta({
      description: 'The applications that live on it.',
      [EXAMPLE_FIELD]: "[{ id: bank, app: ledger, rate: 40/s, files: { A: 'C:\\A', B: 'C:\\B' } }]",
    }),
  backups: backups.meta({
    description: 'Who copies what, and when.',
    [EXAMPLE_FIELD]: '{ volumes: [C], methods: [otm] }',
  }),
  faults: z
    .array(fault)
    .prefault([])
    .meta({
      description: 'What goes wrong.',
      [EXAMPLE_FIELD]: '[{ kind: read-error, on: C, sectors: 100..199 }]',
    }),
  phases: phases.optional().meta({
    description: 'Faults are lifted and the backup must succeed all the same. Not there yet.',
    [EXAMPLE_FIELD]: '{ safety: 60 s, heal: all, liveness: 10x }',
  }),
  end: end.prefault({}).meta({ description: 'When the run ends.', [EXAMPLE_FIELD]: '{ after: 120 s }' }),
  seed: seed({ description: 'The seed of `otm run`.', example: 7 }).prefault(1),
  seeds: seeds({ description: 'The seeds of `otm suite`.', example: '1,5,9..20' }).prefault('1..20'),
  expect: expect.prefault({}).meta({
    description: 'What must come of each method, by its id.',
    [EXAMPLE_FIELD]: '{ open-file-agent: { intact: held, relational: violated }, otm: held }',
  }),
});

export type ParsedScenario = z.output<typeof scenario>;

/** Keys that are gone before the schema above is asked. */
const beforehand = {
  extends: z
    .string()
    .optional()
    .meta({
      description: 'The file that this one is laid over, relative to this one.',
      [EXAMPLE_FIELD]: 'base.yaml',
    }),
  template: z
    .boolean()
    .prefault(false)
    .meta({
      description: 'Marks a file that is only extended: it may lack keys, and is not run.',
      [EXAMPLE_FIELD]: true,
    }),
  matrix: z
    .looseObject({
      exclude: z
        .array(z.looseObject({}))
        .optional()
        .meta({
          description: 'Combinations that are left out: the axes that are named have those values.',
          [EXAMPLE_FIELD]: '[{ backups.methods.otm.granule: 4 KiB }]',
        }),
      include: z
        .array(z.looseObject({}))
        .optional()
        .meta({
          description: 'Adds to the combinations that fit, or a new one; may override `expect` and any other path.',
          [EXAMPLE_FIELD]: '[{ backups.methods.otm.granule: 1 MiB, expect: { otm: lost } }]',
        }),
    })
    .optional()
    .meta({
      description: 'A variant for each combination of values; the keys are paths, as for `--set`.',
      [EXAMPLE_FIELD]: '{ backups.methods.otm.granule: [4 KiB, 64 KiB] }',
    }),
};

/** The whole file, for JSON Schema. A file that extends may lack anything. */
export const scenarioFile = scenario.extend(beforehand);

/** Keys of the file that the schema of a variant does not have. */
export const FILE_KEYS = Object.keys(beforehand);
