/**
 * Copies volumes sector by sector to the target: boot sectors, tables and allocated clusters of a FAT volume, by its
 * table as it reads when the copy begins; every sector of a raw one. What is not copied reads as zeroes afterwards.
 */
import { type Device, IoRequest } from '../../engine/device.ts';
import type { Task } from '../../engine/task.ts';
import { type Bytes, type Extent, KIB, type Sector } from '../../engine/units.ts';
import { allocatedExtents, tableExtent } from '../fs/fat/allocated.ts';
import { parseLayout } from '../fs/fat/layout.ts';
import { type AgentContext, done } from './agent.ts';

/** Where a volume can be read: live, or in a picture. Sectors are those of `device`. */
export interface VolumeSource {
  readonly letter: string;
  readonly device: Device;
  readonly extent: Extent;
  readonly isRaw: boolean;
}

/** How much is asked for at once. */
const PIECE_BYTES: Bytes = 64 * KIB;

export function* copySectors(context: AgentContext, sources: readonly VolumeSource[]): Task<void> {
  const { world, backup } = context;
  world.target.begin();
  backup.copyFromNs = world.kernel.now();
  for (const source of sources) {
    const targetOffset = placeOnTarget(context, source);
    const copy = new VolumeCopy(context, source, targetOffset);
    yield* source.isRaw ? copy.range({ first: 0, count: source.extent.count }) : copy.fat();
  }
  backup.copyToNs = world.kernel.now();
}

/** A copy that is made again from the same instant goes where the first one went. */
function placeOnTarget({ world, backup }: AgentContext, { letter, extent, device }: VolumeSource): Bytes {
  const known = backup.images.find(image => image.letter === letter);
  if (known !== undefined) return known.targetOffset;
  const targetOffset = world.target.reserve(extent.count * device.sectorSize);
  backup.images.push({ letter, targetOffset });
  return targetOffset;
}

class VolumeCopy {
  private readonly context: AgentContext;
  private readonly source: VolumeSource;
  private readonly targetOffset: Bytes;
  private readonly buffer = new Uint8Array(PIECE_BYTES);

  constructor(context: AgentContext, source: VolumeSource, targetOffset: Bytes) {
    this.context = context;
    this.source = source;
    this.targetOffset = targetOffset;
  }

  /** Sectors are counted from the volume's first. */
  *fat(): Task<void> {
    const { sectorSize } = this.source.device;
    const { count } = this.source.extent;
    const boot = new Uint8Array(sectorSize);
    yield* this.range({ first: 0, count: 1 }, boot);
    const layout = parseLayout(boot, sectorSize, count);
    if ('reason' in layout) {
      yield* this.range({ first: 1, count: count - 1 });
      return;
    }
    const areaSectors = layout.dataStart / sectorSize;
    const area = new Uint8Array(layout.dataStart);
    yield* this.range({ first: 1, count: areaSectors - 1 }, area.subarray(sectorSize));
    const table = tableExtent(layout);
    const tableBytes = area.subarray(table.first * sectorSize, (table.first + table.count) * sectorSize);
    for (const extent of allocatedExtents(layout, tableBytes)) {
      const first = Math.max(extent.first, areaSectors);
      const end = extent.first + extent.count;
      if (end > first) yield* this.range({ first, count: end - first });
    }
  }

  /** Copies a range in pieces; also into `keep` where that is given. */
  *range(extent: Extent, keep: Uint8Array | null = null): Task<void> {
    const { world, backup, beforeRead } = this.context;
    const { device, extent: volume } = this.source;
    const pieceSectors = PIECE_BYTES / device.sectorSize;
    for (let done_: Sector = 0; done_ < extent.count; done_ += pieceSectors) {
      const count = Math.min(pieceSectors, extent.count - done_);
      const bytes = this.buffer.subarray(0, count * device.sectorSize);
      yield* beforeRead();
      const sector = extent.first + done_;
      const request = new IoRequest('read', volume.first + sector, count, bytes);
      yield* done(device.submit(request));
      backup.bytesRead += bytes.length;
      keep?.set(bytes, done_ * device.sectorSize);
      if (request.readAsHole) yield* world.target.skip(bytes.length);
      else yield* world.target.write(this.targetOffset + sector * device.sectorSize, bytes, bytes.length);
    }
  }
}
