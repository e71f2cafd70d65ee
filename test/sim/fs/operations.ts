/** Operations of several applications on one volume, as tasks, each compared with the model in the step in which it ends. */
import fc from 'fast-check';
import type { Task } from '../../../engine/task.ts';
import type { FatVolume } from '../../../sim/fs/fat/volume.ts';
import { type FrozenFile, FsError, type MountedVolume, type OpenFile } from '../../../sim/fs/file-system.ts';
import type { Model } from './model.ts';
import { pattern } from './trees.ts';

type PathStep = { op: 'create' | 'open' | 'remove' | 'makeDirectory' | 'stat' | 'list'; path: string; sync: boolean };
type FrozenStep =
  | { op: 'readFrozen'; handle: number; offset: number; length: number }
  | { op: 'closeFrozen'; handle: number };
type HandleStep =
  | { op: 'write' | 'append'; handle: number; offset: number; length: number; seed: number }
  | { op: 'truncate'; handle: number; sizeBytes: number }
  | { op: 'read'; handle: number; offset: number; length: number }
  | { op: 'fsync' | 'close'; handle: number };

export type Step =
  | PathStep
  | FrozenStep
  | HandleStep
  | { op: 'rename'; path: string; to: string; sync: boolean }
  | { op: 'freeze'; paths: readonly string[] }
  | { op: 'setModified'; path: string; modified: number }
  | { op: 'sync' | 'trim' };

const NAMES = ['A', 'B.DAT', 'c long name', 'e'];
const path = fc
  .tuple(fc.constantFrom('', 'Dir\\'), fc.constantFrom(...NAMES))
  .map(([folder, name]) => `C:\\${folder}${name}`);
const handle = fc.nat(5);
const offset = fc.oneof(fc.nat(3000), fc.nat(30_000), fc.nat(100_000));
const length = fc.oneof(fc.nat(200), fc.nat(9000), fc.integer({ min: 4096, max: 4096 }), fc.nat(100_000));
const readLength = fc.oneof(fc.nat(200), fc.nat(60_000));

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom('create' as const, 'create' as const, 'open' as const, 'remove' as const),
      path,
      sync: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('makeDirectory' as const, 'stat' as const, 'list' as const),
      path: fc.constantFrom('C:\\Dir', 'C:\\Dir\\e', 'C:\\Dir\\c long name'),
      sync: fc.constant(false),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('rename' as const), path, to: path, sync: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constantFrom('write' as const, 'write' as const, 'append' as const),
      handle,
      offset,
      length,
      seed: fc.nat(255),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('truncate' as const), handle, sizeBytes: offset }) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constantFrom<'read' | 'readFrozen'>('read', 'readFrozen'),
      handle,
      offset,
      length: readLength,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom('fsync' as const, 'fsync' as const, 'close' as const, 'closeFrozen' as const),
      handle,
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('freeze' as const), paths: fc.array(path, { maxLength: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('setModified' as const),
      path,
      modified: fc.integer({ min: 1_000_000_000, max: 1_100_000_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('sync' as const, 'trim' as const) }) },
);

/** What every run begins with, so that most steps find what they are about. */
export const PRELUDE: readonly Step[] = [
  { op: 'makeDirectory', path: 'C:\\Dir\\e', sync: false },
  ...['C:\\A', 'C:\\Dir\\A', 'C:\\c long name', 'C:\\Dir\\B.DAT'].map<Step>(at => ({
    op: 'create',
    path: at,
    sync: false,
  })),
  { op: 'write', handle: 0, offset: 0, length: 50_000, seed: 1 },
  { op: 'write', handle: 1, offset: 100, length: 9000, seed: 2 },
  { op: 'write', handle: 2, offset: 0, length: 3000, seed: 3 },
];

interface Frozen {
  readonly file: FrozenFile;
  readonly bytes: Uint8Array;
}

type Handle = OpenFile | FrozenFile;

export class Applications {
  readonly volume: MountedVolume & Pick<FatVolume, 'trim'>;
  readonly model: Model;
  readonly failures: string[] = [];
  private readonly handles: OpenFile[] = [];
  private readonly frozen: Frozen[] = [];
  /** Handles with an operation on its way, once for each: nobody closes those. */
  private readonly inUse: Handle[] = [];

  constructor(volume: MountedVolume & Pick<FatVolume, 'trim'>, model: Model) {
    this.volume = volume;
    this.model = model;
  }

