/**
 * Asks the simulated file system what SQLite asked its shadow, in the same order, and waits where the real program would.
 *
 * Invariants
 * Y1 Every answer is that of the shadow: bytes, sizes, whether a file is there. Another answer is a defect, of the file
 *    system or of ours; only after a call has failed in this run is it the world's doing, and a failure like others.
 * Y2 After a failure nothing more of the list is asked: the program is told that its call failed, and ends.
 * Y3 Writes that follow one another without a gap, in the list and in the file, go as one, as a buffered program makes
 *    them: a journal's page comes with the number before it and the checksum behind it.
 */

import { sameBytes } from '../../../engine/bytes.ts';
import { defect, unreachable, WorldError } from '../../../engine/invariant.ts';
import type { Task } from '../../../engine/task.ts';
import type { Bytes, Nanoseconds } from '../../../engine/units.ts';
import type { ChangeSet, MountedVolume, OpenFile, Path } from '../../fs/file-system.ts';
import { FsError } from '../../fs/file-system.ts';
import type { Volumes } from '../application.ts';
import { letterOf } from '../paths.ts';
import { type Call, type Handle, PAGE_BYTES, type Recording } from './calls.ts';

/** The simulated file system gave another answer than the shadow, after it had failed before (Y1). */
export class AnswerDiffers extends WorldError {
  override readonly name = 'AnswerDiffers';
}

/** Failures that a world without faults can't have. */
const WORLDLY = new Set<FsError['failure']>(['io', 'no-space', 'corrupt']);

type WriteCall = Extract<Call, { is: 'write' }>;

/** One operation of the file system writes no more. */
const LARGEST_WRITE: Bytes = 64 * 1024;

export class Replayer {
  private readonly volumes: Volumes;
  private readonly files = new Map<Handle, OpenFile>();
  private into = new Uint8Array(PAGE_BYTES);
  private gathered = new Uint8Array(0);
  private hasFailed = false;

  constructor(volumes: Volumes) {
    this.volumes = volumes;
  }

  /** Throws `FsError` or `AnswerDiffers` when a call fails. Changes are told to `changes`. */
  *replay(recording: Recording, changes?: ChangeSet): Task<void> {
    try {
      for (let at = 0; at < recording.length; ) {
        const call = recording[at]!;
        const count = call.is === 'write' ? runOfWrites(recording, at) : 1;
        const task = count === 1 ? this.begin(call, changes) : this.write(recording, at, count, changes);
        if (task !== null) yield* task;
        at += count;
      }
    } catch (error) {
      if (error instanceof FsError && !WORLDLY.has(error.failure) && !this.hasFailed) {
        defect(`replay: a shadow file was there, ${error.message}`);
      }
      this.hasFailed = true;
      throw error;
    }
  }

  /** Closes what is open: the program has ended. */
  abandon(): void {
    for (const file of this.files.values()) file.close();
    this.files.clear();
  }

  get openCount(): number {
    return this.files.size;
  }

  /** Begins a call: the task that it waits for, or null when there is nothing to wait for. Hot path. */
  private begin(call: Call, changes: ChangeSet | undefined): Task<unknown> | null {
    switch (call.is) {
      case 'think':
        return call.forNs === 0 ? null : delay(call.forNs);
      case 'read':
        return this.read(call);
      case 'write':
        return this.file(call.handle).write(call.offset, call.bytes, changes);
      case 'sync':
        return this.file(call.handle).fsync();
      case 'size':
        this.expect(this.file(call.handle).sizeBytes, call.sizeBytes, `bytes of ${this.file(call.handle).node.path}`);
        return null;
      case 'truncate':
        return this.file(call.handle).truncate(call.sizeBytes, changes);
      case 'open':
        return this.open(call.handle, this.volume(call.path).open(call.path));
      case 'create':
        return this.open(call.handle, this.volume(call.path).create(call.path, changes));
      case 'close':
        this.file(call.handle).close();
        this.files.delete(call.handle);
        return null;
      case 'exists':
        return this.exists(call.path, call.answer);
      case 'delete': {
        const sync = call.syncDirectory;
        return this.volume(call.path).remove(call.path, changes === undefined ? { sync } : { sync, changes });
      }
      default:
        return unreachable(call);
    }
  }

  /** Y3 */
  private write(recording: Recording, first: number, count: number, changes: ChangeSet | undefined): Task<void> {
    const { handle, offset } = recording[first] as WriteCall;
    if (this.gathered.length === 0) this.gathered = new Uint8Array(LARGEST_WRITE);
    let length = 0;
    for (let at = first; at < first + count; at++) {
      const { bytes } = recording[at] as WriteCall;
      this.gathered.set(bytes, length);
      length += bytes.length;
    }
    return this.file(handle).write(offset, this.gathered.subarray(0, length), changes);
  }

  private *open(handle: Handle, opening: Task<OpenFile>): Task<void> {
    this.files.set(handle, yield* opening);
  }

  private *exists(path: Path, answer: boolean): Task<void> {
    const entry = yield* this.volume(path).stat(path);
    this.expect(entry !== null && entry.sizeBytes > 0, answer, `${path} is there`);
  }

  private *read({ handle, offset, length, bytes }: Extract<Call, { is: 'read' }>): Task<void> {
    if (length > this.into.length) this.into = new Uint8Array(length);
    const file = this.file(handle);
    const into = length === this.into.length ? this.into : this.into.subarray(0, length);
    const got = yield* file.read(offset, into);
    this.expect(got, bytes.length, `bytes at ${offset} of ${file.node.path}`);
    if (sameBytes(got === length ? into : into.subarray(0, got), bytes)) return;
    this.differs(`other bytes at ${offset}..${offset + got - 1} of ${file.node.path}`);
  }

  private file(handle: Handle): OpenFile {
    const file = this.files.get(handle);
    if (file === undefined) defect(`replay: file ${handle} is not open`);
    return file;
  }

  private volume(path: Path): MountedVolume {
    return this.volumes(letterOf(path));
  }

  private expect<T extends number | boolean>(answer: T, shadow: T, what: string): void {
    if (answer !== shadow) this.differs(`${what}: ${answer}, and in the shadow ${shadow}`);
  }

  private differs(what: string): never {
    if (!this.hasFailed) defect(`replay: ${what}`);
    throw new AnswerDiffers(what);
  }
}

/** How many calls from here on are one write. */
function runOfWrites(recording: Recording, first: number): number {
  const { handle, offset, bytes } = recording[first] as WriteCall;
  let length = bytes.length;
  let at = first + 1;
  for (; at < recording.length; at++) {
    const call = recording[at]!;
    if (call.is !== 'write' || call.handle !== handle || call.offset !== offset + length) break;
    if (length + call.bytes.length > LARGEST_WRITE) break;
    length += call.bytes.length;
  }
  return at - first;
}

function* delay(forNs: Nanoseconds): Task<void> {
  yield forNs;
}
