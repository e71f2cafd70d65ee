/**
 * Every way to be bad input: the code, the place, and the message that a user reads. Each case changes a scenario that is
 * right, by one `--set` or by a file of its own, and that one thing must be told, no more.
 */
import { describe, expect, test } from 'vitest';
import { SCENARIO_ERRORS } from '../../../sim/scenario/error-codes.ts';
import { BAD_SENSE, BAD_VALUES, type Case } from './bad-cases.ts';
import { errorsOf, FLAGSHIP, loadTexts, SMALL, told } from './sample.ts';

const seen = new Set<string>();

function expectOne(errors: readonly { code: string; message: string }[], code: string, message: RegExp) {
  expect(errors.map(error => error.message)).toEqual([expect.stringMatching(message)]);
  expect(errors[0]!.code).toBe(code);
  seen.add(code);
}

const ledger = (text: string) => `workloads=[{ id: bank, app: ledger, rate: 40/s, ${text} }]`;

describe('values', () => {
  test.each(BAD_VALUES)('%s: %s', (code, set, message) => {
    expectOne(errorsOf(SMALL, set), code, message);
  });
});

describe('form', () => {
  const cases: Case[] = [
    ['missing-key', 'world.drives.disk1.size=null', /the key `size` is missing in `world.drives\[1\]`/],
    ['missing-key', 'backups.methods=null', /the key `methods` is missing in `backups`/],
    ['missing-key', 'workloads=[{ id: x }]', /the key `app` is missing in `workloads\[0\]`/],
    ['missing-key', 'backups.count=2', /the key `every` is missing in `backups`/],
    ['missing-key', ledger("files: { A: 'C:\\A' }"), /the key `B` is missing in `workloads\[0\].files`/],
    ['wrong-type', 'backups=now', /expected a mapping, found `now`/],
    ['wrong-type', 'backups.volumes=C', /expected a list, found `C`/],
    ['wrong-type', 'backups.volumes=[]', /`backups.volumes` is empty: expected at least 1 of them/],
    ['wrong-type', 'world.drives=[]', /is empty/],
    ['wrong-type', 'workloads.shop.files={}', /`files` is empty/],
    ['wrong-type', 'workloads.shop.blobs=yes', /expected `true` or `false`, found `yes`/],
    ['wrong-type', 'workloads.bank.fsync={}', /expected a word, found a mapping/],
    ['wrong-type', 'world.drives.disk0.model=[]', /expected a word or a mapping, found a list/],
    ['wrong-type', 'workloads.work.transaction=[{ rename: A }]', /expected a list of two names, found `A`/],
    [
      'wrong-type',
      'workloads.work.transaction=[{ rename: [A] }]',
      /`workloads\[4\].transaction\[0\].rename`: expected a list of two names, found a list of 1$/,
    ],
    ['wrong-type', 'workloads.work.transaction=[{ rename: [A, B, A] }]', /a list of two names, found a list of 3$/],
    ['wrong-type', 'workloads.work.transaction=[{ rename: [] }]', /a list of two names, found an empty list$/],
    ['unknown-method', 'backups.methods=[otn]', /unknown method `otn`, did you mean `otm`\?/],
    ['unknown-method', 'backups.methods=[{ otn: {} }]', /unknown method `otn`, did you mean `otm`\?/],
    ['unknown-method', 'backups.methods=[none]', /`none` is run without being asked: leave it out/],
    ['unknown-method', 'backups.methods=[{ otm: {}, naive-copy: {} }]', /2 methods in one entry: naive-copy, otm/],
    ['unknown-method', 'backups.methods=[{ id: x }]', /an entry without a method/],
    ['missing-key', 'backups.methods=[group-agent]', /the key `groups` is missing/],
  ];

  test.each(cases)('%s: %s', (code, set, message) => {
    expectOne(errorsOf(SMALL, 'expect={}', set), code, message);
  });

  test('unknown keys, each with its nearest', () => {
    const text = SMALL.replace('backups:', 'bakups: {}\nbackups:').replace(
      '{ id: post, app: mail,',
      '{ id: post, app: mail, mesages: 10,',
    );
    expect(told(errorsOf(text))).toEqual([
      'unknown-key a.yaml:11:28 unknown key `mesages`, did you mean `messages`?',
      'unknown-key a.yaml:18:1 unknown key `bakups`, did you mean `backups`?',
    ]);
    seen.add('unknown-key');
  });

  test('a key that lacks because it is misspelt is told once', () => {
    expect(told(errorsOf(SMALL.replace('app: mail, rate', 'app: mail, rat')))).toEqual([
      'unknown-key a.yaml:11:28 unknown key `rat`, did you mean `rate`?',
    ]);
  });

  test('the key `__proto__` is a key like any other', () => {
    expect(told(errorsOf(`${SMALL}__proto__: { x: 1 }\n`))).toEqual([
      'unknown-key a.yaml:24:1 unknown key `__proto__`',
    ]);
  });

  test('an expectation by workload of what is judged of the whole backup', () => {
    const of = (check: string) => errorsOf(SMALL, 'expect={}', `expect={ otm: { ${check}: { bank: held } } }`);
    for (const check of ['intact', 'timestamps', 'exact']) {
      expectOne(
        of(check),
        'wrong-type',
        new RegExp(`^\`${check}\` is judged of the whole backup, not by workload: expected a word, found a mapping$`),
      );
      expect(of(check)[0]!.hint).toMatch(/by workload are relational, prefix, sqlite, durable$/);
    }
    expect(of('intact')[0]!.hint).toMatch(/^`intact` takes one of held, violated, sometimes-violated, may;/);
    expect(of('exact')[0]!.hint).toMatch(/^`exact` takes held;/);
    expect(of('relational')).toEqual([]);
  });

  test('another schema', () => {
    expectOne(errorsOf(SMALL.replace('@1', '@2')), 'unknown-word', /unknown word `otm\/scenario@2` for `schema`/);
  });

  test('a check and a metric that there is not', () => {
    expectOne(
      errorsOf(SMALL.replace('otm: {', 'otm: { relationl: held,')),
      'unknown-check',
      /did you mean `relational`\?/,
    );
    expectOne(
      errorsOf(SMALL.replace('backupSeconds', 'backupSecnds')),
      'unknown-metric',
      /did you mean `backupSeconds`\?/,
    );
  });
});

