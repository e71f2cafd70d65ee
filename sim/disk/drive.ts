/**
 * A simulated drive. Bytes move at completion: a read sees what the drive holds when it completes, a write takes effect
 * when it completes. Requests of different handles share one queue; each handle counts what came through it.
 *
 * Invariants
 * I1 Destructive requests that overlap complete in the order in which they were submitted; reads are in no order.
 * I2 A request of a boot that was killed is done all the same, and whoever asked for it is not told. A power cut leaves of
 *    those at the drive what power-cut.ts says, a reset nothing: they are taken away, and never complete.
 * I3 The sum of what the handles counted is what the drive saw.
 * I4 Every request is folded into the digest once, at issue: its range, and the hash of what it writes.
 *
 * Hot path: services are recycled, nothing else is made for a request.
 */
import { checkRequest, type Device, IoError, type IoFailure, type IoRequest, type Op } from '../../engine/device.ts';
import { defect, invariant } from '../../engine/invariant.ts';
import type { Bytes, Nanoseconds, Sector } from '../../engine/units.ts';
import type { Timed } from '../kernel/event-queue.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Arena } from './arena.ts';
import { type CutChoices, type CutQuestion, type Reach, tearable, whatIsLeft } from './power-cut.ts';
import type { Sectors } from './sectors.ts';
import { type DriveFigures, ServiceTime } from './service-time.ts';
import { WriteCache } from './write-cache.ts';

/** Hash of bytes: an integer below 2^52. */
export type Hash = (bytes: Uint8Array) => number;

/** Why a request was made; the checks count by it. */
export type Purpose = 'application' | 'preserve' | 'virtual' | 'cache' | 'target' | 'state';

/** One life of the machine, from power on to power cut or kill. */
export interface Boot {
  readonly number: number;
  isAlive: boolean;
}

/** What faults do to a drive; see `sim/faults`. */
export interface DriveFaults {
  /** Told of each request that the drive takes, in the step of its issue. */
  issued?(handle: DriveHandle, request: IoRequest): void;
  /** Asked at submit: the service time as it is to be, or null when the request hangs until `Drive.resume`. */
  serviceTime(handle: DriveHandle, request: IoRequest, plain: Nanoseconds): Nanoseconds | null;
  /** Asked at completion: the failure, or null. */
  failure(handle: DriveHandle, request: IoRequest): FailedRequest | null;
}

export interface FailedRequest {
  readonly failure: IoFailure;
  /** So many of its first sectors were written all the same. */
  readonly doneSectors: Sector;
}

/** Told of every request, for logs and checks. */
export interface DriveObserver {
  /** Returns a token that `completed` gets for the same request. */
  issued(handle: DriveHandle, request: IoRequest, contentHash: number): number;
  completed(token: number, request: IoRequest, error: IoError | null): void;
  /** It was at the drive when the power was cut, or the drive reset, and will never complete. */
  takenAway?(token: number): void;
}

export interface DriveOptions {
  readonly id: string;
  /** Its place among the drives of the world, for the digest. */
  readonly index: number;
  readonly sectorSize: 512 | 4096;
  readonly figures: DriveFigures;
  readonly writeCache: boolean;
}

/** For the digest. A chain of comparisons: a look-up by five names is beyond what the compiler keeps inline. */
function opCode(op: Op): number {
  if (op === 'read') return 1;
  if (op === 'write') return 2;
  if (op === 'flush') return 3;
  return op === 'discard' ? 4 : 5;
}

export class Drive {
  readonly id: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly sectors: Sectors;
  faults: DriveFaults | null = null;
  observer: DriveObserver | null = null;
  readonly handles: DriveHandle[] = [];
  /** Requests that the drive took. */
  requests = 0;
  /** What they were to write. */
  bytesWritten: Bytes = 0;
  private readonly kernel: Kernel;
  private readonly hash: Hash;
  private readonly index: number;
  private readonly service: ServiceTime;
  private readonly cache: WriteCache | null;
  private readonly inFlight: Service[] = [];
  private readonly spare: Service[] = [];
  private readonly hanging: Service[] = [];
  /** When the last one of all requests so far is due. */
  private latestDueAt: Nanoseconds = 0;

  constructor(kernel: Kernel, sectors: Sectors, options: DriveOptions, hash: Hash) {
    invariant(sectors.sizeBytes % options.sectorSize === 0, `${options.id}: a size of whole sectors`);
    this.kernel = kernel;
    this.sectors = sectors;
    this.hash = hash;
    this.id = options.id;
    this.index = options.index;
    this.sectorSize = options.sectorSize;
    this.sectorCount = sectors.sizeBytes / options.sectorSize;
    this.service = new ServiceTime(options.figures, kernel.choices.chooser(options.id, 'rotation'));
    this.cache = options.writeCache ? new WriteCache(sectors, options.figures.writeCacheBytes) : null;
  }

