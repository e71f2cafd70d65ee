import { describe, expect, test } from 'vitest';
import type { IoError, IoRequest } from '../../../engine/device.ts';
import { SECOND } from '../../../engine/units.ts';
import type { CachedVolume } from '../../../sim/fs/cached-volume.ts';
import type { ChangeSet } from '../../../sim/fs/file-system.ts';
import type { Changer, Page } from '../../../sim/fs/page.ts';
import { PageCache } from '../../../sim/fs/page-cache.ts';
import { HeldDevice } from './ram-device.ts';
import { TestScheduler } from './test-scheduler.ts';
import { testHash } from './volumes.ts';

const SOMEBODY: Changer = { mark: 0 };

class Counted implements ChangeSet {
  pages = 0;
  pageDirtied(): void {
    this.pages += 1;
  }
  pageWritten(): void {
    this.pages -= 1;
  }
}

interface Bench {
  readonly scheduler: TestScheduler;
  readonly device: HeldDevice;
  readonly cache: PageCache;
  readonly volume: CachedVolume;
}

/** A volume of ten pages and a half behind the first eight sectors of its drive. */
function bench(pages = 8, dirtyLimitPages = 4): Bench {
  const scheduler = new TestScheduler();
  const bytes = new Uint8Array(8 * 512 + 10 * 4096 + 2048).map((_, at) => Math.floor(at / 512) % 251);
  const device = new HeldDevice(bytes);
  const cache = new PageCache({
    owner: scheduler.owner,
    sizeBytes: pages * 4096,
    writeBackNs: SECOND,
    dirtyLimitBytes: dirtyLimitPages * 4096,
    hash: testHash,
  });
  const volume = cache.addVolume({ letter: 'C', device, firstSector: 8, sectorCount: 84 });
  return { scheduler, device, cache, volume };
}

/** Has a page resident and pinned. */
function need({ scheduler, device, cache, volume }: Bench, number: number): Page {
  const page = cache.frame(volume, number)!;
  cache.pin(page);
  const process = scheduler.spawn(cache.fill(page));
  device.releaseAll();
  scheduler.run();
  expect(process.end.value).toBeNull();
  return page;
}

function change(b: Bench, page: Page, byte: number, changes: ChangeSet | null = null): void {
  b.cache.change(page, SOMEBODY, changes);
  page.bytes.fill(byte);
}

function describeWaiting(device: HeldDevice): string[] {
  return device.waiting.map(({ op, sector, count }) => `${op} ${sector}+${count}`);
}

function failWith(
  device: HeldDevice,
  op: IoRequest['op'],
  failure: 'read-error' | 'write-error' | 'flush-error',
): void {
  device.failing = request => (request.op === op ? failure : null);
}

