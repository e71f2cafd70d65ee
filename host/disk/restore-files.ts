/**
 * Single files and folders out of a generation, from FAT volumes, without restoring anything else.
 *
 * Invariants
 * I1 Only bytes that were compared with their checksums are written.
 * I2 Nothing is overwritten, and no name from the image leads out of the folder that was named.
 */
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Task } from '../../engine/task.ts';
import { type Bytes, type Extent, MIB } from '../../engine/units.ts';
import { tableExtent } from '../../sim/fs/fat/allocated.ts';
import { DIRECTORY, isDotEntry } from '../../sim/fs/fat/entry.ts';
import { FatImage, type RawEntry, rawEntries } from '../../sim/fs/fat/image.ts';
import { type Cluster, type FatLayout, offsetOfCluster } from '../../sim/fs/fat/layout.ts';
import { badName, upperCase } from '../../sim/fs/fat/names.ts';
import { hostError, systemReason } from '../error-codes.ts';
import { type DiskContext, type DiskSession, inDiskSession } from './disk-session.ts';
import { DiskProblem, diskError } from './error-codes.ts';
import { type DiskPaths, openFoundDisk } from './open-backup-disk.ts';
import { openGeneration } from './open-generation.ts';
import { type DriveContent, type FoundVolume, type ReadTask, readContent, volumeBy } from './partitions.ts';

export interface RestoreFilesOptions extends DiskPaths {
  readonly generation: number | null;
  readonly volume: string | null;
  readonly files: readonly string[];
  readonly out: string;
}

export interface RestoredFile {
  /** On the volume, with slashes. */
  readonly path: string;
  readonly written: string;
  readonly sizeBytes: Bytes;
}

export interface RestoredFiles {
  readonly generation: number;
  readonly sourceId: string;
  readonly files: readonly RestoredFile[];
}

interface FoundFile {
  readonly names: readonly string[];
  readonly sizeBytes: Bytes;
  /** Runs of the image. */
  readonly extents: readonly Extent[];
}

const PIECE_BYTES: Bytes = MIB;
/** A tree that is deeper goes round in a circle. */
const DEEPEST = 128;

export async function restoreFiles(options: RestoreFilesOptions, context: DiskContext): Promise<RestoredFiles> {
  return await inDiskSession(context, async session => {
    const { disk } = await openFoundDisk(session, options);
    const { source } = disk.header;
    const { generation, read, found } = await session.run('look for files', function* () {
      const { view, read: readView } = yield* openGeneration(disk, options.generation);
      const content = yield* readContent(readView, source);
      const files: FoundFile[] = [];
      for (const path of options.files) files.push(...(yield* findFiles(readView, content, options.volume, path)));
      return { generation: view.generation.number, read: readView, found: files };
    });
    const files: RestoredFile[] = [];
    for (const file of found) {
      const written = join(options.out, ...file.names);
      await writeFile(session, read, file, written, source.sectorSize);
      files.push({ path: file.names.join('/'), written, sizeBytes: file.sizeBytes });
    }
    return { generation, sourceId: source.id, files };
  });
}

/** A file, or all of a folder. */
function* findFiles(read: ReadTask, content: DriveContent, wanted: string | null, path: string): Task<FoundFile[]> {
  const slashed = path.replaceAll('\\', '/');
  const letter = /^([A-Za-z]):/.exec(slashed)?.[1] ?? null;
  const names = slashed
    .slice(letter === null ? 0 : 2)
    .split('/')
    .filter(name => name !== '');
  const { fat, extent } = chooseVolume(content, letter ?? wanted, path);
  const tree = new FatTree(read, fat, extent);
  let entries = yield* tree.root();
  for (const [at, name] of names.entries()) {
    const entry = entries.find(
      each => each.entry.key === upperCase(name) || upperCase(each.entry.text) === upperCase(name),
    );
    const isLast = at === names.length - 1;
    if (entry === undefined || (!isLast && !isFolder(entry))) {
      throw new DiskProblem('not-in-image', `there is no \`${path}\` in the image: no \`${name}\``);
    }
    const above = names.slice(0, at);
    if (isLast) return yield* tree.all(above, [entry]);
    entries = yield* tree.folder(entry);
  }
  return yield* tree.all([], entries);
}

function chooseVolume(
  content: DriveContent,
  word: string | null,
  path: string,
): FoundVolume & { readonly fat: FatLayout } {
  const withFat = content.volumes.filter(({ fat }) => fat !== null);
  const volume = word === null ? withFat[0] : volumeBy(content, word);
  if (word === null && withFat.length > 1) {
    const letters = withFat.map(({ letter, number }) => letter ?? number).join(', ');
    throw new DiskProblem(
      'no-volume',
      `\`${path}\` may be on each of the volumes ${letters}: say which with \`--volume\``,
    );
  }
  if (volume?.fat != null) return { ...volume, fat: volume.fat };
  const what = word === null ? 'no volume with a FAT file system' : `no volume \`${word}\` with a FAT file system`;
  throw new DiskProblem('no-volume', `the image has ${what}`);
}

