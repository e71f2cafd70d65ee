import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IoRequest, type Op } from '../../../engine/device.ts';
import { MIB } from '../../../engine/units.ts';
import { Arena } from '../../../sim/disk/arena.ts';
import { type Boot, Drive } from '../../../sim/disk/drive.ts';
import { masterBootRecord, readPartitions } from '../../../sim/disk/mbr.ts';
import { Sectors } from '../../../sim/disk/sectors.ts';
import { Kernel } from '../../../sim/kernel/kernel.ts';
import { Choices } from '../../../sim/kernel/random.ts';
import { DRIVE_MODELS } from '../../../sim/scenario/drive-models.ts';
import { RequestLog } from '../../../sim/world/request-log.ts';
import { plainHash, SHUFFLING } from '../../engine/bench-world.ts';
import { requireTool } from '../../real-tools.ts';

const SECTORS = 64;

function makeDrive(seed: number, writeCache: boolean, figures = SHUFFLING, sizeBytes = SECTORS * 512) {
  const kernel = new Kernel(new Choices(seed));
  const boot: Boot = { number: 1, isAlive: true };
  const options = { id: 'disk0', index: 1, sectorSize: 512, figures, writeCache } as const;
  const drive = new Drive(kernel, new Sectors(sizeBytes, new Arena()), options, plainHash);
  return { kernel, boot, drive, device: drive.handle('application', boot) };
}

function request(op: Op, sector: number, count: number, fill: number, fua = false): IoRequest {
  const data =
    op === 'write' ? new Uint8Array(count * 512).fill(fill) : op === 'read' ? new Uint8Array(count * 512) : null;
  return new IoRequest(op, sector, op === 'flush' ? 0 : count, data, fua);
}

const op = fc.record({
  op: fc.constantFrom<Op>('write', 'write', 'write', 'zeroes', 'discard', 'flush'),
  sector: fc.nat(SECTORS - 1),
  count: fc.integer({ min: 1, max: 12 }),
  fua: fc.boolean(),
});

/** Model: one array that the requests change in the order in which they were submitted. */
test('requests that overlap take effect in the order in which they came', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.boolean(), fc.array(op, { maxLength: 40 }), (seed, cached, script) => {
      const { kernel, drive, device } = makeDrive(seed, cached);
      const model = new Uint8Array(SECTORS * 512);
      script.forEach((each, at) => {
        const count = Math.min(each.count, SECTORS - each.sector);
        device.submit(request(each.op, each.sector, count, 1 + at, each.fua));
        if (each.op === 'flush') return;
        model.fill(each.op === 'write' ? 1 + at : 0, each.sector * 512, (each.sector + count) * 512);
      });
      kernel.settle();
      const held = new Uint8Array(SECTORS * 512);
      drive.sectors.read(0, held);
      expect(Buffer.compare(held, model)).toBe(0);
      expect(drive.requests).toBe(device.requests);
    }),
  );
});

describe('a request of a machine that has ended', () => {
  test('is done all the same after a kill, and nobody is told', () => {
    const { kernel, drive, device, boot } = makeDrive(1, true);
    const sent = device.submit(request('write', 0, 8, 9));
    boot.isAlive = false;
    kernel.settle();
    const held = new Uint8Array(512);
    drive.sectors.read(0, held);
    expect(held[0]).toBe(9);
    expect(sent.isSettled).toBe(false);
  });

  test('never completes once the drive was reset, and the log says when it was taken away', () => {
    const { kernel, drive, device, boot } = makeDrive(1, false);
    const log = new RequestLog(() => kernel.now());
    drive.observer = log;
    device.submit(request('write', 0, 8, 9));
    boot.isAlive = false;
    drive.reset();
    expect(log.row(0)).toMatchObject({ takenAway: true, failed: false, completedAs: 0, completedAt: 0 });
    // The next machine is served as if nothing had been there.
    const next = drive.handle('application', { number: 2, isAlive: true });
    const sent = next.submit(request('write', 4, 1, 3));
    kernel.settle();
    expect(sent.isSettled).toBe(true);
    const held = new Uint8Array(SECTORS * 512);
    drive.sectors.read(0, held);
    expect([...held].filter(byte => byte !== 0)).toEqual(new Array(512).fill(3));
  });
});

describe('presets', () => {
  test.each(Object.entries(DRIVE_MODELS))(
    '%s does 150 random writes of 4 KiB a second over 16 MiB',
    (_name, figures) => {
      const { kernel, device } = makeDrive(1, false, figures, 96 * MIB);
      const random = kernel.choices.stream('writes');
      for (let at = 0; at < 1000; at++) device.submit(request('write', random.below(4096) * 8, 8, 1));
      kernel.settle();
      expect(1000 / (kernel.now() / 1e9)).toBeGreaterThanOrEqual(150);
    },
  );
});

describe('the partition table', () => {
  const partitions = [
    { type: 'fat32', extent: { first: 2048, count: 131_072 } },
    { type: 'fat16', extent: { first: 133_120, count: 20_480 } },
  ] as const;

  test('reads as it was written', () => {
    const read = readPartitions(masterBootRecord(512, partitions, 7));
    expect(read?.map(({ extent }) => extent)).toEqual(partitions.map(({ extent }) => extent));
    expect(readPartitions(new Uint8Array(512))).toBeNull();
  });

  test.skipIf(!requireTool('sfdisk'))('is what sfdisk reads', () => {
    const folder = mkdtempSync(join(tmpdir(), 'otm-mbr-'));
    try {
      const image = join(folder, 'disk.img');
      writeFileSync(image, masterBootRecord(512, partitions, 7));
      truncateSync(image, 96 * MIB);
      const told = JSON.parse(execFileSync('sfdisk', ['--json', image], { encoding: 'utf8' })) as {
        partitiontable: { label: string; partitions: { start: number; size: number; type: string }[] };
      };
      expect(told.partitiontable.label).toBe('dos');
      expect(told.partitiontable.partitions.map(({ start, size, type }) => ({ start, size, type }))).toEqual([
        { start: 2048, size: 131_072, type: 'c' },
        { start: 133_120, size: 20_480, type: 'e' },
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
