/**
 * An open file. Reads and writes inside the file, on resident pages, take a short way that makes nothing (hot path: a
 * random write of 64 bytes is below half a microsecond); all else is planned (plan-write.ts).
 *
 * Invariants
 * I1 The short way looks first, too: it changes nothing unless it can change everything.
 * I2 A handle of a file that was removed still reads it; its clusters are held until it is closed.
 */
import type { IoError } from '../../../engine/device.ts';
import { defect } from '../../../engine/invariant.ts';
import type { Task } from '../../../engine/task.ts';
import type { Bytes } from '../../../engine/units.ts';
import { type ChangeSet, FsError, type OpenFile, type Path } from '../file-system.ts';
import { type Operation, PIECE_BYTES, run, type View } from '../operation.ts';
import type { Page } from '../page.ts';
import { PAGE_BYTES } from '../page-buffers.ts';
import { appendResident } from './append-resident.ts';
import { type Chain, loadChain } from './chain.ts';
import { ARCHIVE } from './entry.ts';
import { FIRST_CLUSTER } from './layout.ts';
import type { FatNode } from './node.ts';
import { AppendOperation, CutOperation, WriteOperation } from './plan-write.ts';
import { type Segment, segments } from './segments.ts';
import type { FatState, HeldClusters } from './state.ts';
import { syncNode } from './sync.ts';

const NOTHING = new Uint8Array(0);

export class FatFile implements OpenFile {
  readonly node: FatNode;
  /** Of a page with data of this file that could not be written; told once, by the next fsync. */
  pendingError: IoError | null = null;
  readonly holds: HeldClusters[] = [];
  private readonly state: FatState;
  isClosed = false;
  /** What `locate` found. */
  private within: Bytes = 0;
  private room: Bytes = 0;

  constructor(state: FatState, node: FatNode) {
    this.state = state;
    this.node = node;
    node.handles.push(this);
    state.openNodes.add(node);
  }

  get sizeBytes(): Bytes {
    return this.node.sizeBytes;
  }

  *read(offset: Bytes, into: Uint8Array): Task<Bytes> {
    this.check(offset);
    const length = Math.min(into.length, this.node.sizeBytes - offset);
    if (length <= 0) return 0;
    if (this.readResident(offset, into, length)) return length;
    for (let done = 0; done < into.length; done += PIECE_BYTES) {
      const piece = into.subarray(done, done + PIECE_BYTES);
      const read = yield* run(this.state.cached, new ReadOperation(this.state, this.node, offset + done, piece));
      if (read < piece.length) return done + read;
    }
    return into.length;
  }

  *write(offset: Bytes, bytes: Uint8Array, changes?: ChangeSet): Task<void> {
    this.check(offset);
    if (bytes.length === 0) return;
    const set = changes === undefined ? null : changes;
    if (this.writeResident(offset, bytes, set)) return;
    yield* this.runAll(new WriteOperation(this.state, this.node, offset, bytes, set));
  }

  *append(bytes: Uint8Array, changes?: ChangeSet): Task<Bytes> {
    this.check(0);
    const end = this.node.sizeBytes;
    if (appendResident(this.state, this.node, bytes, changes ?? null)) return end;
    const operation = new AppendOperation(this.state, this.node, bytes, changes ?? null);
    yield* this.runAll(operation);
    return operation.offset;
  }

  *truncate(sizeBytes: Bytes, changes?: ChangeSet): Task<void> {
    this.check(sizeBytes);
    if (sizeBytes < this.node.sizeBytes) {
      yield* run(this.state.cached, new CutOperation(this.state, this.node, sizeBytes, changes ?? null));
    } else if (sizeBytes > this.node.sizeBytes) {
      yield* this.runAll(new WriteOperation(this.state, this.node, sizeBytes, NOTHING, changes ?? null));
    }
  }

  *fsync(): Task<void> {
    this.check(0);
    const failure = yield* syncNode(this.state, this.node);
    const cause = this.pendingError ?? failure;
    this.pendingError = null;
    if (cause !== null) throw new FsError('io', this.node.path, 'not all of it could be written', cause);
    const flushError = yield* this.state.cached.cache.flush(this.state.cached);
    if (flushError !== null) throw new FsError('io', this.node.path, '', flushError);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { handles } = this.node;
    handles.splice(handles.indexOf(this), 1);
    if (handles.length === 0) this.state.openNodes.delete(this.node);
    for (const hold of this.holds) hold.release();
  }

  private *runAll(operation: WriteOperation): Task<void> {
    while (!operation.isDone) yield* run(this.state.cached, operation);
  }

  private check(offset: Bytes): void {
    if (this.isClosed) defect(`${this.node.path}: used after close`);
    if (!(Number.isSafeInteger(offset) && offset >= 0)) defect(`${this.node.path}: used at offset ${offset}`);
  }

