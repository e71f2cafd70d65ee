/** Letters and ids that a scenario says, against those that its world has. */
import type { NodePath } from './located.ts';
import { didYouMean } from './nearest.ts';
import { quoted } from './reading.ts';
import type { Report } from './report.ts';
import type { World } from './resolve-world.ts';

/** Whether the letter is that of a volume with a file system; told if not. */
export function isOnFileSystem(letter: string, world: World, at: NodePath, report: Report): boolean {
  const volume = world.volumes.get(letter);
  if (volume === undefined) {
    unknownVolume(letter, world, at, report);
    return false;
  }
  if (volume.fs !== 'raw') return true;
  report.at(at, 'no-file-system', `the volume \`${letter}\` is raw: it has no files`);
  return false;
}

export function unknownVolume(letter: string, world: World, at: NodePath, report: Report): void {
  report.at(at, 'unknown-volume', `there is no volume ${quoted(letter)}`, thereAre([...world.volumes.keys()]));
}

export function unknownDrive(id: string, world: World, at: NodePath, report: Report): void {
  const ids = world.drives.map(drive => drive.id);
  report.at(at, 'unknown-drive', `there is no drive ${quoted(id)}${didYouMean(id, ids)}`, thereAre(ids));
}

export function thereAre(names: readonly string[]): string {
  return names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
}
