/** Scenarios that are found, and files that are written. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogue, storyOf } from '../../host/catalogue.ts';
import { systemReason } from '../../host/error-codes.ts';
import { isSameFile, OutputFile, prepareFolder, writeNew, writeWhole } from '../../host/output-files.ts';
import { findScenarios, readText, shippedScenarios } from '../../host/scenario-files.ts';
import { UserErrors } from '../../host/user-errors.ts';
import { UserError } from '../../sim/user-error.ts';
import { inFolder } from './temporary-folder.ts';

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error.code;
    if (error instanceof UserErrors) return error.errors.map(({ code }) => code).join();
    throw error;
  }
  return 'none';
}

describe('scenarios on the command line', () => {
  const files = { 'a.yaml': '', 'more/b.yml': '', 'more/deep/c.yaml': '', 'more/d.txt': '', 'empty/x.txt': '' };
  const shown = (words: string[], folder: string) => findScenarios(words, folder).map(file => file.shown);

  test('files, folders and patterns, each once', () =>
    inFolder(files, folder => {
      expect(shown(['a.yaml'], folder)).toEqual(['a.yaml']);
      expect(shown(['./a.yaml'], folder)).toEqual(['a.yaml']);
      expect(shown(['more'], folder)).toEqual(['more/b.yml', 'more/deep/c.yaml']);
      expect(shown(['more/'], folder)).toEqual(['more/b.yml', 'more/deep/c.yaml']);
      expect(shown(['.'], folder)).toEqual(['a.yaml', 'more/b.yml', 'more/deep/c.yaml']);
      expect(shown(['*.yaml', 'a.yaml', '**/*.yaml'], folder)).toEqual(['a.yaml', 'more/deep/c.yaml']);
      expect(findScenarios(['more'], folder)[0]).toEqual({
        shown: 'more/b.yml',
        argument: 'more/b.yml',
        path: join(folder, 'more', 'b.yml'),
        isShipped: false,
      });
    }));

  test('a name of the package', () => {
    for (const { argument, shown: path } of shippedScenarios()) {
      expect(findScenarios([argument], '/')).toMatchObject([{ isShipped: true, argument, shown: path }]);
    }
  });

  test('what stands for nothing is an error', () =>
    inFolder(files, folder => {
      expect(codeOf(() => findScenarios(['gone.yaml'], folder))).toBe('file-not-found');
      expect(codeOf(() => findScenarios(['empty'], folder))).toBe('no-scenario');
      expect(codeOf(() => findScenarios(['x*.yaml'], folder))).toBe('no-scenario');
      expect(codeOf(() => readText(join(folder, 'gone'), 'gone'))).toBe('file-not-found');
    }));
});

describe('paths that cannot be', () => {
  const refused = (word: string, folder: string) => codeOf(() => findScenarios([word], folder));

  test('a file as a folder, a name that is too long', () =>
    inFolder({ 'a.yaml': '' }, folder => {
      expect(refused('a.yaml/x', folder)).toBe('file-not-found');
      expect(refused(`${'long'.repeat(100)}.yaml`, folder)).toBe('file-not-found');
    }));

  test.skipIf(process.platform === 'win32')('links in a circle', () =>
    inFolder({}, folder => {
      symlinkSync('circle.yaml', join(folder, 'circle.yaml'));
      expect(() => findScenarios(['circle.yaml'], folder)).toThrow('`circle.yaml`: its links lead in a circle');
      expect(catalogue([], folder).filter(({ file }) => !file.isShipped)).toEqual([]);
    }),
  );
});

describe('the catalogue', () => {
  test('passes over folders with such a name, and a byte order mark', () =>
    inFolder({ 'dir.yaml/x.txt': '', 'mine.yaml': '\uFEFF# A story.\nschema: otm/scenario@1\n' }, folder => {
      const here = catalogue([], folder).filter(({ file }) => !file.isShipped);
      expect(here.map(({ story }) => story)).toEqual(['A story.']);
    }));

  test('shows the story of each scenario, and no other YAML', () =>
    inFolder(
      {
        'mine.yaml': '# One story. Another sentence.\nschema: otm/scenario@1\nname: mine\n',
        'base.yaml':
          '# yaml-language-server: $schema=x\n# A base.\nschema: otm/scenario@1\nname: base\ntemplate: true\n',
        'broken.yaml': '# Broken.\nschema: otm/scenario@1\nname: broken\na: [\n',
        'compose.yaml': 'services: {}\n',
      },
      folder => {
        const here = catalogue([], folder).filter(({ file }) => !file.isShipped);
        expect(here.map(({ name, story, isTemplate }) => ({ name, story, isTemplate }))).toEqual([
          { name: 'base', story: 'A base.', isTemplate: true },
          { name: 'broken', story: 'Broken.', isTemplate: false },
          { name: 'mine', story: 'One story. Another sentence.', isTemplate: false },
        ]);
      },
    ));

  test('a story is the first comment', () => {
    expect(storyOf('# a\r\n#  b\r\n\r\n# not this\n')).toBe('a b');
    expect(storyOf('name: x\n# not this\n')).toBe('');
    expect(storyOf('# only')).toBe('only');
  });
});

