/** A damaged backup disk is exact or refuses; `bench/fuzz-backup-disk.ts` asks the same of many more. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { makeHash } from '../../../host/modules.ts';
import { corruption } from './corruption.ts';
import { Fuzz } from './fuzz.ts';

let fuzz: Fuzz;
beforeAll(async () => {
  fuzz = new Fuzz(await makeHash());
});

test.each([
  ['seed 20261124', 20_261_124, 1000],
  ['a new seed', Date.now() % 2 ** 31, 1000],
])('corruptions are exact or refused: %s', (name, seed, numRuns) => {
  const answers = new Map<string, number>();
  let resealed = 0;
  fc.assert(
    fc.property(corruption, each => {
      const answer = fuzz.run(each);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (each.isResealed) resealed += 1;
    }),
    { numRuns, seed },
  );
  console.log(`${name} (${seed}): ${[...answers].map(([answer, count]) => `${count} ${answer}`).join(', ')}`);
  expect(resealed).toBeGreaterThan(numRuns / 5);
  expect(answers.get('exact')).toBeGreaterThan(numRuns / 10);
  expect(answers.get('refused')).toBeGreaterThan(0);
  expect(answers.get('partly refused')).toBeGreaterThan(0);
});

test('an untouched disk is exact, in the middle of a transaction, too', () => {
  expect(fuzz.subjects).toHaveLength(3);
  for (const { image, newest } of fuzz.subjects) expect(fuzz.ask(image.fork(), newest)).toBe('exact');
});
