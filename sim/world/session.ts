/**
 * One method's run of a world: start, wait, back up (once or several times), end. It says what became of each backup; what
 * is true of it, the checkers find out.
 */

import { IoError } from '../../engine/device.ts';
import type { Refusal } from '../../engine/durable/reopen.ts';
import { NotTaken } from '../../engine/engine.ts';
import { defect, WorldError } from '../../engine/invariant.ts';
import { Cancelled, Latch, type Process, type Task, wait } from '../../engine/task.ts';
import { type Nanoseconds, SECOND } from '../../engine/units.ts';
import { type Agent, type AgentContext, newBackup } from '../agents/agent.ts';
import type { Backup } from '../agents/backup.ts';
import { coldBackup } from '../agents/cold-backup.ts';
import { groupAgent, NeverQuiet } from '../agents/group-agent.ts';
import { liveImage } from '../agents/live-image.ts';
import { naiveCopy } from '../agents/naive-copy.ts';
import { openFileAgent } from '../agents/open-file-agent.ts';
import { besideAgain, besideSnapshot, endOf, otmAgainAgent, otmAgent, outcomeOf } from '../agents/otm.ts';
import { incrementalAgainAgent, incrementalAgent } from '../agents/otm-incremental.ts';
import { FsError } from '../fs/file-system.ts';
import type { Stuck } from '../kernel/kernel.ts';
import { hasSnapshots, scheduleOf } from '../scenario/methods.ts';
import type { BesideSnapshot, Method } from '../scenario/scenario.ts';
import type { Sliced } from '../slices.ts';
import { END_WORDS } from './life.ts';
import type { Machine } from './machine.ts';
import type { WatchedSnapshot } from './watched-snapshot.ts';
import type { World } from './world.ts';

/** How long a world goes on after its last backup. */
const AFTERWARDS: Nanoseconds = 2 * SECOND;
/** Less than a tenth of a second of work. */
const SLICE_EVENTS = 5_000;

/** What a method's run leaves. */
export interface Session {
  readonly world: World;
  readonly backups: readonly Backup[];
  readonly endedNs: Nanoseconds;
  readonly events: number;
  readonly digest: string;
  readonly stuck: Stuck | null;
}

/** Runs a world to its end. `untilNs` is for `none`, which has no end of its own. */
export function* runSession(world: World, untilNs: Nanoseconds | null = null): Sliced<Session> {
  const run = new SessionRun(world, untilNs);
  world.kernel.owner('session').spawn('session', run.task());
  let state = world.kernel.advance(SLICE_EVENTS);
  for (; state === 'more'; state = world.kernel.advance(SLICE_EVENTS)) {
    yield { method: world.method.id, atNs: world.kernel.now() };
  }
  run.giveUp();
  const { events, digest } = world.kernel;
  const ended = { endedNs: world.kernel.now(), events, digest: digest.text };
  const stuck = state === 'done' ? stuckEngine(world) : state;
  return { world, backups: run.backups, ...ended, stuck };
}

/** A wake-up that was lost shows when nothing is left to happen: a task of the engine still waits, and no drive hangs. */
function stuckEngine(world: World): Stuck | null {
  const at = world.kernel.now();
  if (!world.machine.boot.isAlive) return null;
  const isHanging = [...world.drives.values()].some(({ drive }) => drive.hangingCount > 0);
  if (isHanging || world.target.drive.hangingCount > 0) return null;
  const waiting = world.kernel.drain(world.engineOwner);
  return waiting.length === 0 ? null : { because: 'no event is left', at, waiting };
}

function agentOf(method: Method): Agent {
  switch (method.kind) {
    case 'naive-copy':
      return naiveCopy;
    case 'open-file-agent':
      return openFileAgent;
    case 'group-agent':
      return groupAgent(method);
    case 'live-image':
      return liveImage;
    case 'cold-backup':
      return coldBackup;
    case 'otm':
      return otmAgent(method);
    case 'otm-incremental':
      return incrementalAgent(method);
  }
}

class SessionRun {
  readonly backups: Backup[] = [];
  private readonly world: World;
  private readonly untilNs: Nanoseconds | null;

