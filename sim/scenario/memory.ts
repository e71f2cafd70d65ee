/**
 * What a world certainly touches of the memory, before anything has run: drives are sparse, so their sizes do not count.
 * A backup is kept on its target, and once more where its files are restored to, until its method has been judged.
 */
import { type Bytes, MIB, type Nanoseconds, SECOND } from '../../engine/units.ts';
import { hasSnapshots } from './methods.ts';
import type { Report } from './report.ts';
import { isFileAgent } from './resolve-backups.ts';
import { selectedBytes } from './resolve-selection.ts';
import type { Inhabitants } from './resolve-workloads.ts';
import type { World } from './resolve-world.ts';
import type { Backups, Method, Selection } from './scenario.ts';
import { formatSize } from './units.ts';

export interface MemoryUse {
  readonly world: World;
  readonly backups: Backups;
  readonly inhabitants: Inhabitants;
  /** When the run ends at the latest. */
  readonly endNs: Nanoseconds;
}

/** A snapshot keeps a pointer for each chunk of this many granules, also before anything is preserved. */
const CHUNK_GRANULES = 32_768;
const POINTER_BYTES = 8;

export function checkMemory(use: MemoryUse, limitBytes: Bytes, report: Report): void {
  const { world, backups, inhabitants } = use;
  const filledBytes = sum([...inhabitants.filledOn.values()]);
  const fatBytes = sum([...world.fats.values()].map(fat => 2 * fat.fatBytes));
  const tableBytes = Math.max(0, ...backups.methods.map(method => tableBytesOf(method, backups.selection, world)));
  const worldBytes = filledBytes + fatBytes + world.pageCache.sizeBytes + tableBytes;
  const copies = backups.methods.map(method => copiesOf(method, use));
  const copiedBytes = Math.max(0, ...copies.map(({ count, bytes }) => count * bytes));
  const touched = worldBytes + copiedBytes;
  if (touched <= limitBytes) return;
  const most = Math.max(0, ...copies.map(({ count }) => count));
  const parts = [
    `files ${formatMib(filledBytes)}`,
    `FATs ${formatMib(fatBytes)}`,
    `page cache ${formatMib(world.pageCache.sizeBytes)}`,
    `tables of a snapshot ${formatMib(tableBytes)}`,
    `${most === 1 ? 'a backup' : `${most} backups`} ${formatMib(copiedBytes)}`,
  ];
  const message = `the world would touch ${formatMib(touched)}, and the limit is ${formatSize(limitBytes)}`;
  const isOfBackups = most > 1 && worldBytes <= limitBytes;
  report.at(isOfBackups ? ['backups', 'count'] : ['world'], 'memory-limit', message, parts.join(', '));
}

/** How many backups a method makes within its time, and what each of them keeps at the least. */
function copiesOf(method: Method, { backups, inhabitants, endNs }: MemoryUse): { count: number; bytes: Bytes } {
  const { selection, copyRateBytesPerSecond: rate, startNs, everyNs, walk } = backups;
  const ofFiles = isFileAgent(method.kind);
  // What a walk leaves out is not known here.
  if (ofFiles && (walk.include !== null || walk.exclude.length > 0)) return { count: 1, bytes: 0 };
  const copied = sum(selection.volumes.map(letter => inhabitants.filledOn.get(letter) ?? 0));
  // The image, and what a generation after it may have changed.
  if (method.kind === 'otm-incremental') return { count: 1, bytes: 2 * copied };
  const copyNs = rate === null ? 0 : (copied / rate) * SECOND;
  const eachNs = Math.max(everyNs ?? 0, copyNs + (hasSnapshots(method) ? method.options.quietNs : 0));
  const most = eachNs === 0 ? Number.POSITIVE_INFINITY : 1 + Math.floor(Math.max(0, endNs - startNs) / eachNs);
  return { count: Math.min(backups.count, most), bytes: ofFiles ? 2 * copied : copied };
}

function tableBytesOf(method: Method, selection: Selection, world: World): Bytes {
  if (!hasSnapshots(method)) return 0;
  const snapshots = [{ selection, options: method.options }, ...method.beside];
  return sum(
    snapshots.map(snapshot => {
      const granules = selectedBytes(snapshot.selection, world) / snapshot.options.granuleBytes;
      return Math.ceil(granules / CHUNK_GRANULES) * POINTER_BYTES;
    }),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function formatMib(bytes: Bytes): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
