/** How long a random write of 64 bytes into a file of 4 MiB takes, wall time, on resident pages. Aim: below 0.5 us. */
import { runNow } from '../engine/task.ts';
import { KIB, MIB } from '../engine/units.ts';
import { Arena } from '../sim/disk/arena.ts';
import { ImmediateDevice } from '../sim/disk/immediate-device.ts';
import { Sectors } from '../sim/disk/sectors.ts';
import { mkfs } from '../sim/fs/fat/mkfs.ts';
import { mountFat } from '../sim/fs/fat/mount.ts';
import { PageCache } from '../sim/fs/page-cache.ts';

const FILE_BYTES = 4 * MIB;
const VOLUME_BYTES = 64 * MIB;
const WRITES = 1_000_000;
const ROUNDS = 7;

const store = new Sectors(VOLUME_BYTES, new Arena());
const formatted = mkfs({ kind: 'fat32', sectorSize: 512, sectorCount: VOLUME_BYTES / 512, serial: 1 });
for (const { first, bytes } of formatted.writes) store.write(first * 512, bytes);
const cache = new PageCache({
  owner: null,
  sizeBytes: 32 * MIB,
  writeBackNs: 1e9,
  dirtyLimitBytes: 16 * MIB,
  hash: bytes => bytes[0]!,
});
const device = new ImmediateDevice('disk', store, 512);
const cached = cache.addVolume({ letter: 'C', device, firstSector: 0, sectorCount: device.sectorCount });
const volume = runNow(mountFat(cached, { now: () => 946_684_800, ids: { next: 1 } }));
const file = runNow(volume.create('C:\\A.DAT'));
runNow(file.write(0, new Uint8Array(FILE_BYTES)));

const offsets = new Uint32Array(64 * KIB);
let seed = 1;
for (let at = 0; at < offsets.length; at++) {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  offsets[at] = (seed % (FILE_BYTES / 64)) * 64;
}
const record = new Uint8Array(64).fill(7);
const perWrite: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const start = process.hrtime.bigint();
  for (let at = 0; at < WRITES; at++) runNow(file.write(offsets[at % offsets.length]!, record));
  perWrite.push(Number(process.hrtime.bigint() - start) / WRITES / 1000);
}
console.log(`random write of 64 B: ${perWrite.map(us => us.toFixed(3)).join(' ')} us`);
