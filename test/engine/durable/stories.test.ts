/** What a durable snapshot does, request by request. */
import { describe, expect, test } from 'vitest';
import type { IoRequest } from '../../../engine/device.ts';
import type { SnapshotOptions } from '../../../engine/snapshot.ts';
import { SECOND } from '../../../engine/units.ts';
import { firstBytes, type ManualDevice, ManualWorld, original, volume } from '../manual-world.ts';

const C = volume('C', 'a', 0, 128);

function durableWorld(more: Partial<SnapshotOptions> = {}) {
  const world = new ManualWorld({ a: 128 });
  const snapshot = world.take('s', [C], { durability: world.durability(), ...more });
  for (const device of [world.cache, world.state, world.drive('a').application]) device.seen.length = 0;
  return { world, snapshot };
}

function ops(device: ManualDevice): string[] {
  return device.seen.map(({ op }) => op);
}

/** Records the order in which requests of several devices were issued. */
function inOrder(world: ManualWorld): string[] {
  const order: string[] = [];
  for (const device of [world.cache, world.state, world.drive('a').application]) {
    const submit = device.submit.bind(device);
    device.submit = (request: IoRequest) => {
      order.push(`${device.name} ${request.op}${request.fua ? ' fua' : ''}`);
      return submit(request);
    };
  }
  return order;
}

describe('a first write', () => {
  test('goes when its old data, and then its counter, are durable; the next one of the granule goes straight', () => {
    const { world } = durableWorld();
    const order = inOrder(world);
    world.submit('a', 'write', 0, 1);
    world.run();
    expect(order).toEqual(['cache write', 'cache flush', 'state write fua', 'a write']);
    order.length = 0;
    world.submit('a', 'write', 1, 1);
    world.run();
    expect(order).toEqual(['a write']);
  });

  test('shares its flush with those that come while a group is on its way', () => {
    const { world, snapshot } = durableWorld();
    for (let granule = 0; granule < 16; granule++) world.submit('a', 'write', 4 * granule, 1);
    world.run();
    expect(snapshot.granulesPreserved).toBe(16);
    expect(ops(world.cache).filter(op => op === 'flush').length).toBeLessThanOrEqual(2);
    expect(ops(world.state).length).toBeLessThanOrEqual(2);
  });

  test('of zeroes takes a record without data', () => {
    const world = new ManualWorld({ a: 128 });
    world.drive('a').store.fill(0);
    const snapshot = world.take('s', [C], { durability: world.durability() });
    const before = snapshot.cache.file.usedBytes;
    world.submit('a', 'write', 0, 1);
    world.run();
    expect(snapshot.cache.file.usedBytes - before).toBe(2 * 512);
    const read = world.read(snapshot, 'C', 0, 1);
    world.run();
    expect(firstBytes(read)).toEqual([0]);
  });
});

describe('T', () => {
  test('comes after a flush of the drive; a write meanwhile begins the quiet period again', () => {
    const world = new ManualWorld({ a: 128 });
    const { preserve } = world.drive('a');
    preserve.takesNs = SECOND;
    const { end } = world.ask('s', [C], { durability: world.durability(), quietNs: 2 * SECOND });
    world.until(() => preserve.seen.length === 1);
    expect(ops(preserve)).toEqual(['flush']);
    world.submit('a', 'write', 3, 1);
    world.until(() => end.isSettled);
    expect(ops(preserve)).toEqual(['flush', 'flush']);
    expect(end.value.state).toMatchObject({ is: 'enabled', T: 5 * SECOND + world.drive('a').application.takesNs });
  });

  test('is recorded in the cache, and in the state place last, before anybody is told', () => {
    const world = new ManualWorld({ a: 128 });
    const order = inOrder(world);
    world.take('s', [C], { durability: world.durability() });
    const last = order.slice(-3);
    expect(last).toEqual(['cache write', 'cache flush', 'state write fua']);
  });

  test('that can not be recorded did not happen', () => {
    const world = new ManualWorld({ a: 128 });
    world.state.badSector = 0;
    const { end } = world.ask('s', [C], { durability: world.durability() });
    world.run();
    expect(() => end.value).toThrow('no-cache: the record of T is not durable');
    expect(world.engine.aliveCount).toBe(0);
  });

  test('of drives that can not be flushed does not come', () => {
    const world = new ManualWorld({ a: 128 });
    world.drive('a').preserve.hangs = true;
    const { end } = world.ask('s', [C], { durability: world.durability(), waitLimitNs: SECOND });
    world.run();
    expect(() => end.value).toThrow('drive-error: the drives were not flushed in time');
    expect(world.kinds).not.toContain('enabled');
  });
});

