/** Every kind of bad input on the command line: its message, its exit code, and the same as JSON. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder, removeFolder } from '../host/temporary-folder.ts';
import { bin, cleanEnvironment, jsonLines, otm } from './otm.ts';
import { smallScenario } from './small-scenario.ts';

let folder = '';

beforeAll(() => {
  folder = makeFolder({
    'small.yaml': smallScenario(),
    'other.yaml': smallScenario({ name: 'other' }),
    'template.yaml': `${smallScenario({ name: 'template' })}template: true\n`,
    'wrong.yaml': smallScenario({ name: 'wrong' })
      .replace('quiet: 2 s', 'qiuet: 2 s')
      .replace('rate: 20/s', 'rate: 0/s'),
    'matrix.yaml': smallScenario({
      name: 'matrix',
      extra: 'matrix: { backups.methods.otm.granule: [4 KiB, 16 KiB] }\n',
    }),
    'extends.yaml': 'schema: otm/scenario@1\nname: extends\nextends: small.yaml\n',
    'broken.yaml': 'schema: otm/scenario@1\nname: [\n',
    'taken.txt': '',
    'cut.yaml': 'a: [\n',
    'empty/notes.txt': '',
  });
  mkdirSync(join(folder, 'a-folder'));
});

afterAll(() => removeFolder(folder));

/** Words of the command line, the code, what the message must say. */
const cases: readonly (readonly [words: string, code: string, message: RegExp])[] = [
  ['rnu small.yaml', 'unknown-command', /unknown command `rnu`, did you mean `run`\?/],
  ['hunt small.yaml --for 60s', 'unknown-command', /^command `hunt` is not there yet in this version$/],
  ['replay x.yaml', 'unknown-command', /^command `replay` is not there yet in this version$/],
  ['suite small.yaml --jobs 4', 'unknown-option', /^option `--jobs` is not there yet in this version$/],
  ['run small.yaml --html=x.html', 'unknown-option', /^option `--html(=x\.html)?` is not there yet in this version$/],
  ['run small.yaml --sed 1', 'unknown-option', /unknown option `--sed`, did you mean `--seed` or `--set`\?/],
  ['run', 'missing-argument', /missing required argument `scenario`/],
  ['suite', 'missing-argument', /missing required argument `path`/],
  ['run small.yaml --seed', 'missing-argument', /`--seed <n>` argument missing/],
  ['run small.yaml other.yaml', 'too-many-arguments', /too many arguments/],
  ['new x.yaml --app word', 'bad-value', /`word` is invalid\. Allowed choices are ledger, sqlite, mail, script/],
  ['schema --of word', 'bad-value', /`word` is invalid/],
  ['new x.txt', 'bad-value', /`x\.txt` is no name for a scenario/],
  ['new x.yaml --app mail --from small', 'option-conflict', /`--from` and `--app`/],
  ['new small.yaml', 'file-exists', /there is already a `small\.yaml`/],
  ['new x.yaml --from gone', 'file-not-found', /the package has no scenario `gone`/],
  ['explain relatoinal', 'nothing-to-explain', /nothing is known of `relatoinal`, did you mean `relational`\?/],
  ['run gone.yaml', 'file-not-found', /there is no file or scenario `gone\.yaml`/],
  ['validate gone.yaml', 'file-not-found', /there is no file or scenario `gone\.yaml`/],
  ['list cut.yaml', 'yaml-syntax', /./],
  ['validate small.yaml/x', 'file-not-found', /there is no file or scenario `small\.yaml\/x`/],
  ['list gone', 'file-not-found', /there is no file or scenario `gone`/],
  ['suite empty', 'no-scenario', /no `\*\.yaml` or `\*\.yml` below `empty`/],
  ['suite x*.yaml', 'no-scenario', /no `\*\.yaml` or `\*\.yml` file fits `x\*\.yaml`/],
  ['run template.yaml', 'no-scenario', /`template\.yaml`: a template is only extended/],
  ['run *.yaml', 'several-scenarios', /`\*\.yaml` stands for \d scenarios, and `run` takes one/],
  ['run small.yaml --seed x', 'bad-seeds', /--seed: expected a seed, found `x`: write `--seed 7`/],
  ['suite small.yaml --seeds fresh:', 'bad-seeds', /--seeds: `fresh:` are no fresh seeds/],
  ['run small.yaml --seed 9007199254740992', 'bad-seeds', /is no seed/],
  ['run small.yaml --seed=-1', 'bad-seeds', /--seed: /],
  ['suite small.yaml --seeds 5..1', 'bad-seeds', /the range `5\.\.1` is empty/],
  ['suite small.yaml --seeds fresh:0', 'bad-seeds', /fresh seeds/],
  ['suite small.yaml --seeds 1..2 --salt x', 'option-conflict', /`--salt` is for fresh seeds only/],
  ['suite small.yaml --for 10', 'unit-missing', /--for: /],
  ['suite small.yaml --for soon', 'number-bad', /--for: /],
  ['suite small.yaml --for 0s', 'nothing-run', /nothing was run: the time of --for is over/],
  ['run small.yaml --method otn', 'unknown-method', /there is no method `otn`, did you mean `otm`\?/],
  ['suite small.yaml other.yaml --method otn', 'unknown-method', /there is no method `otn`/],
  ['run small.yaml --variant x', 'unknown-variant', /there is no variant `x`/],
  ['run matrix.yaml --variant granule=4', 'unknown-variant', /did you mean `granule=4KiB`\?/],
  ['run small.yaml --set backups.methods.otm.qiuet=0s', 'set-path', /leads nowhere.*did you mean/],
  ['run small.yaml --set nonsense', 'set-syntax', /not of the form PATH=YAML/],
  ['run small.yaml --csv a-folder', 'cannot-write', /cannot write `a-folder`: it is a folder/],
  ['run small.yaml --jsonl taken.txt/x', 'cannot-write', /cannot write `taken\.txt\/x`: part of its path is a file/],
  ['run small.yaml --keep taken.txt', 'cannot-write', /cannot write `taken\.txt`/],
  ['run small.yaml --csv same --jsonl same', 'option-conflict', /would both write `same`/],
  ['run small.yaml --csv same --jsonl ./same', 'option-conflict', /would both write `same`/],
  ['run small.yaml --csv=', 'bad-value', /`--csv` has an empty name/],
  ['suite small.yaml --jsonl=', 'bad-value', /`--jsonl` has an empty name/],
  ['run small.yaml --keep=', 'bad-value', /`--keep` has an empty name/],
  ['suite other.yaml small.yaml --csv ./small.yaml', 'option-conflict', /`--csv` would overwrite `\.\/small\.yaml`/],
  ['run extends.yaml --jsonl small.yaml', 'option-conflict', /`--jsonl` would overwrite `small\.yaml`, which is read/],
  ['demo --against otm', 'bad-value', /compares OTM with itself/],
  ['demo --against word', 'unknown-method', /there is no method `word`/],
];

