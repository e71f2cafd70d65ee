/**
 * One command's work with real disks: the host of its tasks, the checksum, and the places that it has opened. Whatever
 * comes, the end waits for what is on its way and closes everything, so an interrupted command leaves whole disks.
 */
import type { Checksum } from '../../engine/checksum.ts';
import { Cancelled, type Owner, type Task } from '../../engine/task.ts';
import type { Bytes } from '../../engine/units.ts';
import { makeHash } from '../modules.ts';
import { NodeScheduler } from '../node-scheduler.ts';
import { asUserError } from './error-codes.ts';
import { type DiskPlace, type OpenedPlace, type OpenOptions, openPlace } from './place.ts';

/** What a command is told from outside. */
export interface DiskContext {
  /** Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal | null;
  /** Lines about what goes on. */
  readonly tell: (line: string) => void;
  /** The wall clock, milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** The command was interrupted; nothing more was done. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export class DiskSession {
  readonly context: DiskContext;
  readonly checksum: Checksum;
  private readonly scheduler = new NodeScheduler();
  private readonly opened: OpenedPlace[] = [];

  constructor(context: DiskContext, checksum: Checksum) {
    this.context = context;
    this.checksum = checksum;
  }

  async open(place: DiskPlace, options: OpenOptions): Promise<OpenedPlace> {
    const opened = await openPlace(place, options);
    this.opened.push(opened);
    return opened;
  }

  run<T>(name: string, task: (owner: Owner) => Task<T>): Promise<T> {
    return this.scheduler.run(name, task, this.context.signal);
  }

  get bytesRead(): Bytes {
    return this.opened.reduce((sum, { device }) => sum + device.bytesRead, 0);
  }

  get bytesWritten(): Bytes {
    return this.opened.reduce((sum, { device }) => sum + device.bytesWritten, 0);
  }

  async close(): Promise<void> {
    for (const place of this.opened.splice(0).reverse()) await place.close();
  }
}

/** A progress line each so often, when the context wants to hear of it. */
const PROGRESS_MS = 30_000;

export async function inDiskSession<T>(context: DiskContext, work: (session: DiskSession) => Promise<T>): Promise<T> {
  const session = new DiskSession(context, await makeHash());
  const progress = setInterval(() => {
    context.tell(`${mebibytes(session.bytesRead)} MiB read, ${mebibytes(session.bytesWritten)} MiB written`);
  }, PROGRESS_MS);
  try {
    return await work(session);
  } catch (error) {
    if (error instanceof Cancelled) throw new Interrupted('interrupted');
    throw asUserError(error);
  } finally {
    clearInterval(progress);
    await session.close();
  }
}

function mebibytes(bytes: Bytes): number {
  return Math.round(bytes / 1024 / 1024);
}
