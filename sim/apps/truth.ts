/**
 * The truth of the world: a log, outside every disk, of what applications did and what their files held, on one counter
 * of event numbers. Checkers ask it what a restored set of bytes can have been.
 *
 * Invariants
 * I1 An event number is an instant: the state after that event. Event 0 is the state at 0 s.
 * I2 Instants are what somebody could have seen: what a file system tells of one step (growth and the write that grew,
 *    the file that a rename replaces and the rename, a change and its stamp) is one event.
 * I3 `now` seals the present event: nothing later is counted to it.
 * I4 A path has one file at any instant; a file is the same whatever it is renamed to.
 * I5 What lies behind the end of a file is zeroes, as if it were part of it.
 * I6 What a machine finds on its drives when it starts is a version like others, all of it of one event.
 *
 * Hot path: `wrote`. It makes nothing but versions in columns.
 */
import { defect } from '../../engine/invariant.ts';
import type { Bytes, Nanoseconds } from '../../engine/units.ts';
import type { FileNode, FsObserver, Path, WallSeconds } from '../fs/file-system.ts';
import type { RestoredFile, RestoredTree } from './application.ts';
import { type BaseContent, BLOCK_BYTES, blockCount } from './base-content.ts';
import { BlockVersions } from './block-versions.ts';
import { Changes } from './changes.ts';
import { NO_SLOT, TruthFile } from './truth-file.ts';
import { WorkloadTruth } from './workload-truth.ts';

/** A position in the truth, and the instant after it (I1). */
export type EventNumber = number;

/** What the last event was, as long as what follows may belong to it (I2). */
type Unsealed = 'sealed' | 'resized' | 'removed' | 'changed';

export interface TruthOptions {
  /** The files of all observed volumes at 0 s. */
  readonly base: BaseContent;
  /** The world's clock. */
  readonly clock: () => Nanoseconds;
  /** Memory that served another run before; it is reset. */
  readonly blocks?: BlockVersions | undefined;
}

/** Set it as the observer of every volume that is to be judged. */
export class Truth implements FsObserver {
  readonly base: BaseContent;
  readonly blocks: BlockVersions;
  readonly files: TruthFile[] = [];
  readonly workloads: WorkloadTruth[] = [];
  private readonly clock: () => Nanoseconds;
  /** By event: when it happened. */
  private readonly times: Nanoseconds[] = [0];
  private readonly nodes = new Map<number, TruthFile>();
  private readonly occupants = new Map<Path, Changes<TruthFile | null>>();
  /** Files that were there when a machine started again, and are met by their path. */
  private survivors: ReadonlySet<TruthFile> = new Set();
  private unsealed: Unsealed = 'sealed';
  private lastFile: TruthFile | null = null;
  private lastPath: Path = '';

  constructor(options: TruthOptions) {
    this.base = options.base;
    this.clock = options.clock;
    this.blocks = options.blocks ?? new BlockVersions();
    this.blocks.reset();
    for (const file of options.base.files) {
      const known = new TruthFile(this.files.length, file, 0, file.modified);
      this.files.push(known);
      this.occupants.set(file.path, new Changes<TruthFile | null>(0, known));
    }
  }

  /** The number of the last event, and the end of it (I3). */
  now(): EventNumber {
    this.unsealed = 'sealed';
    return this.times.length - 1;
  }

  /** The number of the last event, for who only looks. */
  get lastEvent(): EventNumber {
    return this.times.length - 1;
  }

  /** When an event happened. */
  timeOf(event: EventNumber): Nanoseconds {
    const time = this.times[event];
    if (time === undefined) defect(`event ${event} of ${this.times.length}`);
    return time;
  }

