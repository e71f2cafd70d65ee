/** The texts of docs/scenario.md that are written by hand. */

import { LATER_FAULTS } from './schema-faults.ts';

export const INTRODUCTION = `# Scenarios

Made from the schema of scenarios; do not edit. \`otm schema\` prints the schema, \`otm validate FILE\` checks a file without
running it, \`otm validate FILE --print\` shows everything resolved, \`otm new FILE\` writes one to start from.

A scenario is one YAML file that tells one story: a world, what lives in it, who makes backups, what goes wrong, what is
expected. Its first comment is the story.

\`\`\`yaml
# yaml-language-server: $schema=../schema/scenario.json
# Two files are updated together. The open file agent copies one, and the other four seconds later.
schema: otm/scenario@1
name: two-files
world:
  drives:
    - { id: disk0, size: 96 MiB, model: server-1999, volumes: [{ letter: C, size: 64 MiB, fs: fat32 }] }
workloads:
  - { id: bank, app: ledger, files: { A: 'C:\\BANK\\A.DAT', B: 'C:\\BANK\\B.DAT' }, rate: 40/s, pauses: { every: 20 s, for: 8 s } }
backups:
  volumes: [C]
  methods: [open-file-agent, { otm: { quiet: 5 s } }]
expect:
  open-file-agent: { intact: held, relational: violated }
  otm: held
\`\`\`

**A run** is one scenario (one variant of it) with one seed, all its methods. Each method gets the same world, built again
from the same seed. The method \`none\` (no backup) is run without being asked: it is the base of every cost, and not judged.

**Units** stand behind their number, with or without a blank: \`16 KiB\`, \`1.5 s\`, \`40/s\`, \`1 MiB/s\`, \`20%\`. Sizes are
binary (KiB is 1024 bytes; KB is refused). A number without its unit, a negative one, one that is no whole number of bytes
or nanoseconds, one above 2^53: each is refused with the right form. It is YAML 1.2: \`on\` and \`off\` are words.

**Paths**: \`'C:\\X\\Y'\` in single quotes, or \`C:/X/Y\`; case does not matter. In patterns \`*\` stands for any characters of
one name; a folder stands for all below it; a name without a letter is looked for everywhere.

**Errors** are told all at once, with \`file:line:column\`, the line and a caret; nothing is run. docs/errors.md has them.`;

/** By the path of the section that they introduce. */
export const SECTION_TEXTS: { readonly [path: string]: string } = {
  '': 'A file with `extends` may leave out what the other one has. `null` removes a key.',
  'world.drives[]':
    'Volumes lie behind one another, each at a multiple of 1 MiB, the first at 1 MiB. Drives are sparse: what counts is what is written to them.',
  'world.drives[].model': 'Figures of its own, instead of the name of a model.',
  'workloads[]':
    'What all applications have. `rate` is the most that is offered: transactions are 1/rate apart, each moved by up to half of that by the seed, never caught up after a delay. Folders are made by the application; its files are filled before 0 s.',
  'workloads[] app: ledger':
    'Accounts of 64 bytes in A, transfers in the journal B. The file operations of a transfer are 0 to 5 ms apart, drawn; its lock is held for them, not for the fsync.',
  'workloads[] app: static': 'Data that never changes.',
  'workloads[] app: script':
    'A transaction written out. Each of its steps is one of the mappings `workloads[].transaction[]` below, told by its first key.',
  backups:
    '`volumes` and `drives` exclude one another. File agents walk volumes in the order given, depth first; `otm`, `live-image` and `cold-backup` read boot sectors, FATs and allocated clusters (of a raw volume all sectors).',
  'backups.methods[]':
    'An entry is a name (`otm`), or a mapping of one name to its options, optionally with an `id`: `{ id: otm-no-quiet, otm: { quiet: 0 s } }`.',
  'backups.methods[].otm.beside[]': 'All other options are those of the method.',
  'faults[]': 'What a fault does is drawn from its own stream and told in the trace.',
  'faults[] kind: read-error': 'A sector cannot be read.',
  'faults[] kind: write-error': 'A write, flush or discard fails; nothing, a part or all of it has been done.',
  'faults[] kind: latency': 'Operations become slow, or hang.',
  'faults[] kind: drive-gone': 'A drive vanishes, and may come back as it was.',
  'faults[] kind: agent-dies': 'The backup program dies or stops reading. It has no aim.',
  'faults[] kind: writer-at-T': 'A write is issued in the very event in which T is taken.',
  'expect.<name>':
    'For each method one word, or this mapping. Engine checks that are not named must be held, data checks that are not named are not judged.',
  'expect.<name>.metrics':
    "Thresholds on virtual figures, so they are exact: `<`, `<=`, `'> 20 s'` and `'>= 20 s'` in quotes, `10 s..20 s` with both ends included. A count has no unit.",
};

export const AFTER_TABLES = `## What an expectation means

| in \`expect\`, for a method | passes when |
| --- | --- |
| \`held\` | outcome \`completed\`, every check that applies is held, at least one of \`intact\`, \`relational\`, \`prefix\`, \`sqlite\` applies |
| \`violated\` | outcome \`completed\`, at least one data check violated |
| \`sometimes-violated\` | each run; a suite of 20 runs or more fails when none was violated |
| \`lost\`, \`timed-out\`, \`failed\` | that outcome, and every engine check that applies is held |
| \`may\` | any outcome, any data verdict |
| a mapping | each named check has its word; \`outcome\` is \`completed\` unless said |
| \`relational: { bank: violated, shop: held }\` | by workload; without it a check is violated when it is for one workload |
| \`metrics: { backupSeconds: <= 180 s }\` | each threshold is a check named \`metric:backupSeconds\` |

The engine's promises must hold whatever is expected. Only what was selected is judged: a workload with no file on the
selected volumes has no data checks, and one with files on both sides is bad input unless no method is judged. A check that
cannot apply to the method or to the scenario is bad input. A method that \`expect\` does not name is shown, not judged.

## \`extends\`

\`extends: other.yaml\` lays this file over another one, relative to this file. Mappings merge. Lists whose members all have
an \`id\`, a \`letter\` or the name of a method merge by it; other lists, and scalars, replace. \`null\` removes a key. \`expect\`
merges by method, and what it says of a method replaces; so does the entry of a method in its list, and
\`{ naive-copy: null }\` takes a method out of it. \`template: true\` marks a file that is only extended.

## \`matrix\`

\`\`\`yaml
matrix:
  backups.methods.otm.granule: [4 KiB, 64 KiB]
  workloads.bank.rate: [10/s, 40/s]
  exclude: [{ backups.methods.otm.granule: 4 KiB, workloads.bank.rate: 10/s }]
  include: [{ backups.methods.otm.granule: 1 MiB, expect: { otm: may } }]
\`\`\`

One variant for each combination, named \`two-files[granule=4KiB,rate=40/s]\` everywhere. An entry of \`exclude\` takes out the
combinations that have all its values. An entry of \`include\` adds what else it says (\`expect\`, or any other path) to the
combinations that its values agree with; when there are none it is a variant of its own.

## \`--set PATH=YAML\`

Applied last, to every variant, as often as it is given. The path goes through mappings by key and through lists by \`id\`,
letter or the id of a method, whose options follow at once:
\`--set backups.methods.otm.quiet=0s --set workloads.bank.rate=100/s\`. \`null\` removes. A path that leads nowhere is bad
input, with the nearest one.

## Not there yet

\`phases\`, and the faults ${Object.keys(LATER_FAULTS)
  .map(kind => `\`${kind}\``)
  .join(', ')} are words of the format that this version refuses by name.`;