describe('pages', () => {
  test('go to their place on the drive, the last one short', () => {
    const b = bench();
    expect(b.volume.pageCount).toBe(11);
    for (const number of [0, 10]) {
      b.cache.pin(b.cache.frame(b.volume, number)!);
      b.cache.startRead(b.volume.find(number)!);
    }
    expect(describeWaiting(b.device)).toEqual(['read 8+8', 'read 88+4']);
  });

  test('who needs a page that is being read joins that read', () => {
    const b = bench();
    const page = b.cache.frame(b.volume, 3)!;
    b.cache.pin(page);
    const first = b.scheduler.spawn(b.cache.fill(page));
    b.cache.pin(page);
    const second = b.scheduler.spawn(b.cache.fill(page));
    expect(page.state).toBe('reading');
    expect(describeWaiting(b.device)).toEqual(['read 32+8']);
    b.device.release();
    b.scheduler.run();
    expect([first.end.value, second.end.value, page.state]).toEqual([null, null, 'clean']);
  });

  test('a read error is told to all who wait, and the page is absent again', () => {
    const b = bench();
    const page = b.cache.frame(b.volume, 3)!;
    b.cache.pin(page);
    b.cache.pin(page);
    const waiting = [b.scheduler.spawn(b.cache.fill(page)), b.scheduler.spawn(b.cache.fill(page))];
    failWith(b.device, 'read', 'read-error');
    b.device.release();
    b.scheduler.run();
    for (const process of waiting) expect((process.end.value as IoError).failure).toBe('read-error');
    b.cache.unpin(page);
    b.cache.unpin(page);
    expect(b.volume.find(3)).toBeNull();
    expect(b.cache.usedFrames).toBe(0);
  });

  test('only clean and unpinned ones are dropped, and what was derived from them dies', () => {
    const b = bench(3, 3);
    const pinned = need(b, 0);
    const dirty = need(b, 1);
    const clean = need(b, 2);
    let died = 0;
    clean.deriveFrom({ die: () => (died += 1) });
    change(b, dirty, 1);
    b.cache.unpin(dirty);
    expect(b.cache.frame(b.volume, 4)).toBeNull();
    b.cache.unpin(clean);
    const other = b.cache.frame(b.volume, 4)!;
    expect([died, clean.state, clean.frame]).toEqual([1, 'absent', -1]);
    expect([b.volume.find(0), b.volume.find(1), b.volume.find(2), b.volume.find(4)]).toEqual([
      pinned,
      dirty,
      null,
      other,
    ]);
  });

  test('a page that was used since the hand passed gets a second chance', () => {
    const b = bench(3, 3);
    const pages = [0, 1, 2].map(number => need(b, number));
    for (const page of pages) b.cache.unpin(page);
    b.cache.frame(b.volume, 4);
    expect(b.volume.find(0)).toBeNull();
    pages[1]!.isReferenced = true;
    b.cache.frame(b.volume, 5);
    expect([b.volume.find(1), b.volume.find(2)]).toEqual([pages[1], null]);
  });
});

describe('write-back', () => {
  test('comes as long after the first change as it says, with one timer for all pages', () => {
    const b = bench();
    const [one, two] = [need(b, 1), need(b, 2)];
    change(b, one, 1);
    b.scheduler.goTo(0.4 * SECOND);
    change(b, one, 2);
    change(b, two, 3);
    expect(b.scheduler.timerCount).toBe(1);
    b.scheduler.goTo(0.999 * SECOND);
    expect(b.device.waiting).toEqual([]);
    b.scheduler.goTo(SECOND);
    expect(describeWaiting(b.device)).toEqual(['write 16+8']);
    b.scheduler.goTo(1.4 * SECOND);
    expect(describeWaiting(b.device)).toEqual(['write 16+8', 'write 24+8']);
    expect([one.state, two.state]).toEqual(['writing', 'writing']);
    b.device.releaseAll();
    b.scheduler.run();
    expect([one.state, two.state, b.cache.writeBack.unwrittenPages]).toEqual(['clean', 'clean', 0]);
    expect([b.scheduler.owner.aliveCount, b.scheduler.timerCount]).toEqual([0, 0]);
  });

  test('carries the bytes as they were when it was issued; a page changed meanwhile is dirty again', () => {
    const b = bench();
    const page = need(b, 1);
    change(b, page, 1);
    b.scheduler.goTo(SECOND);
    b.scheduler.goTo(1.5 * SECOND);
    change(b, page, 2);
    expect(page.state).toBe('writing, dirty again');
    b.device.release();
    expect(b.device.bytes[16 * 512]).toBe(1);
    expect(page.state).toBe('dirty');
    b.scheduler.goTo(2.49 * SECOND);
    expect(b.device.waiting).toEqual([]);
    b.scheduler.goTo(2.5 * SECOND);
    b.device.release();
    expect(b.device.bytes[16 * 512]).toBe(2);
  });

  test('falls due while another write of the page is in flight: it is issued when that one completes', () => {
    const b = bench();
    const page = need(b, 1);
    change(b, page, 1);
    b.scheduler.goTo(SECOND);
    change(b, page, 2);
    b.scheduler.goTo(3 * SECOND);
    expect(describeWaiting(b.device)).toEqual(['write 16+8']);
    b.device.release();
    expect(describeWaiting(b.device)).toEqual(['write 16+8']);
    expect(page.state).toBe('writing');
    b.device.release();
    expect([b.device.bytes[16 * 512], page.state]).toEqual([2, 'clean']);
  });

  test('fails: the page stays dirty, does not count towards the limit, and is tried again when it has aged', () => {
    const b = bench();
    const page = need(b, 1);
    change(b, page, 1);
    b.scheduler.goTo(SECOND);
    failWith(b.device, 'write', 'write-error');
    b.device.release();
    expect([page.state, b.cache.writeBack.unwrittenPages]).toEqual(['dirty', 0]);
    b.device.failing = () => null;
    b.scheduler.goTo(1.99 * SECOND);
    expect(b.device.waiting).toEqual([]);
    b.scheduler.goTo(2 * SECOND);
    b.device.release();
    expect([page.state, b.device.bytes[16 * 512]]).toEqual(['clean', 1]);
  });

  test('tells the user of the volume of a failed write', () => {
    const b = bench();
    const page = need(b, 1);
    const told: string[] = [];
    b.volume.user = { writeFailed: (which, request) => told.push(`${which.number} ${request.value?.failure}`) };
    change(b, page, 1);
    b.scheduler.goTo(SECOND);
    failWith(b.device, 'write', 'write-error');
    b.device.release();
    expect(told).toEqual(['1 write-error']);
  });
});

