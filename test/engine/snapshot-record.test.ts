/** The log that lasts: what it says of snapshots that were taken, broken, lost and never came. */
import { expect, test } from 'vitest';
import { SnapshotRecords } from '../../engine/snapshot-record.ts';
import { KIB, MILLISECOND, SECOND } from '../../engine/units.ts';
import { ManualWorld, volume } from './manual-world.ts';

const C = volume('C', 'a', 0, 128);

function loggedWorld() {
  const world = new ManualWorld({ a: 128 });
  const log = new SnapshotRecords();
  world.onEvent = event => log.hear(event);
  return { world, log };
}

test('a snapshot that was kept waiting, read, and released', () => {
  const { world, log } = loggedWorld();
  const asked = world.ask('s', [{ ...C, excluded: () => [{ first: 120, count: 16 }] }], { quietNs: SECOND });
  world.until(() => world.kinds.includes('waiting'));
  for (const sector of [3, 70]) {
    const write = world.submit('a', 'write', sector, 1);
    world.until(() => write.isSettled);
  }
  world.until(() => asked.end.isSettled);
  world.submit('a', 'write', 0, 5);
  world.run();
  asked.end.value.release();
  world.run();
  expect(log.records).toHaveLength(1);
  expect(log.records[0]).toMatchObject({
    snapshot: 's',
    volumes: ['C'],
    quietBrokenBy: { C: 2 },
    consistency: 'quiescent',
    // Of the sixteen eight lie behind the volume.
    excludedSectors: 8,
    granulesPreserved: 2,
    bytesPreserved: 4 * KIB,
    writesRefused: 0,
    end: { as: 'released', cause: 'asked' },
  });
  const { askedAt, T, quietWaitNs } = log.records[0]!;
  expect(quietWaitNs).toBe(T! - askedAt);
});

test('one that was lost keeps its first end, and one that never came says so', () => {
  const { world, log } = loggedWorld();
  world.take('lost', [C]);
  world.cache.hangs = true;
  world.submit('a', 'write', 0, 1);
  world.until(() => log.records[0]!.end !== null);
  expect(log.records[0]!.end).toMatchObject({ as: 'lost', cause: 'preserve-limit' });
  world.cache.hangs = false;
  const late = world.ask('late', [C], { quietNs: SECOND, waitLimitNs: 10 * MILLISECOND });
  world.until(() => late.end.isSettled);
  expect(log.records[1]).toMatchObject({ T: null, end: { as: 'timed-out' } });
});