  /** The last event that had happened by the end of a point in time. */
  eventAt(time: Nanoseconds): EventNumber {
    let low = 0;
    let high = this.times.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.times[middle]! <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Counts one more event. */
  event(): EventNumber {
    this.unsealed = 'sealed';
    return this.times.push(this.clock()) - 1;
  }

  /** Begins the truth of a workload. */
  workload(id: string): WorkloadTruth {
    const truth = new WorkloadTruth(id, this);
    this.workloads.push(truth);
    return truth;
  }

  /** Every path that a file had at some instant, in the order in which they came to be known. */
  paths(): Path[] {
    return [...this.occupants.keys()];
  }

  /** Which file had a path when (I4); null when none ever had. */
  occupantsOf(path: Path): Changes<TruthFile | null> | null {
    return this.occupants.get(path) ?? null;
  }

  /** The file that had a path at an instant. */
  fileAt(path: Path, event: EventNumber): TruthFile | null {
    const changes = this.occupants.get(path);
    return changes === undefined ? null : changes.at(event, null);
  }

  created(node: FileNode): void {
    if (node.isDirectory) return;
    const event = this.event();
    const file = this.newFile(event, node.modified);
    this.nodes.set(node.id, file);
    this.occupy(node.path, event, file);
    this.leaveOpen('changed', file, node.path);
  }

  wrote(node: FileNode, offset: Bytes, bytes: Uint8Array): void {
    const file = this.known(node, node.path);
    if (offset + bytes.length > file.sizeBytes) defect(`a write past the end of ${node.path} that was not resized`);
    const growing = this.unsealed === 'resized' && this.lastFile === file && offset + bytes.length === file.sizeBytes;
    const event = growing ? this.lastEvent : this.event();
    for (let done = 0; done < bytes.length; ) {
      const block = Math.floor((offset + done) / BLOCK_BYTES);
      const within = (offset + done) % BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES - within, bytes.length - done);
      const slot = this.slotFor(file, block);
      const shadow = this.blocks.bytesOf(slot);
      shadow.set(length === bytes.length ? bytes : bytes.subarray(done, done + length), within);
      this.blocks.add(slot, event, this.base.hash(shadow));
      done += length;
    }
    this.leaveOpen('changed', file, node.path);
  }

  resized(node: FileNode, sizeBytes: Bytes): void {
    const file = this.known(node, node.path);
    const before = file.sizeBytes;
    if (sizeBytes === before) return;
    const event = this.event();
    if (sizeBytes < before) this.zeroBehind(file, sizeBytes, before, event);
    file.sizes.set(event, sizeBytes);
    this.leaveOpen('resized', file, node.path);
  }

  renamed(node: FileNode, from: Path): void {
    if (node.isDirectory) {
      this.renamedDirectory(node.path, from);
      return;
    }
    const file = this.known(node, from);
    const replacing = this.unsealed === 'removed' && this.lastPath === node.path;
    const event = replacing ? this.lastEvent : this.event();
    this.occupy(from, event, null);
    this.occupy(node.path, event, file);
    this.leaveOpen('changed', file, node.path);
  }

  removed(node: FileNode): void {
    if (node.isDirectory) return;
    const file = this.known(node, node.path);
    const event = this.event();
    // A file system may tell of a replaced file after the rename that took its path.
    if (this.fileAt(node.path, event) === file) this.occupy(node.path, event, null);
    this.leaveOpen('removed', file, node.path);
  }

  stamped(node: FileNode, modified: WallSeconds): void {
    if (node.isDirectory) return;
    const file = this.known(node, node.path);
    if (file.stamps.last === modified) return;
    const belongs = this.unsealed !== 'sealed' && this.lastFile === file;
    if (belongs) {
      file.stamps.set(this.lastEvent, modified);
      return;
    }
    file.stamps.set(this.event(), modified);
    this.leaveOpen('changed', file, node.path);
  }

  /**
   * A machine starts again from what drives hold: every path, size, stamp and block that they have otherwise than was
   * last known changes at this event (I6). `tree`: all files of the volumes `letters`; of a foreign one nobody follows
   * what is in it.
   */
  restarted(tree: RestoredTree, letters: readonly string[], isForeign: (path: Path) => boolean): EventNumber {
    const event = this.event();
    const holders = this.holdersOf(tree.paths, event);
    this.nodes.clear();
    this.survivors = new Set(holders.values());
    for (const [path, changes] of this.occupants) {
      if (!holders.has(path) && letters.includes(path.slice(0, 1))) changes.set(event, null);
    }
    for (const [path, file] of holders) {
      const there = tree.file(path) ?? defect(`${path} is there, and is not`);
      this.occupy(path, event, file);
      this.adopt(file, there, isForeign(path) ? null : tree, event);
    }
    return this.now();
  }

