/**
 * Corruptions of a disk with several generations, and what is answered: exact (every generation that it gives reads exactly,
 * every other read is refused with a reason) or refused as a whole. A third answer is a defect.
 */
import { backup } from '../../../engine/backup-disk/backup.ts';
import type { BackupDisk } from '../../../engine/backup-disk/backup-disk.ts';
import { viewGeneration } from '../../../engine/backup-disk/generation-view.ts';
import { BLOCK_BYTES, HEADER_BYTES, SUMS_PER_BLOCK } from '../../../engine/backup-disk/layout.ts';
import { openBackupDisk } from '../../../engine/backup-disk/open.ts';
import { Bitmap } from '../../../engine/bitmap.ts';
import { type Checksum, seal } from '../../../engine/checksum.ts';
import { DefectError, WorldError } from '../../../engine/invariant.ts';
import { runNow } from '../../../engine/task.ts';
import { BenchDisk, imageOf, optionsFor, placesOver, SMALL, Source } from './bench-disk.ts';
import { type CrashDisk, Power, PowerCut } from './crash-disk.ts';

/** One corruption: each number is taken modulo what there is. */
export interface Corruption {
  readonly of: number;
  readonly kind: 'lost' | 'zeroed' | 'swapped' | 'flipped' | 'noise';
  readonly target: 'anywhere' | 'record' | 'header' | 'counter';
  readonly where: number;
  readonly length: number;
  readonly value: number;
  readonly isResealed: boolean;
}

export type Answer = 'exact' | 'partly refused' | 'refused' | 'rolled back or forward';

/** A disk to be damaged: settled, or cut off in the middle of a transaction. */
interface Subject {
  readonly image: CrashDisk;
  /** What it held before its last backup: older versions of sectors. */
  readonly older: CrashDisk;
  readonly newest: number;
  /** Sealed records by where they lie: first sector, count. */
  readonly records: readonly { readonly first: number; readonly count: number }[];
}

export class Fuzz {
  readonly bench: BenchDisk;
  readonly subjects: readonly Subject[];
  private readonly checksum: Checksum;
  readonly pictures: ReadonlyMap<number, Uint8Array>;

  constructor(checksum: Checksum) {
    this.checksum = checksum;
    const source = new Source(SMALL);
    source.write(0, SMALL.sourceSectors - 9, 7);
    this.bench = new BenchDisk(SMALL, source, checksum);
    const subjects: Subject[] = [];
    const drive = this.bench.places.image as CrashDisk;
    for (let round = 0; round < 4; round++) {
      source.write(round * 25, 14, round);
      const older = drive.fork();
      this.bench.backup({
        changed: round === 0 ? null : source.takeChanged(),
        retention: { keep: 3, youngerThanMs: null },
      });
      if (round === 0) source.takeChanged();
      if (round === 3) subjects.push(this.subject(drive.fork(), older));
    }
    subjects.push(...this.cutOff());
    this.subjects = subjects;
    this.pictures = this.bench.pictures;
  }

  /** The same disk in the middle of its next transaction, in either phase. */
  private cutOff(): Subject[] {
    const { bench } = this;
    const found = new Map<string, Subject>();
    const older = (bench.places.image as CrashDisk).fork();
    bench.source.write(30, 20, 9);
    const changed = bench.source.takeChanged();
    for (let cutAt = 1; ; cutAt++) {
      const image = older.fork();
      image.power = new Power();
      image.power.cutAt = cutAt;
      bench.disk = runNow(openBackupDisk(placesOver(bench.places, older.fork(), null), this.checksum));
      const trial = new BenchDiskOver(bench, image, this.checksum);
      if (!trial.backup(changed)) break;
      const all = [...image.states(() => 1, 'whole')].at(-1)!;
      const phase = trial.phase(all);
      if (phase !== null) found.set(phase, this.subject(all, older));
    }
    bench.pictures.set(5, bench.source.picture());
    return [...found.values()];
  }

