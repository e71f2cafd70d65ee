/**
 * A drive that settles every request at once and remembers, for each sector, what it was given since its last durable
 * version. The power can be cut at any I/O; then every state that the fault model allows can be had as a drive of its own:
 * whole requests first (all subsets of a few, of many: none, all, prefixes, each alone, all but one, samples), then one of
 * them torn: its first or last k sectors, every other one; at last all of them torn.
 */
import { checkRequest, type Device, IoError, type IoFailure, type IoRequest } from '../../../engine/device.ts';

export class PowerCut extends Error {}

/** Counts the I/Os of one machine and cuts its power at one of them. */
export class Power {
  ios = 0;
  cutAt = Number.POSITIVE_INFINITY;

  step(): void {
    if (this.ios === this.cutAt) throw new PowerCut();
    this.ios += 1;
  }
}

type Sectors = Map<number, Uint8Array>;

interface Pending {
  readonly first: number;
  readonly count: number;
  /** Null: zeroes. */
  readonly bytes: Uint8Array | null;
  /** Sectors of which a later version is durable. */
  readonly overtaken: Set<number>;
}

const BUCKET = 2048;
/** Up to so many pending requests every subset is tried. */
const ALL_SUBSETS_UP_TO = 6;
/** Up to so many sectors a request is torn at each of them. */
const TORN_EVERYWHERE_UP_TO = 9;

export class CrashDisk implements Device {
  readonly name: string;
  readonly sectorSize: 512 | 4096;
  readonly sectorCount: number;
  readonly zeroesAfterDiscard = true;
  power = new Power();
  reads = 0;
  writes = 0;
  flushes = 0;
  /** Sectors written, all requests together. */
  sectorsWritten = 0;
  /** Fails a request: what it says is the answer, and nothing is done; a flush that fails gives up what was pending. */
  failure: (request: IoRequest) => IoFailure | null = () => null;
  /** Takes zeroes for holes and everything for durable: for drives that are larger than memory. */
  sparse = false;
  /** Where there is something, in runs of `BUCKET` sectors. */
  private readonly buckets = new Set<number>();
  private readonly zero: Uint8Array;
  /** Shared by forks, never changed. */
  private base: Sectors = new Map();
  private durable: Sectors = new Map();
  private current: Sectors = new Map();
  private pending: Pending[] = [];

  constructor(name: string, sectorSize: 512 | 4096, sectorCount: number) {
    this.name = name;
    this.sectorSize = sectorSize;
    this.sectorCount = sectorCount;
    this.zero = new Uint8Array(sectorSize);
  }

  submit(request: IoRequest): IoRequest {
    checkRequest(this, request);
    this.power.step();
    const failure = this.failure(request);
    if (failure !== null) {
      // It still reads back, and is gone after a cut.
      if (request.op === 'flush') this.pending = [];
      request.settle(new IoError(failure, this.name, request.op, request.sector, request.count));
      return request;
    }
    const { op, sector, count, data, fua } = request;
    if (op === 'read') this.read(request);
    else if (op === 'flush') this.flush();
    else {
      this.writes += 1;
      this.sectorsWritten += count;
      const bytes = op === 'write' ? data!.slice() : null;
      this.take({ first: sector, count, bytes, overtaken: new Set() }, fua);
    }
    request.settle(null);
    return request;
  }

  private read(request: IoRequest): void {
    this.reads += 1;
    let isHole = true;
    for (let at = 0; at < request.count; at++) {
      const bytes = this.current.get(request.sector + at) ?? this.base.get(request.sector + at);
      request.data!.set(bytes ?? this.zero, at * this.sectorSize);
      isHole &&= bytes === undefined;
    }
    request.readAsHole = isHole;
  }

  private take(pending: Pending, fua: boolean): void {
    if (this.sparse) {
      this.takeSparse(pending);
      return;
    }
    this.apply(pending, this.current, () => true);
    if (fua) this.makeDurable(pending);
    else this.pending.push(pending);
  }

  /** These sectors alone: a write before them to the same ones can't come back, others are as volatile as before. */
  private makeDurable(written: Pending): void {
    this.apply(written, this.durable, () => true);
    for (const { first, count, overtaken } of this.pending) {
      for (
        let sector = Math.max(first, written.first);
        sector < Math.min(first + count, written.first + written.count);
        sector++
      ) {
        overtaken.add(sector);
      }
    }
  }

  private takeSparse({ first, count, bytes }: Pending): void {
    if (bytes !== null) this.apply({ first, count, bytes, overtaken: new Set() }, this.current, () => true);
    for (let bucket = Math.floor(first / BUCKET); bucket * BUCKET < first + count; bucket++) {
      if (bytes !== null) this.buckets.add(bucket);
      else if (this.buckets.has(bucket)) {
        for (let at = bucket * BUCKET; at < (bucket + 1) * BUCKET; at++) {
          if (first <= at && at < first + count) this.current.delete(at);
        }
      }
    }
  }

