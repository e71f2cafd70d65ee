/** The documents that are made from code: help, registries, schemas. A test fails when one is out of date. */
import type { Command } from 'commander';
import { errorRegistries } from '../cli/book.ts';
import { makeProgram } from '../cli/program.ts';
import { schemaKinds } from '../cli/schema-kinds.ts';
import { schemaText } from '../cli/schemas.ts';
import { checkEntries, runCheckEntries } from '../reports/explain/checks.ts';
import type { Entry } from '../reports/explain/entry.ts';
import { promiseEntries } from '../reports/explain/promises.ts';
import { CHECKS } from '../sim/scenario/checks.ts';
import { scenarioDocument } from '../sim/scenario/document.ts';
import type { CheckName } from '../sim/scenario/expectation.ts';
import { scenarioJsonSchemaText } from '../sim/scenario/json-schema.ts';
import { errorsDocument } from '../sim/user-error.ts';

const resultSchemas = schemaKinds.filter(kind => kind !== 'scenario');

/** Text by path from the root of the project. */
export function documents(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/cli.md', commandsDocument()],
    ['docs/checks.md', checksDocument()],
    ['docs/errors.md', errorsDocument(errorRegistries)],
    ['docs/scenario.md', scenarioDocument()],
    ['schema/scenario.json', scenarioJsonSchemaText()],
    ...resultSchemas.map(of => [`schema/${of}.json`, schemaText(of)] as const),
  ]);
}

function commandsDocument(): string {
  const program = makeProgram('', () => Promise.resolve());
  const sections = [program, ...program.commands].map(command => {
    const name = command === program ? 'otm' : `otm ${command.name()}`;
    return `## ${name}\n\n\`\`\`\n${helpText(command)}\n\`\`\`\n`;
  });
  return `${commandsIntroduction}\n${sections.join('\n')}`;
}

function helpText(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: part => parts.push(part), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return parts.join('').trim();
}

const commandsIntroduction = `# Commands

Made from the help of the program by \`npm run docs\`; do not edit.

Every command: \`--json\` puts nothing but JSON on standard output, also when it fails; what goes on and what goes wrong is
on standard error. \`NO_COLOR\` and \`FORCE_COLOR\` are respected. A path is a file, a folder (all \`*.yaml\` and \`*.yml\`
below it), a pattern in quotes that otm expands itself, or the name of a scenario of the package. Ctrl-C and SIGTERM keep
and report what is finished; a second one leaves at once.

| exit code | means |
| --- | --- |
| 0 | every expectation passes |
| 1 | one does not |
| 2 | bad input or surroundings: options, a scenario, a file, a full disk; also when nothing was run |
| 3 | a defect of the program; \`otm-defect-*.json\` has all that is needed to see it again |
| 130, 143 | ended by Ctrl-C, by SIGTERM |

The highest that occurred wins.
`;

function checksDocument(): string {
  const family = (wanted: 'data' | 'engine') => {
    return checkEntries.filter(({ word }) => CHECKS[word as CheckName].family === wanted).map(checkSection);
  };
  const promises = promiseEntries.map(({ word, says, more, see = [] }) => {
    const checks = see.map(name => `[\`${name}\`](#${name})`).join(', ');
    return `| ${word} | ${cell([says, ...more].join(' '))} | ${checks} |`;
  });
  return [
    checksIntroduction,
    '## Data checks\n\nOf every method that restores.\n',
    ...family('data'),
    '## Engine checks\n\nOf methods with a snapshot, whatever a scenario expects.\n',
    ...family('engine'),
    '## Of the run itself\n\nWhat else stands among the checks of a result.\n',
    ...runCheckEntries.map(entry => entrySection(entry)),
    '## Promises of the engine\n',
    '| promise | what it says | judged by |',
    '| --- | --- | --- |',
    ...promises,
    '',
  ].join('\n');
}

function checkSection(entry: Entry): string {
  const { promises, isPerWorkload, later } = CHECKS[entry.word as CheckName];
  const facts = [
    promises.length === 0 ? '' : `Judges ${promises.join(', ')}.`,
    isPerWorkload ? 'One verdict for each workload.' : '',
    later === null ? '' : `Not there yet: it needs ${later}.`,
  ].filter(fact => fact !== '');
  return entrySection(entry, facts.length === 0 ? [] : [facts.join(' ')]);
}

function entrySection({ word, says, more, example }: Entry, facts: readonly string[] = []): string {
  const paragraphs = [says, ...more, ...facts].join('\n\n');
  return `### ${word}\n\n${paragraphs}\n\n\`\`\`yaml\n${example}\n\`\`\`\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

const checksIntroduction = `# Checks

Made from the registries of the program by \`npm run docs\`; do not edit. \`otm explain WORD\` shows each entry.

A checker believes nothing that an agent or the engine says of itself. It compares restored bytes, requests seen at the
devices, and the world's own logs: the restore is made first, to a fresh drive, and judged from its bytes alone. Every
verdict says how much it looked at; over nothing it is \`not-applicable\`, never \`held\`. After a backup that completed, what
cannot be read back is \`violated\`.
`;
