/** Reads scenarios from files: every variant of each, or all that is wrong with all of them at once. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { load } from '../sim/scenario/load.ts';
import type { Scenario } from '../sim/scenario/scenario.ts';
import type { UserError } from '../sim/user-error.ts';
import { packageRoot } from './package.ts';
import type { ScenarioFile } from './scenario-files.ts';
import { UserErrors } from './user-errors.ts';

/** One variant of a scenario, with where it came from. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly file: ScenarioFile;
  /** The text of the file itself, as it was read. */
  readonly text: string;
  /** `--set` values as they were given. */
  readonly overrides: readonly string[];
  /** Every file that was read for it, where it lies on this machine. */
  readonly reads: readonly string[];
}

export interface LoadedFile {
  readonly file: ScenarioFile;
  /** Only extended, never run: it has no variants. */
  readonly isTemplate: boolean;
  readonly variants: readonly LoadedScenario[];
}

export interface LoadOptions {
  /** The folder that paths are relative to. */
  readonly folder: string;
  /** `PATH=YAML`, applied last. */
  readonly overrides: readonly string[];
  /** What is wrong already: it is told with all else. */
  readonly errors?: readonly UserError[];
}

/** Throws `UserErrors` with everything that is wrong. */
export function loadScenarios(files: readonly ScenarioFile[], options: LoadOptions): LoadedFile[] {
  const { folder, overrides } = options;
  const errors: UserError[] = [...(options.errors ?? [])];
  const texts = new Map<string, string>();
  const loaded = files.flatMap((file): LoadedFile[] => {
    const result = load(file.shown, path => readOrNull(path, file, folder), { sets: overrides });
    for (const [path, text] of result.texts) texts.set(path, text);
    if (!result.ok) {
      errors.push(...result.errors);
      return [];
    }
    const text = result.texts.get(file.shown) ?? '';
    const reads = [...result.texts.keys()].map(path => pathOf(path, file, folder));
    const variants = result.scenarios.map(scenario => ({ scenario, file, text, overrides, reads }));
    return [{ file, isTemplate: result.isTemplate, variants }];
  });
  if (errors.length > 0) throw new UserErrors(unique(errors), texts);
  return loaded;
}

/** Files that a scenario extends are looked for beside it: a shipped one's in the package. */
function readOrNull(path: string, file: ScenarioFile, folder: string): string | null {
  try {
    return readFileSync(pathOf(path, file, folder), 'utf8');
  } catch {
    return null;
  }
}

function pathOf(path: string, { isShipped }: ScenarioFile, folder: string): string {
  return resolve(isShipped ? packageRoot : folder, path);
}

/** A wrong `--set` is wrong for each of the files. */
function unique(errors: readonly UserError[]): UserError[] {
  const seen = new Map(errors.map(error => [JSON.stringify([error.code, error.place, error.message]), error]));
  return [...seen.values()];
}
