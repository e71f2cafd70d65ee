/** Files as devices: against an array, holes of fresh files, errors of the system as values of the world. */
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type IoError, IoRequest, type Op } from '../../engine/device.ts';
import { KIB, MIB } from '../../engine/units.ts';
import { FileDevice } from '../../host/file-device.ts';
import { inFolder } from './temporary-folder.ts';

const SECTORS = 24;

function send(device: FileDevice, op: Op, sector: number, count: number, data: Uint8Array | null, fua = false) {
  const request = device.submit(new IoRequest(op, sector, count, data, fua));
  return new Promise<{ error: IoError | null; isHole: boolean }>(resolve => {
    request.attach({ settled: () => resolve({ error: request.value, isHole: request.readAsHole }) });
  });
}

const step = fc.record({
  op: fc.constantFrom<Op>('read', 'write', 'flush', 'discard', 'zeroes'),
  first: fc.nat(SECTORS - 1),
  count: fc.integer({ min: 1, max: SECTORS }),
  value: fc.nat(2),
  fua: fc.boolean(),
});

test.each([512, 4096] as const)('reads what an array of sectors of %i bytes would hold', async sectorSize => {
  await inFolder({}, async folder => {
    let number = 0;
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, isFresh) => {
      number += 1;
      const path = join(folder, `${number}`);
      const model = Buffer.alloc(SECTORS * sectorSize, isFresh ? 0 : 7);
      writeFileSync(path, model);
      const device = new FileDevice(await open(path, 'r+'), {
        name: 'x',
        sectorSize,
        sizeBytes: model.length,
        isFresh,
      });
      for (const { op, first, value, fua, ...more } of steps) {
        const count = op === 'flush' ? 0 : Math.min(more.count, SECTORS - first);
        const part = model.subarray(first * sectorSize, (first + count) * sectorSize);
        const data = op === 'read' || op === 'write' ? new Uint8Array(part.length).fill(value) : null;
        const { error, isHole } = await send(device, op, op === 'flush' ? 0 : first, count, data, fua);
        expect(error).toBeNull();
        if (op === 'read') expect(data).toEqual(new Uint8Array(part));
        if (op === 'read') expect(isHole).toBe(part.every(byte => byte === 0));
        if (op === 'write') part.fill(value);
        if (op === 'discard' || op === 'zeroes') part.fill(0);
      }
      await device.close();
      expect(readFileSync(path).equals(model)).toBe(true);
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

test('a fresh file keeps its holes; another one gets its zeroes written', () =>
  inFolder({}, async folder => {
    const allocated: number[] = [];
    for (const isFresh of [true, false]) {
      const path = join(folder, `${isFresh}`);
      writeFileSync(path, '');
      truncateSync(path, 8 * MIB);
      const device = new FileDevice(await open(path, 'r+'), {
        name: 'x',
        sectorSize: 512,
        sizeBytes: 8 * MIB,
        isFresh,
      });
      await send(device, 'write', 0, 128, new Uint8Array(64 * KIB).fill(1));
      await send(device, 'zeroes', 0, 64, null);
      await send(device, 'zeroes', 2 * 2048, 2048, null);
      await send(device, 'write', 4 * 2048, 2048, new Uint8Array(MIB));
      await device.close();
      const bytes = readFileSync(path);
      expect(bytes.subarray(0, 32 * KIB).every(byte => byte === 0)).toBe(true);
      expect(bytes.subarray(32 * KIB, 64 * KIB).every(byte => byte === 1)).toBe(true);
      allocated.push(statSync(path).blocks * 512);
    }
    expect(allocated[0]).toBeLessThan(MIB);
    expect(allocated[1]).toBeGreaterThanOrEqual(2 * MIB);
  }));

test('what the system refuses is an error of the world', () =>
  inFolder({ short: 'x'.repeat(1024) }, async folder => {
    const path = join(folder, 'short');
    const device = new FileDevice(await open(path, 'r'), { name: 'short', sectorSize: 512, sizeBytes: 2048 });
    const past = await send(device, 'read', 0, 4, new Uint8Array(2048));
    expect(past.error).toMatchObject({ failure: 'read-error', device: 'short', sector: 0, count: 4 });
    expect(past.error?.message).toContain('it was cut short');
    const readOnly = await send(device, 'write', 0, 1, new Uint8Array(512));
    expect(readOnly.error?.failure).toBe('read-only');
    await device.close();
  }));

test.skipIf(process.platform !== 'linux')('a full disk is no space', async () => {
  const handle = await open('/dev/full', 'r+');
  const device = new FileDevice(handle, { name: 'full', sectorSize: 512, sizeBytes: 1024 });
  expect((await send(device, 'write', 0, 1, new Uint8Array(512).fill(1))).error?.failure).toBe('no-space');
  await device.close();
});

test('close waits for all of what is on its way', () =>
  inFolder({}, async folder => {
    const path = join(folder, 'file');
    writeFileSync(path, Buffer.alloc(4 * MIB, 7));
    const device = new FileDevice(await open(path, 'r+'), { name: 'x', sectorSize: 512, sizeBytes: 4 * MIB });
    // More than one call of the system.
    const sent = send(device, 'zeroes', 0, 4 * 2048, null);
    await device.close();
    expect((await sent).error).toBeNull();
    expect(readFileSync(path).equals(Buffer.alloc(4 * MIB))).toBe(true);
  }));
