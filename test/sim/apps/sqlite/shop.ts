/** A shop with two databases, for the tests of SQLite: small, on volumes in memory, with a clock where time matters. */
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import { runNow } from '../../../../engine/task.ts';
import { SECOND } from '../../../../engine/units.ts';
import type { RestoredFile, RestoredTree } from '../../../../sim/apps/application.ts';
import { BaseContent } from '../../../../sim/apps/base-content.ts';
import { RestoredFiles } from '../../../../sim/apps/restored-files.ts';
import type { Call, Recording } from '../../../../sim/apps/sqlite/calls.ts';
import { layoutOf } from '../../../../sim/apps/sqlite/layout.ts';
import { SqliteLibrary } from '../../../../sim/apps/sqlite/library.ts';
import { Replayer } from '../../../../sim/apps/sqlite/replay.ts';
import type { FileImages } from '../../../../sim/apps/sqlite/shadow-files.ts';
import { SqliteApplication } from '../../../../sim/apps/sqlite/sqlite-application.ts';
import { Truth } from '../../../../sim/apps/truth.ts';
import { Kernel } from '../../../../sim/kernel/kernel.ts';
import { Choices } from '../../../../sim/kernel/random.ts';
import type { SqliteWorkload } from '../../../../sim/scenario/scenario.ts';
import { FakeVolume } from '../fake-volume.ts';

export const ACCOUNTS = 'C:\\SHOP\\ACCOUNTS.DB';
export const ORDERS = 'C:\\SHOP\\ORDERS.DB';
export const FOLDER = 'C:\\SHOP\\ORDERS-DOCUMENTS';

const module = await sqlite3InitModule();
export const library = new SqliteLibrary(module);

/** Another library over the same WebAssembly module, as another simulation has it. */
export const secondLibrary = new SqliteLibrary(module);

/** A library over a WebAssembly module of its own. */
export async function otherLibrary(): Promise<SqliteLibrary> {
  return new SqliteLibrary(await sqlite3InitModule());
}

export function shop(changes: Partial<SqliteWorkload> = {}): SqliteWorkload {
  return {
    id: 'shop',
    app: 'sqlite',
    files: [
      { name: 'A', path: ACCOUNTS },
      { name: 'B', path: ORDERS },
    ],
    journal: 'delete',
    sizeBytes: 160 * 1024,
    blobs: false,
    idle: false,
    rate: { count: 20, perNs: SECOND },
    clients: 4,
    fsync: 'always',
    startNs: 0,
    untilNs: null,
    pauses: null,
    ...changes,
  };
}

export const JOURNALS = ['delete', 'truncate', 'persist', 'wal'] as const;

/** A workload on a volume in memory, filled, and its recorder. */
export function filled(workload: SqliteWorkload, seed = 1, from = library) {
  const layout = layoutOf(workload);
  const application = new SqliteApplication(workload, from);
  const volume = new FakeVolume('C');
  runNow(application.fill(() => volume));
  const recorder = from.recorder(layout, seed);
  const replayer = new Replayer(() => volume);
  return { workload, layout, application, volume, recorder, replayer };
}

/** Replays lists one after the other; thinking takes no time. */
export function replayNow(replayer: Replayer, ...recordings: Recording[]): void {
  for (const recording of recordings) runNow(replayer.replay(withoutThinking(recording)));
}

export function withoutThinking(recording: Recording): Call[] {
  return recording.filter(call => call.is !== 'think');
}

/** Files in a form that is compared and printed fast. */
export function hexOf(images: FileImages): { readonly [path: string]: string } {
  const paths = [...images.keys()].sort();
  return Object.fromEntries(paths.map(path => [path, Buffer.from(images.get(path)!).toString('hex')]));
}

/** Files as a restored tree. */
export function treeOf(images: FileImages): RestoredTree {
  const files = [...images].map(([path, bytes]) => restoredFile(path, bytes, null));
  return new RestoredFiles(files, noFiles());
}

export function restoredFile(path: string, bytes: Uint8Array, damage: string | null): RestoredFile {
  return {
    path,
    sizeBytes: bytes.length,
    modified: 0,
    damage,
    read(offset, into) {
      into.fill(0);
      into.set(bytes.subarray(offset, offset + into.length));
    },
    bytes: () => bytes.slice(),
  };
}

/** A world that had no file at 0 s: these tests compare rows, not bytes. */
export function noFiles(): BaseContent {
  return new BaseContent(() => 0, []);
}

/** A truth in which transactions 1 to n were committed. */
export function truthOf(n: number) {
  const truth = new Truth({ base: noFiles(), clock: () => 0 }).workload('shop');
  for (let number = 1; number <= n; number++) {
    const transaction = truth.begin(number - 1);
    truth.committed(transaction);
    truth.acknowledged(transaction);
  }
  return truth;
}

/** The shop at work on a volume in memory, from 0 s on. */
export function world(workload: SqliteWorkload, seed = 1) {
  const { application, layout, volume } = filled(workload, seed);
  const kernel = new Kernel(new Choices(seed));
  const owner = kernel.owner('shop');
  const truth = new Truth({ base: noFiles(), clock: () => kernel.now() });
  const context = {
    kernel,
    owner,
    volumes: () => volume,
    truth: truth.workload('shop'),
    wallClock: () => 0,
    isRestart: false,
  };
  application.start(context);
  const host = kernel.owner('host');
  return {
    application,
    layout,
    volume,
    kernel,
    owner,
    truth: context.truth,
    /** Runs until a point in time. */
    runUntil(timeNs: number) {
      const alarm = host.spawn(
        'alarm',
        (function* () {
          if (timeNs > kernel.now()) yield timeNs - kernel.now();
        })(),
      );
      while (!alarm.end.isSettled) kernel.advance(1);
    },
    /** Runs until transaction n is committed, and nothing after it has begun. */
    runUntilCommitted(n: number) {
      while ((context.truth.transactions[n - 1]?.committed ?? Infinity) === Infinity) kernel.advance(1);
    },
    host,
  };
}
