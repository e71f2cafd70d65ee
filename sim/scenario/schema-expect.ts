/** The schema of `expect`: what must come of each method. */
import { z } from 'zod';
import { CHECK_NAMES, METRIC_NAMES, METRICS } from './checks.ts';
import type { CheckName, MetricName, MetricThreshold } from './expectation.ts';
import { mapping, text } from './leaves.ts';
import { exampleOf, readThreshold } from './threshold.ts';

export const METHOD_EXPECTATIONS = [
  'held',
  'violated',
  'sometimes-violated',
  'may',
  'lost',
  'timed-out',
  'failed',
] as const;
export const CHECK_EXPECTATIONS = ['held', 'violated', 'sometimes-violated', 'may'] as const;
const OUTCOMES = ['completed', 'timed-out', 'lost', 'failed'] as const;

const checkWord = z.enum(CHECK_EXPECTATIONS);
const check = z.union([checkWord, z.record(z.string(), checkWord)]).optional();
const checks = Object.fromEntries(CHECK_NAMES.map(name => [name, check])) as { [Name in CheckName]: typeof check };

function threshold(metric: MetricName) {
  const { unit, meaning } = METRICS[metric];
  return text<MetricThreshold>(value => readThreshold(metric, unit, value), {
    description: `${meaning.slice(0, 1).toUpperCase()}${meaning.slice(1)}.`,
    example: exampleOf(unit),
    range: '`<`, `<=`, `>`, `>=` or `a..b`',
  }).optional();
}

const metrics = mapping(
  Object.fromEntries(METRIC_NAMES.map(name => [name, threshold(name)])) as {
    [Name in MetricName]: ReturnType<typeof threshold>;
  },
);

const method = mapping({
  outcome: z
    .enum(OUTCOMES)
    .default('completed')
    .meta({
      description: 'How the backup must end. With another one than `completed` there is no restore to judge.',
      examples: ['lost'],
    }),
  ...checks,
  metrics: metrics.optional().meta({
    description: 'Thresholds on virtual figures; each is a check named `metric:<name>`.',
    examples: ['{ backupSeconds: <= 180 s }'],
  }),
});

const expectation = z.union([z.enum(METHOD_EXPECTATIONS), method]);

export const expect = z.record(z.string(), expectation);

export type ParsedExpectation = z.output<typeof expectation>;
