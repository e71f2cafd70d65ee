/** The published form of results: `otm schema --of result`, `suite`, `error`. The types are those of `result.ts`. */
import { z } from 'zod';
import type { ErrorLine, MethodResult, Metrics, Result, SuiteResult } from './result.ts';

const text = z.string();
const count = z.int().min(0);
const secondsOrNull = z.number().min(0).nullable();
const evidence = z.record(text, z.json());

const outcome = z.enum(['completed', 'timed-out', 'lost', 'failed']);
const consistency = z.enum(['quiescent', 'crash-consistent']).nullable();

const check = z.object({
  check: text.describe('Its name in `expect`; thresholds are `metric:<name>`.'),
  promise: text.nullable().describe('The promise of the engine that it judges, E1 to E18.'),
  workload: text.nullable(),
  verdict: z.enum(['held', 'violated', 'excused', 'not-applicable']),
  expected: text.nullable().describe('Null when nothing is expected of it.'),
  pass: z.boolean(),
  looked: count.describe('How much was compared: sectors, granules, files or transactions.'),
  summary: text,
  evidence,
  story: z.array(text).describe('In the manner of a proof, a sentence each.'),
});

const metrics = z
  .object({
    quietWaitSeconds: secondsOrNull,
    holdSeconds: secondsOrNull,
    backupSeconds: secondsOrNull,
    bytesRead: count.nullable(),
    targetBytesWritten: count.nullable(),
    bytesPreserved: count.nullable(),
    granulesPreserved: count.nullable(),
    cachePeakBytes: count.nullable(),
    appTransactionsPerSecond: secondsOrNull,
    appTransactionsPerSecondWithoutBackup: secondsOrNull,
    appDownSeconds: secondsOrNull,
    appWriteDelayP50Us: secondsOrNull,
    appWriteDelayP99Us: secondsOrNull,
    appReadDelayP99Us: secondsOrNull,
  })
  .describe(
    'Seconds are virtual, sizes bytes, `Us` microseconds. Not measured is null, never 0.',
  ) satisfies z.ZodType<Metrics>;

const restore = z
  .object({
    volumes: z.array(text).describe('Letters.'),
    files: count,
    loadings: z.array(
      z.object({
        workload: text,
        app: text,
        parts: z.array(text).describe('What must match, in the words of the application.'),
        accepts: z.boolean(),
        summary: text,
      }),
    ),
  })
  .nullable()
  .describe('The restore, made to a fresh drive before anything is judged.');

const backup = {
  T: z.number().nullable().describe('Seconds from 0 s of the run; of file agents the start of the copy.'),
  outcome,
  reason: text.nullable().describe('Why it did not complete.'),
  consistency,
  excluded: z
    .array(z.object({ path: text, bytes: count, because: z.enum(['cache', 'state', 'excluded']) }))
    .describe(
      'What the picture leaves out, which is zeroes in the image: cache files, and what the scenario excludes.',
    ),
  restore,
  checks: z.array(check),
  metrics,
};

const method = z.object({
  method: text.describe('Its id.'),
  kind: text,
  ...backup,
  digest: text,
  pass: z.boolean(),
  judged: z.boolean().describe('False when no expectation names it.'),
  files: z.array(z.object({ path: text, bytes: count, readFrom: z.number(), readTo: z.number(), wallClock: text })),
  backups: z.array(z.object(backup)).exactOptional().describe('Only of a method that makes several.'),
  command: text.describe('Runs this seed with this method alone.'),
}) satisfies z.ZodType<MethodResult>;

export const resultSchema = z
  .object({
    schema: z.literal('otm/result@1'),
    version: text,
    node: text,
    scenario: text,
    variant: text.nullable(),
    seed: count,
    source: z.object({
      path: text,
      sha256: text,
      overrides: z.array(text),
      text: text.exactOptional().describe('Left out of the lines of a suite.'),
    }),
    digest: text,
    virtualSeconds: z.number().min(0),
    events: count,
    ios: count,
    wallMs: z.number().min(0),
    pass: z.boolean(),
    methods: z.array(method),
  })
  .describe(
    'One run: a scenario variant, a seed, all its methods. Fields are added, never renamed.',
  ) satisfies z.ZodType<Result>;

const failure = z.object({
  scenario: text,
  variant: text.nullable(),
  seed: count,
  method: text,
  check: text,
  expected: text.nullable(),
  verdict: text,
  summary: text,
  command: text,
});

export const suiteSchema = z
  .object({
    schema: z.literal('otm/suite@1'),
    runs: count.describe('Every run that was asked for: passed + failed + defects + notRun.'),
    passed: count,
    failed: count,
    defects: count,
    notRun: count,
    fromStore: count,
    noExpectation: count.describe('Method runs that no expectation names.'),
    seconds: z.number().min(0).describe('Wall time.'),
    methodRuns: count,
    ios: count,
    peakMemoryBytes: count.nullable(),
    marks: z.record(text, count),
    groups: z.array(z.object({ signature: text, runs: count, first: text })),
    failures: z.array(failure),
  })
  .describe('The last line of a suite.') satisfies z.ZodType<SuiteResult>;

export const errorSchema = z
  .object({
    schema: z.literal('otm/error@1'),
    code: text,
    file: text.nullable(),
    line: count.nullable(),
    column: count.nullable(),
    message: text,
    hint: text.nullable(),
  })
  .describe('An error under --json, one line for each.') satisfies z.ZodType<ErrorLine>;
