/**
 * The commands and their options, as `--help` and docs/cli.md show them. What a command does is loaded when it is called,
 * so that help is there at once.
 */
import { Command, Option } from 'commander';
import { templateApps } from '../host/new/templates.ts';
import { addDiskCommands } from './disk-program.ts';
import type { DemoOptions, NewOptions, RunOptions, SchemaOptions, SuiteOptions, ValidateOptions } from './options.ts';
import { collect, common, type Finish, named } from './program-parts.ts';
import { schemaKinds } from './schema-kinds.ts';
import type { CommonOptions } from './terminal.ts';

export function makeProgram(version: string, finish: Finish): Command {
  const program = new Command('otm')
    .description(
      'A deterministic storage simulator around a real copy-before-write snapshot engine: whole servers are simulated from one seed, backed up, restored and judged.',
    )
    .version(version, '-V, --version', 'the version')
    .helpOption('-h, --help', 'this help')
    .helpCommand(false)
    .usage('<command> [options]')
    .configureHelp({ subcommandTerm: command => command.name() })
    .exitOverride()
    // What goes wrong is told like every other error.
    .configureOutput({ outputError: () => {} });
  addList(program, finish);
  addNew(program, finish);
  addExplain(program, finish);
  addRun(program, finish);
  addSuite(program, finish);
  addDemo(program, finish);
  addDiskCommands(program, finish);
  addValidate(program, finish);
  addSchema(program, finish);
  addVersion(program, finish);
  return program.addHelpText('after', generalHelp);
}

const generalHelp = `
Exit codes: 0 every expectation passes, 1 one does not, 2 bad input or
surroundings, 3 a defect of otm, 130 and 143 ended by Ctrl-C and SIGTERM.

Examples:
  otm run timestamp-problem
  otm run --help`;

function addList(program: Command, finish: Finish): void {
  const list = program
    .command('list [path...]')
    .description('scenarios of the package and those here, with the first sentence of their story');
  common(list, 'otm list', 'otm list my-customer').action(async (paths: string[], options: CommonOptions) => {
    const { list: act } = await import('./commands/list.ts');
    await finish(act(paths, options));
  });
}

function addNew(program: Command, finish: Finish): void {
  const made = program
    .command('new <file>')
    .description('a commented scenario to start from; never overwrites')
    .option('--from <name>', 'begin with this scenario of the package')
    .addOption(new Option('--app <app>', 'begin with this application').choices(templateApps));
  const examples = ['otm new mine.yaml --app script', 'otm new mine.yaml --from timestamp-problem'];
  common(made, ...examples).action(async (file: string, options: NewOptions) => {
    const { makeNew } = await import('./commands/new.ts');
    await finish(makeNew(file, options));
  });
}

function addExplain(program: Command, finish: Finish): void {
  const explain = program
    .command('explain [word]')
    .description('a key, check, promise, fault, method, outcome or error code in ten lines, with an example');
  const examples = ['otm explain relational', 'otm explain E5', 'otm explain backups.copyRate'];
  common(explain, ...examples).action(async (word: string | undefined, options: CommonOptions) => {
    const { explain: act } = await import('./commands/explain.ts');
    await finish(act(word, options));
  });
}

function addRun(program: Command, finish: Finish): void {
  const run = program
    .command('run <scenario>')
    .description('one seed, every method side by side; a scenario is a path or the name of one of the package')
    .option('--seed <n>', 'the seed (default: that of the scenario)');
  ofScenarios(run)
    .option('--keep <dir>', 'keep what was restored, the live volumes, truth and trace in this folder', named('--keep'))
    .option('--csv <file>', 'a row for each method, for a spreadsheet', named('--csv'))
    .option('--jsonl <file>', 'the result as a line of JSON', named('--jsonl'));
  const examples = ['otm run timestamp-problem', 'otm run mine.yaml --seed 7 --method otm --keep look'];
  common(run, ...examples).action(async (scenario: string, options: RunOptions) => {
    const { run: act } = await import('./commands/run.ts');
    await finish(act(scenario, options));
  });
}

function addSuite(program: Command, finish: Finish): void {
  const suite = program
    .command('suite <path...>')
    .description('many scenarios and seeds; a path is a file, a folder, a pattern in quotes, or a name of the package')
    .option('--seeds <seeds>', '7, 1..200, 1,5,9..20 or fresh:500 (default: those of each scenario)')
    .option('--salt <text>', 'what fresh seeds are made from; the same text gives the same seeds')
    .option('--for <time>', 'begin no further run after this time: 90s, 30m, 2h');
  ofScenarios(suite)
    .option('--fail-fast', 'end after the first run that fails')
    .option('--csv <file>', 'a row for each method of each run, for a spreadsheet', named('--csv'))
    .option('--jsonl <file>', 'a line of JSON for each run, and one for the whole', named('--jsonl'));
  const examples = ['otm suite timestamp-problem --seeds 1..200', 'otm suite "scenarios/*.yaml" --for 30m'];
  common(suite, ...examples).action(async (paths: string[], options: SuiteOptions) => {
    const { suite: act } = await import('./commands/suite.ts');
    await finish(act(paths, options));
  });
}

function addDemo(program: Command, finish: Finish): void {
  const demo = program
    .command('demo')
    .description('the story told in plain lines')
    .option('--seed <n>', 'the seed of the story')
    .option('--against <method>', 'what OTM is compared with', 'open-file-agent');
  common(demo, 'otm demo', 'otm demo --against naive-copy --seed 8').action(async (options: DemoOptions) => {
    const { demo: act } = await import('./commands/demo.ts');
    await finish(act(options));
  });
}

function addValidate(program: Command, finish: Finish): void {
  const validate = program
    .command('validate <path...>')
    .description('check scenarios without running them')
    .option('--print', 'show everything resolved, with defaults filled in')
    .option('--set <path=yaml>', 'change a value of the scenario (repeatable)', collect);
  const examples = ['otm validate mine.yaml', 'otm validate mine.yaml --print'];
  common(validate, ...examples).action(async (paths: string[], options: ValidateOptions) => {
    const { validate: act } = await import('./commands/validate.ts');
    await finish(act(paths, options));
  });
}

function addSchema(program: Command, finish: Finish): void {
  const schema = program
    .command('schema')
    .description('the JSON Schema of scenarios and results')
    .addOption(new Option('--of <what>', 'whose schema').choices(schemaKinds).default('scenario'));
  const examples = ['otm schema > scenario.schema.json', 'otm schema --of result'];
  common(schema, ...examples).action(async (options: SchemaOptions) => {
    const { schema: act } = await import('./commands/schema.ts');
    await finish(act(options));
  });
}

function addVersion(program: Command, finish: Finish): void {
  const version = program.command('version').description('the version of otm and of what it runs on');
  common(version, 'otm version', 'otm version --json').action(async (options: CommonOptions) => {
    const { version: act } = await import('./commands/version.ts');
    await finish(act(options));
  });
}

function ofScenarios(command: Command): Command {
  return command
    .option('--method <id>', 'run this method only (repeatable)', collect)
    .option('--set <path=yaml>', 'change a value, as in backups.methods.otm.quiet=0s (repeatable)', collect)
    .option('--variant <name>', 'run this variant of a matrix only');
}
