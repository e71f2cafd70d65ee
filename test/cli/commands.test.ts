/** Commands that run nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { schemaKinds } from '../../cli/schema-kinds.ts';
import { templateApps } from '../../host/new/templates.ts';
import { inFolder } from '../host/temporary-folder.ts';
import { jsonLines, otm } from './otm.ts';
import { smallScenario } from './small-scenario.ts';

const commands = [
  ...['list', 'new', 'explain', 'run', 'suite', 'demo', 'backup', 'verify', 'generations', 'restore'],
  ...['validate', 'schema', 'version'],
];

describe('help', () => {
  test('lists the commands that exist, and no other', () => {
    const { status, stdout } = otm(['--help']);
    expect(status).toBe(0);
    const listed = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z]+) {2,}/gm)].map(
      ([, name]) => name,
    );
    expect(listed).toEqual(commands);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test.each(commands)('otm %s --help has an example and the options of every command', command => {
    const { status, stdout, stderr } = otm([command, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`Examples?:\\n {2}otm ${command}`));
    for (const option of ['--json', '--quiet', '--silent', '--no-color']) expect(stdout).toContain(option);
  });

  test('the version', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(otm(['--version']).stdout).toBe(`${version}\n`);
    expect(otm(['version']).stdout).toContain(`otm ${version}, Node ${process.versions.node}`);
    expect(jsonLines(otm(['version', '--json']).stdout)).toMatchObject([{ schema: 'otm/version@1', version }]);
  });
});

describe('list', () => {
  test('shows what is here, with the first sentence of its story', () =>
    inFolder({ 'small.yaml': smallScenario() }, cwd => {
      const { status, stdout } = otm(['list'], { cwd });
      expect(status).toBe(0);
      expect(stdout).toMatch(/here\n {2}small\.yaml\n {6}A small bank\.\n/);
      const [line] = jsonLines(otm(['list', 'small.yaml', '--json'], { cwd }).stdout);
      expect(line).toMatchObject({ schema: 'otm/list@1', scenarios: [{ name: 'small', path: 'small.yaml' }] });
    }));
});

describe('new', () => {
  test.each(templateApps)('--app %s makes a scenario that validates and tells its story', app =>
    inFolder({}, cwd => {
      const made = otm(['new', 'sub/my first.yaml', '--app', app], { cwd });
      expect(made).toMatchObject({ status: 0, stderr: '' });
      expect(made.stdout).toContain('otm run "sub/my first.yaml"');
      const text = readFileSync(join(cwd, 'sub', 'my first.yaml'), 'utf8');
      expect(text).toContain('name: my-first\n');
      for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(125);
      expect(otm(['validate', 'sub/my first.yaml'], { cwd })).toMatchObject({ status: 0, stderr: '' });
      expect(otm(['new', 'sub/my first.yaml', '--app', app], { cwd }).status).toBe(2);
      expect(readFileSync(join(cwd, 'sub', 'my first.yaml'), 'utf8')).toBe(text);
    }),
  );
});

describe('explain', () => {
  test.each([
    ['relational', 'check'],
    ['E5', 'promise'],
    ['e5', 'promise'],
    ['otm', 'method'],
    ['latency', 'fault'],
    ['lost', 'outcome'],
    ['excused', 'verdict'],
    ['may', 'expectation'],
    ['script', 'application'],
    ['backups.copyRate', 'key'],
    ['copyRate', 'key'],
    ['unit-missing', 'error'],
  ])('%s is a %s', (word, kind) => {
    const { status, stdout } = otm(['explain', word]);
    expect(status).toBe(0);
    expect(stdout).toContain(`(${kind})`);
    expect(jsonLines(otm(['explain', word, '--json']).stdout)).toMatchObject([{ schema: 'otm/explain@1' }]);
  });

  test('without a word: everything there is; with a kind: all of it', () => {
    expect(otm(['explain']).stdout).toMatch(/checks\n.*relational/s);
    expect(otm(['explain', 'promises']).stdout.match(/^E\d+ \(promise\)$/gm)).toHaveLength(18);
  });
});

describe('validate and schema', () => {
  test('fine, and everything resolved', () =>
    inFolder({ 'small.yaml': smallScenario() }, cwd => {
      expect(otm(['validate', 'small.yaml'], { cwd })).toEqual({ status: 0, stdout: 'small.yaml: fine\n', stderr: '' });
      const printed = otm(['validate', 'small.yaml', '--print'], { cwd });
      expect(printed).toMatchObject({ status: 0, stderr: 'small.yaml: fine\n' });
      expect(parse(printed.stdout)).toMatchObject({ schema: 'otm/scenario@1', name: 'small' });
      expect(printed.stdout).toContain('waitLimit: 5 min');
      const [line] = jsonLines(otm(['validate', '.', '--json'], { cwd }).stdout);
      expect(line).toMatchObject({ schema: 'otm/validate@1', files: [{ path: 'small.yaml', names: ['small'] }] });
    }));

  test('--print of several is a document for each', () =>
    inFolder({ 'a.yaml': smallScenario({ name: 'a' }), 'b.yaml': smallScenario({ name: 'b' }) }, cwd => {
      const documents = parseAllDocuments(otm(['validate', '.', '--print'], { cwd }).stdout);
      expect(documents.map(document => 'get' in document && document.get('name'))).toEqual(['a', 'b']);
    }));

  test.each(schemaKinds)('the schema of %s', of => {
    const { status, stdout } = otm(['schema', '--of', of]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('$schema');
  });
});