describe('bad input', () => {
  test.skipIf(process.platform === 'win32')('a working folder that was removed', () => {
    otm(['version']); // what is not built can't be built from there
    const script = 'mkdir gone-folder && cd gone-folder && rmdir ../gone-folder && exec "$@"';
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', process.execPath, bin, 'run', 'x.yaml'], {
      cwd: folder,
      env: cleanEnvironment(),
      encoding: 'utf8',
    });
    expect(stderr).toBe('otm: the folder that this is called in is no longer there\n  change to another folder\n');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test.each(cases)('otm %s: %s', (words, code, message) => {
    const [command = '', ...rest] = words.split(' ');
    const { status, stdout, stderr } = otm([command, '--json', ...rest], { cwd: folder });
    const [line] = jsonLines(stdout);
    expect(line).toMatchObject({ schema: 'otm/error@1', code, message: expect.stringMatching(message) });
    expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
  });

  test('without --json it is told on standard error, with what to do', () => {
    const { status, stdout, stderr } = otm(['run', 'small.yaml', '--method', 'otn'], { cwd: folder });
    expect(stderr).toBe('otm: there is no method `otn`, did you mean `otm`?\n  there are: open-file-agent, otm\n');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test('no command: the help, and not green', () => {
    const { status, stderr } = otm([]);
    expect(stderr).toContain('Usage: otm <command>');
    expect(status).toBe(2);
  });

  test('all errors of all files at once, each at its place with a caret; nothing is run', () => {
    const { status, stdout, stderr } = otm(['suite', 'small.yaml', 'wrong.yaml', 'broken.yaml'], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/wrong\.yaml:\d+:\d+: unknown key `qiuet`, did you mean `quiet`\?/);
    expect(stderr).toMatch(/wrong\.yaml:\d+:\d+: .*rate/);
    expect(stderr).toMatch(/broken\.yaml:\d+:\d+: /);
    expect(stderr).toMatch(/\n +\| +\^\n/);
    const missing = otm(['suite', 'gone.yaml', 'wrong.yaml', 'gone-too.yaml'], { cwd: folder });
    expect(missing.stderr).toContain('there is no file or scenario `gone.yaml`');
    expect(missing.stderr).toContain('there is no file or scenario `gone-too.yaml`');
    expect(missing.stderr).toMatch(/wrong\.yaml:\d+:\d+: unknown key `qiuet`/);
    const json = otm(['suite', 'wrong.yaml', 'broken.yaml', '--json'], { cwd: folder });
    expect(json.stderr).toBe('');
    expect(new Set(jsonLines(json.stdout).map(({ file }) => file))).toEqual(new Set(['wrong.yaml', 'broken.yaml']));
  });
});
