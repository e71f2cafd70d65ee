/**
 * Reads a restored volume, or one of 0 s, from its sectors. A file's bytes are copied from the store in runs, straight
 * into the buffer of who asks.
 */
import type { Bytes, Extent } from '../../engine/units.ts';
import type { RestoredFile } from '../apps/application.ts';
import { PAGE_BYTES } from '../disk/arena.ts';
import type { Sectors } from '../disk/sectors.ts';
import type { RestoredVolume } from '../evidence.ts';
import type { ReadOnlyFile, ReadSectors } from '../fs/fat/image.ts';
import { readVolume } from '../fs/fat/read-only.ts';
import type { Path, WallSeconds } from '../fs/file-system.ts';
import type { VolumeReading } from './volume-reading.ts';

const ZERO_PAGE = new Uint8Array(PAGE_BYTES);

/** Reads what the sectors hold; a volume that does not mount has no files. */
export function readRestored(volume: RestoredVolume): VolumeReading {
  const { letter, sectorSize, sizeBytes, sectors, offsetBytes } = volume;
  if (volume.fileSystem === 'raw') {
    return { letter, isRaw: true, mountError: null, directoryCount: 0, files: [], problems: [] };
  }
  const place = { letter, sectorSize, sectorCount: sizeBytes / sectorSize };
  const { layout, files, problems } = readVolume(reader(sectors, offsetBytes, sectorSize), place);
  if (layout === null) {
    const mountError = problems[0]?.text ?? 'its boot sector is none';
    return { letter, isRaw: false, mountError, directoryCount: 0, files: [], problems };
  }
  const plain = files.filter(file => !file.isDirectory);
  return {
    letter,
    isRaw: false,
    mountError: null,
    directoryCount: 1 + files.length - plain.length,
    files: plain.map(file => new FileInSectors(file, volume, layout.clusterBytes)),
    problems,
  };
}

/** Views into pages where a range lies within one, copies elsewhere. */
function reader(sectors: Sectors, offsetBytes: Bytes, sectorSize: number): ReadSectors {
  return (first, count) => {
    const offset = offsetBytes + first * sectorSize;
    const length = count * sectorSize;
    const within = offset % PAGE_BYTES;
    if (within + length > PAGE_BYTES) {
      const bytes = new Uint8Array(length);
      sectors.read(offset, bytes);
      return bytes;
    }
    const page = sectors.page(Math.floor(offset / PAGE_BYTES));
    return (page === null ? ZERO_PAGE : page.bytes).subarray(within, within + length);
  };
}

class FileInSectors implements RestoredFile {
  readonly path: Path;
  readonly sizeBytes: Bytes;
  readonly modified: WallSeconds;
  readonly damage: string | null;
  private readonly file: ReadOnlyFile;
  private readonly volume: RestoredVolume;
  private extents: readonly Extent[] | null = null;

  constructor(file: ReadOnlyFile, volume: RestoredVolume, clusterBytes: Bytes) {
    this.file = file;
    this.volume = volume;
    this.path = file.path;
    this.sizeBytes = file.sizeBytes;
    this.modified = file.modified;
    const { clusters, problem } = file.chain;
    const isShort = clusters.length * clusterBytes < file.sizeBytes;
    const shortText = `its chain ends after ${clusters.length} of ${Math.ceil(file.sizeBytes / clusterBytes)} clusters`;
    this.damage = problem ?? (isShort ? shortText : null);
  }

  read(offset: Bytes, into: Uint8Array): void {
    const { sectors, offsetBytes, sectorSize } = this.volume;
    this.extents ??= this.file.extents();
    const end = Math.min(this.sizeBytes, offset + into.length);
    let begin = 0;
    let done = offset;
    for (const { first, count } of this.extents) {
      const length = count * sectorSize;
      const last = Math.min(end, begin + length);
      if (done >= begin && done < last) {
        const from = offsetBytes + first * sectorSize + done - begin;
        sectors.read(from, into.subarray(done - offset, last - offset));
        done = last;
      }
      begin += length;
      if (begin >= end) break;
    }
    into.fill(0, Math.max(0, done - offset));
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.sizeBytes);
    this.read(0, bytes);
    return bytes;
  }
}
