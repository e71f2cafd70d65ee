/** Progress: a line each 30 s for a log, one line that is written over for a person, nothing when it is not wanted. */
import { expect, test } from 'vitest';
import { progressTeller } from '../../cli/progress.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { makeStyle } from '../../reports/style.ts';

function terminal(isWatched: boolean, volume: Terminal['volume'] = 'normal') {
  const said: string[] = [];
  const made: Terminal = {
    json: false,
    volume,
    width: 80,
    style: makeStyle(0),
    isWatched,
    out: () => {},
    err: text => said.push(text),
  };
  return { made, said };
}

const at = (seconds: number) => ({ runs: 400, finished: seconds, failed: 0, defects: 0, seconds, underWay: null });

test('a log gets a line each 30 s', () => {
  const { made, said } = terminal(false);
  const progress = progressTeller(made);
  for (const seconds of [1, 29, 31, 40, 60, 62, 100]) progress.tell(at(seconds));
  progress.clear();
  expect(said).toEqual(['31 of 400 runs, 31 s\n', '62 of 400 runs, 62 s\n', '100 of 400 runs, 100 s\n']);
});

test('a person gets one line, which goes away', () => {
  const { made, said } = terminal(true);
  const progress = progressTeller(made);
  progress.tell(at(1));
  progress.tell(at(1.1));
  progress.tell(at(2));
  progress.clear();
  progress.clear();
  expect(said).toEqual(['1 of 400 runs, 1 s', '\r\u001b[K', '2 of 400 runs, 2 s', '\r\u001b[K']);
});

test.each(['quiet', 'silent'] as const)('%s: nothing', volume => {
  const { made, said } = terminal(false, volume);
  progressTeller(made).tell(at(100));
  expect(said).toEqual([]);
});