  handle(purpose: Purpose, boot: Boot): DriveHandle {
    const handle = new DriveHandle(this, purpose, boot);
    this.handles.push(handle);
    return handle;
  }

  /** What the drive holds now, at the cost of what is written since. */
  fork(arena?: Arena): Sectors {
    return this.sectors.fork(arena);
  }

  /** How many requests a power cut could tear. */
  get tearableCount(): number {
    return tearable(this.cutQuestion());
  }

  /** Power cut: what is neither on the medium nor durable is lost in part. `tears`: one request is torn. */
  cut(choices: CutChoices, tears = false): void {
    const left = whatIsLeft({ ...this.cutQuestion(), tears }, choices);
    const flying = this.destructiveInFlight();
    const { digest } = this.kernel;
    for (const { from, to } of left.completed) digest.fold(from * 4096 + to);
    this.cache?.cut(left.completed);
    for (const { request: at, reach } of left.inFlight) {
      digest.fold(at);
      digest.fold(reach.from * 4096 + reach.to);
      this.reachMedium(flying[at]!.request, reach);
    }
    this.reset();
  }

  /** Takes away every request that is still there: nothing of it will be done (I2). */
  reset(): void {
    for (const service of [...this.inFlight, ...this.hanging].sort(inOrderOfIssue)) {
      service.ticket = 0;
      this.observer?.takenAway?.(service.token);
      this.recycle(service);
    }
    this.inFlight.length = 0;
    this.hanging.length = 0;
    this.service.reset(this.kernel.now());
  }

  private cutQuestion(): Omit<CutQuestion, 'tears'> {
    return {
      completed: this.cache === null ? [] : this.cache.volatileLengths(),
      inFlight: this.destructiveInFlight().map(({ request }) => request.count * this.sectorSize),
      sectorBytes: this.sectorSize,
    };
  }

  private destructiveInFlight(): Service[] {
    return [...this.inFlight, ...this.hanging].filter(({ request }) => request.isDestructive).sort(inOrderOfIssue);
  }

  /** Past the volatile cache, which the power cut has emptied. */
  private reachMedium({ op, sector, data }: IoRequest, { from, to }: Reach): void {
    const offset = sector * this.sectorSize + from;
    if (op === 'write') this.sectors.write(offset, data!.subarray(from, to));
    else this.sectors.zero(offset, to - from);
  }

  /** For handles. */
  accept(handle: DriveHandle, request: IoRequest): void {
    checkRequest(handle, request);
    this.requests += 1;
    const contentHash = request.op === 'write' ? this.hash(request.data!) : 0;
    if (request.op === 'write') this.bytesWritten += request.count * this.sectorSize;
    const { digest } = this.kernel;
    digest.fold(request.sector * 1024 + this.index * 8 + opCode(request.op));
    digest.fold(request.count);
    if (request.op === 'write') digest.fold(contentHash);
    const service = this.spare.pop() ?? new Service(this);
    service.begin(handle, request, this.cache === null ? 0 : this.cache.mark);
    service.number = this.requests;
    if (this.observer !== null) service.token = this.observer.issued(handle, request, contentHash);
    if (this.faults !== null) this.faults.issued?.(handle, request);
    this.start(service);
  }

  /** Number of the drive in the world. */
  get place(): number {
    return this.index;
  }

  /** Starts again what hung: called by the fault that ends. */
  resume(): void {
    for (const service of this.hanging.splice(0)) this.start(service);
  }

  get hangingCount(): number {
    return this.hanging.length;
  }

  private start(service: Service): void {
    const { request } = service;
    const now = this.kernel.now();
    const cached = this.cache !== null && !request.fua;
    const backlog = this.cache === null ? 0 : this.cache.backlogBytes;
    const inCache = cached && request.op === 'write';
    let time = this.service.completion(now, request, this.sectorSize, inCache, backlog) - now;
    if (this.faults !== null) {
      const faulty = this.faults.serviceTime(service.handle, request, time);
      if (faulty === null || (request.isDestructive && this.hangsBefore(request))) {
        this.hanging.push(service);
        return;
      }
      time = faulty;
    }
    service.dueAt = now + time;
    if (service.dueAt >= this.latestDueAt) this.latestDueAt = service.dueAt;
    else if (request.isDestructive) this.orderBehindOverlapping(service);
    service.slot = this.inFlight.length;
    this.inFlight.push(service);
    this.kernel.due(service.dueAt - now, service);
  }

