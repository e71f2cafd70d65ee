/**
 * The private files that a SQLite runs ahead on: a folder in memory, where every call succeeds and takes no time.
 *
 * Invariants
 * S1 A name is looked up in upper case, as the simulated file system has it: SQLite appends `-journal` in lower case.
 * S2 Bytes behind the end of a file are never seen: what is cut off or jumped over reads as zeroes.
 * S3 Images are never written to: a set of shadow files copies what it begins with.
 */
import { defect, invariant } from '../../../engine/invariant.ts';
import type { Bytes } from '../../../engine/units.ts';
import type { Path } from '../../fs/file-system.ts';

/** Files as they are at one instant. */
export type FileImages = ReadonlyMap<Path, Uint8Array>;

const SMALLEST_CAPACITY = 16 * 1024;
/** Buffers of deleted journals, kept for the next one: one for each database, and a super-journal. */
const SPARE_BUFFERS = 4;

/** S1. What is before the suffix is canonical already, and only ASCII is safe to be raised once more. */
export function canonical(name: string): Path {
  return name.replace(/[a-z]+/g, letters => letters.toUpperCase());
}

export class ShadowFile {
  readonly path: Path;
  sizeBytes: Bytes = 0;
  /** Memory shared between connections in WAL mode: pointers into the WebAssembly heap, owned by the VFS. */
  regions: number[] = [];
  private buffer: Uint8Array;

  constructor(path: Path, buffer: Uint8Array) {
    this.path = path;
    this.buffer = buffer;
  }

  /** Bytes that are there; fewer than asked for at the end of the file. Valid until the next write. */
  read(offset: Bytes, length: Bytes): Uint8Array {
    const end = Math.min(offset + length, this.sizeBytes);
    return this.buffer.subarray(Math.min(offset, end), end);
  }

  write(offset: Bytes, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (!Number.isSafeInteger(offset) || offset < 0) defect(`${this.path}: a write at ${offset}`);
    if (end > this.buffer.length) this.grow(end);
    if (offset > this.sizeBytes) this.buffer.fill(0, this.sizeBytes, offset);
    this.buffer.set(bytes, offset);
    if (end > this.sizeBytes) this.sizeBytes = end;
  }

  truncate(sizeBytes: Bytes): void {
    if (sizeBytes > this.buffer.length) this.grow(sizeBytes);
    if (sizeBytes > this.sizeBytes) this.buffer.fill(0, this.sizeBytes, sizeBytes);
    this.sizeBytes = sizeBytes;
  }

  copy(): Uint8Array {
    return this.buffer.slice(0, this.sizeBytes);
  }

  /** Gives up its buffer. */
  take(): Uint8Array {
    const { buffer } = this;
    this.buffer = new Uint8Array(0);
    this.sizeBytes = 0;
    return buffer;
  }

  private grow(needed: Bytes): void {
    let capacity = Math.max(SMALLEST_CAPACITY, this.buffer.length);
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.buffer.subarray(0, this.sizeBytes));
    this.buffer = grown;
  }
}

export class ShadowFiles {
  private readonly files = new Map<Path, ShadowFile>();
  private readonly spare: Uint8Array[] = [];
  /** Where files come from that are looked for the first time: only what SQLite asks for is read. Gives new bytes. */
  private readonly source: ((path: Path) => Uint8Array | null) | null;
  private readonly asked = new Set<Path>();
  /** What the source gave, in the order of asking. */
  readonly given: Path[] = [];

  constructor(images: FileImages, source: ((path: Path) => Uint8Array | null) | null = null) {
    this.source = source;
    for (const [path, bytes] of images) this.add(path, bytes.slice());
  }

  find(name: string): ShadowFile | null {
    const path = canonical(name);
    const file = this.files.get(path);
    if (file !== undefined) return file;
    if (this.source === null || this.asked.has(path)) return null;
    this.asked.add(path);
    const bytes = this.source(path);
    if (bytes === null) return null;
    this.given.push(path);
    return this.add(path, bytes);
  }

  make(name: string): ShadowFile {
    const path = canonical(name);
    invariant(!this.files.has(path), `${path} is made twice`);
    this.asked.add(path);
    const file = new ShadowFile(path, this.spare.pop() ?? new Uint8Array(SMALLEST_CAPACITY));
    this.files.set(path, file);
    return file;
  }

  remove(file: ShadowFile): void {
    invariant(this.files.get(file.path) === file, `${file.path} is removed twice`);
    invariant(file.regions.length === 0, `${file.path} is removed while it is mapped`);
    this.files.delete(file.path);
    const buffer = file.take();
    if (this.spare.length < SPARE_BUFFERS) this.spare.push(buffer);
  }

  get paths(): Path[] {
    return [...this.files.keys()];
  }

  images(): Map<Path, Uint8Array> {
    const images = new Map<Path, Uint8Array>();
    for (const [path, file] of this.files) images.set(path, file.copy());
    return images;
  }

  private add(path: Path, bytes: Uint8Array): ShadowFile {
    const file = new ShadowFile(path, bytes);
    file.sizeBytes = bytes.length;
    this.files.set(path, file);
    return file;
  }
}
