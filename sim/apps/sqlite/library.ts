/**
 * What SQLite workloads share in one process: the WebAssembly module with its VFS, the databases as they are at 0 s, and
 * the recordings of the seed that is being run. Nothing of it changes what a run does: it only saves making it again.
 *
 * Invariants
 * B1 Connections that are open, and images that are kept, are bounded whatever runs: the oldest are given up (Q2).
 * B2 A module has one VFS, and one bound of connections, however many libraries are made of it.
 */
import type { Sqlite3Static } from '@sqlite.org/sqlite-wasm';
import { Connection } from './connection.ts';
import type { Layout } from './layout.ts';
import { Recorder } from './recorder.ts';
import { fillSurroundings, makeAll, openAll } from './schema.ts';
import { type FileImages, ShadowFiles } from './shadow-files.ts';
import { ShadowSession } from './shadow-session.ts';
import { ShadowVfs } from './shadow-vfs.ts';

/** Recorders with an open connection. */
const MOST_RUNNING = 8;
/** Workloads whose files at 0 s are kept. */
const MOST_WORKLOADS = 8;

/** Of a module (B2). */
class Installed {
  readonly vfs: ShadowVfs;
  /** The one that was used last stands last. */
  readonly running: Recorder[] = [];

  constructor(sqlite: Sqlite3Static) {
    this.vfs = new ShadowVfs(sqlite);
  }

  used(recorder: Recorder): void {
    const { running } = this;
    if (running[running.length - 1] === recorder) return;
    const at = running.indexOf(recorder);
    if (at >= 0) running.splice(at, 1);
    running.push(recorder);
    if (running.length > MOST_RUNNING) this.suspend(running[0]!);
  }

  suspend(recorder: Recorder): void {
    recorder.suspend();
    const at = this.running.indexOf(recorder);
    if (at >= 0) this.running.splice(at, 1);
  }
}

const installed = new WeakMap<Sqlite3Static, Installed>();

function installedIn(sqlite: Sqlite3Static): Installed {
  let known = installed.get(sqlite);
  if (known === undefined) {
    known = new Installed(sqlite);
    installed.set(sqlite, known);
  }
  return known;
}

export class SqliteLibrary {
  readonly vfs: ShadowVfs;
  private readonly sqlite: Sqlite3Static;
  private readonly installed: Installed;
  private readonly fills = new Map<string, FileImages>();
  /** The recorder of the last seed of each workload. */
  private readonly shared = new Map<string, Recorder>();

  constructor(sqlite: Sqlite3Static) {
    this.sqlite = sqlite;
    this.installed = installedIn(sqlite);
    this.vfs = this.installed.vfs;
  }

  /** The databases of a workload as they are at 0 s. */
  fill(layout: Layout): FileImages {
    const key = keyOf(layout);
    const known = this.fills.get(key);
    if (known !== undefined) return known;
    const images = this.makeFill(layout);
    this.fills.set(key, images);
    if (this.fills.size > MOST_WORKLOADS) this.fills.delete(this.fills.keys().next().value as string);
    return images;
  }

  /** The recorder that all methods of a seed share. */
  recorder(layout: Layout, seed: number): Recorder {
    const key = keyOf(layout);
    const known = this.shared.get(key);
    if (known !== undefined && known.origin.seed === seed) return known;
    if (known !== undefined) this.suspend(known);
    const recorder = this.make({ layout, seed, images: this.fill(layout), isPristine: true });
    this.shared.set(key, recorder);
    if (this.shared.size > MOST_WORKLOADS) this.shared.delete(this.shared.keys().next().value as string);
    return recorder;
  }

  /** A recorder for one run, over files that were read back from its world. */
  privateRecorder(layout: Layout, seed: number, images: FileImages): Recorder {
    return this.make({ layout, seed, images, isPristine: false });
  }

  /** A connection over files of its own that records nothing; the caller closes it. */
  connection(files: ShadowFiles, layout: Layout): Connection {
    this.vfs.reseed();
    return new Connection(this.sqlite, this.vfs, new ShadowSession(files, fillSurroundings(layout)));
  }

  /** Gives up what a recorder holds; it can still be asked. */
  suspend(recorder: Recorder): void {
    this.installed.suspend(recorder);
  }

  suspendAll(): void {
    for (const recorder of [...this.installed.running]) this.suspend(recorder);
  }

  /** Memory of the module: it never shrinks, and must not grow with runs. */
  get heapBytes(): number {
    return this.sqlite.wasm.heap8u().length;
  }

  get runningCount(): number {
    return this.installed.running.length;
  }

  private make(origin: Recorder['origin']): Recorder {
    return new Recorder(this.sqlite, this.vfs, origin, recorder => this.installed.used(recorder));
  }

  private makeFill(layout: Layout): FileImages {
    const files = new ShadowFiles(new Map());
    const connection = this.connection(files, layout);
    try {
      openAll(connection, layout, 'to make');
      makeAll(connection, layout);
    } finally {
      connection.close();
    }
    return files.images();
  }
}

function keyOf(layout: Layout): string {
  return JSON.stringify(layout);
}
