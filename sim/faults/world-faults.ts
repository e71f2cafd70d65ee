/**
 * The faults of a scenario, at work in a world. A fault is something that the world does: drives fail, hang or vanish,
 * the backup program dies, somebody writes in the very event in which T is taken.
 */
import type { IoRequest } from '../../engine/device.ts';
import { Latch, type Owner, type Task } from '../../engine/task.ts';
import type { Extent, Nanoseconds } from '../../engine/units.ts';
import type { DriveFaults, DriveHandle, FailedRequest } from '../disk/drive.ts';
import { hasSnapshots } from '../scenario/methods.ts';
import type {
  AgentDiesFault,
  DriveGoneFault,
  Fault,
  FaultAim,
  FaultDuration,
  FaultTrigger,
  KillFault,
  LatencyFault,
  PowerCutFault,
  ReadErrorFault,
  SectorRange,
  WriteErrorFault,
} from '../scenario/scenario.ts';
import { TARGET_ID } from '../world/target.ts';
import type { World } from '../world/world.ts';
import { AimedFault, type Strike } from './aimed-fault.ts';
import { WriterAtT } from './writer-at-t.ts';

type MachineFault = PowerCutFault | KillFault;
type DriveFault = ReadErrorFault | WriteErrorFault | LatencyFault | DriveGoneFault;

/** What an aimed fault is made of. */
interface Aimed {
  /** Null: any request. */
  readonly on: FaultAim | null;
  readonly sectors: SectorRange | null;
  readonly trigger: FaultTrigger;
  readonly duration: FaultDuration;
}

interface Active<F> {
  readonly fault: F;
  readonly aimed: AimedFault;
}

export class WorldFaults implements DriveFaults {
  private readonly world: World;
  private readonly owner: Owner;
  private readonly failing: Active<ReadErrorFault | WriteErrorFault>[] = [];
  private readonly slow: Active<LatencyFault>[] = [];
  private readonly gone: Active<DriveGoneFault>[] = [];
  private readonly deaths: AgentDiesFault[] = [];
  private readonly writers: WriterAtT[] = [];
  private readonly blows: Active<MachineFault>[] = [];
  private agent: Owner | null = null;
  private isDeathSet = false;
  private reads = 0;
  private stopped: Latch<void> | null = null;

  constructor(world: World) {
    this.world = world;
    this.owner = world.kernel.owner('faults');
    world.scenario.faults.forEach((fault, index) => {
      this.add(fault, `fault-${index + 1}`);
    });
    for (const { drive } of world.drives.values()) drive.faults = this;
    world.target.drive.faults = this;
    world.engineListeners.push(({ kind, snapshot }) => {
      const isBeside = hasSnapshots(world.method) && world.method.beside.some(({ id }) => id === snapshot);
      if (!isBeside && (kind === 'lost' || kind === 'released')) this.wakeStopped();
    });
  }

  /** How many requests were struck, by the place of the fault in the scenario. */
  get strikes(): number {
    const all: readonly Active<DriveFault>[] = [...this.failing, ...this.slow, ...this.gone];
    return all.reduce((sum, { aimed }) => sum + aimed.strikes, 0);
  }

  /** The step of the request goes to its end: whoever makes several at once makes them at one instant. */
  issued(handle: DriveHandle, request: IoRequest): void {
    for (const { fault, aimed } of this.blows) {
      if (!aimed.strikesNow(handle, request)) continue;
      this.trace(fault.kind, handle, request);
      this.world.kernel.afterStep(() => this.strike(fault));
    }
  }

  /** Nobody is left who could be told. */
  machineEnded(): void {
    this.stopped = null;
    this.agent = null;
    for (const writer of this.writers) writer.machineEnded();
  }

  serviceTime(handle: DriveHandle, request: IoRequest, plain: Nanoseconds): Nanoseconds | null {
    let time = plain;
    for (const { fault, aimed } of this.slow) {
      if (!aimed.strikesNow(handle, request)) continue;
      this.trace(fault.kind, handle, request);
      if (fault.factor === null) return null;
      time = Math.round(time * fault.factor);
    }
    return time;
  }

  failure(handle: DriveHandle, request: IoRequest): FailedRequest | null {
    for (const { fault, aimed } of this.gone) {
      if (!aimed.strikesNow(handle, request)) continue;
      this.trace(fault.kind, handle, request);
      return { failure: 'gone', doneSectors: 0 };
    }
    for (const { fault, aimed } of this.failing) {
      if (!aimed.strikesNow(handle, request)) continue;
      this.trace(fault.kind, handle, request);
      if (fault.kind === 'read-error') return { failure: 'read-error', doneSectors: 0 };
      const failure = request.op === 'flush' ? 'flush-error' : 'write-error';
      return { failure, doneSectors: doneSectors(fault, request) };
    }
    return null;
  }

  /** A backup begins: this is the program that may die. */
  agentBegins(agent: Owner): void {
    this.agent = agent;
    if (this.isDeathSet) return;
    this.isDeathSet = true;
    for (const fault of this.deaths) {
      if (fault.trigger.is === 'at') this.owner.spawn('death', this.dieAt(fault, fault.trigger.atNs));
    }
  }

  /** Before each read of the backup program. */
  *beforeRead(): Task<void> {
    this.reads += 1;
    for (const fault of this.deaths) {
      if (fault.trigger.is !== 'nth' || fault.trigger.nth !== this.reads) continue;
      if (fault.how === 'stops') this.stopped = new Latch<void>('a backup program that has stopped');
      else this.owner.spawn('death', this.dieAt(fault, this.world.kernel.now()));
    }
    if (this.stopped !== null) yield this.stopped;
  }

