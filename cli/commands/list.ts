import { catalogue } from '../../host/catalogue.ts';
import { workingFolder } from '../../host/working-folder.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { listText } from '../../reports/list-report.ts';
import { exitCodes } from '../exit-codes.ts';
import { type CommonOptions, openTerminal } from '../terminal.ts';

export async function list(paths: readonly string[], options: CommonOptions): Promise<number> {
  const terminal = openTerminal(options);
  const scenarios = catalogue(paths, workingFolder()).map(({ name, file, story, isTemplate }) => {
    return { name, path: file.shown, shipped: file.isShipped, template: isTemplate, story };
  });
  if (terminal.json) terminal.out(jsonLine({ schema: 'otm/list@1', scenarios }));
  else terminal.out(listText(scenarios, terminal));
  return exitCodes.passes;
}
