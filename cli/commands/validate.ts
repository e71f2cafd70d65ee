import { loadScenarios } from '../../host/load-scenarios.ts';
import { findScenarios } from '../../host/scenario-files.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { exitCodes } from '../exit-codes.ts';
import type { ValidateOptions } from '../program.ts';
import { openTerminal } from '../terminal.ts';

export async function validate(paths: readonly string[], options: ValidateOptions): Promise<number> {
  const terminal = openTerminal(options);
  const files = findScenarios(paths, process.cwd());
  const scenarios = loadScenarios(files, { overrides: options.set ?? [] }).map(({ scenario, file }) => {
    return { path: file.shown, name: scenario.name, methods: scenario.backups.methods.map(({ id }) => id) };
  });
  if (terminal.json) terminal.out(jsonLine({ schema: 'otm/validate@1', scenarios }));
  else terminal.out(scenarios.map(({ path, name }) => `${path}: ${name} is fine\n`).join(''));
  return exitCodes.passes;
}
