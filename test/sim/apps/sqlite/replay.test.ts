import { describe, expect, test } from 'vitest';
import { runNow } from '../../../../engine/task.ts';
import type { Call } from '../../../../sim/apps/sqlite/calls.ts';
import { AnswerDiffers } from '../../../../sim/apps/sqlite/replay.ts';
import { ACCOUNTS, filled, hexOf, JOURNALS, ORDERS, replayNow, shop, withoutThinking } from './shop.ts';

describe('a replay', () => {
  const variants = JOURNALS.flatMap(journal => (['always', 'never'] as const).map(fsync => ({ journal, fsync })));

  test.each(variants)('$journal, fsync $fsync: after each transaction the files are those of the shadow', variant => {
    const workload = shop({ ...variant, blobs: true });
    const { recorder, replayer, volume } = filled(workload, 4);
    replayNow(replayer, recorder.opening());
    for (let number = 1; number <= 14; number++) {
      replayNow(replayer, recorder.transaction(number));
      expect(hexOf(volume.files())).toEqual(hexOf(recorder.images()));
    }
  });

  test('with large databases pages are read again, and are those of the shadow', () => {
    const { recorder, replayer, volume } = filled(shop({ sizeBytes: 4 * 1024 * 1024 }), 1);
    replayNow(replayer, recorder.opening());
    for (let number = 1; number <= 40; number++) replayNow(replayer, recorder.transaction(number));
    expect(hexOf(volume.files())).toEqual(hexOf(recorder.images()));
    expect(volume.log.filter(line => line.startsWith(`read ${ACCOUNTS}`)).length).toBeGreaterThan(80);
  });

  test('one database, and three, work as two do', () => {
    for (const names of [['ONE'], ['ONE', 'TWO', 'THREE']]) {
      const files = names.map(name => ({ name, path: `C:\\SHOP\\${name}.DB` }));
      const { recorder, replayer, volume } = filled(shop({ files, blobs: true }));
      replayNow(replayer, recorder.opening());
      for (let number = 1; number <= 8; number++) replayNow(replayer, recorder.transaction(number));
      expect(hexOf(volume.files())).toEqual(hexOf(recorder.images()));
    }
  });

  test('writes without a gap go as one; one with a gap, of another file or too long is another', () => {
    const { recorder, replayer, volume } = filled(shop());
    replayNow(replayer, recorder.opening());
    const write = (handle: number, offset: number, length: number): Call => {
      return { is: 'write', handle, offset, bytes: new Uint8Array(length).fill(7) };
    };
    const from = volume.log.length;
    const small = [write(1, 0, 4), write(1, 4, 4096), write(1, 4100, 4), write(1, 4105, 4), write(2, 4109, 4)];
    const large = [write(2, 4113, 65_529), write(2, 69_642, 4), write(2, 69_646, 4)];
    runNow(replayer.replay([...small, { is: 'sync', handle: 2 }, ...large]));
    expect(volume.log.slice(from)).toEqual([
      `write ${ACCOUNTS} 0+4104`,
      `write ${ACCOUNTS} 4105+4`,
      `write ${ORDERS} 4109+4`,
      `fsync ${ORDERS}`,
      `write ${ORDERS} 4113+65533`,
      `write ${ORDERS} 69646+4`,
    ]);
  });

  test('it closes what SQLite closes', () => {
    const { recorder, replayer } = filled(shop());
    replayNow(replayer, recorder.opening());
    for (let number = 1; number <= 5; number++) replayNow(replayer, recorder.transaction(number));
    expect(replayer.openCount).toBe(2);
    replayer.abandon();
    expect(replayer.openCount).toBe(0);
  });
});

describe('an answer that is not the shadow’s', () => {
  /** Opens, then changes a byte of page 1 that each transaction reads. */
  function damaged() {
    const shopped = filled(shop());
    replayNow(shopped.replayer, shopped.recorder.opening());
    const file = runNow(shopped.volume.open(ACCOUNTS));
    runNow(file.write(30, new Uint8Array([99])));
    return { ...shopped, calls: withoutThinking(shopped.recorder.transaction(1)) };
  }

  test('is a defect', () => {
    const { replayer, calls } = damaged();
    expect(() => runNow(replayer.replay(calls))).toThrow(/replay: other bytes at 24\.\.39 of C:\\SHOP\\ACCOUNTS\.DB/);
  });

  test('is the world’s doing after a call has failed', () => {
    const { replayer, calls, volume } = damaged();
    volume.sabotage = operation => (operation === 'read' ? 'io' : null);
    expect(() => runNow(replayer.replay(calls))).toThrow(/^C:\\SHOP\\ACCOUNTS\.DB: the drive failed: /);
    volume.sabotage = () => null;
    expect(() => runNow(replayer.replay(calls))).toThrow(AnswerDiffers);
  });

  test.each<[string, Call, RegExp]>([
    ['a size', { is: 'size', handle: 1, sizeBytes: 1 }, /bytes of C:\\SHOP\\ACCOUNTS\.DB: \d+, and in the shadow 1/],
    ['a file', { is: 'exists', path: ACCOUNTS, answer: false }, /ACCOUNTS\.DB is there: true, and in the shadow false/],
    [
      'a missing file',
      { is: 'open', handle: 9, path: 'C:\\SHOP\\NONE.DB' },
      /a shadow file was there, C:.+: not found/,
    ],
    [
      'a length',
      { is: 'read', handle: 1, offset: 0, length: 8, bytes: new Uint8Array(4) },
      /bytes at 0 of .*: 8, and in the shadow 4/,
    ],
  ])('%s counts too', (_what, call, message) => {
    const { replayer, recorder } = filled(shop());
    replayNow(replayer, recorder.opening());
    expect(() => runNow(replayer.replay([call]))).toThrow(message);
  });
});