describe('files that are written', () => {
  test('have their name when they are whole', () =>
    inFolder({}, folder => {
      const path = join(folder, 'new', 'deep', 'out.csv');
      const file = new OutputFile(path);
      file.append('a\n');
      file.append('ü\n');
      expect(existsSync(path)).toBe(false);
      file.finish();
      expect(readFileSync(path, 'utf8')).toBe('a\nü\n');
      expect(readdirSync(join(folder, 'new', 'deep'))).toEqual(['out.csv']);
      file.finish();
    }));

  test('leave nothing behind when they are given up, and what was there stays', () =>
    inFolder({ 'out.csv': 'before' }, folder => {
      const file = new OutputFile(join(folder, 'out.csv'));
      file.append('half');
      file.discard();
      file.discard();
      expect(readdirSync(folder)).toEqual(['out.csv']);
      expect(readFileSync(join(folder, 'out.csv'), 'utf8')).toBe('before');
    }));

  test.skipIf(process.platform === 'win32')('go through a link to the file, and the link stays', () =>
    inFolder({ 'there/real.csv': 'before' }, folder => {
      symlinkSync(join('there', 'real.csv'), join(folder, 'link.csv'));
      symlinkSync(join('there', 'new.csv'), join(folder, 'dangling.csv'));
      symlinkSync('circle.csv', join(folder, 'circle.csv'));
      for (const [name, target] of [
        ['link.csv', 'real.csv'],
        ['dangling.csv', 'new.csv'],
      ] as const) {
        const file = new OutputFile(join(folder, name));
        file.append('after\n');
        file.finish();
        expect(lstatSync(join(folder, name)).isSymbolicLink()).toBe(true);
        expect(readFileSync(join(folder, 'there', target), 'utf8')).toBe('after\n');
      }
      writeWhole(join(folder, 'link.csv'), 'whole');
      expect(readFileSync(join(folder, 'there', 'real.csv'), 'utf8')).toBe('whole');
      expect(readdirSync(join(folder, 'there')).sort()).toEqual(['new.csv', 'real.csv']);
      expect(() => new OutputFile(join(folder, 'circle.csv'))).toThrow('its links lead in a circle');
      expect(isSameFile(join(folder, 'link.csv'), join(folder, 'there', 'real.csv'))).toBe(true);
      expect(isSameFile(join(folder, 'link.csv'), join(folder, 'there', 'new.csv'))).toBe(false);
    }),
  );

  test.skipIf(process.platform === 'win32')('that are pipes are written into, and stay pipes', () =>
    inFolder({}, folder => {
      const path = join(folder, 'pipe');
      expect(spawnSync('mkfifo', [path]).status).toBe(0);
      symlinkSync('pipe', join(folder, 'link'));
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      for (const name of ['pipe', 'link']) {
        const file = new OutputFile(join(folder, name));
        file.append('a\n');
        file.finish();
        const bytes = Buffer.alloc(10);
        expect(bytes.toString('utf8', 0, readSync(reader, bytes))).toBe('a\n');
      }
      closeSync(reader);
      expect(lstatSync(path).isFIFO()).toBe(true);
      expect(readdirSync(folder).sort()).toEqual(['link', 'pipe']);
    }),
  );

  test('that cannot be written are told', () =>
    inFolder({ 'a.txt': '' }, folder => {
      mkdirSync(join(folder, 'taken'));
      expect(codeOf(() => new OutputFile(join(folder, 'a.txt', 'out.csv')))).toBe('cannot-write');
      expect(codeOf(() => new OutputFile(join(folder, 'taken')))).toBe('cannot-write');
      expect(codeOf(() => writeWhole(join(folder, 'taken'), ''))).toBe('cannot-write');
      expect(codeOf(() => prepareFolder(join(folder, 'a.txt')))).toBe('cannot-write');
      // Node's own way of making folders never comes back from there.
      if (process.platform === 'linux') {
        expect(() => new OutputFile('/proc/none/out.csv')).toThrow('cannot write `/proc/none/out.csv`: `/proc` can');
      }
      prepareFolder(join(folder, 'look', 'here'));
      expect(readdirSync(join(folder, 'look', 'here'))).toEqual([]);
    }));

  test('never overwrite what must be new', () =>
    inFolder({ 'mine.yaml': 'before' }, folder => {
      expect(codeOf(() => writeNew(join(folder, 'mine.yaml'), 'after'))).toBe('file-exists');
      expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toBe('before');
      writeNew(join(folder, 'sub', 'mine.yaml'), 'new');
      expect(readFileSync(join(folder, 'sub', 'mine.yaml'), 'utf8')).toBe('new');
      expect(codeOf(() => writeNew(join(folder, 'mine.yaml', 'x'), ''))).toBe('cannot-write');
    }));

  test('what the system says, in words', () => {
    expect(systemReason(Object.assign(new Error('x'), { code: 'ENOSPC' }))).toBe('no space left');
    expect(systemReason(new Error('other'))).toBe('other');
    expect(systemReason('text')).toBe('text');
  });
});