describe('a page whose write is in flight', () => {
  function writing() {
    const b = bench(2, 2);
    const page = need(b, 1);
    change(b, page, 7);
    b.scheduler.goTo(SECOND);
    b.cache.unpin(page);
    return { ...b, page };
  }

  test('is read without a request', () => {
    const { scheduler, device, cache, page } = writing();
    cache.pin(page);
    expect(scheduler.spawn(cache.fill(page)).end.value).toBeNull();
    expect(describeWaiting(device)).toEqual(['write 16+8']);
  });

  test('is not dropped before it has come back', () => {
    const { device, cache, volume, page } = writing();
    cache.dropAll();
    cache.pin(cache.frame(volume, 3)!);
    expect(cache.frame(volume, 4)).toBeNull();
    expect(volume.find(1)).toBe(page);
    device.release();
    expect(cache.frame(volume, 4)).not.toBeNull();
    expect(volume.find(1)).toBeNull();
  });

  test('is left out of a discard', () => {
    const { scheduler, device, cache, volume } = writing();
    scheduler.spawn(cache.discard(volume, 0, 3));
    expect(describeWaiting(device)).toEqual(['write 16+8', 'discard 8+8', 'discard 24+8']);
  });
});

describe('the dirty limit', () => {
  test('a writer waits until pages have been written, and the oldest are written for it', () => {
    const b = bench(8, 2);
    const [one, two] = [need(b, 1), need(b, 2)];
    change(b, one, 1);
    change(b, two, 2);
    const writer = b.scheduler.spawn(b.cache.writeBack.room());
    expect(describeWaiting(b.device)).toEqual(['write 16+8']);
    expect(writer.end.isSettled).toBe(false);
    b.device.release();
    b.scheduler.run();
    expect(writer.end.isSettled).toBe(true);
    expect(two.state).toBe('dirty');
  });

  test('several writers wait for as many pages as are above it, not for one each', () => {
    const b = bench(8, 2);
    const pages = [1, 2, 3].map(number => need(b, number));
    for (const page of pages) change(b, page, 1);
    const writers = [1, 2].map(() => b.scheduler.spawn(b.cache.writeBack.room()));
    expect(b.device.waiting.length).toBe(2);
    b.device.releaseAll();
    b.scheduler.run();
    expect(writers.map(writer => writer.end.isSettled)).toEqual([true, true]);
  });
});

