/** The applications of a scenario: where their files lie, whether those fit, what their steps name. */
import type { Bytes, Nanoseconds } from '../../engine/units.ts';
import type { NodePath } from './located.ts';
import { didYouMean } from './nearest.ts';
import { letterOf } from './paths.ts';
import type { Report } from './report.ts';
import type { World } from './resolve-world.ts';
import type { NamedFile, ScriptStep, Workload } from './scenario.ts';
import type { ParsedStep, ParsedWorkload } from './schema-workloads.ts';
import { formatSize, formatTime } from './units.ts';
import { isOnFileSystem } from './world-names.ts';

/** A file or folder of an application, and what is in it before 0 s. */
interface Belonging {
  readonly workload: string;
  readonly path: string;
  readonly fileCount: number;
  /** Of each file. */
  readonly sizeBytes: Bytes;
  readonly at: NodePath;
}

/** SQLite attaches so many databases to its main one. */
const DATABASES_MAX = 11;
/** What a message of `mail` takes on the average, its share of the index included. */
const MESSAGE_BYTES: Bytes = 4096;
const ACCOUNT_BYTES: Bytes = 64;

export interface Inhabitants {
  readonly workloads: readonly Workload[];
  /** Letters on which each workload has files, by its id. */
  readonly letters: ReadonlyMap<string, ReadonlySet<string>>;
  /** What their files take before 0 s, by letter. */
  readonly filledOn: ReadonlyMap<string, Bytes>;
}

export function resolveWorkloads(
  parsed: readonly ParsedWorkload[],
  world: World,
  backupStartNs: Nanoseconds,
  report: Report,
): Inhabitants {
  const ids = new Set<string>();
  const belongings: Belonging[] = [];
  const workloads = parsed.map((workload, index) => {
    const at: NodePath = ['workloads', index];
    if (ids.has(workload.id)) report.at([...at, 'id'], 'id-twice', `two workloads have the id \`${workload.id}\``);
    ids.add(workload.id);
    belongings.push(...belongingsOf(workload, at));
    return resolveWorkload(workload, at, backupStartNs, report);
  });
  const letters = new Map<string, Set<string>>();
  for (const { path, workload, at } of belongings) {
    const letter = letterOf(path)!;
    if (!isOnFileSystem(letter, world, at, report)) continue;
    const known = letters.get(workload) ?? new Set();
    letters.set(workload, known.add(letter));
  }
  checkOverlaps(belongings, report);
  checkRoom(belongings, world, report);
  const filledOn = new Map<string, Bytes>();
  for (const { path, fileCount, sizeBytes } of belongings) {
    const letter = letterOf(path)!;
    filledOn.set(letter, (filledOn.get(letter) ?? 0) + fileCount * sizeBytes);
  }
  return { workloads, letters, filledOn };
}

function resolveWorkload(parsed: ParsedWorkload, at: NodePath, backupStartNs: Nanoseconds, report: Report): Workload {
  const { id } = parsed;
  if (parsed.app === 'static') {
    const { app, at: folder, files: fileCount, size: sizeBytes, idle } = parsed;
    return { app, id, idle, at: folder, fileCount, sizeBytes };
  }
  const { rate, clients, fsync, start: startNs, until: untilNs = null, pauses: rhythm } = parsed;
  if (untilNs !== null && untilNs <= startNs) {
    report.at([...at, 'until'], 'out-of-range', `it would end at ${formatTime(untilNs)}, before it starts`);
  }
  if (rhythm !== undefined && rhythm.for >= rhythm.every) {
    report.at(
      [...at, 'pauses', 'for'],
      'out-of-range',
      `a pause of ${formatTime(rhythm.for)} leaves nothing of a cycle of ${formatTime(rhythm.every)}`,
    );
  }
  const pauses = rhythm === undefined ? null : { everyNs: rhythm.every, forNs: rhythm.for };
  const idle = parsed.idle || (untilNs !== null && untilNs <= backupStartNs);
  const common = { id, idle, rate, clients, fsync, startNs, untilNs, pauses };
  switch (parsed.app) {
    case 'ledger':
      return { app: 'ledger', ...common, files: parsed.files, accounts: parsed.accounts };
    case 'mail':
      return { app: 'mail', ...common, at: parsed.at, messages: parsed.messages };
    case 'sqlite': {
      const files = namedFiles(parsed.files, [...at, 'files'], DATABASES_MAX, report);
      return { app: 'sqlite', ...common, files, journal: parsed.journal, sizeBytes: parsed.size, blobs: parsed.blobs };
    }
    case 'script': {
      const files = namedFiles(parsed.files, [...at, 'files'], Number.MAX_SAFE_INTEGER, report);
      const transaction = parsed.transaction.map((step, index) => {
        return resolveStep(step, parsed.size, Object.keys(parsed.files), [...at, 'transaction', index], report);
      });
      return { app: 'script', ...common, files, sizeBytes: parsed.size, transaction };
    }
  }
}

