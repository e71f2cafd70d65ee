import { loadScenarios } from '../../host/load-scenarios.ts';
import { lookForScenarios } from '../../host/scenario-files.ts';
import { workingFolder } from '../../host/working-folder.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { resolvedText, validatedText } from '../../reports/validate-report.ts';
import { exitCodes } from '../exit-codes.ts';
import type { ValidateOptions } from '../options.ts';
import { openTerminal } from '../terminal.ts';

export async function validate(paths: readonly string[], options: ValidateOptions): Promise<number> {
  const terminal = openTerminal(options);
  const folder = workingFolder();
  const { files: found, errors } = lookForScenarios(paths, folder);
  const files = loadScenarios(found, { folder, overrides: options.set ?? [], errors });
  const validated = files.map(({ file, isTemplate, variants }) => {
    return { path: file.shown, template: isTemplate, scenarios: variants.map(({ scenario }) => scenario) };
  });
  const print = options.print === true;
  if (terminal.json) {
    const brief = validated.map(({ scenarios, ...file }) => {
      const names = scenarios.map(({ name }) => name);
      return print ? { ...file, names, scenarios } : { ...file, names };
    });
    terminal.out(jsonLine({ schema: 'otm/validate@1', files: brief }));
  } else {
    const say = print ? terminal.err : terminal.out;
    if (terminal.volume === 'normal') say(validatedText(validated));
    if (print) terminal.out(resolvedText(validated, terminal.style));
  }
  return exitCodes.passes;
}