describe('sync', () => {
  test('waits for what is dirty and in flight now, not for later changes', () => {
    const b = bench();
    const [one, two, three] = [need(b, 1), need(b, 2), need(b, 3)];
    change(b, one, 1);
    b.scheduler.goTo(SECOND);
    change(b, one, 2);
    change(b, two, 1);
    const sync = b.scheduler.spawn(b.cache.writeBack.sync(b.volume, null));
    change(b, three, 9);
    change(b, two, 9);
    expect(describeWaiting(b.device)).toEqual(['write 16+8', 'write 24+8']);
    b.device.releaseAll();
    b.scheduler.run();
    expect(sync.end.isSettled).toBe(true);
    expect([one.state, two.state, three.state]).toEqual(['clean', 'dirty', 'dirty']);
    expect([b.device.bytes[16 * 512], b.device.bytes[24 * 512]]).toEqual([2, 1]);
  });

  test('tells of a failure once it has waited for all', () => {
    const b = bench();
    const [one, two] = [need(b, 1), need(b, 2)];
    change(b, one, 1);
    change(b, two, 1);
    const sync = b.scheduler.spawn(b.cache.writeBack.sync(b.volume, null));
    b.device.failing = request => (request.sector === 16 ? 'write-error' : null);
    b.device.release();
    b.scheduler.run();
    expect(sync.end.isSettled).toBe(false);
    b.device.release();
    b.scheduler.run();
    expect((sync.end.value as IoError).sector).toBe(16);
  });

  test('includes a page whose write waits for a discard', () => {
    const b = bench();
    b.scheduler.spawn(b.cache.discard(b.volume, 1, 1));
    const page = b.cache.frame(b.volume, 1)!;
    b.cache.pin(page);
    b.cache.blank(page);
    change(b, page, 7);
    b.scheduler.goTo(2 * SECOND);
    expect(page.state).toBe('discarding');
    const sync = b.scheduler.spawn(b.cache.writeBack.sync(b.volume, null));
    expect(describeWaiting(b.device)).toEqual(['discard 16+8']);
    b.device.release();
    b.scheduler.run();
    expect(describeWaiting(b.device)).toEqual(['write 16+8']);
    expect(sync.end.isSettled).toBe(false);
    b.device.release();
    b.scheduler.run();
    expect([sync.end.isSettled, b.device.bytes[16 * 512]]).toEqual([true, 7]);
  });
});

describe('discards', () => {
  test('leave out pages that are dirty, pinned or in flight', () => {
    const b = bench();
    const [pinned, dirty, reading, clean] = [need(b, 1), need(b, 3), b.cache.frame(b.volume, 5)!, need(b, 6)];
    change(b, dirty, 1);
    b.cache.unpin(dirty);
    b.cache.unpin(clean);
    b.cache.pin(reading);
    b.cache.startRead(reading);
    b.cache.unpin(reading);
    b.scheduler.spawn(b.cache.discard(b.volume, 0, 11));
    expect(describeWaiting(b.device)).toEqual([
      'read 48+8',
      'discard 8+8',
      'discard 24+8',
      'discard 40+8',
      'discard 56+36',
    ]);
    expect([pinned.state, b.volume.find(6)]).toEqual(['clean', null]);
  });

  test('are the one request in flight of each of their pages: a read waits', () => {
    const b = bench();
    const discard = b.scheduler.spawn(b.cache.discard(b.volume, 2, 3));
    const page = b.cache.frame(b.volume, 3)!;
    b.cache.pin(page);
    const read = b.scheduler.spawn(b.cache.fill(page));
    expect([page.state, b.device.waiting.length]).toEqual(['discarding', 1]);
    b.device.release();
    b.scheduler.run();
    expect(discard.end.value).toBe(3);
    expect(describeWaiting(b.device)).toEqual(['read 32+8']);
    b.device.release();
    b.scheduler.run();
    expect(read.end.value).toBeNull();
    expect(page.bytes.every(byte => byte === 0)).toBe(true);
    expect(b.cache.oracleLog.mismatchCount).toBe(0);
  });

  test('do not cover a page twice', () => {
    const b = bench();
    b.scheduler.spawn(b.cache.discard(b.volume, 2, 3));
    b.scheduler.spawn(b.cache.discard(b.volume, 0, 6));
    expect(describeWaiting(b.device)).toEqual(['discard 24+24', 'discard 8+16', 'discard 48+8']);
  });
});

describe('change sets', () => {
  test('count a page once per write, and take it off when a write that held the change completes', () => {
    const b = bench();
    const page = need(b, 1);
    const [mine, other] = [new Counted(), new Counted()];
    change(b, page, 1, mine);
    change(b, page, 2, mine);
    expect(mine.pages).toBe(1);
    b.scheduler.goTo(SECOND);
    change(b, page, 3, mine);
    change(b, page, 4, other);
    expect([mine.pages, other.pages]).toEqual([2, 1]);
    b.device.release();
    expect([mine.pages, other.pages]).toEqual([1, 1]);
    b.scheduler.goTo(2 * SECOND);
    b.device.release();
    expect([mine.pages, other.pages]).toEqual([0, 0]);
  });

  test('keep what a failed write held, in addition to what was changed meanwhile', () => {
    const b = bench();
    const page = need(b, 1);
    const mine = new Counted();
    change(b, page, 1, mine);
    b.scheduler.goTo(SECOND);
    change(b, page, 2, mine);
    failWith(b.device, 'write', 'write-error');
    b.device.release();
    expect(mine.pages).toBe(2);
    b.device.failing = () => null;
    b.scheduler.goTo(2 * SECOND);
    b.device.release();
    expect(mine.pages).toBe(0);
  });
});