function isFolder({ fields }: RawEntry): boolean {
  return Math.floor(fields.attributes / DIRECTORY) % 2 === 1;
}

class FatTree {
  private readonly read: ReadTask;
  private readonly layout: FatLayout;
  private readonly extent: Extent;
  private image: FatImage | null = null;

  constructor(read: ReadTask, layout: FatLayout, extent: Extent) {
    this.read = read;
    this.layout = layout;
    this.extent = extent;
  }

  *root(): Task<RawEntry[]> {
    const { layout } = this;
    if (layout.kind === 'fat32') return yield* this.inClusters(layout.rootCluster);
    const first = layout.rootStart / layout.sectorSize;
    const bytes = yield* this.read(this.extent.first + first, layout.dataStart / layout.sectorSize - first);
    return rawEntries([bytes]).filter(({ entry }) => !isDotEntry(entry));
  }

  *folder({ fields }: RawEntry): Task<RawEntry[]> {
    return yield* this.inClusters(fields.firstCluster);
  }

  /** These files, and all that is in these folders. */
  *all(above: readonly string[], entries: readonly RawEntry[]): Task<FoundFile[]> {
    const found: FoundFile[] = [];
    for (const each of entries) {
      const names = [...above, each.entry.text];
      const reason = badName(each.entry.text);
      if (reason !== null) throw new DiskProblem('not-in-image', `a file of the image has ${reason}`);
      if (names.length > DEEPEST) throw new DiskProblem('not-in-image', `\`${above.join('/')}\` has no end`);
      if (isFolder(each)) found.push(...(yield* this.all(names, yield* this.folder(each))));
      else found.push(yield* this.file(names, each));
    }
    return found;
  }

  private *file(names: readonly string[], { fields }: RawEntry): Task<FoundFile> {
    const { layout } = this;
    const clusters = yield* this.chain(fields.firstCluster, names.join('/'));
    if (clusters.length * layout.clusterBytes < fields.sizeBytes) {
      throw new DiskProblem('not-in-image', `\`${names.join('/')}\` can't be read: its clusters end before it does`);
    }
    const extents = clusters.map(cluster => this.place(cluster));
    return { names, sizeBytes: fields.sizeBytes, extents: joined(extents) };
  }

  private *inClusters(first: Cluster): Task<RawEntry[]> {
    const parts: Uint8Array[] = [];
    for (const cluster of yield* this.chain(first, 'a folder')) {
      const { first: sector, count } = this.place(cluster);
      parts.push(yield* this.read(sector, count));
    }
    return rawEntries(parts).filter(({ entry }) => !isDotEntry(entry));
  }

  private *chain(first: Cluster, what: string): Task<readonly Cluster[]> {
    if (first === 0) return [];
    this.image ??= yield* this.loadTable();
    const { clusters, problem } = this.image.chainFrom(first);
    if (problem !== null) throw new DiskProblem('not-in-image', `\`${what}\` can't be read: ${problem}`);
    return clusters;
  }

  /** Chains are followed in memory; the table that is in use is all that it takes. */
  private *loadTable(): Task<FatImage> {
    const { layout } = this;
    const table = tableExtent(layout);
    const bytes = yield* this.read(this.extent.first + table.first, table.count);
    return new FatImage(layout, (first, count) => {
      const from = (first - table.first) * layout.sectorSize;
      return bytes.subarray(from, from + count * layout.sectorSize);
    });
  }

  private place(cluster: Cluster): Extent {
    const { sectorSize, clusterBytes } = this.layout;
    const first = this.extent.first + offsetOfCluster(this.layout, cluster) / sectorSize;
    return { first, count: clusterBytes / sectorSize };
  }
}

function joined(extents: readonly Extent[]): Extent[] {
  const runs: { first: number; count: number }[] = [];
  for (const { first, count } of extents) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === first) last.count += count;
    else runs.push({ first, count });
  }
  return runs;
}

/** I2. A file that can't be written whole is taken away again. */
async function writeFile(
  session: DiskSession,
  read: ReadTask,
  { extents, sizeBytes }: FoundFile,
  path: string,
  sectorSize: Bytes,
): Promise<void> {
  const handle = await makeFile(path);
  let isWhole = false;
  try {
    let left = sizeBytes;
    const most = PIECE_BYTES / sectorSize;
    for (const { first, count } of extents) {
      for (let done = 0; done < count && left > 0; done += most) {
        const bytes = await session.run('read', () => read(first + done, Math.min(most, count - done)));
        const part = bytes.subarray(0, Math.min(left, bytes.length));
        await handle.writeFile(part);
        left -= part.length;
      }
    }
    await handle.sync();
    isWhole = true;
  } finally {
    await handle.close();
    if (!isWhole) await rm(path, { force: true });
  }
}

async function makeFile(path: string) {
  try {
    await mkdir(dirname(path), { recursive: true });
    return await open(path, 'wx');
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (isThere) throw hostError('file-exists', `there is already a \`${path}\``, 'name another folder with `--out`');
    throw diskError('cannot-open', `cannot write \`${path}\`: ${systemReason(error)}`);
  }
}