  constructor(world: World, untilNs: Nanoseconds | null) {
    this.world = world;
    this.untilNs = untilNs;
  }

  *task(): Task<void> {
    const { world } = this;
    const { end } = world.scenario;
    if (!(yield* this.starts())) return;
    const limit = world.kernel
      .owner('limit')
      .spawn('end', this.limit(this.untilNs ?? Math.min(end.afterNs ?? end.limitNs, end.limitNs)));
    if (world.method.kind === 'none') return;
    yield* this.backUpRepeatedly(world.method);
    yield* this.machineIsBack();
    const { method } = world;
    if (method.kind === 'otm-incremental' && method.schedule.diskLoss && world.machine.isUp) {
      yield* world.rescue.run();
      yield* this.machineIsBack();
    }
    const endNs = end.afterNs ?? world.kernel.now() + AFTERWARDS;
    const left = Math.min(endNs, end.limitNs) - world.kernel.now();
    if (left > 0) yield left;
    limit.cancel();
    world.kernel.stop();
  }

  /** A machine that can't mount its volumes makes no backup: each has failed, and says why. */
  private *starts(): Task<boolean> {
    this.world.machine.begin();
    if ((yield* this.runningFor(1)) !== null) return true;
    this.world.kernel.stop();
    return false;
  }

  /** The machine that runs, also when one has to be waited for. Null: it does not start, and backup `number` has failed. */
  private *runningFor(number: number): Task<Machine | null> {
    try {
      return yield* this.world.running();
    } catch (error) {
      if (!(error instanceof WorldError)) throw error;
      const backup = newBackup(this.world, number);
      this.backups.push(backup);
      backup.outcome = 'failed';
      backup.reason = error.message;
      this.end(backup);
      return null;
    }
  }

  /** A machine that ended is waited for, so that every run shows what comes back; one that does not start is not. */
  private *machineIsBack(): Task<void> {
    try {
      yield* this.world.running();
    } catch (error) {
      if (!(error instanceof WorldError)) throw error;
    }
  }

  /** What is not ended at the limit, or when the world is stuck, has failed. */
  giveUp(): void {
    for (const backup of this.backups) {
      if (backup.endedNs !== null) continue;
      backup.outcome = 'failed';
      backup.reason = 'still running at the limit';
      this.end(backup);
    }
  }

  /** A backup program that still runs then is ended, and gives back what it has. */
  private *limit(atNs: Nanoseconds): Task<void> {
    yield Math.max(0, atNs - this.world.kernel.now());
    this.giveUp();
    this.world.machine.agent.cancelAll();
    this.world.kernel.stop();
  }

  private *backUpRepeatedly(method: Method): Task<void> {
    const { world } = this;
    const { startNs } = world.scenario.backups;
    const { count, everyNs, skipsMissed } = scheduleOf(world.scenario, method);
    const besides: Process<void>[] = [];
    const keepers: Process<void>[] = [];
    const keeper = world.kernel.owner('keeper');
    const first = world.machine;
    if (hasSnapshots(method)) {
      const { agent } = first;
      for (const beside of method.beside) {
        const kept = agent.spawn(beside.id, besideSnapshot(world, beside));
        besides.push(kept);
        if (beside.options.durable) keepers.push(keeper.spawn(beside.id, this.keep(beside, kept, first)));
      }
    }
    for (let number = 0; number < count; number++) {
      // A run whose time passed while another one ran, or the machine was down, is missed: the next one makes up for it.
      while (skipsMissed && number + 1 < count && startNs + (number + 1) * everyNs <= world.kernel.now()) number += 1;
      const due = startNs + number * everyNs - world.kernel.now();
      if (due > 0) yield due;
      const machine = yield* this.runningFor(number + 1);
      if (machine !== null) yield* this.backUp(method, number + 1, machine);
    }
    for (const { end } of besides) yield* endedOrGone(end, first);
    for (const { end } of keepers) yield* wait(end);
  }