describe('sense', () => {
  test.each(BAD_SENSE)('%s: %s', (code, set, message) => {
    const isAboutExpect = set.startsWith('expect') || code === 'workload-split';
    expectOne(errorsOf(SMALL, ...(isAboutExpect ? [] : ['expect={}']), set), code, message);
  });

  test('what a partition table can hold', () => {
    const world = (drives: string) => [
      'workloads=[]',
      'expect={}',
      'backups={ methods: [otm] }',
      `world.drives=${drives}`,
    ];
    const five = [...'ABCDF'].map(letter => `{ letter: ${letter}, size: 1 MiB, fs: raw }`);
    const many = world(`[{ id: disk0, size: 96 MiB, volumes: [${five}] }]`);
    expectOne(errorsOf(SMALL, ...many), 'partition-limit', /an MBR has room for four partitions/);
    const large = world('[{ id: disk0, size: 3 TiB, volumes: [{ letter: C, size: 2560 GiB, fs: raw }] }]');
    expectOne(errorsOf(SMALL, ...large), 'partition-limit', /`C` ends beyond the 2\^32 sectors that an MBR can number/);
    expect(errorsOf(SMALL, ...large, 'world.drives.disk0.sectorSize=4 KiB')).toEqual([]);
    expect(errorsOf(SMALL, ...large, 'world.drives.disk0.partitions=gpt')).toEqual([]);
    expect(errorsOf(SMALL, ...many, 'world.drives.disk0.partitions=gpt')).toEqual([]);
  });

  test('what the second copy of a GPT leaves of a drive', () => {
    const full = (size: string, partitions: string) => [
      'workloads=[]',
      'expect={}',
      'backups={ methods: [otm] }',
      `world.drives=[{ id: disk0, size: 9 MiB, partitions: ${partitions}, volumes: [{ letter: C, size: ${size}, fs: raw }] }]`,
    ];
    expect(errorsOf(SMALL, ...full('8 MiB', 'mbr'))).toEqual([]);
    const [error] = errorsOf(SMALL, ...full('8 MiB', 'gpt'));
    expect(error).toMatchObject({ code: 'volume-beyond-drive' });
    expect(error?.hint).toMatch(/the last 16896 B hold the second copy of the table/);
    expect(errorsOf(SMALL, ...full('8175 KiB', 'gpt'))).toEqual([]);
  });

  test('a workload on both sides is fine when nothing is judged', () => {
    expect(errorsOf(SMALL, 'workloads.bank.files.B=D:/B.DAT', 'expect={}')).toEqual([]);
  });

  test('a snapshot beside is judged like the first', () => {
    const files = "workloads=[{ id: bank, app: ledger, rate: 40/s, files: { A: 'C:\\A', B: 'E:\\B' }, accounts: 100 }]";
    const set = [
      'expect={ otm: held }',
      'backups.methods=[{ otm: { beside: [{ start: 2 s, volumes: [E] }] } }]',
      files,
    ];
    expectOne(
      errorsOf(SMALL, ...set),
      'workload-split',
      /`bank` has files on E, which is backed up, and on C, which is not/,
    );
  });

  test('a cache on a drive that is selected as a whole, and has no room for all of it', () => {
    const cache = 'backups.methods.otm.cache={ on: disk0, limit: 64 MiB }';
    const set = ['backups.volumes=null', 'backups.drives=[disk0]', cache, 'expect={}'];
    expectOne(errorsOf(SMALL, ...set), 'out-of-range', /has 43 MiB outside of its volumes/);
  });

  test('the aim `cache` without a method that has one', () => {
    const set = ['backups.methods=[open-file-agent]', 'faults=[{ kind: write-error, on: cache }]', 'expect={}'];
    expectOne(errorsOf(SMALL, ...set), 'fault-aim', /no method of this scenario has a cache/);
  });

  test('a granule smaller than a sector', () => {
    const set = [
      'world.drives.disk0.sectorSize=4 KiB',
      'world.drives.disk0.volumes=[{ letter: C, size: 64 MiB, fs: fat16 }, { letter: E, size: 16 MiB, fs: fat12 }]',
      'backups.methods.otm.granule=512 B',
      'expect={}',
    ];
    expectOne(errorsOf(SMALL, ...set), 'out-of-range', /a granule of 512 B is smaller than a sector of `disk0`, 4 KiB/);
  });

  test('snapshots of small granules on huge volumes', () => {
    const drives = 'world.drives=[{ id: disk0, size: 8000 TiB, volumes: [{ letter: C, size: 1 TiB, fs: raw }] }]';
    const set = [
      'workloads=[]',
      'expect={}',
      drives,
      'backups={ drives: [disk0], methods: [{ otm: { granule: 512 B } }] }',
    ];
    expectOne(errorsOf(SMALL, ...set), 'memory-limit', /the world would touch 40\d\d MiB/);
    expect(errorsOf(SMALL, ...set, 'backups.methods.otm.granule=1 MiB')).toEqual([]);
  });

  test('more backups than there is room for: each is kept until it has been judged', () => {
    const many = ['expect={}', 'backups.count=1000', 'backups.every=1 us'];
    const only = (method: string) => `backups.methods=[${method}]`;
    for (const method of ['open-file-agent', 'cold-backup', 'otm']) {
      const errors = errorsOf(SMALL, ...many, only(method));
      expectOne(errors, 'memory-limit', /the world would touch \d+ MiB, and the limit is 1 GiB/);
      expect(errors[0]!.hint).toMatch(/, \d+ backups \d+ MiB$/);
      expect(errors[0]!.place?.file).toBe('--set 2');
    }
    // As many as the time has room for, by the rate of the copy and by the distance of their starts.
    expect(errorsOf(SMALL, ...many, 'end={ limit: 60 s }')).toEqual([]);
    expect(errorsOf(SMALL, ...many, 'end={ after: 60 s }')).toEqual([]);
    expect(errorsOf(SMALL, ...many, 'backups.every=10 min')).toEqual([]);
    expect(errorsOf(SMALL, ...many, only('otm'), 'backups.copyRate=10 KiB/s')).toEqual([]);
    expect(errorsOf(SMALL, ...many, only('otm'), 'backups.methods=[{ otm: { quiet: 5 min } }]')).toEqual([]);
    // What a walk leaves out is not counted, and a file is kept twice: on the target, and restored.
    expect(errorsOf(SMALL, ...many, only('naive-copy'), "backups.include=['C:\\BANK\\B.DAT']")).toEqual([]);
    const bytesOf = (method: string) => {
      const hint = errorsOf(SMALL, ...many, 'backups.copyRate=unlimited', only(method))[0]!.hint!;
      return Number(/(\d+) MiB$/.exec(hint)![1]);
    };
    expect(Math.round(bytesOf('naive-copy') / bytesOf('cold-backup'))).toBe(2);
  });

  test('the memory limit is an option', () => {
    const result = loadTexts({ 'a.yaml': SMALL }, { memoryLimitBytes: 1_048_576 });
    expect(result.ok ? [] : result.errors.map(({ code }) => code)).toEqual(['memory-limit']);
  });
});

