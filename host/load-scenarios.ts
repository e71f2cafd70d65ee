/** Reads scenarios from files: every variant of each, or all that is wrong with all of them. */
import type { Scenario } from '../sim/scenario/scenario.ts';
import type { ScenarioFile } from './scenario-files.ts';

export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly file: ScenarioFile;
  /** The text of the file itself, as it was read. */
  readonly text: string;
  /** `--set` values as they were given. */
  readonly overrides: readonly string[];
}

export interface LoadOptions {
  readonly overrides: readonly string[];
}

export function loadScenarios(_files: readonly ScenarioFile[], _options: LoadOptions): LoadedScenario[] {
  throw new Error('not there yet');
}