  /**
   * Which file each path is of: the one that has it; where none has, the last one that had it and has no other (a rename
   * that was taken back); else a new one.
   */
  private holdersOf(paths: readonly Path[], event: EventNumber): Map<Path, TruthFile> {
    const holders = new Map<Path, TruthFile>();
    const present = paths.map(path => this.occupants.get(path)?.last ?? null);
    const taken = new Set(present);
    paths.forEach((path, at) => {
      const earlier = this.occupants.get(path)?.values.findLast(file => file !== null && !taken.has(file)) ?? null;
      const holder = present[at] ?? earlier ?? this.newFile(event, 0);
      taken.add(holder);
      holders.set(path, holder);
    });
    return holders;
  }

  private newFile(event: EventNumber, modified: WallSeconds): TruthFile {
    const file = new TruthFile(this.files.length, null, event, modified);
    this.files.push(file);
    return file;
  }

  /** Without a tree nothing is said of its blocks. */
  private adopt(file: TruthFile, there: RestoredFile, tree: RestoredTree | null, event: EventNumber): void {
    const before = file.sizeBytes;
    if (there.sizeBytes < before) this.zeroBehind(file, there.sizeBytes, before, event);
    file.sizes.set(event, there.sizeBytes);
    file.stamps.set(event, there.modified);
    if (tree === null) return;
    const blocks = tree.blocks(there, file.base);
    const written = file.slots.map(slot => this.blocks.blocks[slot]!);
    const unwritten = blocks.changed.filter(block => file.slotOf(block) === NO_SLOT);
    for (const block of [...written, ...unwritten]) {
      const slot = this.slotFor(file, block);
      const hash = blocks.hash(block);
      if (this.blocks.newestHash(slot) === hash) continue;
      there.read(block * BLOCK_BYTES, this.blocks.bytesOf(slot));
      this.blocks.add(slot, event, hash);
    }
  }

  private leaveOpen(as: Unsealed, file: TruthFile, path: Path): void {
    this.unsealed = as;
    this.lastFile = file;
    this.lastPath = path;
  }

  /** The file of a node that exists; one from before 0 s is met by the path that it still has. */
  private known(node: FileNode, path: Path): TruthFile {
    const known = this.nodes.get(node.id);
    if (known !== undefined) return known;
    const file = this.occupants.get(path)?.last ?? null;
    if (file === null || (file.base === null && !this.survivors.has(file))) defect(`the truth does not know ${path}`);
    this.nodes.set(node.id, file);
    return file;
  }

  private occupy(path: Path, event: EventNumber, file: TruthFile | null): void {
    const changes = this.occupants.get(path);
    if (changes !== undefined) changes.set(event, file);
    else if (file !== null) this.occupants.set(path, new Changes<TruthFile | null>(event, file));
  }

  private renamedDirectory(to: Path, from: Path): void {
    const event = this.event();
    const below = `${from}\\`;
    for (const [path, changes] of [...this.occupants]) {
      const file = changes.last;
      if (file === null || !path.startsWith(below)) continue;
      changes.set(event, null);
      this.occupy(to + path.slice(from.length), event, file);
    }
  }

  /** The slot of a block that is about to be written. */
  private slotFor(file: TruthFile, block: number): number {
    const known = file.slotOf(block);
    if (known !== NO_SLOT) return known;
    const { base } = file;
    const fromBase = base !== null && block < base.blockCount;
    const slot = this.blocks.slot(block, fromBase ? base.blockHash(block) : this.base.zeroHash);
    const shadow = this.blocks.bytesOf(slot);
    if (fromBase) shadow.set(base.padded().subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
    else shadow.fill(0);
    file.setSlot(block, slot);
    return slot;
  }

  /** I5: what a shrinking file gives up reads as zeroes should it grow again. */
  private zeroBehind(file: TruthFile, sizeBytes: Bytes, before: Bytes, event: EventNumber): void {
    for (let block = Math.floor(sizeBytes / BLOCK_BYTES); block < blockCount(before); block++) {
      if (file.slotOf(block) === NO_SLOT && (file.base === null || block >= file.base.blockCount)) continue;
      const slot = this.slotFor(file, block);
      const shadow = this.blocks.bytesOf(slot);
      shadow.fill(0, Math.max(0, sizeBytes - block * BLOCK_BYTES));
      this.blocks.add(slot, event, this.base.hash(shadow));
    }
  }
}