  private apply({ first, count, bytes, overtaken }: Pending, to: Sectors, lives: (sector: number) => boolean): void {
    for (let at = 0; at < count; at++) {
      if (!lives(at) || overtaken.has(first + at)) continue;
      const part = bytes === null ? this.zero : bytes.subarray(at * this.sectorSize, (at + 1) * this.sectorSize);
      to.set(first + at, part);
    }
  }

  private flush(): void {
    this.flushes += 1;
    for (const each of this.pending) this.apply(each, this.durable, () => true);
    this.pending = [];
  }

  /** What it holds, without counting. */
  bytes(first: number, count: number): Uint8Array {
    const bytes = new Uint8Array(count * this.sectorSize);
    for (let at = 0; at < count; at++) bytes.set(this.sector(first + at), at * this.sectorSize);
    return bytes;
  }

  sector(at: number): Uint8Array {
    return this.current.get(at) ?? this.base.get(at) ?? this.zero;
  }

  /** Changes what it holds behind everybody's back, durably. */
  overwrite(first: number, bytes: Uint8Array): void {
    for (let at = 0; at * this.sectorSize < bytes.length; at++) {
      const part = bytes.slice(at * this.sectorSize, (at + 1) * this.sectorSize);
      this.current.set(first + at, part);
      this.durable.set(first + at, part);
    }
  }

  /** Sectors that were ever written, ascending. */
  written(): number[] {
    return [...new Set([...this.base.keys(), ...this.current.keys()])].sort((a, b) => a - b);
  }

  /** Another drive with the same content, all of it durable. */
  fork(): CrashDisk {
    this.settle();
    return this.forkOf(new Map());
  }

  /** Makes what it holds durable and shares it with its forks. */
  private settle(): void {
    if (this.current.size === 0) return;
    this.base = new Map([...this.base, ...this.current]);
    this.durable = new Map();
    this.current = new Map();
    this.pending = [];
  }

  private forkOf(durable: Sectors): CrashDisk {
    const fork = new CrashDisk(this.name, this.sectorSize, this.sectorCount);
    fork.base = this.base;
    fork.durable = durable;
    fork.current = new Map(durable);
    return fork;
  }

  get pendingCount(): number {
    return this.pending.length;
  }

  /** Every state that a power cut may leave now. */
  *states(draw: (below: number) => number, torn: 'torn' | 'whole' = 'torn'): Generator<CrashDisk, void> {
    const { pending } = this;
    for (const lives of survivors(pending.length, draw)) {
      yield this.state((request, _at) => lives[request]!);
      if (torn === 'whole' || !isPlain(lives)) continue;
      for (const [request, { count }] of pending.entries()) {
        if (!lives[request] || count === 1) continue;
        for (const kept of tears(count))
          yield this.state((other, at) => lives[other]! && (other !== request || kept(at)));
      }
    }
    if (torn === 'whole' || pending.length < 2) return;
    yield this.state((_request, at) => at % 2 === 0);
    yield this.state((request, at) => at < pending[request]!.count / 2);
    yield this.state((request, at) => at >= pending[request]!.count / 2);
  }

  private state(lives: (request: number, at: number) => boolean): CrashDisk {
    const fork = this.forkOf(new Map(this.durable));
    for (const [index, each] of this.pending.entries()) {
      this.apply(each, fork.durable, at => lives(index, at));
    }
    fork.current = new Map(fork.durable);
    return fork;
  }
}

/** Which requests survive. */
function* survivors(count: number, draw: (below: number) => number): Generator<boolean[], void> {
  const all = Array.from({ length: count }, () => true);
  if (count <= ALL_SUBSETS_UP_TO) {
    for (let set = 0; set < 2 ** count; set++) yield all.map((_, at) => Math.floor(set / 2 ** at) % 2 === 1);
    return;
  }
  for (let prefix = 0; prefix <= count; prefix++) yield all.map((_, at) => at < prefix);
  for (let one = 0; one < count; one++) {
    yield all.map((_, at) => at === one);
    yield all.map((_, at) => at !== one);
  }
  for (let sample = 0; sample < 8; sample++) yield all.map(() => draw(2) === 1);
}

/** A prefix: those sets are tried torn, too. */
function isPlain(lives: readonly boolean[]): boolean {
  const dead = lives.indexOf(false);
  return dead < 0 || !lives.includes(true, dead);
}

/** Which sectors of a torn request survive. */
function tears(count: number): ((at: number) => boolean)[] {
  const every = Array.from({ length: count - 1 }, (_, at) => at + 1);
  const cuts = count <= TORN_EVERYWHERE_UP_TO ? every : [1, 2, Math.floor(count / 2), count - 1];
  return [
    ...cuts.flatMap(cut => [(at: number) => at < cut, (at: number) => at >= cut]),
    (at: number) => at % 2 === 0,
    (at: number) => at !== Math.floor(count / 2),
  ];
}

/** Small random numbers, the same each time. */
export function drawFrom(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 1) % 4_294_967_296;
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}