function namedFiles(
  files: { readonly [name: string]: string },
  at: NodePath,
  max: number,
  report: Report,
): NamedFile[] {
  const named = Object.entries(files).map(([name, path]) => ({ name, path }));
  if (named.length === 0) report.at(at, 'wrong-type', '`files` is empty: expected at least one of them');
  if (named.length > max)
    report.at(at, 'out-of-range', `${named.length} databases: SQLite attaches at most ${max} in all`);
  return named;
}

function resolveStep(
  step: ParsedStep,
  fileBytes: Bytes,
  names: readonly string[],
  at: NodePath,
  report: Report,
): ScriptStep {
  const known = (name: string, ...key: NodePath): string => {
    if (!names.includes(name)) {
      const meant = didYouMean(name, names);
      report.at(
        [...at, ...key],
        'unknown-file',
        `there is no file \`${name}\` among \`files\`${meant}`,
        `known: ${names.join(', ')}`,
      );
    }
    return name;
  };
  if ('write' in step) {
    const { write, size: sizeBytes, at: place } = step;
    if (sizeBytes > fileBytes) {
      report.at(
        [...at, 'size'],
        'out-of-range',
        `a write of ${formatSize(sizeBytes)} into files of ${formatSize(fileBytes)}`,
      );
    }
    const where = typeof place === 'number' ? { is: 'offset' as const, offsetBytes: place } : { is: place };
    return { does: 'write', file: known(write, 'write'), sizeBytes, at: where };
  }
  if ('append' in step) return { does: 'append', file: known(step.append, 'append'), sizeBytes: step.size };
  if ('wait' in step) return { does: 'wait', forNs: step.wait };
  if ('sync' in step) return { does: 'sync', file: known(step.sync, 'sync') };
  const [from, to] = step.rename;
  if (from === to) report.at([...at, 'rename'], 'path-twice', `\`${from}\` is renamed to itself`);
  return { does: 'rename', from: known(from, 'rename', 0), to: known(to, 'rename', 1) };
}

function belongingsOf(parsed: ParsedWorkload, at: NodePath): Belonging[] {
  const workload = parsed.id;
  switch (parsed.app) {
    case 'ledger': {
      const { A, B } = parsed.files;
      const accounts = parsed.accounts * ACCOUNT_BYTES;
      return [
        { workload, path: A, fileCount: 1, sizeBytes: accounts, at: [...at, 'files', 'A'] },
        { workload, path: B, fileCount: 1, sizeBytes: 0, at: [...at, 'files', 'B'] },
      ];
    }
    case 'sqlite':
    case 'script':
      return Object.entries(parsed.files).map(([name, path]) => {
        return { workload, path, fileCount: 1, sizeBytes: parsed.size, at: [...at, 'files', name] };
      });
    case 'mail':
      return [{ workload, path: parsed.at, fileCount: parsed.messages, sizeBytes: MESSAGE_BYTES, at: [...at, 'at'] }];
    case 'static':
      return [{ workload, path: parsed.at, fileCount: parsed.files, sizeBytes: parsed.size, at: [...at, 'at'] }];
  }
}

/** No file is another one, or a folder on the way to it. */
function checkOverlaps(belongings: readonly Belonging[], report: Report): void {
  const owners = new Map<string, Belonging>();
  for (const belonging of belongings) {
    const first = owners.get(belonging.path);
    if (first === undefined) owners.set(belonging.path, belonging);
    else report.at(belonging.at, 'path-twice', `\`${belonging.path}\` belongs to \`${first.workload}\` already`);
  }
  for (const { path, at } of belongings) {
    for (let end = path.lastIndexOf('\\'); end > 2; end = path.lastIndexOf('\\', end - 1)) {
      const above = owners.get(path.slice(0, end));
      if (above === undefined) continue;
      report.at(
        at,
        'path-twice',
        `\`${path}\` lies inside of \`${above.path}\`, which belongs to \`${above.workload}\``,
      );
      break;
    }
  }
}

/** What is there before 0 s fits on its volume. */
function checkRoom(belongings: readonly Belonging[], world: World, report: Report): void {
  const taken = new Map<string, Bytes>();
  for (const { path, fileCount, sizeBytes, at, workload } of belongings) {
    const letter = letterOf(path)!;
    const fat = world.fats.get(letter);
    if (fat === undefined) continue;
    const before = taken.get(letter) ?? 0;
    const after = before + fileCount * Math.ceil(sizeBytes / fat.clusterBytes) * fat.clusterBytes;
    taken.set(letter, after);
    if (after <= fat.dataBytes || before > fat.dataBytes) continue;
    const message = `the files of \`${workload}\` bring \`${letter}\` to ${formatSize(after)}, and it has room for ${formatSize(fat.dataBytes)}`;
    report.at(at, 'volume-full', message);
  }
}
