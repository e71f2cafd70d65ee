/** What the commands on disks say to a person. */
import type { BackupLine, GenerationsLine, RestoreLine, VerifyLine } from './disk-lines.ts';
import { bytes, count, seconds } from './figures.ts';
import { paragraph } from './layout.ts';
import type { Style } from './style.ts';

interface ReportOptions {
  readonly width: number;
  readonly style: Style;
  readonly volume: 'normal' | 'quiet' | 'silent';
}

/** What a restore is about to do. */
export interface PlannedRestore {
  readonly sourceId: string;
  readonly generation: number;
  readonly wallClock: string;
  readonly image: string;
  readonly volume: string | null;
  readonly sizeBytes: number;
  readonly target: string;
  /** Null: it is made. */
  readonly targetBytes: number | null;
  readonly targetHolds: string;
  readonly movesGpt: boolean;
}

const recoveries = {
  none: null,
  finished: 'a backup that was cut off was finished first, from the disk alone',
  'given-up': 'a backup that was cut off could not be finished and was given up; the image before it stayed',
} as const;

export function backupText(line: BackupLine, options: ReportOptions): string {
  const { damaged } = line;
  const what = { full: 'full backup', increment: 'increment', 'in-place': 'increment in place' }[line.kind];
  const granules = (value: number) => `${count(value)} ${value === 1 ? 'granule' : 'granules'}`;
  const title = `${line.disk}: ${what} of ${line.id}, generation ${line.generation}`;
  const details = [
    recoveries[line.recovery],
    looked(line, granules),
    `${bytes(line.bytesRead)} read and ${bytes(line.bytesWritten)} written in ${seconds(line.seconds)}, for an image of ${bytes(line.imageBytes)}`,
    howFound(line),
    foreign(line),
    ...line.dropped.map(({ generation, because }) => {
      return `generation ${generation} went: ${because === 'room' ? 'its room was needed' : 'it is kept no longer'}`;
    }),
    line.incompleteSeconds === null || line.kind === 'full'
      ? null
      : `the disk held no whole image for ${seconds(line.incompleteSeconds)}`,
    damaged === null
      ? null
      : damaged.length === 0
        ? 'verified: what was written reads back'
        : `DAMAGED: ${granules(damaged.length)} did not read back: ${some(damaged)}; the next backup compares everything`,
  ];
  return told(title, details, options, (damaged ?? []).length > 0);
}

function looked(line: BackupLine, granules: (value: number) => string): string {
  const { granuleBytes, granulesRead, granulesChanged, granulesSkipped } = line;
  const changed = line.kind === 'full' ? '' : `, ${count(granulesChanged)} changed`;
  const skipped = granulesSkipped === 0 ? '' : `, ${count(granulesSkipped)} skipped: nothing uses them`;
  return `${granules(granulesRead)} of ${bytes(granuleBytes)} read${changed}${skipped}`;
}

function howFound({ kind, changedFrom, because, fatVolumes }: BackupLine): string {
  const used = fatVolumes === 0 ? 'no FAT volume was found, so nothing was skipped; ' : '';
  if (kind === 'full') return `${used}everything was copied: ${because ?? 'asked'}`;
  if (changedFrom === 'bytes') return `${used}source and image were compared byte by byte: ${because ?? 'asked'}`;
  return `${used}what changed was found by checksums: nothing tracks a cold source`;
}

function foreign({ checkedGranules, foreignGranules }: BackupLine): string | null {
  if (foreignGranules === null || foreignGranules === 0) return null;
  return `the disk was booted or written to since the last backup: ${count(foreignGranules)} of ${count(checkedGranules)} granules that were looked at`;
}

export function verifyText(line: VerifyLine, options: ReportOptions): string {
  const isWhole = line.damages === 0 && line.generations.length > 0;
  const title = `${line.disk}: the backup disk of ${line.id} ${isWhole ? 'is whole' : 'is NOT whole'}`;
  const newest = line.generations.at(-1);
  const details = [
    recoveries[line.recovery],
    newest === undefined ? noImage(line.state) : null,
    newest === undefined
      ? null
      : `${count(line.imageGranules)} granules of the image and ${count(line.savedGranules)} of older generations read, ${bytes(line.bytesRead)}`,
    ...line.damaged.slice(0, 20).map(damage => {
      const granule = damage.granule === null ? '' : ` granule ${damage.granule}`;
      const generation = damage.generation === null ? '' : ` of generation ${damage.generation}`;
      return `damaged: ${damage.what}${granule}${generation}, sector ${damage.sector} of ${damage.device}`;
    }),
    line.damages > 20 ? `and ${count(line.damages - 20)} more` : null,
    line.damaged.some(({ what }) => what === 'image' || what === 'table')
      ? 'the next backup finds what it looks at first, compares everything then, and puts the image right'
      : null,
    line.damaged.some(({ what }) => what === 'saved' || what === 'list')
      ? 'what older generations lost stays lost; the newest one does not need it'
      : null,
  ];
  return told(title, details, options, !isWhole);
}

