/**
 * `npm run fuzz:backup-disk [-- COUNT [SEED]]`: damages a backup disk with several generations, settled and in the middle of
 * a transaction, and prints how often each answer was given. Wrong bytes, a defect or a hang end it with an error.
 */
import fc from 'fast-check';
import { makeHash } from '../host/modules.ts';
import { corruption } from '../test/engine/backup-disk/corruption.ts';
import { Fuzz } from '../test/engine/backup-disk/fuzz.ts';

const count = Number(process.argv[2] ?? 50_000);
const seed = Number(process.argv[3] ?? Date.now() % 2_147_483_648);
const fuzz = new Fuzz(await makeHash());
const answers = new Map<string, number>();
let resealed = 0;
console.log(`${count} corruptions, seed ${seed}`);
fc.assert(
  fc.property(corruption, each => {
    const answer = `${each.target.padEnd(9)} ${each.isResealed ? 'resealed' : 'as it is'}  ${fuzz.run(each)}`;
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    if (each.isResealed) resealed += 1;
  }),
  { numRuns: count, seed },
);
for (const [answer, times] of [...answers].sort()) console.log(`${String(times).padStart(7)}  ${answer}`);
console.log(`${String(resealed).padStart(7)}  with the checksum of the damaged record recomputed`);
