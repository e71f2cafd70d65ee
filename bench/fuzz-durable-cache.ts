/**
 * `npm run fuzz:durable-cache`: one fault to what a power cut left of a durable cache, again and again. Each answer is exact or a
 * refusal, and how often each was given is printed; wrong bytes, or a crash, end it with exit code 1.
 */
import { makeHash } from '../host/modules.ts';
import { fuzzDurableCache } from '../test/engine/durable/fuzz.ts';

const corruptions = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);

const { answers, byDamage, untouched, wrong } = fuzzDurableCache(await makeHash(), { seed, corruptions });
console.log(`durable cache, seed ${seed}: ${corruptions} corruptions of ${untouched} caches that a power cut left`);
const total = [...answers.values()].reduce((sum, count) => sum + count, 0);
const names = [...answers.keys()].sort((a, b) => answers.get(b)! - answers.get(a)!);
console.log(`  ${names.map(name => `${name} ${answers.get(name)}`).join(', ')}`);
const resealed = [...byDamage].filter(([what]) => what.endsWith('resealed'));
const resealedCount = resealed.reduce(
  (sum, [, of]) => sum + [...of.values()].reduce((all, count) => all + count, 0),
  0,
);
console.log(`  with checksums made right again: ${Math.round((1000 * resealedCount) / total) / 10}%`);
for (const [what, of] of [...byDamage].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const each = names.filter(name => of.has(name)).map(name => `${name} ${of.get(name)}`);
  console.log(`  ${what.padEnd(28)} ${each.join(', ')}`);
}
console.log(
  `  untouched: ${untouched - wrong.filter(each => each.includes('untouched')).length} of ${untouched} exact`,
);
for (const each of wrong) console.log(`  WRONG: ${each}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
