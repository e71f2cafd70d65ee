/**
 * How long an increment takes: for what changed, for one look at the map of changes, and for the check of the image that is
 * there. Three sizes times three changes; a plane is laid through them by least squares.
 */
import { backup } from '../engine/backup-disk/backup.ts';
import { placesBehindImage } from '../engine/backup-disk/layout.ts';
import { initialiseBackupDisk, openBackupDisk } from '../engine/backup-disk/open.ts';
import { Bitmap } from '../engine/bitmap.ts';
import type { Device } from '../engine/device.ts';
import { runNow } from '../engine/task.ts';
import { type Bytes, KIB, MIB } from '../engine/units.ts';
import type { Hash } from '../sim/disk/drive.ts';
import { ImmediateDevice } from '../sim/disk/immediate-device.ts';
import { DRIVE_MODELS } from '../sim/scenario/drive-models.ts';
import { IoWorld } from './io-world.ts';

const GRANULE: Bytes = 64 * KIB;

export interface IncrementTime {
  readonly sizeGiB: number;
  readonly changedMiB: number;
  readonly virtualMs: number;
  readonly wallMs: number;
}

export function incrementTime(hash: Hash, sizeGiB: number, changedMiB: number): IncrementTime {
  const world = new IoWorld(hash, DRIVE_MODELS.ssd, true);
  const sizeBytes = sizeGiB * 1024 * MIB;
  const source = world.drive(sizeBytes);
  const target = world.drive(2 * sizeBytes);
  const identity = { id: 'bench', sectorCount: source.sectorCount, sectorSize: source.sectorSize };
  const options = (device: Device, changed: Bitmap | null, snapshot: string) => ({
    source: device,
    sourceId: identity.id,
    sourceDevices: [source.id],
    picture: { snapshot, trackingGeneration: 1, at: 0, wallClockMs: 0, consistency: 'quiescent' as const },
    changed,
    used: null,
    guards: [0],
    sampleGranules: 8,
    retention: { keep: 2, youngerThanMs: null },
    inPlace: false,
    verify: false,
    compareEverything: false,
    beforeRead: null,
    nowMs: () => 0,
  });
  const at = (device: Device) => placesBehindImage(device, identity.sectorCount)!;
  const now = new ImmediateDevice(target.id, target.sectors, 512);
  const disk = runNow(initialiseBackupDisk(at(now), identity, hash, GRANULE));
  runNow(backup(disk, options(new ImmediateDevice('yesterday', source.sectors, 512), null, 'yesterday')));
  const changed = new Bitmap(sizeBytes / GRANULE);
  const random = world.kernel.choices.stream('changes');
  const bytes = new Uint8Array(GRANULE);
  for (let left = (changedMiB * MIB) / GRANULE; left > 0; ) {
    const granule = random.below(sizeBytes / GRANULE);
    if (changed.get(granule)) continue;
    changed.set(granule);
    source.sectors.write(granule * GRANULE, bytes.fill(1 + (left % 250)));
    left -= 1;
  }
  const began = world.kernel.now();
  const started = performance.now();
  const { end } = world.owner.spawn('increment', increment());
  world.kernel.settle();
  end.value;
  return {
    sizeGiB,
    changedMiB,
    virtualMs: (world.kernel.now() - began) / 1_000_000,
    wallMs: performance.now() - started,
  };

  function* increment() {
    const opened = yield* openBackupDisk(at(world.handle(target, 'target')), hash, identity);
    return yield* backup(opened, options(world.handle(source, 'virtual'), changed, 'today'));
  }
}

export interface Plane {
  readonly fixed: number;
  readonly perMiB: number;
  readonly perGiB: number;
  /** The largest part of a time that the plane does not explain. */
  readonly worstError: number;
}

/** Least squares of a + b x + c y, by the normal equations of three unknowns. */
export function planeThrough(times: readonly IncrementTime[], of: (time: IncrementTime) => number): Plane {
  const rows = times.map(time => [1, time.changedMiB, time.sizeGiB] as const);
  const matrix = [0, 1, 2].map(i => [
    ...[0, 1, 2].map(j => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    rows.reduce((sum, row, at) => sum + row[i]! * of(times[at]!), 0),
  ]);
  for (let pivot = 0; pivot < 3; pivot++) {
    for (let row = 0; row < 3; row++) {
      if (row === pivot) continue;
      const factor = matrix[row]![pivot]! / matrix[pivot]![pivot]!;
      for (let column = 0; column < 4; column++) matrix[row]![column]! -= factor * matrix[pivot]![column]!;
    }
  }
  const [fixed, perMiB, perGiB] = matrix.map((row, at) => row[3]! / row[at]!) as [number, number, number];
  const errors = times.map(time => {
    const said = fixed + perMiB * time.changedMiB + perGiB * time.sizeGiB;
    return Math.abs(said - of(time)) / of(time);
  });
  return { fixed, perMiB, perGiB, worstError: Math.max(...errors) };
}
