/**
 * `--keep DIR`: what a method left, as files that a person can look into with the tools of the trade.
 *
 * Invariants
 * I1 A folder that otm did not make is never written into, unless it is empty.
 * I2 Names from a restored file system are hostile: none leads out of the folder.
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { readRestored } from '../sim/check/read-restored.ts';
import { PAGE_BYTES } from '../sim/disk/arena.ts';
import type { RestoredVolume } from '../sim/evidence.ts';
import type { FinishedMethod } from '../sim/run.ts';
import type { Session } from '../sim/world/session.ts';
import { hostError, systemReason } from './error-codes.ts';
import { snapshotLines, traceLines, truthLines } from './keep-lines.ts';
import { keepReadme, readmeTitle } from './keep-readme.ts';
import { makeFolder, writeWhole } from './output-files.ts';

/** Seen by people: written when all else is there. */
const readmeName = 'README.txt';
const pieceBytes = 1_048_576;

/** The folder of one variant in the one that all is kept in. */
export function folderOfVariant(folder: string, variant: string | null): string {
  return variant === null ? folder : join(folder, fileName(variant));
}

/** The file that says how to look at what was kept of a method. */
export function readmeOf(folder: string, method: string): string {
  return join(folder, fileName(method), readmeName);
}

/** Writes everything of one method into `folder/<method>`. */
export function keepMethod(folder: string, seed: number, finished: FinishedMethod): void {
  const { method, session, restores, trace } = finished;
  const place = join(folder, fileName(method.id));
  try {
    prepare(place);
    const { world } = session;
    const letters = world.scenario.backups.selection.volumes;
    const kept: string[] = [];
    restores.forEach((restore, index) => {
      const name = restores.length === 1 ? 'restored' : `restored-${index + 1}`;
      for (const volume of restore?.volumes ?? []) keepVolume(join(place, name), volume);
      if (restore !== null) kept.push(name);
    });
    const pictures = picturesOf(session);
    for (const letter of letters) {
      const { spec, on } = world.volume(letter);
      const live = { letter, fileSystem: spec.fs, sectorSize: on.spec.sectorSizeBytes, sizeBytes: spec.sizeBytes };
      const at = { ...live, offsetBytes: spec.offsetBytes };
      keepVolume(join(place, 'live-at-end'), { ...at, sectors: on.drive.sectors });
      for (const { name, forks } of pictures) {
        const fork = forks.get(on.spec.id);
        if (fork !== undefined) keepVolume(join(place, name), { ...at, sectors: fork });
      }
    }
    writeWhole(join(place, 'truth.jsonl'), truthLines(session));
    writeWhole(join(place, 'trace.jsonl'), traceLines(trace));
    writeWhole(join(place, 'snapshots.jsonl'), snapshotLines(session));
    writeWhole(
      join(place, readmeName),
      keepReadme({ session, seed, restored: kept, pictures: pictures.map(({ name }) => name) }),
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'UserError') throw error;
    throw hostError('cannot-write', `cannot write into \`${place}\`: ${systemReason(error)}`);
  }
}

/** The live volumes at the T of each backup that has one. */
function picturesOf({ world, backups }: Session) {
  return backups.flatMap(({ id }, index) => {
    const forks = world.snapshots.find(({ request }) => request.id === id)?.forks ?? null;
    const name = backups.length === 1 ? 'live-at-T' : `live-at-T-${index + 1}`;
    return forks === null ? [] : [{ name, forks }];
  });
}

/** An empty folder; one of an earlier call of otm is replaced. */
function prepare(place: string): void {
  if (existsSync(place) && readdirSync(place).length > 0) {
    const readme = join(place, readmeName);
    const isOurs = existsSync(readme) && readFileSync(readme, 'utf8').startsWith(readmeTitle);
    if (!isOurs) throw hostError('cannot-write', `cannot write into \`${place}\`: it has files that otm did not make`);
    rmSync(place, { recursive: true });
  }
  makeFolder(place);
}

/** The image, and the files in it as far as they can be read. */
function keepVolume(folder: string, volume: RestoredVolume): void {
  makeFolder(folder);
  writeImage(join(folder, `${volume.letter}.img`), volume);
  for (const file of readRestored(volume).files) {
    // What is damaged is in the image.
    if (file.damage !== null || file.sizeBytes > volume.sizeBytes) continue;
    const path = join(folder, ...pathParts(file.path));
    makeFolder(dirname(path));
    const handle = openSync(path, 'w');
    for (let at = 0; at < file.sizeBytes; at += pieceBytes) {
      const piece = new Uint8Array(Math.min(pieceBytes, file.sizeBytes - at));
      file.read(at, piece);
      writeSync(handle, piece, 0, piece.length, at);
    }
    closeSync(handle);
    utimesSync(path, file.modified, file.modified);
  }
}

/** Holes stay holes. */
function writeImage(path: string, { sectors, offsetBytes, sizeBytes }: RestoredVolume): void {
  const handle = openSync(path, 'w');
  const end = offsetBytes + sizeBytes;
  for (const number of sectors.pageNumbers()) {
    const start = number * PAGE_BYTES;
    const from = Math.max(start, offsetBytes);
    const to = Math.min(start + PAGE_BYTES, end);
    if (from >= to) continue;
    const bytes = new Uint8Array(to - from);
    sectors.read(from, bytes);
    writeSync(handle, bytes, 0, bytes.length, from - offsetBytes);
  }
  ftruncateSync(handle, sizeBytes);
  closeSync(handle);
}

/** `C:\BANK\A.DAT` lies in `C/BANK/A.DAT`. */
function pathParts(path: string): string[] {
  return path.replace(':', '').split('\\').map(fileName).map(asSqliteLooksForIt);
}

/** FAT has no case, SQLite looks for `X.DB-wal`; beside `X.DB-WAL` it would read the database without its log. */
function asSqliteLooksForIt(name: string): string {
  return name.replace(/-(WAL|SHM|JOURNAL)$/, suffix => suffix.toLowerCase());
}

/** A name that stays in its folder on every system. */
function fileName(name: string): string {
  const clean = [...name].map(char => (char < ' ' || '/\\:*?"<>|'.includes(char) ? '_' : char)).join('');
  return /^\.*$/.test(clean) ? '_' : clean;
}
