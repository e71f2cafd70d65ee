/**
 * One connection's view of the shadow world: its files, the chance and the clock that SQLite sees, and the list of the
 * calls that are being recorded. The VFS (shadow-vfs.ts) turns SQLite's calls into these methods.
 *
 * Invariants
 * R1 Without a log every call is answered all the same, and leaves no trace: filling, judging, an abandoned connection.
 * R2 Handles are numbered in the order of opening, so that two recorders of one seed give the same lists.
 */
import { invariant } from '../../../engine/invariant.ts';
import type { Bytes, Nanoseconds } from '../../../engine/units.ts';
import type { Path } from '../../fs/file-system.ts';
import type { RandomStream } from '../../kernel/random.ts';
import { type Call, type Handle, type Recording, SharedBytes } from './calls.ts';
import { canonical, type ShadowFile, type ShadowFiles } from './shadow-files.ts';

/** What SQLite sees of chance and time while it runs. */
export interface Surroundings {
  /** Gives SQLite its random bytes: journal nonces, salts, names of super-journals. */
  readonly random: RandomStream;
  /** Wall clock in milliseconds since 1970. */
  readonly unixMilliseconds: number;
  /** Gives the processor time between writes to different files. */
  readonly pace: RandomStream;
}

/** A file that SQLite, or the program around it, has open. */
export interface OpenShadow {
  readonly session: ShadowSession;
  readonly file: ShadowFile;
  readonly handle: Handle;
  /** The database whose rollback journal this is. */
  readonly database: Path | null;
}

/** From one file to the next the program computes up to this long. */
const LONGEST_COMPUTING_NS: Nanoseconds = 100_000;

export class ShadowSession {
  readonly files: ShadowFiles;
  surroundings: Surroundings;
  /** Open files, for counting. */
  openCount = 0;
  private readonly shared = new SharedBytes();
  private log: Call[] | null = null;
  private nextHandle: Handle = 1;
  private lastWritten: Handle = 0;

  constructor(files: ShadowFiles, surroundings: Surroundings) {
    this.files = files;
    this.surroundings = surroundings;
  }

  /** Records what `program` calls. */
  record(program: () => void): Recording {
    invariant(this.log === null, 'a recording inside a recording');
    const log: Call[] = [];
    this.log = log;
    this.lastWritten = 0;
    try {
      program();
    } finally {
      this.log = null;
    }
    return log;
  }

  /** Null when the file isn't there and is not to be made. */
  open(name: string, makes: boolean, isJournal: boolean): OpenShadow | null {
    const found = this.files.find(name);
    if (found === null && !makes) {
      this.log?.push({ is: 'exists', path: canonical(name), answer: false });
      return null;
    }
    const file = found ?? this.files.make(name);
    const handle = this.nextHandle++;
    this.openCount += 1;
    this.log?.push({ is: found === null ? 'create' : 'open', handle, path: file.path });
    return { session: this, file, handle, database: isJournal ? file.path.slice(0, -'-journal'.length) : null };
  }

  close(open: OpenShadow): void {
    this.openCount -= 1;
    invariant(this.openCount >= 0, `${open.file.path} is closed twice`);
    this.log?.push({ is: 'close', handle: open.handle });
  }

  /** What there is, up to `length` bytes. */
  read(open: OpenShadow, offset: Bytes, length: Bytes): Uint8Array {
    const bytes = open.file.read(offset, length);
    if (this.log !== null) {
      const kept = this.shared.keep(open.file.path, offset, bytes, open.database);
      this.log.push({ is: 'read', handle: open.handle, offset, length, bytes: kept });
    }
    return bytes;
  }

  write(open: OpenShadow, offset: Bytes, bytes: Uint8Array): void {
    if (this.log !== null) {
      if (this.lastWritten !== open.handle && this.lastWritten !== 0) {
        this.log.push({ is: 'think', forNs: this.surroundings.pace.below(LONGEST_COMPUTING_NS) });
      }
      this.lastWritten = open.handle;
      const kept = this.shared.keep(open.file.path, offset, bytes, open.database);
      this.log.push({ is: 'write', handle: open.handle, offset, bytes: kept });
    }
    open.file.write(offset, bytes);
  }

  truncate(open: OpenShadow, sizeBytes: Bytes): void {
    this.log?.push({ is: 'truncate', handle: open.handle, sizeBytes });
    open.file.truncate(sizeBytes);
  }

  sync(open: OpenShadow): void {
    this.log?.push({ is: 'sync', handle: open.handle });
  }

  size(open: OpenShadow): Bytes {
    const { sizeBytes } = open.file;
    this.log?.push({ is: 'size', handle: open.handle, sizeBytes });
    return sizeBytes;
  }

  exists(name: string): boolean {
    const file = this.files.find(name);
    const answer = file !== null && file.sizeBytes > 0;
    this.log?.push({ is: 'exists', path: canonical(name), answer });
    return answer;
  }

  /** False when there was no such file. */
  delete(name: string, syncDirectory: boolean): boolean {
    const file = this.files.find(name);
    if (file === null) {
      this.log?.push({ is: 'exists', path: canonical(name), answer: false });
      return false;
    }
    this.log?.push({ is: 'delete', path: file.path, syncDirectory });
    this.shared.forget(file.path);
    this.files.remove(file);
    return true;
  }

  /** The program waits for something else than its files. */
  think(forNs: Nanoseconds): void {
    this.log?.push({ is: 'think', forNs });
  }
}
