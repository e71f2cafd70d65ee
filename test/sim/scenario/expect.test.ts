/** What can be expected, and what is bad input because nothing could ever be judged by it. */
import { expect, test } from 'vitest';
import { errorsOf, SMALL } from './sample.ts';

const stops = 'faults=[{ kind: agent-dies, nth: 10, how: stops }]';
const idle = 'expect={ otm: { outcome: failed, idle: held } }';
const messages = (...sets: readonly string[]) =>
  errorsOf(SMALL, ...sets).map(({ code, message }) => `${code}: ${message}`);

test('`idle` needs a backup program that stops, or a snapshot that nobody reads', () => {
  expect(messages(idle)).toEqual([
    'check-not-applicable: `idle` cannot apply to `otm`: no fault stops its backup program (`agent-dies`)',
  ]);
  expect(messages(idle, stops)).toEqual([]);
  const beside = (limit: string) =>
    `backups.methods=[{ otm: { idleLimit: ${limit}, beside: [{ start: 2 s, volumes: [E], for: 30 s }] } }]`;
  expect(messages(idle, beside('10 s'))).toEqual([]);
  expect(messages(idle, beside('never'))).toEqual([
    'check-not-applicable: `idle` cannot apply to `otm`: its `idleLimit` is never',
  ]);
});

test('`intact` gives one verdict, so it is not expected by workload', () => {
  const [error, ...others] = errorsOf(SMALL, 'expect={ otm: { intact: { bank: held } } }');
  expect(others).toEqual([]);
  expect(error).toMatchObject({
    code: 'wrong-type',
    message: '`intact` is judged of the whole backup, not by workload: expected a word, found a mapping',
    hint: '`intact` takes one of held, violated, sometimes-violated, may; by workload are relational, prefix, sqlite, durable',
  });
  expect(messages('expect={ otm: { intact: held } }')).toEqual([]);
  expect(messages('expect={ otm: { relational: { bank: held } } }')).toEqual([]);
});
