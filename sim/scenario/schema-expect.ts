/** The schema of `expect`: what must come of each method. */
import { z } from 'zod';
import { CHECK_NAMES, CHECKS, METRIC_NAMES, METRICS } from './checks.ts';
import type { CheckName, MetricName, MetricThreshold } from './expectation.ts';
import { EXAMPLE_FIELD, mapping, RANGE_FIELD, text } from './leaves.ts';
import { exampleOf, readThreshold } from './threshold.ts';

const METHOD_EXPECTATIONS = ['held', 'violated', 'sometimes-violated', 'may', 'lost', 'timed-out', 'failed'] as const;
const CHECK_EXPECTATIONS = ['held', 'violated', 'sometimes-violated', 'may'] as const;
const OUTCOMES = ['completed', 'timed-out', 'lost', 'failed'] as const;

const checkWord = z.enum(CHECK_EXPECTATIONS);

function check(name: CheckName) {
  const { meaning, isPerWorkload, family, promises } = CHECKS[name];
  const promise = family === 'data' ? '' : ` (${promises.join(', ')})`;
  const words = CHECK_EXPECTATIONS.map(word => `\`${word}\``).join(', ');
  const value = isPerWorkload ? z.union([checkWord, z.record(z.string(), checkWord)]) : checkWord;
  return value.optional().meta({
    description: `${sentence(meaning)}${promise}`,
    [RANGE_FIELD]: family === 'engine' ? '`held`' : words,
    [EXAMPLE_FIELD]: name === 'relational' ? '{ bank: violated, shop: held }' : 'held',
  });
}

const checks = Object.fromEntries(CHECK_NAMES.map(name => [name, check(name)])) as {
  [Name in CheckName]: ReturnType<typeof check>;
};

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function threshold(metric: MetricName) {
  const { unit, meaning } = METRICS[metric];
  return text<MetricThreshold>(value => readThreshold(metric, unit, value), {
    description: sentence(meaning),
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
    .prefault('completed')
    .meta({
      description: 'How the backup must end. With another one than `completed` there is no restore to judge.',
      [EXAMPLE_FIELD]: 'lost',
    }),
  ...checks,
  metrics: metrics.optional().meta({
    description: 'Thresholds on virtual figures; each is a check named `metric:<name>`.',
    [EXAMPLE_FIELD]: '{ backupSeconds: <= 180 s }',
  }),
});

const expectation = z.union([z.enum(METHOD_EXPECTATIONS), method]);

export const expect = z.record(z.string(), expectation);

export type ParsedExpectation = z.output<typeof expectation>;
