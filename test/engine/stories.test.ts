/** Single requests that meet at the wrong moment. */
import { describe, expect, test } from 'vitest';
import { WorldError } from '../../engine/invariant.ts';
import type { Task } from '../../engine/task.ts';
import { KIB, MILLISECOND, SECOND } from '../../engine/units.ts';
import { firstBytes, ManualWorld, original, volume } from './manual-world.ts';

const C = volume('C', 'a', 0, 128);
const LARGE = volume('C', 'a', 0, 4096);

describe('the end of a snapshot', () => {
  test('a cache that was to grow grows no more, and all of it is given back', () => {
    const world = new ManualWorld({ a: 4096 });
    const snapshot = world.take('s', [LARGE], {
      granuleBytes: 512,
      cacheSize: { minBytes: 16 * KIB, limitBytes: 1024 * KIB },
    });
    for (let granule = 0; granule < 200; granule++) world.submit('a', 'write', granule, 1);
    world.run();
    world.growsInNs = 50 * MILLISECOND;
    const { preserve } = world.drive('a');
    const before = preserve.seen.length;
    world.submit('a', 'write', 1000, 200);
    world.until(() => preserve.seen.length > before && preserve.seen.every(request => request.isSettled));
    // Most of it has no place yet, and waits for growth from its next step on.
    const turn = world.owner.spawn('a turn', nothing());
    world.until(() => turn.end.isSettled);
    const closed = snapshot.release();
    world.run();
    expect(closed.isSettled).toBe(true);
    expect(world.kinds.slice(world.kinds.indexOf('gone'))).toEqual(['gone']);
    expect(world.freed).toEqual(world.allocated);
  });

  test('comes also when the host can not take the space back', () => {
    const world = new ManualWorld({ a: 128 });
    const cache = {
      ...world.cacheSpace(),
      *free(): Task<void> {
        yield 1;
        throw new VanishedError('the drive is gone');
      },
    };
    const snapshot = world.take('s', [C], { cache });
    const closed = snapshot.release();
    world.run();
    expect(closed.isSettled).toBe(true);
    expect(world.kinds.slice(-3)).toEqual(['released', 'cache-not-freed', 'gone']);
  });

  test('is there when its last request at a drive has ended', () => {
    const world = new ManualWorld({ a: 128 });
    const snapshot = world.take('s', [C]);
    const { preserve, virtual } = world.drive('a');
    preserve.hangs = true;
    virtual.hangs = true;
    world.submit('a', 'write', 0, 1);
    world.read(snapshot, 'C', 64, 1);
    world.until(() => preserve.pending.length + virtual.pending.length === 2);
    const closed = snapshot.release();
    world.run();
    expect(closed.isSettled).toBe(false);
    preserve.completePending();
    virtual.completePending();
    world.run();
    expect(closed.isSettled).toBe(true);
  });

  test('a read that is answered by it does not go to the drive', () => {
    const world = new ManualWorld({ a: 128 });
    const snapshot = world.take('s', [C]);
    const read = world.read(snapshot, 'C', 0, 128);
    snapshot.release();
    world.run();
    expect(read.value?.failure).toBe('snapshot-ended');
    expect(world.drive('a').virtual.seen).toEqual([]);
  });

  test('may be asked for by who is told that it is lost', () => {
    const world = new ManualWorld({ a: 128 });
    const snapshot = world.take('s', [C]);
    world.drive('a').virtual.hangs = true;
    const read = world.read(snapshot, 'C', 0, 1);
    read.attach({ settled: () => void snapshot.release() });
    world.until(() => world.drive('a').virtual.pending.length === 1);
    snapshot.lose('cache-error', 'as the test wants');
    expect(read.value?.message).toContain('lost: cache-error');
    expect(world.kinds.filter(kind => kind === 'released')).toEqual([]);
  });

  test('reads leave nothing behind', () => {
    const world = new ManualWorld({ a: 128 });
    const snapshot = world.take('s', [C]);
    let told = 0;
    const { attach } = snapshot.ended;
    snapshot.ended.attach = waiter => {
      told += 1;
      attach.call(snapshot.ended, waiter);
    };
    const { detach } = snapshot.ended;
    snapshot.ended.detach = waiter => {
      told -= 1;
      detach.call(snapshot.ended, waiter);
    };
    for (let sector = 0; sector < 100; sector++) world.read(snapshot, 'C', sector, 1);
    world.run();
    expect(told).toBe(0);
  });
});

describe('a sector that can not be read', () => {
  test('spoils only the snapshots that need it', () => {
    const world = new ManualWorld({ a: 128 });
    const left = world.take('left', [volume('C', 'a', 0, 64)]);
    const right = world.take('right', [volume('D', 'a', 64, 64)]);
    world.drive('a').preserve.badSector = 60;
    world.submit('a', 'write', 60, 8);
    world.run();
    expect(left.state).toMatchObject({ is: 'lost', cause: 'source-read-error' });
    expect(right.isEnabled).toBe(true);
    const read = world.read(right, 'D', 0, 4);
    world.run();
    expect(firstBytes(read)).toEqual([64, 65, 66, 67].map(original));
  });

  test('and only the granules that hold it, whatever their size', () => {
    const world = new ManualWorld({ a: 128 });
    const large = world.take('large', [C], { granuleBytes: 32 * KIB });
    const small = world.take('small', [C], { granuleBytes: 512 });
    world.drive('a').preserve.badSector = 60;
    const write = world.submit('a', 'write', 0, 1);
    world.run();
    expect([large.state.is, small.state.is, write.value]).toEqual(['lost', 'enabled', null]);
  });

  test('refuses the writes to its granule, and no other', () => {
    const world = new ManualWorld({ a: 128 });
    world.take('s', [C], { protect: 'backup' });
    world.drive('a').preserve.badSector = 60;
    const over = world.submit('a', 'write', 1, 63);
    const beside = world.submit('a', 'write', 0, 1);
    world.run();
    expect(over.value?.failure).toBe('write-error');
    expect(beside.value).toBeNull();
  });

  test('a write that one snapshot refuses loses no other one', () => {
    const world = new ManualWorld({ a: 128 });
    const yielding = world.take('yielding', [C], { protect: 'application' });
    const strict = world.take('strict', [C], { protect: 'backup' });
    world.drive('a').preserve.badSector = 2;
    const write = world.submit('a', 'write', 0, 1);
    world.run();
    expect(write.value?.failure).toBe('write-error');
    expect([yielding.isEnabled, strict.isEnabled]).toEqual([true, true]);
    // Where only the yielding one is asked, the write comes first.
    strict.release();
    const again = world.submit('a', 'write', 0, 1);
    world.run();
    expect(again.value).toBeNull();
    expect(yielding.state.is).toBe('lost');
  });
});

