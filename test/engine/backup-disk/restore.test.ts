/** Restores: whole images and single volumes, to larger drives, over what is there, refused, damaged, cancelled. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type RestoreOptions, restore } from '../../../engine/backup-disk/restore.ts';
import { restoreStateOf } from '../../../engine/backup-disk/restore-mark.ts';
import type { Checksum } from '../../../engine/checksum.ts';
import type { IoRequest } from '../../../engine/device.ts';
import { runNow } from '../../../engine/task.ts';
import { makeHash } from '../../../host/modules.ts';
import { Kernel } from '../../../sim/kernel/kernel.ts';
import { Choices } from '../../../sim/kernel/random.ts';
import { BenchDisk, expectSame, restoreOptions, SMALL, Source } from './bench-disk.ts';
import { CrashDisk, drawFrom } from './crash-disk.ts';
import { DelayedDevice } from './delayed-device.ts';

let checksum: Checksum;
beforeAll(async () => {
  checksum = await makeHash();
});

const SECTORS = SMALL.sourceSectors;

function prepared(): BenchDisk {
  const source = new Source(SMALL);
  source.write(0, SECTORS - 20, 7);
  const bench = new BenchDisk(SMALL, source, checksum);
  bench.backup();
  source.takeChanged();
  source.write(10, 60, 3);
  bench.backup({ changed: source.takeChanged() });
  return bench;
}

function fresh(count = SECTORS, name = 'new', sectorSize: 512 | 4096 = 512): CrashDisk {
  return new CrashDisk(name, sectorSize, count);
}

describe('a restore', () => {
  test('gives any generation back', () => {
    const bench = prepared();
    for (const generation of [1, 2]) {
      const target = fresh();
      const report = runNow(restore(bench.disk, restoreOptions(target, { generation, verify: true })));
      expect(report).toMatchObject({ generation, sectors: SECTORS, differing: 0 });
      expectSame(target.bytes(0, SECTORS), bench.pictures.get(generation)!, `generation ${generation}`);
      expect(runNow(restoreStateOf(target, 0, checksum))).toBeNull();
    }
  });

  test('writes only what differs, or everything', () => {
    const bench = prepared();
    const target = fresh();
    target.overwrite(0, bench.pictures.get(2)!);
    target.overwrite(70, new Uint8Array(512).fill(9));
    // The mark, the first 4 KiB with it, the 4 KiB that differ, the first sector.
    expect(runNow(restore(bench.disk, restoreOptions(target))).sectorsWritten).toBeLessThanOrEqual(1 + 8 + 8 + 1);
    expectSame(target.bytes(0, SECTORS), bench.pictures.get(2)!, 'the target');
    const all = runNow(restore(bench.disk, restoreOptions(target, { onlyDiffering: false })));
    expect(all.sectorsWritten).toBeGreaterThanOrEqual(SECTORS);
  });

  test('of one volume leaves the rest of its drive alone', () => {
    const bench = prepared();
    const target = fresh(50, 'D:');
    const extent = { first: 33, count: 41 };
    runNow(restore(bench.disk, restoreOptions(target, { extent })));
    expectSame(target.bytes(0, 41), bench.pictures.get(2)!.subarray(33 * 512, 74 * 512), 'the volume');
    expect(target.bytes(41, 9).every(byte => byte === 0)).toBe(true);
  });

  test('to a larger drive puts replacements where the caller says', () => {
    const bench = prepared();
    const target = fresh(SECTORS + 40);
    const wanted = bench.pictures.get(2)!.slice();
    const tail = new Uint8Array(2 * 512).fill(5);
    const relayout: RestoreOptions['relayout'] = function* (read) {
      const first = yield* read(0, 1);
      first[100] = 99;
      return [
        { first: 0, bytes: first },
        { first: SECTORS - 1, bytes: tail },
        { first: SECTORS + 38, bytes: tail },
      ];
    };
    runNow(restore(bench.disk, restoreOptions(target, { relayout, verify: true })));
    wanted[100] = 99;
    wanted.fill(5, (SECTORS - 1) * 512);
    expectSame(target.bytes(0, SECTORS), wanted, 'the image');
    expect(target.bytes(SECTORS, 1)).toEqual(tail.subarray(512));
    expect(target.bytes(SECTORS + 38, 2)).toEqual(tail);
  });

  test('begins a new generation of the tracker before its first write', () => {
    const bench = prepared();
    const target = fresh();
    const written: number[] = [];
    const beforeFirstWrite = function* (): Generator<never, void> {
      written.push(target.writes);
    };
    runNow(restore(bench.disk, restoreOptions(target, { beforeFirstWrite })));
    expect(written).toEqual([0]);
  });

  test.each([
    ['target-too-small', { target: fresh(SECTORS - 1) }],
    ['sector-size', { target: fresh(SECTORS, 'new', 4096) }],
    ['in-use', { inUseBy: 'a snapshot of it is alive' }],
    ['source-is-target', { target: fresh(SECTORS, 'disk') }],
    ['source-is-target', { targetDevices: ['disk'] }],
    ['no-generation', { generation: 9 }],
  ])('is refused: %s', (reason, more) => {
    const target = (more as { target?: CrashDisk }).target ?? fresh();
    const before = target.writes;
    expect(() => runNow(restore(prepared().disk, restoreOptions(target, more)))).toThrow(
      expect.objectContaining({ reason }),
    );
    expect(target.writes).toBe(before);
  });

  test('stops at a damaged granule, and the target says that it is incomplete', () => {
    const bench = prepared();
    (bench.places.image as CrashDisk).overwrite(100, new Uint8Array(512).fill(1));
    const target = fresh();
    expect(() => runNow(restore(bench.disk, restoreOptions(target)))).toThrow(/granule 12 is damaged/);
    expect(runNow(restoreStateOf(target, 0, checksum))).toEqual({
      sourceId: 'server',
      generation: 2,
      range: { first: 0, count: SECTORS },
    });
    const text = Buffer.from(target.bytes(0, 1)).toString('latin1');
    expect(text).toContain('restore of generation 2 of server is incomplete');
    expect([...target.bytes(0, 1).subarray(510)]).toEqual([0, 0]);
  });

  test('that was cancelled is run again, whatever of it was still on its way', () => {
    const bench = prepared();
    for (let cancelAtUs = 0; cancelAtUs < 1500; cancelAtUs += 9) {
      const kernel = new Kernel(new Choices(1));
      const draw = drawFrom(cancelAtUs);
      const store = fresh();
      store.overwrite(0, new Uint8Array(SECTORS * 512).fill(8));
      const target = new DelayedDevice(kernel, store, () => (draw(4) === 0 ? 500_000 : 1000 + draw(9000)));
      const owner = kernel.owner('test');
      const story = function* () {
        const process = owner.spawn('restore', restore(bench.disk, restoreOptions(target)));
        yield cancelAtUs * 1000;
        process.cancel();
        yield* restore(bench.disk, restoreOptions(target, { generation: 1 }));
      };
      const { end } = owner.spawn('story', story());
      expect(kernel.settle()).toEqual([]);
      end.value;
      expectSame(store.bytes(0, SECTORS), bench.pictures.get(1)!, 'the target');
    }
  });

  test('whose target can not be read is written all the same; one that can not be written fails', () => {
    const bench = prepared();
    const target = fresh();
    target.failure = ({ op }: IoRequest) => (op === 'read' ? 'read-error' : null);
    runNow(restore(bench.disk, restoreOptions(target)));
    expectSame(target.bytes(0, SECTORS), bench.pictures.get(2)!, 'the target');
    target.failure = ({ op, sector }: IoRequest) => (op === 'write' && sector > 0 ? 'write-error' : null);
    target.overwrite(80, new Uint8Array(512).fill(1));
    expect(() => runNow(restore(bench.disk, restoreOptions(target)))).toThrow(/write-error/);
  });
});
