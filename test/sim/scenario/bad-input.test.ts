/**
 * Every way to be bad input: the code, the place, and the message that a user reads. Each case changes a scenario that is
 * right, by one `--set` or by a file of its own, and that one thing must be told, no more.
 */
import { describe, expect, test } from 'vitest';
import { SCENARIO_ERRORS } from '../../../sim/scenario/error-codes.ts';
import { errorsOf, FLAGSHIP, loadTexts, SMALL, told } from './sample.ts';

type Case = readonly [code: string, bad: string, message: RegExp];

const seen = new Set<string>();

function expectOne(errors: readonly { code: string; message: string }[], code: string, message: RegExp) {
  expect(errors.map(error => error.message)).toEqual([expect.stringMatching(message)]);
  expect(errors[0]!.code).toBe(code);
  seen.add(code);
}

const ledger = (text: string) => `workloads=[{ id: bank, app: ledger, rate: 40/s, ${text} }]`;

describe('values', () => {
  const cases: Case[] = [
    ['unit-missing', 'backups.start=10', /`10` has no unit: write `10 s`/],
    ['unit-missing', "backups.start='10'", /`10` has no unit: write `10 s`/],
    ['unit-missing', 'world.pageCache.size=65536', /`65536` has no unit: write `65536 KiB`/],
    ['unit-missing', 'workloads.bank.rate=40', /`40` has no unit: write `40\/s`/],
    ['unit-missing', 'backups.copyRate=5', /`5` has no unit: write `5 KiB\/s`/],
    ['unit-unknown', 'world.pageCache.size=16 KB', /the unit of `16 KB` is not known here: write `16 KiB`/],
    ['unit-unknown', 'world.pageCache.size=16 mb', /write `16 MiB`/],
    [
      'unit-unknown',
      'world.pageCache.size=16 parsec',
      /`16 parsec` has no unit that fits here: one of B, KiB, MiB, GiB, TiB/,
    ],
    ['unit-unknown', 'backups.start=10 sec', /write `10 s`/],
    ['unit-unknown', 'backups.start=30m', /write `30 min`/],
    ['unit-unknown', 'backups.start=10 MiB', /`10 MiB` has no unit that fits here: one of us, ms, s, min, h/],
    ['unit-unknown', 'workloads.bank.rate=40 per second', /is not a rate: write `40\/s`/],
    ['unit-unknown', 'workloads.bank.rate=40/minute', /write `40\/min`/],
    ['unit-unknown', 'backups.copyRate=1 MB/s', /write `1 MiB\/s`/],
    ['unit-unknown', 'backups.copyRate=1 MiB', /write `1 MiB\/s`/],
    ['number-bad', 'backups.start=soon', /expected a time, found `soon`: write it as `5 s`/],
    ['number-bad', 'backups.start=[1]', /expected a time, found a list/],
    ['number-bad', 'backups.start=1e3 s', /`1e3 s` has no unit|expected a time, found `1e3 s`/],
    ['number-bad', 'backups.start=+1 s', /has a sign/],
    ['number-bad', 'backups.start=.inf', /`Infinity` is not a time/],
    ['number-bad', 'backups.copyRate=slow', /expected a rate of bytes, found `slow`.*, or `unlimited`/],
    ['number-bad', 'workloads.bank.accounts=many', /expected a whole number, found `many`/],
    ['number-bad', 'faults=[{ kind: latency, on: C, factor: 10 }]', /expected `x10`, `x1000` or `hang`, found `10`/],
    ['number-negative', 'backups.start=-5 s', /`-5 s` is negative/],
    ['number-negative', 'backups.start=-5', /`-5` is negative/],
    ['number-negative', 'workloads.bank.clients=-1', /`-1` is negative/],
    ['number-not-whole', 'world.pageCache.size=1000000.3 B', /is not a whole number of bytes/],
    ['number-not-whole', 'backups.start=0.0001 us', /is not a whole number of nanoseconds/],
    ['number-not-whole', 'workloads.bank.clients=1.5', /`1.5` is not a whole number/],
    ['number-too-large', 'world.drives.disk0.size=8193 TiB', /`8193 TiB` is above 2\^53/],
    ['number-too-large', 'backups.start=2502 h', /`2502 h` is above 2\^53/],
    ['number-too-large', 'workloads.bank.clients=9007199254740993', /is above 2\^53/],
    ['number-too-large', `backups.start=${'9'.repeat(60)} s`, /is above 2\^53/],
    ['out-of-range', 'workloads.bank.clients=0', /`0` is too small: at least 1/],
    ['out-of-range', 'workloads.bank.clients=1001', /`1001` is too large: at most 1000/],
    ['out-of-range', 'world.pageCache.dirtyLimit=101%', /`101%` is more than the whole/],
    ['out-of-range', 'workloads.bank.rate=2000000/s', /more than one in a microsecond/],
    ['rate-zero', 'workloads.bank.rate=0/s', /a rate of `0\/s`: nothing would ever happen/],
    ['rate-zero', 'backups.copyRate=0 MiB/s', /nothing would ever be copied/],
    [
      'not-a-power-of-two',
      'backups.methods.otm.granule=5 KiB',
      /`5 KiB` is not a power of two: write `4 KiB` or `8 KiB`/,
    ],
    ['unknown-word', 'world.drives.disk0.sectorSize=1 KiB', /`1 KiB`: expected 512 B or 4 KiB/],
    [
      'unknown-word',
      'world.drives.disk0.model=sdd',
      /unknown word `sdd` for `world.drives\[0\].model`, did you mean `ssd`\?/,
    ],
    ['unknown-word', 'world.drives.disk0.writeCache=true', /unknown word `true` for `world.drives\[0\].writeCache`/],
    ['unknown-word', 'workloads.bank.fsync=allways', /did you mean `always`\?/],
    ['unknown-word', 'workloads.shop.fsync=group', /unknown word `group`/],
    [
      'unknown-word',
      'workloads.work.transaction=[{ write: A, size: 4 KiB, at: anywhere }]',
      /expected `random`, `next` or an offset/,
    ],
    [
      'unknown-word',
      'faults=[{ kind: read-eror, on: C }]',
      /unknown word `read-eror` for `faults\[0\].kind`, did you mean `read-error`\?/,
    ],
    ['unknown-word', 'faults=[{ kind: read-error, on: C, for: always }]', /expected `once`, `ever` or a time/],
    ['unknown-word', 'faults=[{ kind: drive-gone, on: disk0, for: once }]', /a drive is not gone for one operation/],
    ['unknown-word', 'expect.otm=hold', /unknown word `hold` for `expect.otm`, did you mean `held`\?/],
    ['bad-name', 'workloads.bank.id=the bank', /`the bank` is no id/],
    ['bad-name', 'world.drives.disk0.id=7', /`7` is no id/],
    ['bad-name', 'world.drives.disk0.id=target', /a drive cannot be called `target`/],
    ['bad-name', 'world.drives.disk0.id=spare-otm', /a drive cannot be called `spare-otm`/],
    ['bad-name', 'name=../x', /`..\/x` is no name/],
    ['bad-name', "workloads.shop.files={ '1': 'C:\\SHOP\\A' }", /`1` is no name/],
    ['bad-name', 'faults=[{ kind: read-error, on: [C] }]', /a list is neither a letter nor an id/],
    ['bad-letter', 'world.drives.disk1.volumes.R.letter=RR', /`RR` is no letter of a volume: write `C`/],
    ['bad-path', 'workloads.bank.files.A=BANK', /does not begin with a letter, a colon and a backslash/],
    ['bad-path', 'workloads.bank.files.A=C:/BANK/../X', /has `.` or `..` in it/],
    ['bad-path', "workloads.bank.files.A='C:\\\\BANK'", /two separators in a row/],
    ['bad-path', "workloads.bank.files.A='C:\\'", /is the root of a volume/],
    ['bad-path', "workloads.bank.files.A='C:\\A*'", /has a `\*` in it/],
    ['bad-path', "workloads.bank.files.A='C:\\A?'", /which FAT has not/],
    ['bad-path', "workloads.bank.files.A='C:\\A.'", /ends with a dot or a blank/],
    ['bad-path', 'workloads.bank.files.A=[x]', /expected a path, found a list/],
    ['bad-path', `workloads.bank.files.A=C:/${'A'.repeat(300)}`, /is too long/],
    ['bad-path', "backups.exclude=['']", /is empty/],
    ['control-character', 'workloads.bank.files.A="C:\\bank"', /the path `C:\\u0008ank` has a control character in it/],
    ['bad-clock', 'world.clock=yesterday', /`yesterday` is not a time: write it as `2000-01-01T00:00:00Z`/],
    ['bad-clock', 'world.clock=1970-01-01T00:00:00Z', /outside of 1980 to 2107/],
    ['bad-clock', 'world.clock=2001-02-29T00:00:00Z', /not a time of the calendar/],
    ['bad-seeds', 'seeds=20..1', /the range `20..1` is empty: write `1..20`/],
    ['bad-seeds', 'seeds=one', /`one` are no seeds/],
    ['bad-seeds', 'seeds=fresh:500', /is for the command line only/],
    ['bad-seeds', 'seeds=[1, 2]', /expected seeds, found a list/],
    ['bad-seeds', 'seed=-1', /`-1` is no seed: a whole number from 0 to 2\^53 - 1/],
    ['bad-seeds', 'seed=9007199254740992', /is no seed/],
    ['bad-seeds', 'seed=x', /expected a seed, found `x`/],
    ['bad-range', 'faults=[{ kind: read-error, on: C, sectors: 9..2 }]', /the range `9..2` is empty: write `2..9`/],
    ['bad-range', 'faults=[{ kind: read-error, on: C, sectors: first }]', /`first` is no range of sectors/],
    [
      'bad-threshold',
      'expect.otm={ metrics: { backupSeconds: 180 s } }',
      /`180 s` is no threshold: write it as `<= 180 s`/,
    ],
    ['bad-threshold', 'expect.otm={ metrics: { backupSeconds: 180 } }', /expected a threshold, found `180`/],
    ['bad-threshold', 'expect.otm={ metrics: { backupSeconds: 20 s..10 s } }', /is empty: write `10 s..20 s`/],
    ['bad-threshold', 'expect.otm={ metrics: { granulesPreserved: <= 1 MiB } }', /`1 MiB` is no count/],
    ['unit-missing', 'expect.otm={ metrics: { backupSeconds: <= 180 } }', /`180` has no unit: write `180 s`/],
  ];

  test.each(cases)('%s: %s', (code, set, message) => {
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
    ['wrong-type', 'expect={ otm: { exact: { bank: held } } }', /expected a word, found a mapping/],
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
  const cases: Case[] = [
    ['id-twice', 'world.drives.disk1.id=disk0', /two drives have the id `disk0`/],
    ['id-twice', 'workloads.shop.id=bank', /two workloads have the id `bank`/],
    ['id-twice', 'backups.methods=[otm, { otm: { quiet: 0 s } }]', /two methods have the id `otm`/],
    ['id-twice', 'backups.methods=[{ id: none, otm: {} }]', /the id `none` is that of the run without a backup/],
    ['letter-twice', 'world.drives.disk1.volumes.R.letter=D', /the letter `D` is that of a volume of `disk1`/],
    ['letter-twice', 'backups.volumes=[C, E, c]', /the volume `C` is selected twice/],
    ['path-twice', 'workloads.bank.files.B=C:/BANK/A.DAT', /`C:\\BANK\\A.DAT` belongs to `bank` already/],
    [
      'path-twice',
      'workloads.shop.files.main=C:/MAIL/X.DB',
      /`C:\\MAIL\\X.DB` lies inside of `C:\\MAIL`, which belongs to `post`/,
    ],
    [
      'volume-beyond-drive',
      'world.drives.disk0.volumes.E.size=50 MiB',
      /`E` would end at 99 MiB and `disk0` has 96 MiB/,
    ],
    [
      'fat-size',
      'world.drives.disk0.volumes.C.size=32 MiB',
      /`C` of 32 MiB cannot be FAT32: FAT32 needs 33 MiB or more/,
    ],
    [
      'fat-size',
      'world.drives.disk0.volumes.C.cluster=4 KiB',
      /cannot be FAT32: .* clusters of 4096 B, and FAT32 has at least 65,525/,
    ],
    ['page-cache-small', 'world.pageCache.size=512 KiB', /cannot hold the largest operation on `[CD]`, both its FATs/],
    ['out-of-range', 'world.pageCache.dirtyLimit=64 MiB', /larger than the page cache/],
    ['out-of-range', 'world.pageCache.dirtyLimit=0%', /less than a page of 4 KiB/],
    ['out-of-range', 'world.drives.disk1.size=100000001 B', /has no whole number of sectors/],
    [
      'out-of-range',
      'world.drives.disk1.model={ command: 1 ms, transfer: 1 MiB/s, seekMin: 2 ms, seekMax: 1 ms }',
      /`seekMax` is shorter than `seekMin`/,
    ],
    ['out-of-range', 'workloads.bank.until=0 s', /would end at 0 s, before it starts/],
    [
      'out-of-range',
      'workloads.bank.pauses={ every: 8 s, for: 8 s }',
      /a pause of 8 s leaves nothing of a cycle of 8 s/,
    ],
    ['out-of-range', 'workloads.work.transaction=[{ write: A, size: 2 MiB }]', /a write of 2 MiB into files of 1 MiB/],
    ['out-of-range', 'backups.methods.otm.cache.limit=1000 B', /is no multiple of 4 KiB/],
    [
      'out-of-range',
      'backups.methods.otm.cache={ on: disk0, min: 50 MiB, limit: 60 MiB }',
      /`disk0` has 43 MiB outside of its volumes/,
    ],
    ['out-of-range', 'faults=[{ kind: read-error, on: E, sectors: 8000..9000 }]', /the aim ends with sector 8191/],
    ['out-of-range', 'end.after=5 s', /the backup starts at 10 s, and the run ends at 5 s/],
    ['out-of-range', 'end={ after: 2 h, limit: 1 h }', /would end at 2 h, and its limit is 1 h/],
    ['unknown-volume', 'workloads.bank.files.A=X:/A', /there is no volume `X`/],
    ['unknown-volume', 'backups.volumes=[C, E, X]', /there is no volume `X`/],
    ['unknown-volume', 'backups.methods.otm.cache.on=X', /there is no volume `X`/],
    ['unknown-drive', 'backups.methods.otm.cache.on=dsk1', /there is no drive `dsk1`, did you mean `disk1`\?/],
    ['unknown-method', 'expect={ otn: held }', /no method has the id `otn`, did you mean `otm`\?/],
    ['unknown-method', 'expect={ none: held }', /`none` is the run without a backup: it is not judged/],
    [
      'unknown-workload',
      'expect={ otm: { relational: { bnak: held } } }',
      /there is no workload `bnak`, did you mean `bank`\?/,
    ],
    ['unknown-file', 'workloads.work.transaction=[{ sync: C }]', /there is no file `C` among `files`/],
    ['no-file-system', 'workloads.rest.at=R:/REST', /the volume `R` is raw: it has no files/],
    [
      'no-file-system',
      'backups.volumes=[C, E, R]',
      /`open-file-agent` copies files, and the selected volume `R` is raw/,
    ],
    ['no-file-system', 'backups.methods.otm.cache.on=R', /the volume `R` is raw: name its drive instead/],
    ['volume-full', 'workloads.rest.files=1000', /the files of `rest` bring `E` to .* and it has room for/],
    ['not-selected', 'backups.order=[D:/WORK]', /`D:\\WORK` lies on a volume that is not backed up/],
    [
      'workload-split',
      'workloads.bank.files.B=D:/B.DAT',
      /`bank` has files on C, which is backed up, and on D, which is not/,
    ],
    [
      'check-not-applicable',
      'expect={ open-file-agent: { exact: held } }',
      /`exact` cannot apply to `open-file-agent`: it has no snapshot/,
    ],
    ['check-not-applicable', 'expect={ otm: { several: held } }', /it has no snapshot `beside`/],
    ['check-not-applicable', 'expect={ otm: { fault-rule: held } }', /there are no faults/],
    [
      'check-not-applicable',
      'expect={ otm: { outcome: lost, intact: held } }',
      /with the outcome `lost` there is nothing restored/,
    ],
    [
      'check-not-applicable',
      'expect={ otm: { relational: { rest: held } } }',
      /`relational` has nothing to look at in `rest`/,
    ],
    [
      'check-not-applicable',
      'expect={ otm: { relational: { work: held } } }',
      /`relational` has nothing to look at in `work`/,
    ],
    [
      'check-not-applicable',
      'expect={ open-file-agent: { metrics: { cachePeakBytes: < 1 MiB } } }',
      /is not measured for `open-file-agent`: only for otm/,
    ],
    [
      'check-not-applicable',
      'expect={ open-file-agent: lost }',
      /`open-file-agent` cannot end as `lost`: only otm can/,
    ],
    ['promise-broken', 'expect={ otm: { exact: violated } }', /`exact` is a promise of the engine/],
    ['fault-aim', 'faults=[{ kind: agent-dies, on: C }]', /has no aim/],
    ['fault-aim', 'faults=[{ kind: drive-gone, on: C }]', /a volume cannot vanish: aim at its drive/],
    ['fault-aim', 'faults=[{ kind: writer-at-T, on: cache }]', /nobody but the backup writes to the cache/],
    ['fault-aim', 'faults=[{ kind: read-error, on: dsk0 }]', /there is no drive `dsk0`, did you mean `disk0`\?/],
    ['fault-aim', 'faults=[{ kind: read-error, on: X }]', /there is no volume `X`/],
    ['fault-trigger', 'faults=[{ kind: read-error, on: C, at: 1 s, nth: 3 }]', /`at` and `nth` stand side by side/],
    ['keys-exclude', 'backups.drives=[disk0]', /`volumes` and `drives` stand side by side/],
    ['keys-exclude', 'world.drives.disk1.volumes.R.cluster=512 B', /a raw volume has no clusters/],
    ['keys-exclude', 'faults=[{ kind: write-error, on: C, op: flush, sectors: 1 }]', /a flush has no sectors/],
    ['memory-limit', 'world.pageCache.size=2 GiB', /the world would touch 20\d\d MiB, and the limit is 1 GiB/],
    ['not-there-yet', 'world.drives.disk0.partitions=gpt', /`partitions: gpt` is not there yet/],
    ['not-there-yet', 'backups.methods.otm.durable=true', /`durable: true` is not there yet/],
    ['not-there-yet', "backups.methods.otm.exclude=['*.TMP']", /`exclude` of a snapshot is not there yet/],
    [
      'not-there-yet',
      'backups.methods.otm.cache.on=C',
      /a cache on a volume that is backed up \(`C`\) is not there yet/,
    ],
    ['not-there-yet', 'phases={ safety: 60 s }', /`phases` is not there yet/],
    ['not-there-yet', 'backups.methods=[otm-incremental]', /the method `otm-incremental` is not there yet/],
    ['not-there-yet', 'backups.methods=[{ otm-incremental: { every: 10 min } }]', /`otm-incremental` is not there yet/],
    [
      'not-there-yet',
      'expect={ otm: { self: held } }',
      /the check `self` \(caches on protected volumes\) is not there yet/,
    ],
    ...['power-cut', 'kill', 'bit-rot', 'disk-full', 'never-quiet', 'reorder'].map((kind): Case => {
      return [
        'not-there-yet',
        `faults=[{ kind: ${kind}, at: 3 s }]`,
        new RegExp(`the fault \`${kind}\` is not there yet`),
      ];
    }),
  ];

  test.each(cases)('%s: %s', (code, set, message) => {
    const isAboutExpect = set.startsWith('expect') || code === 'workload-split';
    expectOne(errorsOf(SMALL, ...(isAboutExpect ? [] : ['expect={}']), set), code, message);
  });

  test('what an MBR can hold', () => {
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

  test('a cache on a drive that is selected as a whole', () => {
    const set = ['backups.volumes=null', 'backups.drives=[disk0]', 'backups.methods.otm.cache.on=disk0', 'expect={}'];
    expectOne(errorsOf(SMALL, ...set), 'not-there-yet', /a cache on a drive that is backed up/);
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