describe('files', () => {
  const one = (texts: { [path: string]: string }, code: string, message: RegExp) =>
    expectOne(errorsOf(texts), code, message);

  test('YAML', () => {
    one({ 'a.yaml': 'a: [1,\nb: 2' }, 'yaml-syntax', /flow/);
    one({ 'a.yaml': 'a: 1\n---\nb: 2\n' }, 'yaml-documents', /a second YAML document/);
    one({ 'a.yaml': '%YAML 1.1\n---\na: 1\n' }, 'yaml-version', /YAML 1.1 is asked for/);
    one({ 'a.yaml': `${SMALL}seed: !!int 7\n` }, 'yaml-tag', /the tag `tag:yaml.org,2002:int` has no meaning here/);
    one({ 'a.yaml': `${SMALL}seed: *nobody\n` }, 'yaml-alias', /the alias `\*nobody` names no anchor before it/);
    one({ 'a.yaml': `${SMALL}seed: 1\nseed: 2\n` }, 'key-twice', /the key `seed` stands twice, first in line 24/);
    one({ 'a.yaml': `${SMALL}? [a]\n: 1\n` }, 'key-not-text', /the key of a mapping must be a word/);
    one({ 'a.yaml': `a: ${'['.repeat(5000)}` }, 'yaml-depth', /nested more than 64 deep/);
    one({ 'a.yaml': `# ${'x'.repeat(1_100_000)}` }, 'file-too-large', /at most 1048576/);
    one({ 'a.yaml': '' }, 'wrong-type', /a scenario is a mapping of keys, found an empty file/);
    one({ 'a.yaml': '- 1\n' }, 'wrong-type', /found a list/);
  });

  test('extends', () => {
    one(
      { 'a.yaml': 'extends: b.yaml\n', 'b.yaml': 'extends: c/d.yaml\n', 'c/d.yaml': 'extends: ../a.yaml\n' },
      'extends-cycle',
      /a.yaml -> b.yaml -> c\/d.yaml -> a.yaml/,
    );
    one({ 'a.yaml': 'extends: a.yaml\n' }, 'extends-cycle', /a.yaml -> a.yaml/);
    one({ 'a.yaml': 'extends: gone.yaml\n' }, 'file-not-found', /there is no file `gone.yaml`/);
    one({ 'a.yaml': 'extends: [b.yaml]\n' }, 'wrong-type', /expected the path of a file, found a list/);
    one({ 'a.yaml': 'extends: "\\b.yaml"\n' }, 'control-character', /has a control character/);
    one({ 'a.yaml': `${SMALL}template: maybe\n` }, 'wrong-type', /expected `true` or `false`, found `maybe`/);
  });

  test('a file that is not there', () => {
    const result = loadTexts({});
    expect(result.ok ? [] : told(result.errors)).toEqual(['file-not-found - there is no file ``']);
  });

  test('matrix', () => {
    const matrix = (text: string) => ({ 'a.yaml': `${SMALL}matrix: ${text}\n` });
    one(matrix('[]'), 'wrong-type', /expected a mapping of paths to lists/);
    one(matrix('{}'), 'bad-matrix', /leaves no variant/);
    one(matrix('{ seed: 7 }'), 'bad-matrix', /takes a list of values, found `7`/);
    one(matrix('{ seed: [1, 1] }'), 'bad-matrix', /two variants are called `seed=1`/);
    one(matrix(`{ seed: [${'1,'.repeat(2000)}] }`), 'bad-matrix', /makes 2000 variants, at most 1000/);
    one(matrix('{ seed: [1, 2], exclude: [{ seed: 3 }] }'), 'bad-matrix', /nothing is excluded/);
    one(matrix('{ seed: [1], exclude: [{ seed: 1 }] }'), 'bad-matrix', /leaves no variant/);
    one(matrix('{ seed: [1, 2], exclude: [{ sed: 1 }] }'), 'set-path', /`sed` is no axis of the matrix/);
    one(matrix('{ seed: [1, 2], exclude: {} }'), 'wrong-type', /expected a list of combinations/);
    one(matrix('{ seed: [1, 2], include: [7] }'), 'wrong-type', /expected a mapping of paths to values, found `7`/);
    one(
      matrix('{ backups.methods.otn.quiet: [1 s] }'),
      'set-path',
      /has no `otn`, did you mean `backups.methods.otm.quiet`\?/,
    );
    one(matrix('{ extends: [x] }'), 'set-path', /`extends` leads nowhere: it cannot be set/);
    one(
      { 'a.yaml': `${SMALL.replace('name: small', "name: 'small[a=1]'")}matrix: { seed: [1] }\n` },
      'bad-name',
      /the brackets of a name/,
    );
  });

  test('--set', () => {
    const set = (text: string, code: string, message: RegExp) => expectOne(errorsOf(SMALL, text), code, message);
    set('backups.start', 'set-syntax', /`backups.start` is not of the form PATH=YAML/);
    set('=1', 'set-syntax', /not of the form/);
    set('a..b=1', 'set-syntax', /not of the form/);
    // A control character is told, not sent to the terminal (regression).
    set('workloads.\u001b[31m=1', 'set-path', /`workloads` has no `\\u001b\[31m`/);
    set(
      'backups.methods.otm.qiuet=0s',
      'set-path',
      /`backups.methods.otm.qiuet` leads nowhere: .* did you mean `backups.methods.otm.quiet`\?/,
    );
    set(
      'backups.methods.otn.quiet=0s',
      'set-path',
      /`backups.methods` has no `otn`, did you mean `backups.methods.otm.quiet`\?/,
    );
    set('workloads.bnak.rate=1/s', 'set-path', /did you mean `workloads.bank.rate`\?/);
    set('otm.quiet=0s', 'set-path', /did you mean `backups.methods.otm.quiet`\?/);
    set('name.first=x', 'set-path', /`name` is no mapping/);
    set('world.drives.disk0.volumes.Q.size=1 MiB', 'set-path', /`world.drives.disk0.volumes` has no `Q`/);
    set('matrix={}', 'set-path', /`matrix` cannot be set/);
    set('backups.start=[', 'yaml-syntax', /flow/);
  });
});