function noImage(state: VerifyLine['state']): string {
  if (state === 'empty') return 'there was no backup yet';
  return 'its image is incomplete: a backup was cut off; run it again';
}

export function generationsText(line: GenerationsLine, options: ReportOptions): string {
  const { deleted, shown, generations } = line;
  const title = `${line.disk}: backup disk of ${line.id}, ${bytes(line.imageBytes)} in sectors of ${line.sectorSize}`;
  const newest = generations.at(-1)?.generation;
  const listed = generations.map(each => {
    const kept = each.generation === newest ? 'the image' : `${count(each.replacedGranules)} granules kept`;
    const damage = each.damage === null ? '' : `, DAMAGED: ${each.damage}`;
    return `${String(each.generation).padStart(5)}  ${each.wallClock}  ${each.consistency}, ${kept}${damage}`;
  });
  const details = [
    recoveries[line.recovery],
    deleted === null ? null : deleted.length === 0 ? 'nothing was deleted' : `deleted: ${deleted.join(', ')}`,
    ...(generations.length === 0 ? [noImage(line.state)] : shown === null ? listed : shownLines(line, shown)),
    `room for ${bytes(line.freeBytes)} of changes and older generations`,
  ];
  return told(title, details, options, false);
}

function shownLines({ generations }: GenerationsLine, shown: NonNullable<GenerationsLine['shown']>): string[] {
  const about = generations.find(({ generation }) => generation === shown.generation);
  const table = { gpt: 'GUID partition table', mbr: 'MBR partition table', none: 'no partition table' }[shown.table];
  return [
    `generation ${shown.generation} of ${about?.wallClock ?? 'an unknown time'}, ${about?.consistency ?? ''}: ${table}`,
    ...shown.volumes.map(({ number, letter, name, firstSector, sectors, fileSystem }) => {
      const words = [letter === null ? '' : `${letter}:`, fileSystem?.toUpperCase() ?? 'other', name].filter(Boolean);
      return `volume ${number}: ${words.join(' ')}, ${count(sectors)} sectors from ${count(firstSector)} on`;
    }),
  ];
}

export function restorePlanText(plan: PlannedRestore, { style }: Pick<ReportOptions, 'style'>): string {
  const what = plan.volume === null ? 'the whole drive' : `volume ${plan.volume}`;
  const size = plan.targetBytes === null ? 'a new file' : bytes(plan.targetBytes);
  const lines = [
    style.heading(`restore ${what} of ${plan.sourceId}, generation ${plan.generation} of ${plan.wallClock}`),
    `  it is   ${bytes(plan.sizeBytes)}: ${plan.image}`,
    `  to      ${plan.target}, ${size}`,
    `  there   ${plan.targetHolds}${plan.targetHolds === 'nothing' ? '' : ': it is lost'}`,
    ...(plan.movesGpt ? ['  then    the second header of the GPT is moved to the end of the larger drive'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

export function restoreText(line: RestoreLine, options: ReportOptions): string {
  const { files, differingSectors } = line;
  if (files !== null) {
    const title = `${files.length} ${files.length === 1 ? 'file' : 'files'} of generation ${line.generation} of ${line.id}`;
    const listed = files.map(({ path, written, bytes: size }) => `${path} (${bytes(size)}) to ${written}`);
    return told(title, listed, options, false);
  }
  const what = line.volume === null ? 'the drive' : `volume ${line.volume}`;
  const title = `${line.target}: holds ${what} of ${line.id} as it was, generation ${line.generation} of ${line.wallClock}`;
  const details = [
    `${bytes(line.bytesWritten)} of ${bytes(line.bytes)} written: the rest was equal already`,
    line.secondGptMoved ? 'the second header of the GPT stands at the end of the larger drive' : null,
    differingSectors === null
      ? null
      : differingSectors === 0
        ? 'verified: what was restored reads back'
        : `DAMAGED: ${count(differingSectors)} sectors did not read back`,
  ];
  return told(title, details, options, (differingSectors ?? 0) > 0);
}

/** `quiet` shows what did not come out as it should, and the title. */
function told(
  title: string,
  details: readonly (string | null)[],
  { width, style, volume }: ReportOptions,
  isBad: boolean,
): string {
  const most = Math.max(60, Math.min(width, 120)) - 1;
  const lines = volume === 'quiet' && !isBad ? [] : details.filter(detail => detail !== null);
  const paint = isBad ? style.unexpected : style.heading;
  return [paint(title), ...lines.flatMap(detail => paragraph(detail, most, '  ', '    '))]
    .map(each => `${each}\n`)
    .join('');
}

function some(numbers: readonly number[]): string {
  const first = numbers.slice(0, 10).join(', ');
  return numbers.length > 10 ? `${first} and ${count(numbers.length - 10)} more` : first;
}