  private *dieAt(fault: AgentDiesFault, atNs: Nanoseconds): Task<void> {
    const delay = atNs - this.world.kernel.now();
    if (delay > 0) yield delay;
    this.world.kernel.trace?.add(this.world.kernel.now(), 'faults', fault.kind, { how: fault.how });
    if (fault.how === 'dies') this.agent?.cancelAll();
    else this.stopped ??= new Latch<void>('a backup program that has stopped');
  }

  /** A program that has stopped is told that its snapshot has gone: its read would fail at once. */
  private wakeStopped(): void {
    this.stopped?.settle();
    this.stopped = null;
  }

  private add(fault: Fault, path: string): void {
    switch (fault.kind) {
      case 'agent-dies':
        this.deaths.push(fault);
        return;
      case 'power-cut':
      case 'kill':
        this.addBlow(fault, path);
        return;
      case 'writer-at-T':
        this.writers.push(new WriterAtT(this.world, fault, this.extent(fault.on, fault.sectors)));
        return;
      case 'read-error':
        this.failing.push({ fault, aimed: this.aim(fault, path, ({ op }) => op === 'read') });
        return;
      case 'write-error':
        this.failing.push({ fault, aimed: this.aim(fault, path, request => isOf(fault.op, request)) });
        return;
      case 'latency':
        this.slow.push({ fault, aimed: this.aim(fault, path, request => isOf(fault.op, request)) });
        this.resumeAtEnd(fault);
        return;
      case 'drive-gone':
        this.gone.push({ fault, aimed: this.aim({ ...fault, sectors: null }, path, () => true) });
    }
  }

  /** At a point in time, or at a request. */
  private addBlow(fault: MachineFault, path: string): void {
    const { trigger, on, op } = fault;
    if (trigger.is === 'at') this.owner.spawn(fault.kind, this.strikeAt(fault, trigger.atNs));
    else {
      const once = { duration: { is: 'once' }, sectors: null } as const;
      this.blows.push({ fault, aimed: this.aim({ on, trigger, ...once }, path, request => isOf(op, request)) });
    }
  }

  private *strikeAt(fault: MachineFault, atNs: Nanoseconds): Task<void> {
    yield atNs;
    this.world.kernel.afterStep(() => this.strike(fault));
  }

  private strike(fault: MachineFault): void {
    const { kind, backNs } = fault;
    this.world.power.strike({ kind, backNs, tears: fault.kind === 'power-cut' && fault.torn });
  }

  private aim(fault: Aimed, path: string, fits: (request: IoRequest) => boolean): AimedFault {
    const { kernel } = this.world;
    return new AimedFault({
      where: this.placeOf(fault.on, fault.sectors),
      fits,
      trigger: fault.trigger,
      duration: fault.duration,
      chooser: fault.trigger.is === 'per-million' ? kernel.choices.chooser(path, 'strikes') : null,
      now: () => kernel.now(),
    });
  }

  private placeOf(on: FaultAim | null, sectors: SectorRange | null): Strike {
    if (on === null) return { drive: null, purpose: null, extent: null };
    if (on.is === 'cache') return { drive: null, purpose: 'cache', extent: range(sectors) };
    if (on.is === 'target') return { drive: TARGET_ID, purpose: null, extent: range(sectors) };
    return { ...this.extent(on, sectors), purpose: null };
  }

  /** Sectors of an aim, on their drive; they are counted from the first of the aim. */
  private extent(on: FaultAim & { readonly is: 'drive' | 'volume' }, sectors: SectorRange | null): Place {
    if (on.is === 'drive') return { drive: on.driveId, extent: range(sectors) };
    const { on: drive, firstSector, sectorCount } = this.world.volume(on.letter);
    const within = range(sectors) ?? { first: 0, count: sectorCount };
    return { drive: drive.spec.id, extent: { first: firstSector + within.first, count: within.count } };
  }

  /** What hangs goes on when the fault ends. */
  private resumeAtEnd({ factor, trigger, duration }: LatencyFault): void {
    if (factor !== null || duration.is !== 'for' || trigger.is !== 'at') return;
    this.owner.spawn('resume', this.resumeAt(trigger.atNs + duration.forNs));
  }

  private *resumeAt(atNs: Nanoseconds): Task<void> {
    yield atNs;
    for (const { drive } of this.world.drives.values()) drive.resume();
    this.world.target.drive.resume();
  }

  private trace(kind: string, handle: DriveHandle, { op, sector, count }: IoRequest): void {
    const { kernel } = this.world;
    kernel.trace?.add(kernel.now(), `faults/${handle.name}`, kind, { op, sector, count, purpose: handle.purpose });
  }
}

export interface Place {
  readonly drive: string;
  readonly extent: Extent | null;
}

function isOf(op: WriteErrorFault['op'] | LatencyFault['op'], request: IoRequest): boolean {
  if (op === null) return true;
  if (op === 'write') return request.op === 'write' || request.op === 'zeroes';
  return request.op === op;
}

function range(sectors: SectorRange | null): Extent | null {
  return sectors === null ? null : { first: sectors.first, count: sectors.last - sectors.first + 1 };
}

function doneSectors({ done }: WriteErrorFault, { op, count }: IoRequest): number {
  if (op === 'flush' || done === 'nothing') return 0;
  return done === 'all' ? count : Math.floor(count / 2);
}
