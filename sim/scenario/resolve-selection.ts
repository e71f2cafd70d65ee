/** What is backed up, and the patterns that speak of it. */
import type { Bytes } from '../../engine/units.ts';
import type { NodePath } from './located.ts';
import { letterOf } from './paths.ts';
import { quoted } from './reading.ts';
import type { Report } from './report.ts';
import type { World } from './resolve-world.ts';
import type { PathPattern, Selection } from './scenario.ts';
import { isOnFileSystem, unknownDrive, unknownVolume } from './world-names.ts';

interface ParsedSelection {
  readonly volumes?: readonly string[] | undefined;
  readonly drives?: readonly string[] | undefined;
}

/** Without either key it is `fallback`. */
export function resolveSelection(
  { volumes, drives }: ParsedSelection,
  world: World,
  at: NodePath,
  report: Report,
  fallback: Selection,
): Selection {
  if (volumes !== undefined && drives !== undefined) {
    report.atKey(
      [...at, 'drives'],
      'keys-exclude',
      '`volumes` and `drives` stand side by side',
      'a drive is selected with all its volumes',
    );
  }
  if (volumes !== undefined) {
    volumes.forEach((letter, index) => {
      checkVolume(letter, volumes.indexOf(letter) < index, world, [...at, 'volumes', index], report);
    });
    return { by: 'volumes', volumes, drives: [] };
  }
  if (drives === undefined) return fallback;
  drives.forEach((id, index) => {
    checkDrive(id, drives.indexOf(id) < index, world, [...at, 'drives', index], report);
  });
  return { by: 'drives', volumes: world.drives.filter(({ id }) => drives.includes(id)).flatMap(lettersOf), drives };
}

/** Every volume of the world, in order. */
export function everything(world: World): Selection {
  return { by: 'volumes', volumes: [...world.volumes.keys()], drives: [] };
}

/** Of all that is selected: what percentages of a cache are of. */
export function selectedBytes({ by, volumes, drives }: Selection, world: World): Bytes {
  if (by === 'volumes') return volumes.reduce((sum, letter) => sum + (world.volumes.get(letter)?.sizeBytes ?? 0), 0);
  return world.drives.filter(({ id }) => drives.includes(id)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Ids of the drives that hold what is selected. */
export function drivesOf({ volumes, drives }: Selection, world: World): ReadonlySet<string> {
  return new Set([...drives, ...volumes.flatMap(letter => world.volumes.get(letter)?.driveId ?? [])]);
}

/** A pattern with a letter must speak of a selected volume with a file system. */
export function checkPattern(
  pattern: PathPattern,
  selection: Selection,
  world: World,
  at: NodePath,
  report: Report,
): void {
  const letter = letterOf(pattern);
  if (letter === null || !isOnFileSystem(letter, world, at, report) || selection.volumes.includes(letter)) return;
  report.at(
    at,
    'not-selected',
    `${quoted(pattern)} lies on a volume that is not backed up`,
    `backed up: ${selection.volumes.join(', ')}`,
  );
}

function checkVolume(letter: string, isSecond: boolean, world: World, at: NodePath, report: Report): void {
  if (isSecond) report.at(at, 'letter-twice', `the volume \`${letter}\` is selected twice`);
  else if (!world.volumes.has(letter)) unknownVolume(letter, world, at, report);
}

function checkDrive(id: string, isSecond: boolean, world: World, at: NodePath, report: Report): void {
  if (isSecond) report.at(at, 'id-twice', `the drive \`${id}\` is selected twice`);
  else if (!world.drives.some(drive => drive.id === id)) unknownDrive(id, world, at, report);
}

function lettersOf({ volumes }: World['drives'][number]): string[] {
  return volumes.map(({ letter }) => letter);
}
