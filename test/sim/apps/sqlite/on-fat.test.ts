/** The replay on the simulated file system itself, with a page cache so small that pages are dropped and read again. */
import { describe, expect, test } from 'vitest';
import { runNow } from '../../../../engine/task.ts';
import { KIB, MIB, SECOND } from '../../../../engine/units.ts';
import { makeHash } from '../../../../host/modules.ts';
import { readBack } from '../../../../sim/apps/sqlite/read-back.ts';
import { Replayer } from '../../../../sim/apps/sqlite/replay.ts';
import { Arena } from '../../../../sim/disk/arena.ts';
import { ImmediateDevice } from '../../../../sim/disk/immediate-device.ts';
import { Sectors } from '../../../../sim/disk/sectors.ts';
import { mkfs } from '../../../../sim/fs/fat/mkfs.ts';
import { mountFat } from '../../../../sim/fs/fat/mount.ts';
import { PageCache } from '../../../../sim/fs/page-cache.ts';
import type { SqliteWorkload } from '../../../../sim/scenario/scenario.ts';
import { filled, hexOf, JOURNALS, replayNow, shop } from './shop.ts';

const hash = await makeHash();

/** A FAT volume on a device that answers at once, mounted with a page cache of its own. */
function volumes(sizeBytes: number) {
  const sectors = new Sectors(sizeBytes, new Arena());
  const { writes } = mkfs({ kind: 'fat16', sectorSize: 512, sectorCount: sizeBytes / 512, serial: 1, now: 0 });
  for (const { first, bytes } of writes) sectors.write(first * 512, bytes);
  const device = new ImmediateDevice('disk0', sectors, 512);
  return (cacheBytes: number) => {
    const cache = new PageCache({
      owner: null,
      sizeBytes: cacheBytes,
      writeBackNs: SECOND,
      dirtyLimitBytes: cacheBytes / 2,
      hash,
    });
    const cached = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: device.sectorCount });
    return runNow(mountFat(cached, { now: () => 0, ids: { next: 1 } }));
  };
}

function replayed(workload: SqliteWorkload, cacheBytes: number, count: number) {
  const { application, layout, recorder } = filled(workload, 2);
  const mount = volumes(24 * MIB);
  const making = mount(16 * MIB);
  runNow(application.fill(() => making));
  runNow(making.sync());
  const volume = mount(cacheBytes);
  const replayer = new Replayer(() => volume);
  replayNow(replayer, recorder.opening());
  for (let number = 1; number <= count; number++) replayNow(replayer, recorder.transaction(number));
  runNow(volume.sync());
  // What is on the drive, seen by a machine that knows nothing of it.
  const later = mount(16 * MIB);
  return { recorder, found: runNow(readBack(() => later, layout)) };
}

describe('on FAT', () => {
  test.each(JOURNALS)('%s: the drive has the files of the shadow', journal => {
    const { recorder, found } = replayed(shop({ journal, blobs: true }), 8 * MIB, 14);
    expect(hexOf(found)).toEqual(hexOf(recorder.images()));
  });

  test('with a page cache that is smaller than a database', () => {
    const workload = shop({ sizeBytes: 3 * MIB, journal: 'truncate' });
    const { recorder, found } = replayed(workload, 768 * KIB, 60);
    expect(hexOf(found)).toEqual(hexOf(recorder.images()));
  });
});