describe('the oracle', () => {
  test('compares every read with the last write, also of a page that was dropped', () => {
    const b = bench(2, 2);
    const page = need(b, 1);
    change(b, page, 5);
    b.scheduler.goTo(SECOND);
    b.device.release();
    b.cache.unpin(page);
    for (const number of [2, 3, 4]) b.cache.unpin(need(b, number));
    expect(b.volume.find(1)).toBeNull();
    b.cache.unpin(need(b, 1));
    expect(b.cache.oracleLog).toMatchObject({ comparisons: 1, mismatchCount: 0 });
    for (const number of [2, 3, 4]) b.cache.unpin(need(b, number));
    b.device.bytes[17 * 512] = 99;
    b.cache.unpin(need(b, 1));
    expect(b.cache.oracleLog.mismatchCount).toBe(1);
    expect(b.cache.oracleLog.mismatches[0]).toMatchObject({ volume: 'C', page: 1 });
  });

  test('holds two reads of a page that was never written against one another', () => {
    const b = bench(2, 2);
    const drop = () => {
      for (const number of [2, 3, 4]) b.cache.unpin(need(b, number));
    };
    b.cache.unpin(need(b, 1));
    drop();
    b.device.bytes[17 * 512] = 99;
    b.cache.unpin(need(b, 1));
    expect(b.cache.oracleLog.mismatches.map(({ page }) => page)).toEqual([1]);
  });

  test('knows nothing of a page whose last write failed, until the next one', () => {
    const b = bench();
    const page = need(b, 1);
    change(b, page, 5);
    b.scheduler.goTo(SECOND);
    failWith(b.device, 'write', 'write-error');
    b.device.release();
    expect([...b.volume.expectations()].map(e => e.page)).toEqual([]);
    b.device.failing = () => null;
    b.scheduler.goTo(2 * SECOND);
    expect([...b.volume.expectations()].map(e => e.page)).toEqual([]);
    b.device.release();
    expect([...b.volume.expectations()]).toEqual([
      { volume: 'C', page: 1, expected: testHash(new Uint8Array(4096).fill(5)) },
    ]);
  });

  test('leaves out pages that are written past the cache', () => {
    const b = bench();
    b.cache.unpin(need(b, 1));
    b.cache.setForeign(b.volume, 1, 2, true);
    expect(b.volume.find(1)).toBeNull();
    b.device.bytes.fill(1);
    b.cache.unpin(need(b, 1));
    expect(b.cache.oracleLog).toMatchObject({ comparisons: 0, mismatchCount: 0 });
    expect([...b.volume.expectations()]).toEqual([]);
  });
});

test('one cache serves volumes on several drives', () => {
  const b = bench();
  const other = new HeldDevice(new Uint8Array(16 * 4096), 4096, 'other');
  const volume = b.cache.addVolume({ letter: 'D', device: other, firstSector: 2, sectorCount: 14 });
  const page = b.cache.frame(volume, 1)!;
  b.cache.pin(page);
  b.cache.startRead(page);
  expect(describeWaiting(other)).toEqual(['read 3+1']);
  expect(b.device.waiting).toEqual([]);
});

test('buffers of pages and copies are used again', () => {
  const b = bench(2, 2);
  for (let round = 0; round < 300; round++) {
    const page = need(b, round % 11);
    change(b, page, round % 256);
    b.cache.unpin(page);
    b.scheduler.spawn(b.cache.writeBack.sync(b.volume, null));
    b.device.releaseAll();
    b.scheduler.run();
  }
  expect(b.cache.buffers.allocatedBytes).toBeLessThanOrEqual(64 * 4096);
});
