/** `npm run readme`: puts what `npm start` prints into the README. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { shortened, withOutput } from './readme-output.ts';

const run = spawnSync(process.execPath, ['bin/otm.mjs', 'run', 'timestamp-problem', '--no-color'], {
  encoding: 'utf8',
});
if (run.status !== 0) throw new Error(run.stderr);
writeFileSync('README.md', withOutput(readFileSync('README.md', 'utf8'), shortened(run.stdout)));
console.log('README.md');