describe('all at once', () => {
  test('errors of form and of sense, of several files, in order', () => {
    const base = SMALL.replace('letter: D', 'letter: C').replace('start: 10', 'start: 10');
    const texts = {
      'a.yaml': 'extends: base.yaml\nname: a\nbackups: { strat: 5 s, volumes: [C, Q] }\n',
      'base.yaml': base.replace('rate: 2/s', 'rate: 2'),
    };
    expect(told(errorsOf(texts))).toEqual([
      'unknown-key a.yaml:3:12 unknown key `strat`, did you mean `start`?',
      'unknown-volume a.yaml:3:37 there is no volume `Q`',
      'letter-twice base.yaml:7:54 the letter `C` is that of a volume of `disk0`',
      'unit-missing base.yaml:11:34 `2` has no unit: write `2/s`',
      'unknown-volume base.yaml:16:17 there is no volume `D`',
      'unknown-volume base.yaml:16:33 there is no volume `D`',
    ]);
  });

  test('variants repeat what is wrong with all of them: told once', () => {
    const text = FLAGSHIP.replace('start: 10 s', 'start: 10').concat('matrix: { seed: [1, 2, 3] }\n');
    expect(told(errorsOf(text))).toEqual(['unit-missing a.yaml:14:10 `10` has no unit: write `10 s`']);
  });
});

test('every error code has been seen', () => {
  expect(Object.keys(SCENARIO_ERRORS).filter(code => !seen.has(code))).toEqual([]);
});