  /** Runs a step; that it can't be done is no surprise. */
  *run(s: Step): Task<void> {
    try {
      yield* this.do(s);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      this.failures.push(error.failure);
    }
  }

  closeAll(): void {
    for (const file of this.handles.splice(0)) file.close();
    for (const { file } of this.frozen.splice(0)) file.close();
  }

  private *using<T>(handle: Handle, task: Task<T>): Task<T> {
    this.inUse.push(handle);
    try {
      return yield* task;
    } finally {
      this.inUse.splice(this.inUse.indexOf(handle), 1);
    }
  }

  private *do(s: Step): Task<void> {
    const { volume } = this;
    switch (s.op) {
      case 'create':
        this.handles.push(yield* volume.create(s.path));
        return;
      case 'open':
        this.handles.push(yield* volume.open(s.path));
        return;
      case 'makeDirectory':
        return yield* volume.makeDirectory(s.path);
      case 'remove':
        return yield* volume.remove(s.path, { sync: s.sync });
      case 'rename':
        return yield* volume.rename(s.path, s.to, { sync: s.sync });
      case 'setModified':
        return yield* volume.setModified(s.path, s.modified);
      case 'sync':
        return yield* volume.sync();
      case 'trim':
        yield* volume.trim();
        return;
      case 'stat':
      case 'list':
        return yield* this.look(s.op, s.path);
      case 'freeze':
        return yield* this.freeze(s.paths);
      case 'readFrozen':
      case 'closeFrozen':
        return yield* this.useFrozen(s);
      default:
        return yield* this.useHandle(s);
    }
  }

  private *look(op: 'stat' | 'list', at: string): Task<void> {
    const upper = at.toUpperCase();
    if (op === 'stat') {
      const entry = yield* this.volume.stat(at);
      const expected = [...this.model.files.values()].find(file => file.path === upper);
      const size = expected === undefined ? undefined : (expected.bytes?.length ?? 0);
      check(entry?.sizeBytes === size && entry?.modified === expected?.modified, `stat of ${at}`);
      return;
    }
    const entries = yield* this.volume.list(at);
    const inIt = [...this.model.files.values()].filter(
      file => file.path.slice(0, file.path.lastIndexOf('\\')) === upper,
    );
    const names = (paths: { path: string }[]) => paths.map(entry => entry.path).toSorted();
    check(names(entries).join() === names(inIt).join(), `list of ${at}`);
  }

  private *freeze(paths: readonly string[]): Task<void> {
    const files = yield* this.volume.freeze(paths);
    for (const file of files) this.frozen.push({ file, bytes: this.model.bytesOf(file.node).slice() });
  }

  private *useFrozen(s: FrozenStep): Task<void> {
    const at = s.handle % this.frozen.length;
    const frozen = this.frozen[at];
    if (frozen === undefined) return;
    if (s.op === 'closeFrozen') {
      if (this.inUse.includes(frozen.file)) return;
      this.frozen.splice(at, 1);
      frozen.file.close();
      return;
    }
    const into = new Uint8Array(s.length);
    const read = yield* this.using(frozen.file, frozen.file.read(s.offset, into));
    check(same(into.subarray(0, read), frozen.bytes, s.offset, s.length), `frozen ${frozen.file.path}`);
  }

  private *useHandle(s: HandleStep): Task<void> {
    const at = s.handle % this.handles.length;
    const file = this.handles[at];
    if (file === undefined) return;
    switch (s.op) {
      case 'write':
        return yield* this.using(file, file.write(s.offset, pattern(s.length, s.seed)));
      case 'append':
        yield* this.using(file, file.append(pattern(s.length, s.seed)));
        return;
      case 'truncate':
        return yield* this.using(file, file.truncate(s.sizeBytes));
      case 'read': {
        const into = new Uint8Array(s.length);
        const read = yield* this.using(file, file.read(s.offset, into));
        check(
          same(into.subarray(0, read), this.model.bytesOf(file.node), s.offset, s.length),
          `read ${file.node.path}`,
        );
        return;
      }
      case 'fsync': {
        const version = this.model.versionOf(file.node);
        yield* this.using(file, file.fsync());
        this.model.synced(file.node, version);
        return;
      }
      case 'close':
        if (this.inUse.includes(file)) return;
        this.handles.splice(at, 1);
        file.close();
    }
  }
}

function same(got: Uint8Array, bytes: Uint8Array, from: number, most: number): boolean {
  return Buffer.compare(got, bytes.subarray(from, from + most)) === 0;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`${what} is not what the model says`);
}
