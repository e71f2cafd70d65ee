/**
 * Runs the program ahead of the simulated world, one transaction at a time, and keeps the lists of its calls. One for
 * each (workload, seed) is shared by all methods: the transactions of a seed are the same whatever makes the backups.
 * After a failure a method goes on with one of its own.
 *
 * Invariants
 * Q1 Transaction n of a recorder is the same list whoever asks, and when. Chance is set anew for each: SQLite's own
 *    generator too. Numbers rise; one is left out when it was given up in its world, so not by a recorder that is shared.
 * Q2 A recorder can be suspended between two calls: connection and lists go, and are made again, the same, when they are
 *    asked for. So memory is bounded without anybody having to say when a run is over.
 */
import type { Sqlite3Static } from '@sqlite.org/sqlite-wasm';
import { defect, invariant } from '../../../engine/invariant.ts';
import { RandomStream } from '../../kernel/random.ts';
import type { Recording } from './calls.ts';
import { Connection, SqliteError } from './connection.ts';
import type { Layout } from './layout.ts';
import { openAll } from './schema.ts';
import { type FileImages, ShadowFiles } from './shadow-files.ts';
import { ShadowSession } from './shadow-session.ts';
import type { ShadowVfs } from './shadow-vfs.ts';
import { reconcile, runTransfer } from './transaction.ts';
import { transferOf } from './transfer.ts';

export interface RecorderOrigin {
  readonly layout: Layout;
  readonly seed: number;
  /** The files that it begins with. */
  readonly images: FileImages;
  /** Only we have written these files: that SQLite refuses them would be our mistake. */
  readonly isPristine: boolean;
}

/** What a recorder has while it is not suspended. */
interface Running {
  readonly connection: Connection;
  readonly opening: Recording;
  /** The last transaction that was there when it was opened. */
  readonly lastAtOpening: number;
  readonly transactions: Map<number, Recording>;
}

export class Recorder {
  readonly origin: RecorderOrigin;
  /** Told when it is asked for something, and so holds memory. */
  private readonly used: (recorder: Recorder) => void;
  private readonly sqlite: Sqlite3Static;
  private readonly vfs: ShadowVfs;
  private running: Running | null = null;
  /** The transactions that were asked for, rising: to make them again (Q2). */
  private readonly numbers: number[] = [];

  constructor(sqlite: Sqlite3Static, vfs: ShadowVfs, origin: RecorderOrigin, used: (recorder: Recorder) => void) {
    this.sqlite = sqlite;
    this.vfs = vfs;
    this.origin = origin;
    this.used = used;
  }

  /** All methods of the seed have it. */
  get isShared(): boolean {
    return this.origin.isPristine;
  }

  /** Opening the databases, with what SQLite recovers and the program puts right. */
  opening(): Recording {
    return this.resume().opening;
  }

  /** The number of the last transaction that the databases have after `opening`. */
  lastAtOpening(): number {
    return this.resume().lastAtOpening;
  }

  /** Transaction n, behind `lastAtOpening`. Throws `SqliteError` when the world's files are refused. */
  transaction(number: number): Recording {
    const running = this.resume();
    const known = running.transactions.get(number);
    if (known !== undefined) return known;
    const last = this.numbers[this.numbers.length - 1] ?? running.lastAtOpening;
    invariant(number > last, `transaction ${number} is asked for after ${last}`);
    const recording = this.recordNext(running.connection, number);
    running.transactions.set(number, recording);
    this.numbers.push(number);
    return recording;
  }

  /** The shadow as it is after the last transaction that was recorded, for tests. */
  images(): FileImages {
    return this.resume().connection.session.files.images();
  }

  /** Q2. */
  suspend(): void {
    const { running } = this;
    this.running = null;
    running?.connection.close();
  }

  private resume(): Running {
    if (this.running === null) this.running = this.begin();
    this.used(this);
    return this.running;
  }

  private begin(): Running {
    const { layout, seed, images } = this.origin;
    const session = new ShadowSession(new ShadowFiles(images), this.surroundings(0));
    const connection = new Connection(this.sqlite, this.vfs, session);
    this.vfs.reseed();
    let lastAtOpening = 0;
    try {
      const opening = session.record(() => {
        openAll(connection, layout, 'to work');
        lastAtOpening = reconcile(connection, layout, number => transferOf(layout, seed, number));
      });
      const transactions = new Map<number, Recording>();
      for (const number of this.numbers) transactions.set(number, this.recordNext(connection, number));
      return { connection, opening, lastAtOpening, transactions };
    } catch (error) {
      connection.close();
      throw this.judged(error);
    }
  }

  private recordNext(connection: Connection, number: number): Recording {
    const { layout, seed } = this.origin;
    connection.session.surroundings = this.surroundings(number);
    this.vfs.reseed();
    try {
      return connection.session.record(() => runTransfer(connection, layout, transferOf(layout, seed, number)));
    } catch (error) {
      throw this.judged(error);
    }
  }

  private surroundings(number: number) {
    const { layout, seed } = this.origin;
    const path = `${layout.workloadId}#${number}`;
    return {
      random: new RandomStream(seed, `${path}/sqlite`),
      pace: new RandomStream(seed, `${path}/pace`),
      unixMilliseconds: 1000 * number,
    };
  }

  private judged(error: unknown): unknown {
    const { isPristine, layout } = this.origin;
    if (isPristine && error instanceof SqliteError) defect(`${layout.workloadId}: SQLite says ${error.message}`);
    return error;
  }
}
