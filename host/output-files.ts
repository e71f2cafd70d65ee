/**
 * Files that a command writes.
 *
 * Invariants
 * I1 A file has its name only when it is whole: it is written beside, and renamed.
 * I2 Whether it can be written is known before the first run.
 */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { UserError } from '../sim/user-error.ts';
import { hostError, systemReason } from './error-codes.ts';

/** A file that grows line by line and gets its name at the end, also when the end comes early. */
export class OutputFile {
  readonly path: string;
  private readonly beside: string;
  private readonly handle: number;
  private isOpen = true;

  /** Makes the folders above it; throws a `UserError` when it can't be written. */
  constructor(path: string) {
    this.path = path;
    this.beside = besideOf(path);
    this.handle = attempt(path, () => {
      makeFolder(dirname(path));
      if (isFolder(path)) throw folderInTheWay();
      return openSync(this.beside, 'w');
    });
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
      renameSync(this.beside, this.path);
    });
  }

  /** Leaves nothing behind. */
  discard(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    closeSync(this.handle);
    rmSync(this.beside, { force: true });
  }
}

/** Writes a whole file, with the folders above it. */
export function writeWhole(path: string, contents: string | Uint8Array): void {
  const beside = besideOf(path);
  attempt(path, () => {
    makeFolder(dirname(path));
    writeFileSync(beside, contents);
    renameSync(beside, path);
  });
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

function besideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
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