  /** I1; of two events at one time the one armed first comes first. */
  private orderBehindOverlapping(service: Service): void {
    const { request } = service;
    for (let at = 0; at < this.inFlight.length; at++) {
      const earlier = this.inFlight[at]!;
      const other = earlier.request;
      if (earlier.dueAt <= service.dueAt || !other.isDestructive) continue;
      if (overlap(other, request)) service.dueAt = earlier.dueAt;
    }
  }

  /** I1 holds behind a request that hangs, too. */
  private hangsBefore(request: IoRequest): boolean {
    return this.hanging.some(({ request: other }) => other.isDestructive && overlap(other, request));
  }

  /** For services: a request is due. */
  complete(service: Service): void {
    const { request, handle } = service;
    this.leaveInFlight(service);
    const failure = this.faults === null ? null : this.faults.failure(handle, request);
    let error: IoError | null = null;
    if (failure === null) this.move(service, request.count);
    else {
      if (failure.doneSectors > 0) this.move(service, failure.doneSectors);
      error = new IoError(failure.failure, handle.name, request.op, request.sector, request.count);
    }
    this.kernel.digest.fold(error === null ? opCode(request.op) : 16 + opCode(request.op));
    if (this.observer !== null) this.observer.completed(service.token, request, error);
    this.recycle(service);
    if (handle.boot.isAlive) request.settle(error);
  }

  private leaveInFlight(service: Service): void {
    const last = this.inFlight.pop();
    if (last === undefined) defect(`${this.id}: nothing is in flight`);
    if (last === service) return;
    this.inFlight[service.slot] = last;
    last.slot = service.slot;
  }

  private recycle(service: Service): void {
    service.end();
    this.spare.push(service);
  }

  /** Moves the first `count` sectors of a request. */
  private move(service: Service, count: Sector): void {
    const { request, mark } = service;
    const offset: Bytes = request.sector * this.sectorSize;
    const length: Bytes = count * this.sectorSize;
    switch (request.op) {
      case 'read':
        request.readAsHole = this.sectors.read(offset, request.data!);
        return;
      case 'write':
        this.writeBytes(
          offset,
          count === request.count ? request.data! : request.data!.subarray(0, length),
          request.fua,
        );
        return;
      case 'discard':
      case 'zeroes':
        if (this.cache !== null) this.cache.write(offset, length, null, request.fua);
        else this.sectors.zero(offset, length);
        return;
      case 'flush':
        this.cache?.flushed(mark);
    }
  }

  private writeBytes(offset: Bytes, bytes: Uint8Array, fua: boolean): void {
    if (this.cache !== null) this.cache.write(offset, bytes.length, bytes, fua);
    else this.sectors.write(offset, bytes);
  }
}

function inOrderOfIssue(a: Service, b: Service): number {
  return a.number - b.number;
}

function overlap(a: IoRequest, b: IoRequest): boolean {
  return a.sector < b.sector + b.count && b.sector < a.sector + a.count;
}

/** The way to a drive for one purpose, in one boot. */
export class DriveHandle implements Device {
  readonly drive: Drive;
  readonly purpose: Purpose;
  readonly boot: Boot;
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: Sector;
  readonly zeroesAfterDiscard = true;
  /** Requests that came through this handle. */
  requests = 0;

  constructor(drive: Drive, purpose: Purpose, boot: Boot) {
    this.drive = drive;
    this.purpose = purpose;
    this.boot = boot;
    this.name = drive.id;
    this.sectorSize = drive.sectorSize;
    this.sectorCount = drive.sectorCount;
  }

  submit(request: IoRequest): IoRequest {
    if (!this.boot.isAlive) defect(`${this.name}: a request of boot ${this.boot.number}, which has ended`);
    this.requests += 1;
    this.drive.accept(this, request);
    return request;
  }
}

/** A request on its way through a drive. */
class Service implements Timed {
  ticket = 0;
  slot = 0;
  dueAt: Nanoseconds = 0;
  mark = 0;
  token = 0;
  /** Which request of the drive it is. */
  number = 0;
  private current: IoRequest | null = null;
  private via: DriveHandle | null = null;
  private readonly drive: Drive;

  constructor(drive: Drive) {
    this.drive = drive;
  }

  get request(): IoRequest {
    if (this.current === null) defect('a service without a request');
    return this.current;
  }

  get handle(): DriveHandle {
    if (this.via === null) defect('a service without a handle');
    return this.via;
  }

  begin(handle: DriveHandle, request: IoRequest, mark: number): void {
    this.via = handle;
    this.current = request;
    this.mark = mark;
  }

  end(): void {
    this.via = null;
    this.current = null;
  }

  step(): void {
    this.drive.complete(this);
  }
}
