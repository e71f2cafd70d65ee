/** Every byte that a virtual volume gives is compared with the fork of T: the first and the last, in long reads too. */
import { describe, expect, test } from 'vitest';
import { IoRequest } from '../../../../engine/device.ts';
import { runNow } from '../../../../engine/task.ts';
import { KIB, MIB } from '../../../../engine/units.ts';
import { Arena } from '../../../../sim/disk/arena.ts';
import { ImmediateDevice } from '../../../../sim/disk/immediate-device.ts';
import { Sectors } from '../../../../sim/disk/sectors.ts';
import { Picture, PictureFindings } from '../../../../sim/world/picture.ts';

const SECTOR_BYTES = 512;
/** Where the volume begins on its drive. */
const OFFSET_BYTES = MIB;
/** Neither a multiple of the pieces of a full read nor of a page. */
const VOLUME_BYTES = 3 * MIB + 20 * KIB + SECTOR_BYTES;
const SECTORS = VOLUME_BYTES / SECTOR_BYTES;

/** A volume that gives what the drive held at T but for one byte; null: all of it. */
function pictureWith(wrongByte: number | null): { picture: Picture; findings: PictureFindings } {
  const arena = new Arena();
  const bytes = new Uint8Array(VOLUME_BYTES).map((_, at) => 1 + (at % 251));
  const fork = new Sectors(OFFSET_BYTES + VOLUME_BYTES, arena);
  fork.write(OFFSET_BYTES, bytes);
  if (wrongByte !== null) bytes[wrongByte] = 0;
  const given = new Sectors(VOLUME_BYTES, arena);
  given.write(0, bytes);
  const findings = new PictureFindings(() => 0);
  const device = new ImmediateDevice('Q:', given, SECTOR_BYTES);
  return { picture: new Picture(device, 'D', fork, OFFSET_BYTES, findings, arena, () => true), findings };
}

function readAtOnce(picture: Picture, sector: number, count: number): void {
  picture.submit(new IoRequest('read', sector, count, new Uint8Array(count * SECTOR_BYTES)));
}

const WRONG = [0, SECTOR_BYTES, MIB - 1, MIB, 2 * MIB + 7, VOLUME_BYTES - SECTOR_BYTES, VOLUME_BYTES - 1];

describe('a byte that is not what it was at T', () => {
  test.each(WRONG)('is found at %i by the full read', wrongByte => {
    const { picture, findings } = pictureWith(wrongByte);
    expect(runNow(picture.readAll())).toBe(true);
    const sector = Math.floor(wrongByte / SECTOR_BYTES);
    expect(findings.differences).toEqual([{ volume: 'D', sector, seenBy: 'full-read' }]);
    expect(findings.comparedSectors).toBe(SECTORS);
  });

  test.each(WRONG)('is found at %i in one read of all of it', wrongByte => {
    const { picture, findings } = pictureWith(wrongByte);
    readAtOnce(picture, 0, SECTORS);
    const sector = Math.floor(wrongByte / SECTOR_BYTES);
    expect(findings.differences).toEqual([{ volume: 'D', sector, seenBy: 'backup' }]);
  });

  test('is found in a read of the last sector alone', () => {
    const { picture, findings } = pictureWith(VOLUME_BYTES - 1);
    readAtOnce(picture, SECTORS - 1, 1);
    expect(findings.differenceCount).toBe(1);
  });
});

test('nothing is found where all bytes are what they were', () => {
  const { picture, findings } = pictureWith(null);
  runNow(picture.readAll());
  readAtOnce(picture, 3, SECTORS - 3);
  expect(findings.differenceCount).toBe(0);
  expect(findings.comparedSectors).toBe(2 * SECTORS - 3);
});
