/** The README shows what `npm start` prints, and commands that exist. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeProgram } from '../../cli/program.ts';
import { shortened, withOutput, withoutWallTime } from '../../tools/readme-output.ts';
import { otm } from '../cli/otm.ts';
import { root } from './planted.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

test('the output of npm start is that of this program (npm run readme)', () => {
  const { status, stdout } = otm(['run', 'timestamp-problem'], { cwd: root });
  expect(status).toBe(0);
  expect(withoutWallTime(readme)).toBe(withoutWallTime(withOutput(readme, shortened(stdout))));
});

test('every command in it exists, with its options', () => {
  const { commands } = makeProgram('', () => Promise.resolve());
  const used = [...readme.matchAll(/npx otm ([a-z]+)([^`\n|]*)/g)];
  expect(used.length).toBeGreaterThan(10);
  for (const [line, name, rest = ''] of used) {
    const command = commands.find(one => one.name() === name);
    expect(command, line).toBeDefined();
    const known = command?.options.map(({ long }) => long);
    for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(known, line).toContain(option);
  }
});
