/**
 * Which files can be there at any time of a run: those of its workloads, nobody else makes any. What names a file that
 * never can be is misspelt. Names that a workload makes up as it goes (messages, journals, documents) are patterns.
 */
import type { NodePath } from './located.ts';
import { didYouMean } from './nearest.ts';
import { letterOf } from './paths.ts';
import { quoted } from './reading.ts';
import type { Report } from './report.ts';
import type { PathPattern, Selection, Workload } from './scenario.ts';
import type { ParsedBackups } from './schema-backups.ts';
import { thereAre } from './world-names.ts';

/** So many of the files that there are stand in a message. */
const NAMED_MOST = 8;
/** More errors of this kind help nobody, and looking for the nearest names takes its time. */
const UNKNOWN_MOST = 20;

/** Files that are named and never can be there: what is left out (`exclude`) may be about nothing. */
export function checkNamedFiles(
  parsed: ParsedBackups,
  { volumes }: Selection,
  workloads: readonly Workload[],
  report: Report,
): void {
  const possible = workloads.flatMap(possibleFiles);
  const literal = new Set(possible.flatMap(path => [path, ...foldersOf(path), path.slice(path.lastIndexOf('\\') + 1)]));
  let unknown = 0;
  const check = (pattern: PathPattern, at: NodePath): void => {
    const letter = letterOf(pattern);
    // A root is all of a volume; of one that is not backed up the selection tells.
    if (pattern.endsWith('\\') || (letter !== null && !volumes.includes(letter))) return;
    // Most are found by their name; only what has a `*` in it is held against every file.
    if (unknown === UNKNOWN_MOST || literal.has(pattern) || possible.some(path => canMeet(pattern, path))) return;
    unknown += 1;
    const message = `no workload ever has a file ${quoted(pattern)}${nearestFile(pattern, possible)}`;
    report.at(at, 'unknown-file', message, possible.length === 0 ? null : thereAre(possible.slice(0, NAMED_MOST)));
  };
  parsed.methods.forEach((entry, index) => {
    const groups = typeof entry === 'string' ? [] : (entry['group-agent']?.groups ?? []);
    groups.forEach((group, number) => {
      const at = ['backups', 'methods', index, 'group-agent', 'groups', number];
      group.forEach((pattern, place) => {
        check(pattern, [...at, place]);
      });
    });
  });
  const lists = { order: typeof parsed.order === 'string' ? [] : parsed.order, include: parsed.include ?? [] };
  for (const [key, patterns] of Object.entries(lists)) {
    patterns.forEach((pattern, place) => {
      check(pattern, ['backups', key, place]);
    });
  }
}

/** Paths and patterns of all files that a workload ever has; `sim/apps` gives them these names. */
export function possibleFiles(workload: Workload): PathPattern[] {
  switch (workload.app) {
    case 'ledger':
      return [workload.files.A, workload.files.B];
    case 'script':
      return workload.files.map(({ path }) => path);
    case 'static':
      return [`${workload.at}\\D*.DAT`];
    case 'mail':
      return ['INDEX.DAT', 'M*.EML', 'T*.TMP'].map(name => `${workload.at}\\${name}`);
    case 'sqlite': {
      const databases = workload.files.map(({ path }) => path);
      const beside = databases.flatMap(path => ['-JOURNAL', '-WAL', '-SHM', '-MJ*'].map(end => path + end));
      const documents = workload.blobs ? databases.map(path => `${withoutExtension(path)}-DOCUMENTS\\D*.DOC`) : [];
      return [...databases, ...beside, ...documents];
    }
  }
}

/** Whether a path can be one that the pattern names, or lies below a folder that it names. Both may have `*`. */
export function canMeet(pattern: PathPattern, possible: PathPattern): boolean {
  const parts = possible.split('\\');
  if (letterOf(pattern) === null) return parts.slice(1).some(part => canPartMeet(pattern, part));
  const wanted = pattern.endsWith('\\') ? [pattern.slice(0, -1)] : pattern.split('\\');
  return wanted.length <= parts.length && wanted.every((part, index) => canPartMeet(part, parts[index]!));
}

/** The nearest right words for a pattern that no file can meet: a path, a folder, all in a folder, or a bare name. */
function nearestFile(pattern: PathPattern, possible: readonly PathPattern[]): string {
  if (letterOf(pattern) === null)
    return didYouMean(pattern, new Set(possible.flatMap(path => path.split('\\').slice(1))));
  const folders = new Set(possible.flatMap(foldersOf));
  return didYouMean(pattern, [...possible, ...folders, ...[...folders].map(folder => `${folder}\\*`)]);
}

function foldersOf(path: PathPattern): string[] {
  const parts = path.split('\\');
  return parts.slice(2).map((_part, at) => parts.slice(0, at + 2).join('\\'));
}

function withoutExtension(path: PathPattern): PathPattern {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('\\') + 1 ? path.slice(0, dot) : path;
}

/** Whether some name has both forms. Row by row: in `reached` stands which ends of `b` go with the part of `a` so far. */
function canPartMeet(a: string, b: string): boolean {
  if (!a.includes('*') && !b.includes('*')) return a === b;
  let reached = afterStars(b, [true]);
  for (const letter of a) {
    const next: boolean[] = letter === '*' ? [...reached] : [];
    for (let at = 0; at < b.length; at++) {
      if (letter === '*') next[at + 1] = next[at + 1] === true || next[at] === true;
      else if (reached[at] === true && b[at] === letter) next[at + 1] = true;
      // A `*` of `b` takes any letter of `a` and stays where it is.
      if (reached[at] === true && b[at] === '*' && letter !== '*') next[at] = true;
    }
    reached = afterStars(b, next);
  }
  return reached[b.length] === true;
}

/** A `*` may stand for nothing. */
function afterStars(b: string, reached: boolean[]): boolean[] {
  for (let at = 0; at < b.length; at++) if (reached[at] === true && b[at] === '*') reached[at + 1] = true;
  return reached;
}