  private subject(image: CrashDisk, older: CrashDisk): Subject {
    const disk = this.open(image.fork());
    const { layout } = disk;
    const perBlock = BLOCK_BYTES / SMALL.sectorSize;
    const records = [
      ...([0, 1] as const).map(copy => ({ first: layout.headerSector(copy), count: HEADER_BYTES / SMALL.sectorSize })),
      ...Array.from({ length: Math.ceil(layout.granuleCount / SUMS_PER_BLOCK) }, (_, block) => ({
        first: layout.tableSector(block),
        count: perBlock,
      })),
      ...[...disk.lists.values(), disk.pendingList]
        .flatMap(list => list?.blocks ?? [])
        .map(({ slot }) => ({ first: layout.slotSector(slot), count: layout.granuleBytes / SMALL.sectorSize })),
    ];
    return { image, older, newest: disk.newest!.number, records };
  }

  private open(image: CrashDisk): BackupDisk {
    return runNow(openBackupDisk(placesOver(this.bench.places, image, null), this.checksum));
  }

  /** Damages a disk and asks it for everything. Throws what must not be. */
  run(corruption: Corruption): Answer {
    const subject = this.subjects[corruption.of % this.subjects.length]!;
    const image = subject.image.fork();
    this.damage(subject, image, corruption);
    const answer = this.ask(image, subject.newest);
    if (corruption.value % 3 === 0) this.goOn(image, corruption.value % 2 === 0);
    return answer;
  }

  /** A damaged disk is backed up to again: what it gives then is exact, too. */
  private goOn(image: CrashDisk, isTracked: boolean): void {
    const pictures = new Map(this.pictures);
    let disk: BackupDisk;
    try {
      disk = this.open(image);
      const { nextGeneration } = disk.header;
      const { source } = this.bench;
      pictures.set(nextGeneration, source.picture());
      // What it held may be any of the generations: all is changed, or nothing is known.
      const changed = isTracked ? new Bitmap(source.granuleCount) : null;
      for (let granule = 0; changed !== null && granule < source.granuleCount; granule++) changed.set(granule);
      runNow(backup(disk, optionsFor(source, nextGeneration, { changed })));
    } catch (error) {
      refusalOf(error);
      return;
    }
    for (const { number } of disk.generations) this.readGeneration(disk, number, pictures.get(number)!);
    if (isTracked && this.readGeneration(disk, disk.newest!.number, pictures.get(disk.newest!.number)!) > 0) {
      throw new Error('the newest image is damaged right after its backup');
    }
  }

  /** What a disk answers; `newest` is the generation that it held whole. */
  ask(image: CrashDisk, newest: number): Answer {
    image.power = new Power();
    // No answer takes so many I/Os: a hang.
    image.power.cutAt = 20_000;
    let disk: BackupDisk;
    try {
      disk = this.open(image);
    } catch (error) {
      return refusalOf(error);
    }
    let refused = 0;
    for (const { number } of disk.generations) {
      const wanted = this.pictures.get(number);
      if (wanted === undefined) throw new Error(`generation ${number} was never taken`);
      refused += this.readGeneration(disk, number, wanted);
    }
    if (refused > 0) return 'partly refused';
    const held = disk.newest === null ? null : this.pictures.get(disk.newest.number)!;
    if (held !== null && Buffer.compare(imageOf(disk), held) !== 0) throw new Error('the image differs, unnoticed');
    return disk.newest?.number === newest ? 'exact' : 'rolled back or forward';
  }

