import { lookForScenarios } from '../../host/scenario-files.ts';
import { workingFolder } from '../../host/working-folder.ts';
import { demoStory } from '../../reports/demo-story.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { choose } from '../choose.ts';
import { commandLineError } from '../error-codes.ts';
import { defectText } from '../errors.ts';
import { execute } from '../execute.ts';
import type { DemoOptions } from '../options.ts';
import { openTerminal } from '../terminal.ts';
import { seedOf } from '../values.ts';

const scenarioOfTheStory = 'timestamp-problem';

export async function demo({ seed, against, ...options }: DemoOptions): Promise<number> {
  const terminal = openTerminal(options);
  if (against === 'otm') {
    throw commandLineError('bad-value', '`--against otm` compares OTM with itself', 'name another method');
  }
  const methods = [against, 'otm'];
  const found = lookForScenarios([scenarioOfTheStory], workingFolder());
  const scenarios = choose(found, { method: methods });
  const { end, exitCode } = await execute(
    {
      scenarios,
      seedsOf: ({ scenario }) => ({ is: 'list', seeds: [seed === undefined ? scenario.seed : seedOf(seed)] }),
      methods,
      keep: null,
      failFast: false,
      limitMs: null,
      isSingle: true,
      files: {},
      onResult: (result, { scenario }) => {
        terminal.out(terminal.json ? jsonLine(result) : demoStory(result, { ...terminal, story: scenario.story }));
      },
    },
    terminal,
  );
  if (end.result.defects > 0) (terminal.json ? terminal.out : terminal.err)(defectText(end, terminal));
  return exitCode;
}
