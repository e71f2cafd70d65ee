/** Which files a run can ever have: what a group, `order` or `include` may name. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SECOND } from '../../../engine/units.ts';
import { Ledger } from '../../../sim/apps/ledger.ts';
import { MailStore } from '../../../sim/apps/mail.ts';
import { Script } from '../../../sim/apps/script.ts';
import { StaticData } from '../../../sim/apps/static-data.ts';
import { matchesPattern } from '../../../sim/scenario/paths.ts';
import { canMeet, possibleFiles } from '../../../sim/scenario/possible-files.ts';
import type { Workload } from '../../../sim/scenario/scenario.ts';
import { JOURNALS, shop, world } from '../apps/sqlite/shop.ts';
import { Stage } from '../apps/stage.ts';
import { ledger, mail, script, staticData } from '../apps/workloads.ts';
import { errorsOf, SMALL } from './sample.ts';

/** Paths that no possible file of the workload meets. */
function strangers(workload: Workload, paths: readonly string[]): string[] {
  const possible = possibleFiles(workload);
  return paths.filter(path => !possible.some(each => canMeet(path, each)));
}

describe('every path that a workload ever has is possible', () => {
  const renames = script([
    { does: 'append', file: 'C', sizeBytes: 64 },
    { does: 'rename', from: 'C', to: 'C2' },
  ]);
  test.each([
    [ledger(), new Ledger(ledger())],
    [mail(), new MailStore(mail())],
    [renames, new Script(renames)],
    [staticData(), new StaticData(staticData())],
  ])('of $app', (workload, application) => {
    const stage = new Stage([application]).run(5 * SECOND);
    expect(stage.truth.paths().length).toBeGreaterThan(1);
    expect(strangers(workload, stage.truth.paths())).toEqual([]);
  });

  test.each(JOURNALS)('of sqlite with its journal %s', journal => {
    const workload = shop({ journal, blobs: true });
    const { volume, runUntilCommitted } = world(workload);
    runUntilCommitted(8);
    const asked = volume.log.filter(line => /^(create|open|rename) /.test(line));
    const paths = new Set(asked.flatMap(line => line.match(/C:\S+/g) ?? []));
    expect([...paths].some(path => path.endsWith('.DOC'))).toBe(true);
    expect(strangers(workload, [...paths])).toEqual([]);
  });
});

describe('a pattern', () => {
  test('meets a path exactly when it matches it', () => {
    const word = fc.string({ unit: fc.constantFrom('A', 'B', '*'), minLength: 1, maxLength: 5 });
    const pattern = fc.oneof(
      word,
      fc.array(word, { maxLength: 3 }).map(parts => ['C:', ...parts].join('\\')),
    );
    const name = fc.string({ unit: fc.constantFrom('A', 'B'), minLength: 1, maxLength: 5 });
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(parts => ['C:', ...parts].join('\\'));
    fc.assert(
      fc.property(pattern, path, (one, other) => {
        expect(canMeet(one, other)).toBe(matchesPattern(one, other));
      }),
      { numRuns: 2000 },
    );
  });

  test('meets another one when some name has both forms', () => {
    const meets: [string, string, boolean][] = [
      ['C:\\MAIL\\M0000007.EML', 'C:\\MAIL\\M*.EML', true],
      ['C:\\MAIL\\*7.EML', 'C:\\MAIL\\M*.EML', true],
      ['*.EML', 'C:\\MAIL\\M*.EML', true],
      ['C:\\MAIL', 'C:\\MAIL\\M*.EML', true],
      ['C:\\MAIL\\N*', 'C:\\MAIL\\M*.EML', false],
      ['C:\\MAIL\\*.EM', 'C:\\MAIL\\M*.EML', false],
      ['C:\\MAIL\\M.EML\\X', 'C:\\MAIL\\M*.EML', false],
      ['C:\\**\\*', 'C:\\MAIL\\M*.EML', true],
    ];
    for (const [pattern, possible, expected] of meets) expect(canMeet(pattern, possible)).toBe(expected);
  });
});

describe('a scenario may name', () => {
  const groups = (...patterns: string[]) =>
    `backups.methods=[{ group-agent: { groups: [[${patterns.map(pattern => `'${pattern}'`)}]] } }]`;
  const messages = (...sets: string[]) => errorsOf(SMALL, 'expect={}', ...sets).map(({ message }) => message);

  test('what comes to exist later: messages, journals, the other name of a rename', () => {
    const later = groups('C:\\MAIL\\M0009999.EML', 'C:\\SHOP\\ORDERS.DB-JOURNAL', '*.TMP');
    expect(messages(later)).toEqual([]);
    const work = groups('D:\\WORK\\B');
    expect(messages('backups.volumes=[D]', work)).toEqual([]);
  });

  test('folders, all of a volume, and to leave out what is not there', () => {
    expect(messages(groups('C:\\BANK', 'E:\\'))).toEqual([]);
    expect(messages('workloads.rest.at=C:/REST', groups('E:\\'))).toEqual([]);
    expect(messages('backups.exclude=[C:/NOTHING, X.TMP]')).toEqual([]);
  });

  test('documents only of databases that have some', () => {
    const documents = groups('C:\\SHOP\\STOCK-DOCUMENTS');
    expect(messages('workloads.shop.blobs=true', documents)).toEqual([]);
    expect(messages(documents)).toHaveLength(1);
  });

  test('one thing of a volume that is not backed up', () => {
    expect(messages(groups('D:\\WROK\\A'))).toEqual([expect.stringMatching(/lies on a volume that is not backed up/)]);
  });

  test('nothing at all where there is no workload', () => {
    const [error] = errorsOf(SMALL, 'expect={}', 'workloads=[]', 'backups.volumes=[C]', groups('C:\\X'));
    expect(error).toMatchObject({ code: 'unknown-file', hint: null });
  });

  test('no more wrong names than help, each with its nearest', () => {
    const wrong = Array.from({ length: 50 }, (_, at) => `C:\\BANK\\A${at}.DAT`);
    const errors = messages(groups(...wrong, 'C:\\BANK'));
    expect(errors).toHaveLength(20);
    expect(errors.at(-1)).toMatch(/`C:\\BANK\\A19\.DAT`, did you mean `C:\\BANK\\A\.DAT`\?$/);
  });
});
