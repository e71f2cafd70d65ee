/**
 * Requests in bulk: reads ahead and writes behind, a handful in flight, each of at most 1 MiB, because disks are faster that
 * way. Neighbouring writes are put together.
 *
 * Invariants
 * I1 At most 4 reads and 4 writes of one stream are in flight: at most 8 MiB of buffers, and 1 MiB that is being filled.
 * I2 A buffer belongs to its request until that is settled; none is reused.
 * I3 The first error of a stream of writes ends it: it is thrown at the next write, or at `drain`, once nothing is in flight.
 */
import { type Device, type IoError, IoRequest } from '../device.ts';
import type { InFlight } from '../in-flight.ts';
import { type Task, wait } from '../task.ts';
import { type Bytes, type Extent, MIB, type Sector } from '../units.ts';

export const MAX_REQUEST_BYTES: Bytes = MIB;
/** Zeroes carry no data, so more of them go at once. */
const MAX_ZEROES_BYTES: Bytes = 64 * MIB;
const READS_AHEAD = 4;
const WRITES_BEHIND = 4;

/** Called before a read is issued: for a rate, or to yield to applications. */
export type BeforeRead = () => Task<void>;

export interface Piece<R extends Extent> {
  readonly run: R;
  readonly bytes: Uint8Array;
  readonly isHole: boolean;
  readonly error: IoError | null;
}

/** Reads runs of at most 1 MiB in order, some of them ahead. */
export class ReadAhead<R extends Extent> {
  private readonly device: Device;
  private readonly runs: Iterator<R>;
  private readonly beforeRead: BeforeRead | null;
  private readonly queue: { readonly run: R; readonly request: IoRequest; readonly bytes: Uint8Array }[] = [];

  constructor(device: Device, runs: Iterable<R>, beforeRead: BeforeRead | null = null) {
    this.device = device;
    this.runs = runs[Symbol.iterator]();
    this.beforeRead = beforeRead;
  }

  /** The next run's bytes, or its error; null at the end. */
  *next(): Task<Piece<R> | null> {
    while (this.queue.length < READS_AHEAD) {
      const next = this.runs.next();
      if (next.done === true) break;
      if (this.beforeRead !== null) yield* this.beforeRead();
      const run = next.value;
      const bytes = new Uint8Array(run.count * this.device.sectorSize);
      const request = new IoRequest('read', run.first, run.count, bytes);
      this.queue.push({ run, bytes, request });
      this.device.submit(request);
    }
    const first = this.queue.shift();
    if (first === undefined) return null;
    const error = yield* wait(first.request);
    return { run: first.run, bytes: first.bytes, isHole: first.request.readAsHole, error };
  }
}

/** Reads a run of a few MiB at most; what can't be read is tried once more. Throws the device's error. */
export function* readSectors(device: Device, first: Sector, count: Sector): Task<Uint8Array> {
  const bytes = new Uint8Array(count * device.sectorSize);
  const most = MAX_REQUEST_BYTES / device.sectorSize;
  const send = (at: Sector): IoRequest => {
    const length = Math.min(most, count - at);
    const part = bytes.subarray(at * device.sectorSize, (at + length) * device.sectorSize);
    return device.submit(new IoRequest('read', first + at, length, part));
  };
  const starts = Array.from({ length: Math.ceil(count / most) }, (_, index) => index * most);
  const requests = starts.map(send);
  for (const [index, request] of requests.entries()) {
    let error = yield* wait(request);
    if (error?.failure === 'read-error') error = yield* wait(send(starts[index]!));
    if (error !== null) throw error;
  }
  return bytes;
}

export function* flush(device: Device, inFlight: InFlight): Task<void> {
  const request = new IoRequest('flush', 0, 0, null);
  inFlight.track(request);
  const error = yield* wait(device.submit(request));
  if (error !== null) throw error;
}

export class WriteBehind {
  private readonly device: Device;
  private readonly inFlight: InFlight;
  private readonly sent: IoRequest[] = [];
  private filling: { readonly first: Sector; readonly parts: Uint8Array[]; count: Sector } | null = null;
  private zeroing: { readonly first: Sector; count: Sector } | null = null;
  private error: IoError | null = null;

  constructor(device: Device, inFlight: InFlight) {
    this.device = device;
    this.inFlight = inFlight;
  }

  /** Whole sectors, at most 1 MiB; the bytes are not changed afterwards. */
  *write(first: Sector, bytes: Uint8Array): Task<void> {
    const count = bytes.length / this.device.sectorSize;
    const { filling } = this;
    const isNext = filling !== null && filling.first + filling.count === first;
    if (isNext && (filling.count + count) * this.device.sectorSize <= MAX_REQUEST_BYTES) {
      filling.parts.push(bytes);
      filling.count += count;
      return;
    }
    yield* this.sendWrite();
    this.filling = { first, parts: [bytes], count };
  }

  *zeroes(first: Sector, count: Sector): Task<void> {
    const { zeroing } = this;
    const isNext = zeroing !== null && zeroing.first + zeroing.count === first;
    if (isNext && (zeroing.count + count) * this.device.sectorSize <= MAX_ZEROES_BYTES) {
      zeroing.count += count;
      return;
    }
    yield* this.sendZeroes();
    this.zeroing = { first, count };
  }

  /** Waits until everything has ended (I3). */
  *drain(): Task<void> {
    yield* this.sendWrite();
    yield* this.sendZeroes();
    while (this.sent.length > 0) yield* this.settleOldest();
    if (this.error !== null) throw this.error;
  }

  private *sendWrite(): Task<void> {
    const { filling } = this;
    if (filling === null) return;
    this.filling = null;
    const data = new Uint8Array(filling.count * this.device.sectorSize);
    let at = 0;
    for (const part of filling.parts) {
      data.set(part, at);
      at += part.length;
    }
    yield* this.send(new IoRequest('write', filling.first, filling.count, data));
  }

  private *sendZeroes(): Task<void> {
    const { zeroing } = this;
    if (zeroing === null) return;
    this.zeroing = null;
    yield* this.send(new IoRequest('zeroes', zeroing.first, zeroing.count, null));
  }

  private *send(request: IoRequest): Task<void> {
    while (this.sent.length >= WRITES_BEHIND) yield* this.settleOldest();
    if (this.error !== null) yield* this.drain();
    this.inFlight.track(request);
    this.sent.push(request);
    this.device.submit(request);
  }

  private *settleOldest(): Task<void> {
    const error = yield* wait(this.sent.shift()!);
    this.error ??= error;
  }
}
