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

/** The problem, and the white paper's Figure 1: a server with nowhere to put a cache but the drive that is backed up. */
const scenariosOfTheStory = ['timestamp-problem', 'one-drive-server'];

export async function demo({ seed, against, ...options }: DemoOptions): Promise<number> {
  const terminal = openTerminal(options);
  if (against === 'otm') {
    throw commandLineError('bad-value', '`--against otm` compares OTM with itself', 'name another method');
  }
  const methods = [against, 'otm'];
  const found = lookForScenarios(scenariosOfTheStory, workingFolder());
  const scenarios = choose(found, { method: methods });
  const { end, exitCode } = await execute(
    {
      scenarios,
      seedsOf: ({ scenario }) => ({ is: 'list', seeds: [seed === undefined ? scenario.seed : seedOf(seed)] }),
      methods,
      keep: null,
      failFast: false,
      limitMs: null,
      isSingle: false,
      files: {},
      onResult: (result, { scenario }) => {
        const isFirst = scenario.baseName === scenariosOfTheStory[0];
        const story = (): string => demoStory(result, { ...terminal, story: scenario.story });
        terminal.out(terminal.json ? jsonLine(result) : isFirst ? story() : `\n\n${story()}`);
      },
    },
    terminal,
  );
  if (end.result.defects > 0) (terminal.json ? terminal.out : terminal.err)(defectText(end, terminal));
  return exitCode;
}