  /** Granule by granule; 1 when one of them was refused. */
  private readGeneration(disk: BackupDisk, number: number, wanted: Uint8Array): number {
    let refused = 0;
    try {
      const view = runNow(viewGeneration(disk, number));
      if (view.sectorCount !== SMALL.sourceSectors) throw new Error('an image of another size');
      for (let first = 0; first < view.sectorCount; first += 8) {
        const count = Math.min(8, view.sectorCount - first);
        try {
          const found = runNow(view.read(first, count));
          const part = wanted.subarray(first * 512, (first + count) * 512);
          if (Buffer.compare(found, part) !== 0) throw new Error(`wrong bytes of generation ${number}`);
        } catch (error) {
          refusalOf(error);
          refused = 1;
        }
      }
    } catch (error) {
      refusalOf(error);
      refused = 1;
    }
    return refused;
  }

  private damage(subject: Subject, image: CrashDisk, corruption: Corruption): void {
    const { kind, value, where, isResealed } = corruption;
    const record = subject.records[this.recordAt(subject, corruption)]!;
    const { first, count } = this.range(subject, image, corruption, record);
    const bytes = image.bytes(first, count);
    if (kind === 'lost') bytes.set(subject.older.bytes(first, count));
    else if (kind === 'zeroed') bytes.fill(0);
    else if (kind === 'noise') for (const at of bytes.keys()) bytes[at] = (value * 31 + at * 17) % 256;
    else if (kind === 'flipped') {
      const at = corruption.target === 'counter' ? where % 256 : where % bytes.length;
      bytes[at] = bytes[at]! ^ (1 << (value % 8));
    } else {
      const other = (value * 8) % (image.sectorCount - count);
      const there = image.bytes(other, count);
      image.overwrite(other, bytes);
      bytes.set(there);
    }
    image.overwrite(first, bytes);
    if (isResealed) this.reseal(image, record);
  }

  private recordAt({ records }: Subject, { target, where }: Corruption): number {
    return target === 'header' || target === 'counter' ? where % 2 : where % records.length;
  }

  private range(
    subject: Subject,
    image: CrashDisk,
    { target, where, length, isResealed }: Corruption,
    record: { readonly first: number; readonly count: number },
  ): { first: number; count: number } {
    if (target === 'counter') return { first: record.first, count: 1 };
    if (target !== 'anywhere' || isResealed) {
      const at = length % record.count;
      return { first: record.first + at, count: 1 + (where % (record.count - at)) };
    }
    const written = subject.image.written();
    const first = written[where % written.length]!;
    return { first, count: Math.min(1 + (length % 12), image.sectorCount - first) };
  }

  private reseal(image: CrashDisk, { first, count }: { readonly first: number; readonly count: number }): void {
    const bytes = image.bytes(first, count);
    seal(bytes, this.checksum);
    image.overwrite(first, bytes);
  }
}

/** A backup on a fork that is cut off. */
class BenchDiskOver {
  private readonly bench: BenchDisk;
  private readonly image: CrashDisk;
  private readonly checksum: Checksum;

  constructor(bench: BenchDisk, image: CrashDisk, checksum: Checksum) {
    this.bench = bench;
    this.image = image;
    this.checksum = checksum;
  }

  /** False when it was not cut off. */
  backup(changed: Bitmap): boolean {
    try {
      this.bench.disk = runNow(openBackupDisk(placesOver(this.bench.places, this.image, null), this.checksum));
      this.bench.backup({ changed, retention: { keep: 3, youngerThanMs: null } });
      return false;
    } catch (error) {
      if (error instanceof PowerCut) return true;
      throw error;
    }
  }

  /** In which phase a transaction is that a drive holds. */
  phase(image: CrashDisk): string | null {
    const disk = this.bench.disk;
    const header = image.bytes(disk.layout.headerSector(0), HEADER_BYTES / SMALL.sectorSize);
    const second = image.bytes(disk.layout.headerSector(1), HEADER_BYTES / SMALL.sectorSize);
    return header[136] === second[136] && header[136] !== 0 ? `phase ${header[136]}` : null;
  }
}

/** An error of the world is a refusal; a defect or anything else must not be. */
function refusalOf(error: unknown): Answer {
  if (error instanceof WorldError && !(error instanceof DefectError)) return 'refused';
  throw error;
}
