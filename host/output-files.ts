/**
 * Files that a command writes.
 *
 * Invariants
 * I1 A file has its name only when it is whole: it is written beside, and renamed.
 * I2 Whether it can be written is known before the first run.
 * I3 Only a file is replaced by a file: a pipe or a device is written into, and a link goes on leading to its file.
 */
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { UserError } from '../sim/user-error.ts';
import { hostError, systemReason } from './error-codes.ts';

/** A file that grows line by line and gets its name at the end, also when the end comes early. */
export class OutputFile {
  readonly path: string;
  private readonly place: OutputPlace;
  private readonly handle: number;
  private isOpen = true;

  /** Makes the folders above it; throws a `UserError` when it can't be written. */
  constructor(path: string) {
    this.path = path;
    const { place, handle } = attempt(path, () => {
      const found = placeOf(path);
      return { place: found, handle: found.beside === null ? openSync(found.at, 'a') : openSync(found.beside, 'w') };
    });
    this.place = place;
    this.handle = handle;
  }

  append(text: string): void {
    attempt(this.path, () => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.handle, bytes, at);
    });
  }

  /** Gives the file its name. */
  finish(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    attempt(this.path, () => {
      closeSync(this.handle);
      if (this.place.beside !== null) renameSync(this.place.beside, this.place.at);
    });
  }

  /** Leaves nothing behind; what went into a pipe or a device is gone. */
  discard(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.handle);
    if (this.place.beside !== null) rmSync(this.place.beside, { force: true });
  }
}

/** Writes a whole file, with the folders above it. */
export function writeWhole(path: string, contents: string | Uint8Array): void {
  attempt(path, () => {
    const { at, beside } = placeOf(path);
    if (beside === null) {
      writeFileSync(at, contents, { flag: 'a' });
      return;
    }
    writeFileSync(beside, contents);
    renameSync(beside, at);
  });
}

/** Two paths that lead to the same file, whether it is there already or not. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [endOfLinks(one), endOfLinks(other)];
  if (a === b) return true;
  const [first, second] = [a, b].map(path => statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}

/** Writes a file that must not be there yet. */
export function writeNew(path: string, contents: string): void {
  attempt(path, () => makeFolder(dirname(path)));
  try {
    writeFileSync(path, contents, { flag: 'wx' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw hostError(
        'file-exists',
        `there is already a \`${path}\``,
        'choose another name; nothing is ever overwritten',
      );
    }
    throw cannotWrite(path, error);
  }
}

/** Makes a folder that something is going to be written into, and tries it. */
export function prepareFolder(path: string): void {
  attempt(path, () => {
    makeFolder(path);
    const trial = join(path, `.otm-${process.pid}`);
    writeFileSync(trial, '');
    rmSync(trial);
  });
}

/** Node's own `recursive` never returns where a folder that is there holds no others, as in `/proc`. */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  let at = resolve(path);
  for (; !isFolder(at) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      if (isFolder(folder)) continue; // somebody else has just made it
      const isRefused = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      throw isRefused ? new Error(`\`${dirname(folder)}\` can hold no folder`) : error;
    }
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

interface OutputPlace {
  /** Where the path leads, over links. */
  readonly at: string;
  /** Where it is written first; null when it is no file, and written into as it is. */
  readonly beside: string | null;
}

/** Makes the folders above. */
function placeOf(path: string): OutputPlace {
  const at = endOfLinks(path);
  makeFolder(dirname(at));
  const stat = statSync(at, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) throw folderInTheWay();
  // `/dev/stdout` may lead to a file that others have open, who would go on writing into the one that was replaced.
  const isOfSystem = /^\/(dev|proc)\//.test(resolve(path)) && stat !== undefined;
  if (isOfSystem) return { at: path, beside: null };
  const isReplaced = stat === undefined || stat.isFile();
  return { at, beside: isReplaced ? join(dirname(at), `.${basename(at)}.${process.pid}.tmp`) : null };
}

/** Where links lead, also when nothing is there yet. */
function endOfLinks(path: string): string {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return realpathSync(path);
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? endOfLinks(resolve(dirname(path), readlinkSync(path))) : resolve(path);
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): UserError {
  return hostError('cannot-write', `cannot write \`${path}\`: ${systemReason(error)}`);
}

function folderInTheWay(): Error {
  return Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
}
