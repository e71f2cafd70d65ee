import { newScenario } from '../../host/new/new-scenario.ts';
import { type TemplateApp, templateApps } from '../../host/new/templates.ts';
import { writeNew } from '../../host/output-files.ts';
import { commandName } from '../../host/package.ts';
import { shellWord } from '../../host/repeat-command.ts';
import { workingFolder } from '../../host/working-folder.ts';
import { jsonLine } from '../../reports/json-lines.ts';
import { commandLineError } from '../error-codes.ts';
import { exitCodes } from '../exit-codes.ts';
import type { NewOptions } from '../options.ts';
import { openTerminal } from '../terminal.ts';

export async function makeNew(file: string, options: NewOptions): Promise<number> {
  const terminal = openTerminal(options);
  const { from, app = 'ledger' } = options;
  if (from !== undefined && options.app !== undefined) {
    throw commandLineError(
      'option-conflict',
      '`--from` and `--app` both say what to begin with',
      'leave one of them out',
    );
  }
  if (!/\.ya?ml$/i.test(file)) {
    throw commandLineError('bad-value', `\`${file}\` is no name for a scenario`, `write \`${file}.yaml\``);
  }
  const text = newScenario(file, from === undefined ? { is: 'app', app: appOf(app) } : { is: 'shipped', name: from });
  writeNew(file, text);
  const next = `${commandName(process.env, workingFolder())} run ${shellWord(file)}`;
  if (terminal.json) terminal.out(jsonLine({ schema: 'otm/new@1', path: file, command: `otm run ${shellWord(file)}` }));
  else terminal.out(`made ${file}\n${terminal.style.heading('next')}\n  ${terminal.style.command(next)}\n`);
  return exitCodes.passes;
}

/** The parser of the command line lets no other word through. */
function appOf(word: string): TemplateApp {
  const app = templateApps.find(known => known === word);
  if (app === undefined) throw commandLineError('bad-value', `there is no application \`${word}\``);
  return app;
}