describe('an end', () => {
  test('is durable in both places before a write goes unpreserved', () => {
    const { world, snapshot } = durableWorld();
    world.state.takesNs = 50_000;
    const order = inOrder(world);
    snapshot.release();
    world.submit('a', 'write', 0, 1);
    world.run();
    expect(order.at(-1)).toBe('a write');
    const before = order.slice(0, -1);
    expect(before.filter(each => each === 'state write fua')).toHaveLength(2);
    expect(before).toContain('cache flush');
  });

  test('lets granules that are preserved be written meanwhile', () => {
    const { world, snapshot } = durableWorld();
    world.submit('a', 'write', 0, 1);
    world.run();
    const order = inOrder(world);
    snapshot.release();
    world.submit('a', 'write', 0, 1);
    expect(order).toContain('a write');
    world.run();
  });

  test('by a cache that hangs is durable in the state place alone, and the write goes on', () => {
    const { world, snapshot } = durableWorld();
    world.cache.hangs = true;
    const write = world.submit('a', 'write', 0, 1);
    const begun = world.kernel.now();
    world.until(() => write.isSettled);
    expect(write.value).toBeNull();
    expect(snapshot.state).toMatchObject({ is: 'lost', cause: 'preserve-limit' });
    expect(world.kernel.now() - begun).toBeLessThan(1.1 * SECOND);
    expect(ops(world.state)).toEqual(['write', 'write']);
  });

  test('by a state place that fails is durable in the header of the cache', () => {
    const { world, snapshot } = durableWorld();
    world.state.badSector = 0;
    const flushes = (): number => ops(world.cache).filter(op => op === 'flush').length;
    // The first record goes to the other sector.
    world.submit('a', 'write', 0, 1);
    world.run();
    const before = flushes();
    const write = world.submit('a', 'write', 8, 1);
    world.run();
    expect(write.value).toBeNull();
    expect(snapshot.state).toMatchObject({ is: 'lost', cause: 'cache-error' });
    expect(flushes()).toBe(before + 2);
  });

  test('that nobody takes holds applications no longer than the limit', () => {
    const { world } = durableWorld();
    world.cache.hangs = true;
    world.state.hangs = true;
    const write = world.submit('a', 'write', 0, 1);
    const begun = world.kernel.now();
    world.until(() => write.isSettled);
    expect(write.value).toBeNull();
    expect(world.kernel.now() - begun).toBeLessThanOrEqual(2 * SECOND + 10_000_000);
  });
});

test('`protect: backup`: a group that fails is refused, and the next one takes its number and place', () => {
  const { world, snapshot } = durableWorld({ protect: 'backup' });
  world.state.badSector = 8;
  const used = snapshot.cache.file.usedBytes;
  const refused = world.submit('a', 'write', 0, 1);
  world.run();
  expect(refused.value?.failure).toBe('write-error');
  world.state.badSector = null;
  const later = world.submit('a', 'write', 0, 1);
  world.run();
  expect(later.value).toBeNull();
  expect(snapshot.isEnabled).toBe(true);
  // A header, a granule, a commit record.
  expect(snapshot.cache.file.usedBytes - used).toBe((1 + 4 + 1) * 512);
  const read = world.read(snapshot, 'C', 0, 1);
  world.run();
  expect(firstBytes(read)).toEqual([original(0)]);
});

test('a record that is not as it was written fails the read that wants it, and says so', () => {
  const { world, snapshot } = durableWorld();
  world.submit('a', 'write', 0, 1);
  world.run();
  const write = world.cache.seen.find(({ op }) => op === 'write')!;
  world.cache.store.fill(9, (write.sector + 2) * 512, (write.sector + 3) * 512);
  const read = world.read(snapshot, 'C', 0, 1);
  const other = world.read(snapshot, 'C', 8, 1);
  world.run();
  expect(read.value?.message).toContain('does not hold granule 0 as it was written');
  expect(other.value).toBeNull();
});

test('first writes wait while the cache grows', () => {
  const cacheSize = { minBytes: 8192, limitBytes: 65_536 };
  const { world, snapshot } = durableWorld({ cacheSize });
  world.growsInNs = SECOND / 20;
  for (let granule = 0; granule < 16; granule++) world.submit('a', 'write', 4 * granule, 1);
  world.run();
  expect(snapshot.state.is).toBe('enabled');
  expect(snapshot.granulesPreserved).toBe(16);
});

test('a full cache loses the snapshot, durably', () => {
  const { world, snapshot } = durableWorld({ cacheSize: { minBytes: 8192, limitBytes: 16_384 } });
  for (let granule = 0; granule < 16; granule++) world.submit('a', 'write', 4 * granule, 1);
  world.run();
  expect(snapshot.state).toMatchObject({ is: 'lost', cause: 'cache-full' });
  expect(ops(world.state).length).toBeGreaterThanOrEqual(2);
});