describe('limits', () => {
  test('many small granules are written at once: none waits for the others', () => {
    const world = new ManualWorld({ a: 4096 });
    const snapshot = world.take('s', [LARGE], { granuleBytes: 512 });
    for (let granule = 0; granule < 2048; granule += 2) world.submit('a', 'write', granule, 1);
    world.run();
    world.cache.takesNs = 5 * MILLISECOND;
    const write = world.submit('a', 'write', 0, 2048);
    world.run();
    expect(write.value).toBeNull();
    expect(snapshot.isEnabled).toBe(true);
  });

  test('a backup read that hangs holds a write no longer than the preserve limit: the snapshot is lost', () => {
    const world = new ManualWorld({ a: 128 });
    const snapshot = world.take('s', [C]);
    world.drive('a').virtual.hangs = true;
    const read = world.read(snapshot, 'C', 0, 1);
    world.until(() => world.drive('a').virtual.pending.length === 1);
    const write = world.submit('a', 'write', 0, 1);
    const begun = world.kernel.now();
    world.until(() => write.isSettled);
    expect(world.kernel.now() - begun).toBeLessThan(2 * SECOND);
    expect(write.value).toBeNull();
    expect(snapshot.state).toMatchObject({ is: 'lost', cause: 'preserve-limit' });
    expect(read.value?.failure).toBe('snapshot-ended');
  });

  test('under `protect: backup` it is the write that fails, until the read has ended', () => {
    const world = new ManualWorld({ a: 128 });
    const snapshot = world.take('s', [C], { protect: 'backup' });
    world.drive('a').virtual.hangs = true;
    const read = world.read(snapshot, 'C', 0, 1);
    world.until(() => world.drive('a').virtual.pending.length === 1);
    const write = world.submit('a', 'write', 0, 1);
    world.run();
    expect(write.value?.failure).toBe('write-error');
    world.drive('a').virtual.completePending();
    const later = world.submit('a', 'write', 0, 1);
    world.run();
    expect([read.value, later.value]).toEqual([null, null]);
    expect(firstBytes(read)).toEqual([original(0)]);
    expect(snapshot.isEnabled).toBe(true);
  });

  test('a cache drive that does not answer before T ends the wait', () => {
    const world = new ManualWorld({ a: 128 });
    world.cache.hangs = true;
    const { end } = world.ask('s', [C], { waitLimitNs: SECOND });
    world.run();
    expect(() => end.value).toThrow('no-cache: cache: no answer for 1 s');
  });
});

describe('the quiet period', () => {
  test('runs from the request, not from when the cache is ready', () => {
    const world = new ManualWorld({ a: 128 });
    world.growsInNs = 3 * SECOND;
    const { state } = world.take('s', [C], { quietNs: 5 * SECOND });
    expect(state).toMatchObject({ is: 'enabled', T: 5 * SECOND });
  });

  test('names the volume that broke it, also where two drives have the same sectors', () => {
    const world = new ManualWorld({ a: 128, b: 128 });
    world.ask('s', [C, volume('E', 'b', 0, 128)], { quietNs: SECOND });
    world.until(() => world.kinds.includes('waiting'));
    world.submit('b', 'write', 3, 1);
    expect(world.events.at(-1)).toMatchObject({ kind: 'quiet-broken', volume: 'E' });
  });

  test('a listener that gives up one snapshot leaves the others their writes', () => {
    const world = new ManualWorld({ a: 128 });
    const one = world.ask('one', [C], { quietNs: SECOND });
    const other = world.ask('other', [C], { quietNs: SECOND });
    world.until(() => world.kinds.filter(kind => kind === 'waiting').length === 2);
    world.onEvent = ({ kind, snapshot }) => {
      if (kind === 'quiet-broken' && snapshot === 'one') one.cancel();
    };
    world.submit('a', 'write', 3, 1);
    world.until(() => other.end.isSettled);
    expect(other.end.value.isEnabled).toBe(true);
  });
});

test('a hole beside data takes no place in the cache', () => {
  const world = new ManualWorld({ a: 128 });
  world.drive('a').store.fill(0, 4 * 512);
  const snapshot = world.take('s', [C]);
  world.submit('a', 'write', 0, 128);
  world.run();
  expect(snapshot.granulesPreserved).toBe(32);
  expect(snapshot.cache.file.usedBytes).toBe(4 * KIB + 2 * KIB);
  const read = world.read(snapshot, 'C', 0, 8);
  world.run();
  expect(firstBytes(read)).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
});

class VanishedError extends WorldError {}

function* nothing(): Task<void> {}