  private *backUp(method: Method, number: number, machine: Machine): Task<void> {
    const { world } = this;
    const backup = newBackup(world, number);
    this.backups.push(backup);
    world.doors.writeDelays = backup.writeDelays;
    world.doors.readDelays = backup.readDelays;
    try {
      yield* this.makeIt(backup, number, method, machine);
    } catch (error) {
      if (!(error instanceof WorldError)) throw error;
      this.fails(backup, error);
    }
    this.end(backup);
  }

  /** In this life of the machine, and in later ones as often as its snapshot comes back. */
  private *makeIt(backup: Backup, number: number, method: Method, first: Machine): Task<void> {
    const { world } = this;
    let agent = agentOf(method);
    for (let machine = first; ; ) {
      const owner = machine.agent;
      world.faults?.agentBegins(owner);
      const { selection } = world.scenario.backups;
      const context: AgentContext = { world, owner, selection, number, backup, beforeRead: () => world.beforeRead() };
      const { end } = owner.spawn(method.id, agent(context));
      yield* endedOrGone(end, machine);
      if (end.isSettled) {
        end.value;
        return;
      }
      const watched = world.snapshots.find(({ request }) => request.id === backup.id);
      if (watched !== undefined && isInterrupted(watched)) yield* world.running();
      if (watched?.snapshot?.isEnabled !== true || watched.reopenedNs === null) {
        this.machineEnded(backup, machine, watched?.refusal ?? null);
        return;
      }
      machine = world.machine;
      agent = method.kind === 'otm-incremental' ? incrementalAgainAgent(method, watched) : otmAgainAgent(watched);
    }
  }

  /** Its program is gone, and nobody has heard of it. */
  private machineEnded(backup: Backup, { life }: Machine, refusal: Refusal | null): void {
    backup.outcome = 'failed';
    backup.reason = `the machine ${END_WORDS[life.endedBy ?? defect('a machine that lives has ended')]}`;
    if (refusal !== null) backup.reason += `; the snapshot did not come back, ${refusal.because}: ${refusal.detail}`;
  }

  /** Keeps a durable snapshot beside the backup in later lives of the machine, too. */
  private *keep(beside: BesideSnapshot, begun: Process<void>, first: Machine): Task<void> {
    const { world } = this;
    let { end } = begun;
    yield* endedOrGone(end, first);
    while (!end.isSettled) {
      const machine = yield* world.running();
      const watched = world.snapshots.find(({ request }) => request.id === beside.id);
      if (watched?.snapshot?.isEnabled !== true || watched.reopenedNs === null) return;
      end = machine.agent.spawn(beside.id, besideAgain(watched, beside)).end;
      yield* endedOrGone(end, machine);
    }
  }

  private fails(backup: Backup, error: WorldError): void {
    const own = this.world.snapshots.find(({ request }) => request.id === backup.id)?.snapshot ?? null;
    const loss = own === null ? null : endOf(own);
    backup.outcome = 'failed';
    backup.reason = error.message;
    if (error instanceof NotTaken) backup.outcome = outcomeOf(error);
    else if (error instanceof NeverQuiet) backup.outcome = 'timed-out';
    else if (error instanceof Cancelled) backup.reason = 'the backup program died';
    else if ((error instanceof IoError || error instanceof FsError) && loss !== null) {
      backup.outcome = loss.outcome;
      backup.reason = loss.reason;
    }
  }

  private end(backup: Backup): void {
    backup.endedNs = this.world.kernel.now();
    backup.targetBytesWritten = this.world.targetBytesWritten - backup.targetBytesBefore;
    backup.endedAt = this.world.truth.now();
    this.world.doors.measureNothing();
  }
}

/** A machine is to say what became of it. */
function isInterrupted({ interruptions }: WatchedSnapshot): boolean {
  return interruptions.length > 0;
}

/** Waits until a task of a machine has ended, well or not, or the machine has. */
function* endedOrGone(end: Latch<unknown>, machine: Machine): Task<void> {
  if (end.isSettled || machine.ended.isSettled) return;
  const over = new Latch<void>(end.what);
  const settled = (): void => {
    if (!over.isSettled) over.settle();
  };
  end.attach({ settled });
  machine.ended.attach({ settled });
  yield over;
}