  /** Hot path. False: something has to be read, allocated, kept, stamped, waited for, or is wrong. */
  private writeResident(offset: Bytes, bytes: Uint8Array, changes: ChangeSet | null): boolean {
    const { node, state } = this;
    const { chain } = node;
    const end = offset + bytes.length;
    if (chain === null || end > node.sizeBytes || bytes.length > PIECE_BYTES) return false;
    if (node.frozen !== null || node.isRemoved || node.isForeign || (node.attributes & ARCHIVE) === 0) return false;
    if (node.modified !== state.stamp()) return false;
    const { writeBack } = state.cached.cache;
    if (writeBack.isAboveLimit) return false;
    const first = this.locate(chain, offset);
    if (first === null) return false;
    if (bytes.length <= this.room) {
      writeBack.change(first, node, changes);
      first.bytes.set(bytes, this.within);
    } else {
      for (let at = offset + this.room; at < end; at += this.room) if (this.locate(chain, at) === null) return false;
      this.writeParts(chain, offset, bytes, changes);
    }
    const { observer } = state;
    if (observer !== null) observer.wrote(node, offset, bytes);
    return true;
  }

  private writeParts(chain: Chain, offset: Bytes, bytes: Uint8Array, changes: ChangeSet | null): void {
    for (let done = 0; done < bytes.length; ) {
      const page = this.locate(chain, offset + done);
      if (page === null) defect(`${this.node.path}: a page is absent after the first change`);
      const length = Math.min(this.room, bytes.length - done);
      this.state.cached.cache.writeBack.change(page, this.node, changes);
      page.bytes.set(bytes.subarray(done, done + length), this.within);
      done += length;
    }
  }

  /** Hot path. Reads at most a piece, if all of it is resident. */
  private readResident(offset: Bytes, into: Uint8Array, length: Bytes): boolean {
    const { chain } = this.node;
    if (chain === null || length > PIECE_BYTES) return false;
    const end = offset + length;
    for (let at = offset; at < end; at += this.room) if (this.locate(chain, at) === null) return false;
    for (let done = 0; done < length; ) {
      const page = this.locate(chain, offset + done);
      if (page === null) defect(`${this.node.path}: a page is absent in the step of its look-up`);
      const part = Math.min(this.room, length - done);
      into.set(page.bytes.subarray(this.within, this.within + part), done);
      done += part;
    }
    return true;
  }

  /** Hot path. The resident page of an offset; leaves where in it, and how far it serves, in `within` and `room`. */
  private locate(chain: Chain, offset: Bytes): Page | null {
    const { clusterBytes, dataStart } = this.state.layout;
    const index = Math.floor(offset / clusterBytes);
    if (index >= chain.length) return null;
    const inCluster = offset - index * clusterBytes;
    const place = dataStart + (chain.at(index) - FIRST_CLUSTER) * clusterBytes + inCluster;
    const number = Math.floor(place / PAGE_BYTES);
    this.within = place - number * PAGE_BYTES;
    this.room = Math.min(PAGE_BYTES - this.within, clusterBytes - inCluster);
    const page = this.state.cached.find(number);
    if (page === null || !page.isResident) return null;
    page.isReferenced = true;
    return page;
  }
}

/** Reads one piece, as far as the file goes in the step in which it is read. */
class ReadOperation implements Operation<Segment[], Bytes> {
  readonly path: Path;
  readonly changesPages = false;
  private readonly state: FatState;
  private readonly node: FatNode;
  private readonly offset: Bytes;
  private readonly into: Uint8Array;

  constructor(state: FatState, node: FatNode, offset: Bytes, into: Uint8Array) {
    this.state = state;
    this.node = node;
    this.path = node.path;
    this.offset = offset;
    this.into = into;
  }

  plan(view: View): Segment[] | null {
    const { layout } = this.state;
    const end = Math.min(this.offset + this.into.length, this.node.sizeBytes);
    if (end <= this.offset) return [];
    const chain = loadChain(view, layout, this.node, this.node.firstCluster);
    if (chain === null) return null;
    if (end > chain.length * layout.clusterBytes) {
      throw new FsError('corrupt', this.path, chain.problem ?? 'its chain is shorter than its size');
    }
    const found = segments(layout, index => chain.at(index), this.offset, end);
    for (const segment of found) view.range(segment.volumeOffset, segment.length);
    return view.isMissing ? null : found;
  }

  apply(found: Segment[]): Bytes {
    let read = 0;
    for (const { volumeOffset, length, fileOffset } of found) {
      const start = fileOffset - this.offset;
      this.state.readPages(volumeOffset, this.into.subarray(start, start + length));
      read += length;
    }
    return read;
  }
}
